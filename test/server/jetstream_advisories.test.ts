// Published mistakes of nats-server about JetStream, over real sockets. The
// list of where each row is tested is in advisories.test.ts.

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Peer } from "../support/peer.ts";
import { type Running, reference, stopAll, tcp } from "../support/transports.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "jetstream-"));
});
afterEach(async () => {
  await stopAll();
  rmSync(dir, { recursive: true, force: true });
});

interface Answer {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string };
  readonly config?: Record<string, unknown>;
  readonly state?: Record<string, number>;
  readonly streams?: readonly string[] | null;
}

/** A client that asks, one question at a time. */
class Client {
  readonly peer: Peer;
  #asked = 0;

  constructor(peer: Peer) {
    this.peer = peer;
    peer.send("SUB inbox.* 9");
  }

  /** The one answer; undefined when it is a status, or has headers. */
  async ask(subject: string, body: string | object = ""): Promise<Answer | undefined> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    this.peer.send(`PUB ${subject} inbox.${++this.#asked} ${Buffer.byteLength(text)}`, text);
    const isHead = (line: string): boolean => /^H?MSG inbox\./.test(line);
    let lines: string[] = [];
    while (!lines.some(isHead)) lines = await this.peer.ping();
    const at = lines.findIndex(isHead);
    return lines[at]!.startsWith("H") ? undefined : (JSON.parse(lines[at + 1]!) as Answer);
  }
}

const start = (options: object = {}): Promise<Running> =>
  tcp.start({ jetstream: { store_dir: dir, max_memory_store: 2 ** 26, max_file_store: 2 ** 26 }, ...options });
const client = async (server: Running, fields: Record<string, unknown> = {}): Promise<Client> =>
  new Client(await server.connect(fields));

const numbers = ["-1", "0", "1", "1000000000", "9223372036854775807", "9223372036854775808", "1.5", "1e3", '"1"', "null", "[]"]; // prettier-ignore

describe("requests", () => {
  test("CVE-2022-42708: any number in any field is taken or refused", async () => {
    const server = await start();
    const asker = await client(server);
    const fields = ["num_replicas", "max_consumers", "max_msgs", "max_bytes", "max_age", "max_msgs_per_subject", "max_msg_size", "duplicate_window", "first_seq", "subject_delete_marker_ttl"]; // prettier-ignore
    for (const storage of ["file", "memory"]) {
      for (const field of fields) {
        for (const number of numbers) {
          const body = `{"name":"S","subjects":["s"],"storage":"${storage}","${field}":${number}}`;
          const made = await asker.ask("$JS.API.STREAM.CREATE.S", body);
          expect(made, body).toBeDefined();
          if (made!.error === undefined) {
            expect((await asker.ask("s", "x"))!, body).toBeDefined();
            expect((await asker.ask("$JS.API.STREAM.DELETE.S"))!.error, body).toBeUndefined();
          }
          expect(await asker.ask("$JS.API.STREAM.UPDATE.S", body)).toMatchObject({ error: {} });
        }
      }
    }
    expect((await asker.ask("$JS.API.STREAM.NAMES"))!.streams).toBeNull();
  });

  test("CVE-2022-42708: any number in a purge, a delete and a get", async () => {
    const server = await start();
    const asker = await client(server);
    const made = { name: "S", subjects: ["s"], storage: "memory", allow_direct: true };
    await asker.ask("$JS.API.STREAM.CREATE.S", made);
    await asker.ask("s", "x");
    const calls = { "STREAM.PURGE.S": ["seq", "keep"], "STREAM.MSG.DELETE.S": ["seq"], "STREAM.MSG.GET.S": ["seq", "batch"], "STREAM.INFO.S": ["offset"], "STREAM.NAMES": ["offset"], "STREAM.LIST": ["offset"] }; // prettier-ignore
    for (const [call, fields] of Object.entries(calls)) {
      for (const field of fields) {
        for (const number of numbers) {
          expect(
            await asker.ask(`$JS.API.${call}`, `{"${field}":${number}}`),
            `${call} ${field} ${number}`,
          ).toBeDefined();
        }
      }
    }
    for (const field of ["seq", "batch", "max_bytes", "up_to_seq"]) {
      for (const number of numbers) await asker.ask("$JS.API.DIRECT.GET.S", `{"seq":2,"${field}":${number}}`);
    }
    expect((await asker.ask("$JS.API.STREAM.INFO.S"))!.error).toBeUndefined();
  });

  test("of Node: keys of JavaScript are keys, and JSON of any depth is refused or read", async () => {
    const server = await start();
    const asker = await client(server);
    const names = ["__proto__", "constructor", "toString"];
    for (const name of names) {
      const body = `{"name":"${name}","subjects":["${name}"],"storage":"memory","metadata":{"__proto__":"a","constructor":"b"}}`;
      const { config } = (await asker.ask(`$JS.API.STREAM.CREATE.${name}`, body))!;
      expect(Object.entries(config!["metadata"] as object)).toContainEqual(["__proto__", "a"]);
      expect(await asker.ask(name, "x")).toEqual({ stream: name, seq: 1 });
    }
    expect((await asker.ask("$JS.API.STREAM.NAMES"))!.streams).toEqual(names.toSorted());
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
    const deep = [
      "[".repeat(200_000),
      `{"metadata":${'{"a":'.repeat(100_000)}`,
      `{"subjects":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
    ];
    for (const body of deep) expect((await asker.ask("$JS.API.STREAM.CREATE.S", body))!.error).toMatchObject({ err_code: 10025 }); // prettier-ignore
  });

  test("27f27a9c0, 1102ce5d5: the sequence of a batch that is no number is refused", async () => {
    const server = await start();
    const asker = await client(server);
    await asker.ask("$JS.API.STREAM.CREATE.S", { name: "S", subjects: ["s"] });
    for (const seq of ["-1", "x", "", "18446744073709551616", "1.5"]) {
      const header = `NATS/1.0\r\nNats-Batch-Id: b\r\nNats-Batch-Sequence: ${seq}\r\n\r\n`;
      asker.peer.send(`HPUB s inbox.b ${header.length} ${header.length}`, header);
      expect(await asker.peer.line()).toContain("MSG inbox.b");
      expect(JSON.parse(await asker.peer.line())).toMatchObject({ error: {} });
    }
    expect((await asker.ask("$JS.API.STREAM.INFO.S"))!.state!["messages"]).toBe(0);
  });
});

describe("accounts", () => {
  test("CVE-2025-30215: no request of one account does anything in another", async () => {
    const server = await start({
      accounts: {
        A: { users: [{ user: "a", password: "a" }], jetstream: "enabled" },
        B: { users: [{ user: "b", password: "b" }], jetstream: "enabled" },
        C: { users: [{ user: "c", password: "c" }] },
      },
    });
    const owner = await client(server, { user: "b", pass: "b" });
    await owner.ask("$JS.API.STREAM.CREATE.S", { name: "S", subjects: ["s"], allow_direct: true });
    await owner.ask("s", "of b");
    const before = await owner.ask("$JS.API.STREAM.INFO.S");
    const calls: [string, object | string][] = [
      ["STREAM.INFO.S", ""],
      ["STREAM.UPDATE.S", { name: "S", subjects: ["s"], max_msgs: 1, description: "stolen" }],
      ["STREAM.PURGE.S", ""],
      ["STREAM.MSG.GET.S", { seq: 1 }],
      ["STREAM.MSG.DELETE.S", { seq: 1 }],
      ["STREAM.SNAPSHOT.S", { deliver_subject: "x" }],
      ["STREAM.RESTORE.S", { config: { name: "S" } }],
      ["STREAM.PEER.REMOVE.S", { peer: "x" }],
      ["STREAM.LEADER.STEPDOWN.S", ""],
      ["STREAM.DELETE.S", ""],
      ["CONSUMER.CREATE.S", { stream_name: "S", config: {} }],
      ["CONSUMER.LIST.S", ""],
      ["CONSUMER.NAMES.S", ""],
      ["CONSUMER.INFO.S.c", ""],
      ["CONSUMER.DELETE.S.c", ""],
      ["ACCOUNT.PURGE.B", ""],
      ["SERVER.REMOVE", { peer: "x" }],
      ["META.LEADER.STEPDOWN", ""],
    ];
    for (const user of ["a", "c"]) {
      const other = await client(server, { user, pass: user });
      for (const [call, body] of calls) {
        other.peer.send(
          "SUB answer 7",
          `PUB $JS.API.${call} answer ${JSON.stringify(body).length}`,
          JSON.stringify(body),
        );
        const heard = (await other.peer.ping()).join("\n");
        expect(heard, call).not.toContain("of b");
        expect(heard, call).not.toContain('"success":true');
        other.peer.send("UNSUB 7");
      }
      for (const direct of ["DIRECT.GET.S", "DIRECT.GET.S.s"]) expect(await other.ask(`$JS.API.${direct}`, direct.endsWith(".s") ? "" : { seq: 1 })).toBeUndefined(); // prettier-ignore
      expect((await other.ask("$JS.API.STREAM.NAMES"))!.streams ?? null).toBeNull();
    }
    expect({ ...(await owner.ask("$JS.API.STREAM.INFO.S")), ts: "" }).toEqual({ ...before, ts: "" });
  });

  test.skipIf(reference !== undefined)(
    "CVE-2022-28357: no name of an account or a stream leads out of the directory",
    async () => {
      const account = "../../../../out";
      const server = await start({
        accounts: { [account]: { users: [{ user: "u", password: "u" }], jetstream: "enabled" } },
      });
      const asker = await client(server, { user: "u", pass: "u" });
      const made = await asker.ask("$JS.API.STREAM.CREATE.S", { name: "S", subjects: ["s"] });
      expect(made!.error).toBeDefined();
      for (const name of ["..\\x", "../x", "a/b", "\\", "/", "a\0b"]) {
        const answer = await asker.ask(`$JS.API.STREAM.CREATE.${name}`, { name, subjects: ["s"] });
        expect(answer === undefined || answer.error !== undefined, name).toBe(true);
      }
      expect(readdirSync(join(dir, "jetstream")).filter((name) => name !== ".lock")).toEqual([]);
      expect(existsSync(join(dir, "..", "out"))).toBe(false);
    },
  );
});

describe("restoring, which is not there yet,", () => {
  test("CVE-2022-26652, CVE-2026-33222: writes nothing, whatever the request says", async () => {
    const server = await start();
    const asker = await client(server);
    for (const name of ["S", "T", "..\\..\\x"]) {
      const answer = await asker.ask(`$JS.API.STREAM.RESTORE.${name}`, {
        config: { name: "T", subjects: ["t"] },
        state: {},
      });
      if (reference === undefined) expect(answer === undefined || answer.error !== undefined).toBe(true);
    }
    if (reference === undefined) expect((await asker.ask("$JS.API.STREAM.NAMES"))!.streams).toBeNull();
  });
});

test("CVE-2026-33216, CVE-2026-33247: JetStream's pages and log show no secret", async () => {
  const server = await tcp.startLogged({
    http_port: -1,
    debug: true,
    trace: true,
    jetstream: { store_dir: dir },
    accounts: { A: { users: [{ user: "u", password: "S3CRET" }], jetstream: "enabled" } },
  });
  const asker = await client(server, { user: "u", pass: "S3CRET" });
  asker.peer.send("SUB $JS.EVENT.ADVISORY.> 5");
  await asker.peer.ping();
  asker.peer.send("PUB $JS.API.STREAM.CREATE.S inbox.1 29", '{"name":"S","subjects":["s"]}');
  const heard = await asker.peer.lines(6);
  expect(heard.join()).toContain("api_audit");
  for (const page of ["/jsz?accounts=1&streams=1&config=1&consumers=1", "/varz", "/healthz", "/accountz?acc=A"]) {
    expect(JSON.stringify(await server.page(page)), page).not.toContain("S3CRET");
  }
  expect(heard.join()).not.toContain("S3CRET");
  expect(server.log.join("\n")).not.toContain("S3CRET");
});

test("GHSA-q59r-vq66-pxc2: offsets and limits of any size on /jsz", async () => {
  const server = await start({ http_port: -1 });
  for (const field of ["offset", "limit"]) {
    for (const value of ["-1", "0", "2147483648", "9007199254740993", "9223372036854775807"]) {
      expect(await server.page(`/jsz?accounts=1&${field}=${value}`), `${field} ${value}`).toHaveProperty("streams", 0);
    }
  }
});
