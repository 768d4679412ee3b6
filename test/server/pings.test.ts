// The server's own pings, and peers that no longer answer. (Timing without a
// network: test/session/session.test.ts.)

import { afterEach, describe, expect, test } from "vitest";
import { stopAll, tcp, transports } from "../support/transports.ts";

afterEach(stopAll);

describe.each(transports)("over $name", ({ start }) => {
  test("a client that answers stays, one that does not is stale", async () => {
    const server = await start({ ping_interval: "100ms", ping_max: 2 });
    const [alive, dead] = [await server.connect(), await server.connect()];
    const answer = async (): Promise<void> => {
      for (let pings = 0; pings < 3; pings++) {
        expect(await alive.line()).toBe("PING");
        alive.send("PONG");
      }
    };
    await Promise.all([
      answer(),
      dead.closed().then((rest) => expect(rest).toEqual(["PING", "PING", "-ERR 'Stale Connection'"])),
    ]);
    expect(alive.isEnded).toBe(false);
  });

  test("who talks is not pinged once the round trip is known", async () => {
    const server = await start({ ping_interval: "300ms" });
    const a = await server.connect();
    expect(await a.line()).toBe("PING");
    a.send("PONG");
    const until = Date.now() + 700;
    while (Date.now() < until) {
      expect(await a.ping()).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  test("PONGs nobody asked for are taken", async () => {
    const a = await (await start()).connect();
    a.send("PONG", "PONG", "PONG");
    expect(await a.ping()).toEqual([]);
  });
});

test("a stale connection is counted, and its reason kept", async () => {
  const server = await tcp.start({ ping_interval: "50ms", ping_max: 1, http_port: -1 });
  await (await server.connect()).closed();
  const closed = await server.page<{ connections: { reason: string }[] }>("/connz?state=closed");
  expect(closed.connections.map(({ reason }) => reason)).toContain("Stale Connection");
  const varz = await server.page<{ stale_connections: number }>("/varz");
  expect(varz.stale_connections).toBe(1);
});

test("the round trip time shows in connz", async () => {
  const server = await tcp.start({ ping_interval: "50ms", http_port: -1 });
  const a = await server.connect();
  expect(await a.line()).toBe("PING");
  a.send("PONG");
  await a.ping();
  const { connections } = await server.page<{ connections: { rtt: string }[] }>("/connz");
  expect(connections[0]!.rtt).toMatch(/^[\d.]+(µs|ms)$/);
});
