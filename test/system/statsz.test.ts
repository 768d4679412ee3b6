import { expect, test } from "vitest";
import { fakeSource } from "../monitor/fake_source.ts";
import { numbersOf, Rig, SERVER_ID } from "./support.ts";

const SUBJECT = `$SYS.SERVER.${SERVER_ID}.STATSZ`;

test("is told after a quarter of a second, then ever more slowly, down to every ten seconds", () => {
  const rig = new Rig();
  const heard = rig.hear(SUBJECT);
  const at: number[] = [];
  rig.system.start();
  for (let ms = 0; ms < 60_000; ms += 50) {
    rig.world.advance(50);
    for (; at.length < heard.length;) at.push(rig.world.nowMs());
  }
  expect(at.slice(0, 6)).toEqual([250, 1250, 3250, 7250, 15_250, 25_250]);
  expect(at.slice(6)).toEqual([35_250, 45_250, 55_250]);
});

test("is not made where nobody listens", () => {
  const rig = new Rig();
  rig.system.start();
  rig.world.advance(60_000);
  const heard = rig.hear(SUBJECT);
  rig.world.advance(10_000);
  expect(heard.map(({ json }) => (json["server"] as { seq: number }).seq)).toEqual([1]);
});

test("a change of the server tells it at once, without a word more from the timer within a second", () => {
  const rig = new Rig();
  rig.system.start();
  rig.world.advance(40_000);
  const heard = rig.hear(SUBJECT);
  rig.system.tellStats();
  expect(heard.length).toBe(1);
  rig.system.tellStats();
  expect(heard.length).toBe(2);
});

test("a ping without a reply tells it, too", () => {
  const rig = new Rig();
  const heard = rig.hear(SUBJECT);
  rig.tell("$SYS.REQ.SERVER.PING");
  rig.tell(`$SYS.REQ.SERVER.${SERVER_ID}.STATSZ`);
  rig.tell("$SYS.REQ.SERVER.PING.STATSZ", `{"server_name":"other"}`);
  expect(heard.length).toBe(2);
});

test("has the numbers of the server; what never happened is left out", () => {
  const numbers = {
    ...fakeSource().numbers(),
    slow_consumers: 0,
    stale_connections: 0,
    stalled_clients: 0,
    in_msgs: 5,
    in_client_msgs: 4,
  };
  const source = {
    numbers: () => numbers,
    numbersOf: [numbersOf("A", 1), numbersOf("B", 0), numbersOf("C", 0, { leafnodes: 1 })],
  };
  const [answer] = new Rig({ source }).ask("$SYS.REQ.SERVER.PING");
  const { statsz } = answer!.json as { statsz: Record<string, unknown> };
  expect(statsz).toMatchObject({ active_accounts: 2, received: { msgs: 5 }, received_from_clients: { msgs: 4 } });
  for (const name of ["slow_consumer_stats", "stale_connections", "stalled_clients", "jetstream"])
    expect(statsz).not.toHaveProperty(name);
});
