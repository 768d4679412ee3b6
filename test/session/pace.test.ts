// One connection that asks for much more than its bytes show: the others have their turns in between.

import { expect, test } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { fromObject, type ObjectOptions } from "../../src/config/object.ts";
import { systemSource } from "../../src/io/files.ts";
import { Core } from "../../src/server/core.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";

const nobodyMust = {
  authRequired: () => false,
  infoAuthRequired: () => false,
  nonceRequired: false,
  authenticateAnonymous: () => undefined,
};

interface Rig {
  readonly world: FakeWorld;
  readonly core: Core;
  readonly connect: (options?: object) => FakeTransport;
}

function rig(given: ObjectOptions = {}): Rig {
  const world = new FakeWorld();
  const identity = { id: "N", name: "n", xkey: "X" };
  const { options } = fromObject(given, systemSource);
  const core = new Core(options, identity, world, silentLog, nobodyMust as never, "");
  return {
    world,
    core,
    connect(options = {}) {
      const transport = new FakeTransport(world).open((opened) => core.accept(opened));
      const connect = { verbose: false, pedantic: false, headers: true, no_responders: true, ...options };
      transport.feed(`CONNECT ${JSON.stringify(connect)}\r\nPING\r\n`);
      world.settle();
      transport.take();
      return transport;
    },
  };
}

function subscribe({ world }: Rig, peer: FakeTransport, count: number, subject: (i: number) => string): void {
  for (let i = 0; i < count;) {
    let lines = "";
    for (let k = 0; k < 1000 && i < count; k++, i++) lines += `SUB ${subject(i)} ${i}\r\n`;
    peer.feed(lines);
    world.settle();
  }
}

/** How many turns `busy` needs for what it sends, with a round trip of somebody else in each. */
function turnsOf({ world, connect }: Rig, busy: FakeTransport, sent: string): number {
  const other = connect();
  busy.feed(`${sent}PING\r\n`);
  let turns = 0;
  for (let seen = ""; !seen.includes("PONG"); turns++) {
    other.feed("PING\r\n");
    world.turn();
    expect(other.take()).toBe("PONG\r\n");
    seen += busy.take();
  }
  return turns;
}

test("publishing to 20,000 subscriptions of one's own without echo", () => {
  const here = rig();
  const busy = here.connect({ echo: false });
  subscribe(here, busy, 20_000, () => "x");
  expect(turnsOf(here, busy, "PUB x 0\r\n\r\n".repeat(100))).toBeGreaterThan(10);
});

test("subjects that go a thousand ways through the trie, to nobody", () => {
  const here = rig();
  const busy = here.connect();
  const ways = (i: number): string =>
    Array.from(i.toString(2).padStart(10, "0"), (bit) => (bit === "0" ? "*" : "a")).join(".");
  subscribe(here, busy, 1 << 10, ways);
  // Each is looked up by itself: what lies below the last wildcard makes no difference.
  const subject = (i: number): string => ways(i).replaceAll("*", "b");
  const pubs = Array.from({ length: 1 << 10 }, (_, i) => `PUB ${subject(i)}.x 0\r\n\r\n`)
    .join("")
    .repeat(3);
  expect(turnsOf(here, busy, pubs)).toBeGreaterThan(3);
});

test("requests that nobody answers, with a reply that 20,000 subscriptions want", () => {
  const here = rig();
  const busy = here.connect();
  subscribe(here, busy, 20_000, () => "r");
  expect(turnsOf(here, busy, "PUB nobody r 0\r\n\r\n".repeat(100))).toBeGreaterThan(10);
});

test.each([
  ["subscribing and unsubscribing", (i: number) => `SUB foo.${i} ${i}\r\nUNSUB ${i}\r\n`],
  ["CONNECT again and again", () => "CONNECT {}\r\n"],
])("%s", (_, line) => {
  const here = rig();
  const busy = here.connect();
  expect(turnsOf(here, busy, Array.from({ length: 10_000 }, (__, i) => line(i)).join(""))).toBeGreaterThan(3);
});

test("a chunk full of ordinary messages is done in one turn", () => {
  const here = rig();
  const [busy, receiver] = [here.connect(), here.connect()];
  receiver.feed("SUB foo 1\r\n");
  expect(turnsOf(here, busy, "PUB foo 5\r\nhello\r\n".repeat(13_000))).toBe(1);
});

test("a connection with very many subscriptions leaves a slice in each turn, and gets nothing meanwhile", () => {
  const here = rig();
  const { core, world } = here;
  const busy = here.connect();
  const { router } = core.account("$G")!;
  subscribe(here, busy, 10_000, (i) => `foo.${i}`);
  busy.peerGone();
  const left = router.subscriptionCount;
  expect(left).toBeGreaterThan(5000);
  const other = here.connect();
  other.feed("PUB foo.9999 r 0\r\n\r\nSUB foo.9999 1\r\nPUB foo.9999 0\r\n\r\n");
  world.turn();
  expect(other.take()).toBe("MSG foo.9999 1 0\r\n\r\n");
  world.settle();
  expect(router.subscriptionCount).toBe(1);
});

test("CONNECT again ends all subscriptions at once, however many there are", () => {
  const here = rig();
  const { core, world } = here;
  const busy = here.connect();
  subscribe(here, busy, 10_000, (i) => `foo.${i}`);
  busy.feed('CONNECT {"verbose":false}\r\nPUB foo.9999 0\r\n\r\nSUB foo.9999 9999\r\nPUB foo.9999 0\r\n\r\nPING\r\n');
  world.settle();
  expect(busy.take()).toBe("MSG foo.9999 9999 0\r\n\r\nPONG\r\n");
  expect(core.account("$G")!.router.subscriptionCount).toBe(1);
});

test("who floods himself with answers and reads none makes himself wait, not a stranger", () => {
  const here = rig({ max_pending: 1_000_000, max_payload: 1000 });
  const { core, world } = here;
  const [flooding, stranger] = [here.connect(), here.connect()];
  flooding.hold();
  for (let i = 0; i < 400 && flooding.closed === undefined; i++) {
    flooding.feed("PING\r\n".repeat(1500));
    stranger.feed("PUB nobody 1\r\nx\r\nPING\r\n");
    world.turn();
    expect(stranger.take()).toBe("PONG\r\n");
  }
  expect(core.totals.stalledClients).toBe(0);
});
