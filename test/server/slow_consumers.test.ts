// Receivers that read too slowly, and producers that are too fast.
// (Timing without a network: test/session/session.test.ts.)

import { afterEach, describe, expect, test } from "vitest";
import type { Running } from "../support/transports.ts";
import { stopAll, tcp, transports } from "../support/transports.ts";
import type { Peer } from "../support/peer.ts";

afterEach(stopAll);

const SIZE = 64 * 1024;
const message = Buffer.from(`PUB flood ${SIZE}\r\n${"x".repeat(SIZE)}\r\n`);
const MB = 1024 * 1024;

async function subscriberThatDoesNotRead(server: Running): Promise<Peer> {
  const slow = await server.connect();
  slow.send("SUB flood 1");
  await slow.ping();
  slow.wire!.pause();
  return slow;
}

/** Publishes at most `bytes`, a message at a time between other clients' round trips, until `enough`. */
async function flood(producer: Peer, bytes: number, enough: () => Promise<boolean>): Promise<void> {
  for (let sent = 0; sent < bytes; sent += 16 * message.length) {
    for (let i = 0; i < 16; i++) producer.raw(message);
    await producer.ping();
    if (await enough()) return;
  }
}

interface Varz {
  slow_consumers: number;
  slow_consumer_stats: { clients: number };
  stalled_clients: number;
  mem: number;
}

describe.each(transports)("over $name", ({ start }) => {
  test("who never reads is closed once max_pending bytes wait; the others never notice", async () => {
    const server = await start({ max_pending: 2 * MB, http_port: -1, write_deadline: "30s" });
    const slow = await subscriberThatDoesNotRead(server);
    const [producer, a, b] = [await server.connect(), await server.connect(), await server.connect()];
    a.send("SUB other 1");
    await a.ping();
    let trips = 0;
    await flood(producer, 512 * MB, async () => {
      b.send("PUB other 1", "x");
      expect(await a.lines(2)).toEqual(["MSG other 1 1", "x"]);
      trips++;
      return (await server.page<Varz>("/varz")).slow_consumers > 0;
    });
    const varz = await server.page<Varz>("/varz");
    expect(varz).toMatchObject({ slow_consumers: 1, slow_consumer_stats: { clients: 1 } });
    expect(trips).toBeGreaterThan(0);
    const { connections } = await server.page<{ connections: { reason: string }[] }>("/connz?state=closed");
    expect(connections.map(({ reason }) => reason)).toContain("Slow Consumer (Pending Bytes)");
    slow.wire!.resume();
    const rest = await slow.closed();
    expect(rest.join("")).not.toContain("-ERR");
    expect(await producer.ping()).toEqual([]);
  });

  test("who does not read within write_deadline is closed", async () => {
    const server = await start({ write_deadline: "200ms", http_port: -1, max_pending: 64 * MB });
    await subscriberThatDoesNotRead(server);
    const producer = await server.connect();
    const reasons = async (): Promise<string[]> =>
      (await server.page<{ connections: { reason: string }[] }>("/connz?state=closed")).connections.map(
        ({ reason }) => reason,
      );
    // As much as the kernel takes and a little more.
    for (let i = 0; i < 512; i++) producer.raw(message);
    await producer.ping();
    await expect.poll(reasons, { timeout: 5000 }).toContain("Slow Consumer (Write Deadline)");
    expect(await producer.ping()).toEqual([]);
  });

  test("a flood from one client does not keep another from being served", async () => {
    const server = await start();
    const [producer, sink, a] = [await server.connect(), await server.connect(), await server.connect()];
    sink.send("SUB flood 1");
    await sink.ping();
    const producing = (async () => {
      for (let i = 0; i < 40; i++) {
        for (let j = 0; j < 16; j++) producer.raw(message);
        await producer.ping();
      }
    })();
    const waits: number[] = [];
    const state = { isDone: false };
    void producing.finally(() => (state.isDone = true));
    while (!state.isDone) {
      const before = performance.now();
      await a.ping();
      waits.push(performance.now() - before);
    }
    await producing;
    expect(waits.length).toBeGreaterThan(5);
    expect(Math.max(...waits)).toBeLessThan(1000);
    expect(await sink.bytes(40 * 16 * SIZE)).toHaveLength(40 * 16 * SIZE);
  });
});

test("a fast producer waits for a receiver that is merely slow: nothing is lost, nobody is closed", async () => {
  const server = await tcp.start({ max_pending: 8 * MB, http_port: -1 });
  const slow = await subscriberThatDoesNotRead(server);
  const producer = await server.connect();
  const count = 800;
  for (let i = 0; i < count; i++) producer.raw(message);
  const reading = slow.bytes(count * (SIZE + `MSG flood 1 ${SIZE}\r\n\r\n`.length));
  // It reads for five milliseconds of every fifteen.
  let tick = 0;
  const timer = setInterval(() => (++tick % 3 === 0 ? slow.wire!.resume() : slow.wire!.pause()), 5);
  await reading.finally(() => clearInterval(timer));
  const varz = await server.page<Varz>("/varz");
  expect(varz.slow_consumers).toBe(0);
  expect(varz.stalled_clients).toBeGreaterThan(0);
});

test("no_fast_producer_stall: messages for a slow receiver are dropped, it stays", async () => {
  const server = await tcp.start({
    max_pending: 2 * MB,
    http_port: -1,
    no_fast_producer_stall: true,
    write_deadline: "30s",
  });
  const slow = await subscriberThatDoesNotRead(server);
  const [producer, quick] = [await server.connect(), await server.connect()];
  quick.send("SUB flood 1");
  await quick.ping();
  const count = 400;
  for (let i = 0; i < count; i++) {
    producer.raw(message);
    if (i % 16 === 15) await producer.ping();
  }
  const bytes = count * (SIZE + `MSG flood 1 ${SIZE}\r\n\r\n`.length);
  await quick.bytes(bytes);
  expect((await server.page<Varz>("/varz")).slow_consumers).toBe(0);
  slow.wire!.resume();
  slow.send("PING");
  await expect.poll(() => slow.unread, { timeout: 5000 }).toBeGreaterThan(MB);
  producer.send("PUB flood 3", "end");
  let text = "";
  while (!text.includes("end\r\n")) text = (await slow.bytes(slow.unread || 1)).toString("latin1").slice(-100);
  expect(slow.isEnded).toBe(false);
});

test("the log names who was too slow", async () => {
  const server = await tcp.startLogged({ max_pending: MB, write_deadline: "30s" });
  await subscriberThatDoesNotRead(server);
  const producer = await server.connect();
  const said = (): boolean => server.log.some((line) => line.includes("Slow Consumer Detected"));
  await flood(producer, 512 * MB, async () => said());
  expect(server.log).toContainEqual(
    expect.stringMatching(
      /^\[INF\] 127\.0\.0\.1:\d+ - cid:\d+ - .*Slow Consumer Detected: MaxPending of 1048576 Exceeded$/,
    ),
  );
});
