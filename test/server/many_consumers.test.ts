// Ten thousand consumers of one stream, over a real socket: each gets its own
// message and acknowledges it; then they are listed and deleted.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { stopAll, tcp } from "../support/transports.ts";

const MANY = 10_000;
/** Requests on their way at once. */
const WINDOW = 500;

let dir = "";
afterEach(async () => {
  await stopAll();
  rmSync(dir, { recursive: true, force: true });
});

test("ten thousand consumers of one stream are made, served, listed and deleted", { timeout: 120_000 }, async () => {
  dir = mkdtempSync(join(tmpdir(), "consumers-"));
  const server = await tcp.start({ jetstream: { store_dir: dir, max_memory_store: 2 ** 26, max_file_store: 2 ** 26 } });
  const peer = await server.connect();
  peer.send("SUB inbox.> 1");
  /** Sends one request for each number; how many of the lines that came hold `good`. */
  const all = async (
    good: RegExp,
    request: (i: number) => readonly [subject: string, body: string],
  ): Promise<number> => {
    let seen = 0;
    for (let from = 0; from < MANY; from += WINDOW) {
      for (let i = from; i < from + WINDOW; i++) {
        const [subject, body] = request(i);
        peer.send(`PUB ${subject} inbox.${i} ${Buffer.byteLength(body)}`, body);
      }
      let came = 0;
      for (let tries = 0; came < WINDOW && tries < 2000; tries++) {
        came += (await peer.ping()).filter((line) => good.test(line)).length;
      }
      seen += came;
    }
    return seen;
  };
  const one = async (subject: string, body = ""): Promise<string> => {
    peer.send(`PUB ${subject} inbox.x ${Buffer.byteLength(body)}`, body);
    for (;;) {
      const found = (await peer.ping()).find((line) => line.startsWith("{"));
      if (found !== undefined) return found;
    }
  };
  expect(await one("$JS.API.STREAM.CREATE.S", '{"name":"S","subjects":["s.*"],"storage":"memory"}')).toContain(
    '"config"',
  );
  const config = (i: number): string =>
    `{"stream_name":"S","config":{"name":"C${i}","durable_name":"C${i}","ack_policy":"explicit","filter_subject":"s.${i}"}}`;
  expect(await all(/"config"/, (i) => [`$JS.API.CONSUMER.CREATE.S.C${i}.s.${i}`, config(i)])).toBe(MANY);
  const files = readdirSync("/proc/self/fd").length;
  expect(await all(/"seq"/, (i) => [`s.${i}`, `hello ${i}`])).toBe(MANY);
  expect(await all(/^hello \d+$/, (i) => [`$JS.API.CONSUMER.MSG.NEXT.S.C${i}`, "1"])).toBe(MANY);
  expect(await all(/"num_ack_pending":1,/, (i) => [`$JS.API.CONSUMER.INFO.S.C${i}`, ""])).toBe(MANY);
  expect(readdirSync("/proc/self/fd").length, "open files").toBeLessThan(files + 20);
  let listed = 0;
  while (listed < MANY) {
    const page = JSON.parse(await one("$JS.API.CONSUMER.LIST.S", `{"offset":${listed}}`)) as { consumers: unknown[] };
    expect(page.consumers.length).toBeGreaterThan(0);
    listed += page.consumers.length;
  }
  expect(await all(/"success":true/, (i) => [`$JS.API.CONSUMER.DELETE.S.C${i}`, ""])).toBe(MANY);
  expect(await one("$JS.API.STREAM.INFO.S")).toContain('"consumer_count":0');
});
