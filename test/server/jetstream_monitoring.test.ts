// JetStream as the monitoring pages, INFO and the log show it. (Every page and
// option by itself: test/monitor/.)

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Peer } from "../support/peer.ts";
import { reference, type Running, stopAll, tcp } from "../support/transports.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "jetstream-"));
});
afterEach(async () => {
  await stopAll();
  rmSync(dir, { recursive: true });
});

/** The answer to an API request. */
async function ask(peer: Peer, subject: string, body: object): Promise<string> {
  const text = JSON.stringify(body);
  peer.send("SUB inbox 9", `PUB ${subject} inbox ${text.length}`, text);
  const [, answer] = await peer.lines(2);
  peer.send("UNSUB 9");
  return answer!;
}

async function health(running: Running, query = ""): Promise<string> {
  const answer = await fetch(`${running.server.monitorUrl}/healthz${query}`, { headers: { connection: "close" } });
  return `${answer.status} ${await answer.text()}`;
}

const accounts = {
  A: { users: [{ user: "a", password: "a" }], jetstream: { max_memory: 1000, max_streams: 5 } },
  B: { users: [{ user: "b", password: "b" }] },
};

test("a server with a stream", async () => {
  const jetstream = { store_dir: dir, max_memory_store: 5000, max_file_store: 6000, domain: "hub", unique_tag: "az:" };
  const server = await tcp.start({ http_port: -1, server_name: "mon", jetstream, accounts });
  const peer = await server.connect({ user: "a", pass: "a" });
  expect(peer.info).toMatchObject({ jetstream: true, domain: "hub" });
  expect(await ask(peer, "$JS.API.STREAM.CREATE.S", { name: "S", subjects: ["s"], max_bytes: 500 })).toContain('"S"');
  await ask(peer, "s", {});

  const config = { max_memory: 5000, max_storage: 6000, store_dir: join(dir, "jetstream"), domain: "hub", unique_tag: "az:", strict: true }; // prettier-ignore
  const stats = { memory: 0, reserved_memory: 0, reserved_storage: 500, accounts: 1, api: { level: 4, total: 1, errors: 0 } }; // prettier-ignore
  expect(await server.page("/varz")).toMatchObject({ jetstream: { config, stats, limits: {} } });
  expect(await server.page("/jsz?streams=1&config=1")).toMatchObject({
    ...stats,
    config,
    streams: 1,
    messages: 1,
    total: 1,
    account_details: [
      {
        name: "A",
        reserved_memory: 1000,
        stream_detail: [
          { name: "S", cluster: { leader: "mon" }, config: { name: "S", max_bytes: 500 }, state: { messages: 1, last_seq: 1 } }, // prettier-ignore
        ],
      },
    ],
  });
  expect(await server.page("/accountz?acc=A")).toMatchObject({ account_detail: { jetstream_enabled: true } });
  expect(await server.page("/accountz?acc=B")).toMatchObject({ account_detail: { jetstream_enabled: false } });
  expect(await health(server, "?account=A&stream=S")).toBe('200 {"status":"ok"}');
  expect(await health(server, "?account=A&stream=T")).toMatch(/^404 .*JetStream stream .*T.* not found on account/);
});

test.skipIf(reference !== undefined)("what cannot be served fails the health", async () => {
  const jetstream = { store_dir: dir };
  const first = await tcp.start({ jetstream, accounts });
  const peer = await first.connect({ user: "a", pass: "a" });
  for (const name of ["LOST", "NEWER", "S"]) await ask(peer, `$JS.API.STREAM.CREATE.${name}`, { name });
  await first.stop();

  // As nats-server: what is not understood is there all the same, what cannot be read is not.
  const meta = (stream: string): string => join(dir, "jetstream/A/streams", stream, "meta.inf");
  writeFileSync(meta("LOST"), "garbage");
  const newer = readFileSync(meta("NEWER"), "utf8").replace('"_nats.req.level":"0"', '"_nats.req.level":"9"');
  expect(newer).toContain('"_nats.req.level":"9"');
  writeFileSync(meta("NEWER"), newer);
  const second = await tcp.start({ http_port: -1, jetstream, accounts });
  const lost = "JetStream stream 'A \\u003e LOST' could not be recovered";
  expect(await health(second, "?details=1")).toBe(
    `503 {"status":"error","errors":[{"type":"STREAM","account":"A","stream":"LOST","error":"${lost}"}]}`,
  );
  expect(await health(second, "?account=A&stream=NEWER")).toBe('200 {"status":"ok"}');
  expect(await second.page("/jsz?streams=1")).toMatchObject({
    streams: 2,
    account_details: [{ stream_detail: [{ name: "NEWER", state: { messages: 0, last_seq: 0 } }, { name: "S" }] }],
  });
  await second.stop();

  const withoutJetStream = await tcp.start({ http_port: -1, jetstream, accounts: { A: {}, B: { jetstream: true } } });
  expect(await health(withoutJetStream, "?account=A&stream=S")).toBe(
    `503 {"status":"unavailable","error":"JetStream stream 'A \\u003e S' could not be recovered"}`,
  );
  await withoutJetStream.stop();

  const withoutAccount = await tcp.start({ http_port: -1, jetstream });
  expect(await health(withoutAccount)).toBe(
    `503 {"status":"unavailable","error":"JetStream account 'A' could not be resolved"}`,
  );
  expect(await health(withoutAccount, "?js-enabled-only=1")).toBe('200 {"status":"ok"}');
});

test.skipIf(reference !== undefined)("embedded without a directory, streams are kept in memory", async () => {
  const server = await tcp.startLogged({ http_port: -1, jetstream: true });
  const peer = await server.connect();
  await ask(peer, "$JS.API.STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  expect(await ask(peer, "s", {})).toBe('{"stream":"S","seq":1}');
  const { jetstream } = await server.page<{ jetstream: { config: Record<string, unknown> } }>("/varz");
  expect(jetstream.config["store_dir"]).toBe(undefined);
  expect(jetstream.config).toMatchObject({ max_memory: jetstream.config["max_storage"], strict: true });
  expect(await health(server, "?account=$G&stream=S")).toBe('200 {"status":"ok"}');
  expect(server.log).toContain("[INF]   Store:           in memory, gone with the server");
});

test.skipIf(reference !== undefined)("a start that fails says why and leaves nothing open", async () => {
  const jetstream = { store_dir: dir, max_memory_store: 999 };
  await expect(tcp.start({ http_port: -1, jetstream, accounts })).rejects.toThrow(
    "Can't start JetStream: Error enabling jetstream on configured accounts: insufficient memory resources available (10028)",
  );
  await expect(tcp.start({ jetstream: { store_dir: "/dev/null" } })).rejects.toThrow(
    "Can't start JetStream: storage directory is not a directory",
  );
});
