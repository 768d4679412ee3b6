// Messages of many sizes up to 8 MB, whole and unchanged.

import { afterEach, describe, expect, test } from "vitest";
import type { Peer } from "../support/peer.ts";
import { stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

/** Bytes in which every place is different from its neighbours. */
function pattern(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) + seed) & 0xff;
  return bytes;
}

async function expectMessage(peer: Peer, head: string, payload: Buffer): Promise<void> {
  expect(await peer.line()).toBe(head);
  expect((await peer.bytes(payload.length)).equals(payload)).toBe(true);
  expect(await peer.line()).toBe("");
}

const block = Buffer.from(`NATS/1.0\r\nKey: ${"v".repeat(300)}\r\n\r\n`);

describe.each(transports)("over $name", ({ start }) => {
  test.each([0, 1, 2047, 2048, 16_383, 16_384, 65_535, 65_536, 98_303, 98_304, 131_072, 262_144, 1_048_576])(
    "%i bytes to several subscribers",
    async (size) => {
      const server = await start();
      const [a, b, c] = [await server.connect(), await server.connect(), await server.connect()];
      a.send("SUB big 1", "SUB big 22");
      b.send("SUB *.x 9", "SUB big q 333");
      await a.ping();
      await b.ping();
      const payload = pattern(size, 7);
      for (let i = 0; i < 3; i++)
        c.raw(Buffer.concat([Buffer.from(`PUB big ${size}\r\n`), payload, Buffer.from("\r\n")]));
      await c.ping();
      for (let i = 0; i < 3; i++) {
        await expectMessage(b, `MSG big 333 ${size}`, payload);
        const sids = [];
        for (let j = 0; j < 2; j++) {
          const head = await a.line();
          sids.push(head.split(" ")[2]);
          expect((await a.bytes(size)).equals(payload)).toBe(true);
          expect(await a.line()).toBe("");
        }
        expect(sids.toSorted()).toEqual(["1", "22"]);
      }
    },
  );

  test("8 MB, with headers and to an old client without them", async () => {
    const server = await start({ max_payload: 8 * 1024 * 1024, max_pending: 64 * 1024 * 1024 });
    const [a, old, c] = [
      await server.connect(),
      await server.connect({ headers: false, no_responders: false }),
      await server.connect(),
    ];
    a.send("SUB big 1");
    old.send("SUB big 2");
    await a.ping();
    await old.ping();
    const total = 8 * 1024 * 1024;
    const payload = pattern(total - block.length, 3);
    c.raw(`HPUB big reply.to ${block.length} ${total}\r\n`).raw(block).raw(payload).raw("\r\n");
    await expectMessage(a, `HMSG big 1 reply.to ${block.length} ${total}`, Buffer.concat([block, payload]));
    await expectMessage(old, `MSG big 2 reply.to ${payload.length}`, payload);
    expect(await c.ping()).toEqual([]);
  });

  test("large and small ones keep their order, in pieces of any size", async () => {
    const server = await start();
    const [a, c] = [await server.connect(), await server.connect()];
    a.send("SUB m 1");
    await a.ping();
    const sizes = [5, 200_000, 0, 70_000, 64 * 1024, 99_000, 1, 130_000, 3000, 98_304 - 13, 2];
    const all = Buffer.concat(
      sizes.flatMap((size, i) => [Buffer.from(`PUB m ${size}\r\n`), pattern(size, i), Buffer.from("\r\n")]),
    );
    for (const piece of [1000, 65_536, 99_991]) {
      for (let at = 0; at < all.length; at += piece) {
        c.raw(all.subarray(at, at + piece));
        if (at % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const [i, size] of sizes.entries()) await expectMessage(a, `MSG m 1 ${size}`, pattern(size, i));
    }
  });

  test("one that its publisher never finishes is nobody's", async () => {
    const server = await start();
    const [a, c] = [await server.connect(), await server.connect()];
    a.send("SUB m 1");
    await a.ping();
    c.raw("PUB m 200000\r\n").raw(pattern(150_000, 1));
    await a.ping();
    c.close();
    await expect.poll(() => c.isEnded).toBe(true);
    expect(await a.ping()).toEqual([]);
  });

  test("a large one that does not end where it says ends the connection", async () => {
    const server = await start();
    const [a, c] = [await server.connect(), await server.connect()];
    a.send("SUB m 1");
    await a.ping();
    c.raw("PUB m 200000\r\n").raw(pattern(200_000, 1)).raw("xxPING\r\n");
    expect(await c.closed()).toEqual(["-ERR 'Unknown Protocol Operation'"]);
    expect(await a.ping()).toEqual([]);
  });
});
