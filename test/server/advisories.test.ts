// Published mistakes of nats-server and of its kind, over real sockets: one
// test for each that this part of the server could share. Where each row of
// the list is tested (rows about features that are not there yet bind when
// they come: JWT, imports, leaf nodes, routes, MQTT):
//
//   CVE-2019-13126        here; test/proto/parser.test.ts
//   CVE-2020-26149        here (what the server says to itself)
//   CVE-2021-32026        tls_ways.test.ts; test/config/flags.test.ts
//   CVE-2022-24450        test/auth/authenticator.test.ts; here
//   CVE-2022-29946        test/auth/permissions*.test.ts; permissions.test.ts
//   CVE-2023-47090        test/auth/authenticator.test.ts; auth.test.ts
//   CVE-2025-68121        tls.test.ts
//   CVE-2026-27571        websocket.test.ts; here
//   CVE-2026-27889        test/io/websocket_frames.test.ts; here
//   CVE-2026-33219        test/io/websocket.test.ts; here
//   CVE-2026-33216        here, as far as it is about monitoring and logs
//   CVE-2026-33247        test/monitor/monitor.test.ts; here
//   CVE-2026-33248        test/auth/certificate_map.test.ts; tls.test.ts
//   CVE-2026-33249        here; attacks_accounts.test.ts
//   CVE-2026-33223, -33246  request_info_advisories.test.ts; here: within an account the header is one like any other
//   GHSA-hmmp-q8cx-v964   test/auth/authenticator.test.ts; here
//   GHSA-wh7g-5m82-pmhr   test/auth/permissions*.test.ts; permissions.test.ts
//   GHSA-jx8g-9g95-6322   test/auth/permissions.test.ts; permissions.test.ts
//   GHSA-g33f-6538-grxh   test/auth/nkey.test.ts; here
//   GHSA-q59r-vq66-pxc2   test/monitor/monitor.test.ts; here
//   GHSA-p957-7v2w-g93g   websocket.test.ts
//   725f0081f             test/auth/authenticator.test.ts; tls.test.ts
//   d64a5d5b1             here
//
//   About JetStream and what it stores (jetstream_advisories.test.ts is beside this file):
//
//   CVE-2022-26652        jetstream_advisories.test.ts: without restoring nothing is written
//   CVE-2022-28357        jetstream_advisories.test.ts; test/store/catalog.test.ts (names)
//   CVE-2022-42708        jetstream_advisories.test.ts; test/jetstream/config/stream_config.test.ts
//   CVE-2025-30215        jetstream_advisories.test.ts
//   CVE-2026-33216, -33247  jetstream_advisories.test.ts, as far as it is about /jsz, advisories and the log
//   CVE-2026-33222        jetstream_advisories.test.ts: without restoring
//   CVE-2026-33223, -33246, -33249  test/jetstream/stream/publish.test.ts: what is stored of those headers
//   GHSA-q59r-vq66-pxc2   jetstream_advisories.test.ts, on /jsz
//   2a07cc885             test/jetstream/stream/publish_headers.test.ts
//   27f27a9c0, 1102ce5d5  jetstream_advisories.test.ts
//   67816eb2a             test/store/format/timer_index.test.ts (any bytes)
//   1f459ae1d             test/store/file/block_rewrite.test.ts (power cut at any call)
//   dd492a64f             test/store/file/block_rewrite.test.ts (cancelled in any slice); file_recovery.test.ts (rewrites)
//   5faaeb9e2             test/store/file/block_rewrite.test.ts (a compressed block is compacted); of encrypted ones later
//   Jepsen #7564 (lazy sync)     test/store/file_recovery.test.ts; test/sim/store_sim.test.ts; group_writer.test.ts
//   Jepsen #7549 (bits, cuts)    test/store/jepsen.test.ts; test/store/file/block_{open,repair}.test.ts; test/store/format
//   Jepsen #7556 (meta files)    test/jetstream/damaged_meta.test.ts; test/store/jepsen.test.ts (the index); catalog.test.ts
//   Jepsen #6888 (kill -9)       test/sim/kill9.mjs (`make test`: 10, `make kill9`: 200)
//   a full disk, a failing call  test/store/{group_writer,file_recovery,catalog}.test.ts; test/io/disk.test.ts
//   a clock that goes back       test/jetstream/stream/publish.test.ts; test/jetstream/stream/msg_ids.test.ts
//   of Node: keys, deep JSON     jetstream_advisories.test.ts; test/base/json.test.ts
//   of Node: the loop held       test/jetstream/{many_subjects,long_answers}.test.ts; test/outbound/turn.test.ts
//   of Node: answers lost, queues that stop  test/jetstream/deleted_meanwhile.test.ts
//
//   About consumers and buckets:
//
//   58ede94d2, fb51ff0aa, fd80b022c, 74d7a2d94  test/jetstream/consumer_mistakes.test.ts
//   Jepsen #6888 (kill -9), of consumers  test/sim/kill9_consumers.mjs
//   Jepsen #7556, of consumers            test/jetstream/damaged_consumer.test.ts
//
//   About accounts and tokens:
//
//   CVE-2020-26521, -26892   token_advisories.test.ts; test/auth/jwt/token.test.ts; conformance operator/{user,account}_expires
//   CVE-2020-28466, CVE-2022-42709  attacks_accounts.test.ts; test/account/sharing.prop.test.ts
//   CVE-2021-3127            token_advisories.test.ts; conformance operator/activation*.txt
//   CVE-2022-28357           token_advisories.test.ts; test/auth/operator/token_directory.test.ts
//   CVE-2023-46129           test/auth/xkey.test.ts (known answers); conformance callout/{sealed,operator_sealed}.txt
//   CVE-2026-33216, of tokens  operator_secrets.test.ts; test/system/events.test.ts (bearer tokens)
//   CVE-2026-33216, of services, resolvers and reloads  secrets.test.ts
//   GHSA-g33f-6538-grxh, in issuers  token_advisories.test.ts; test/auth/nkey.test.ts
//   CVE-2026-33246, -33223, -33249, across accounts  attacks_accounts.test.ts; conformance accounts/trace
//   GHSA-p3j5-5hrq-p75h is about leaf nodes
//   any claims at all        test/auth/operator/hostile_tokens.test.ts; hostile_accounts.test.ts
//   of a service that authorizes  callout_attacks.test.ts; of reloads reload_attacks.test.ts; of resolvers resolver_attacks.test.ts
//
//   With what they are about:
//   c6c7061fa, 3b90b2ca4 (mirrors, sources), 3aba3bb14 (snapshots), 94f365a82 (encryption), 909ab1854 (clusters),
//   f44c537da and all of MQTT, routes and leaf nodes. Jepsen #7567 is about clusters: a server alone fails as one.
//
//   of `ws`: 2017-11, CVE-2021-32640, CVE-2024-37890, 2026-05-22, 2026-06-22  here
//   of Node: pollution by keys, deep JSON, old memory, bcrypt as CPU DoS, unhandled rejections  here

import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { hashSync } from "bcryptjs";
import { afterEach, describe, expect, test } from "vitest";
import { dialPipe, dialTcp } from "../support/peer.ts";
import { reference, type Running, stopAll, tcp, webSocket } from "../support/transports.ts";

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await stopAll();
});

const REFUSED = ["-ERR 'Authorization Violation'"];
const MB = 1024 * 1024;

/** The server answers somebody else as if nothing had happened. */
async function isWell(server: Running, fields: Record<string, unknown> = {}): Promise<void> {
  expect(await server.tryConnect(fields)).toEqual(["PONG"]);
}

/** A socket with an upgraded WebSocket, the answer read. */
async function upgraded(
  server: Running,
  headers = "",
): Promise<{ socket: Socket; received: () => string; ended: () => boolean }> {
  const { port } = new URL(server.server.websocketUrl!);
  const socket = connectTcp(Number(port), "127.0.0.1");
  sockets.push(socket);
  let text = "";
  let isEnded = false;
  socket.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
  socket.on("close", () => (isEnded = true));
  socket.on("error", () => {});
  socket.write(
    `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`,
  );
  await expect.poll(() => text.includes("\r\n\r\n") || isEnded).toBe(true);
  return { socket, received: () => text, ended: () => isEnded };
}
/** A masked frame with any first byte. */
function frame(first: number, payload: Uint8Array): Buffer {
  const mask = randomBytes(4);
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0xfe, length >> 8, length & 0xff];
  const body = Buffer.from(payload.map((byte, i) => byte ^ mask[i & 3]!));
  return Buffer.concat([Buffer.from([first, ...size]), mask, body]);
}

describe("parser", () => {
  test.each([
    "3".repeat(64),
    "2147483648",
    "4294967296",
    "9007199254740992",
    "9223372036854775808",
    "18446744073709551617",
    "-1",
    "-2147483648",
    "0x10",
    "1e9",
    "1.5",
    "NaN",
    "Infinity",
    "+5",
    "",
  ])("CVE-2019-13126: PUB of size %j is refused", async (size) => {
    const server = await tcp.start();
    for (const line of [`PUB foo ${size}`, `HPUB foo ${size} ${size}`, `HPUB foo 5 ${size}`, `PUB foo bar ${size}`]) {
      // "PUB foo bar " has two arguments left, of which the second is no number.
      const a = await server.connect();
      a.send("SUB > 1", line, "x", "x");
      const told = (await a.closed()).filter((said) => said !== "-ERR 'Maximum Payload Violation'");
      expect(told, line).toEqual([]);
    }
    await isWell(server);
  });

  test("a JSON of any depth within a control line throws nothing", async () => {
    const server = await tcp.start();
    for (const json of [
      "[".repeat(4000),
      `{"user":${"[".repeat(2000)}${"]".repeat(2000)}}`,
      '{"a":'.repeat(700),
      `{"x":"${"\\u0000".repeat(600)}"}`,
    ]) {
      for (const verb of ["CONNECT", "INFO"]) {
        const a = await server.dial();
        a.send(`${verb} ${json}`);
        a.send("nonsense");
        await a.closed();
      }
    }
    await isWell(server);
  });

  test("names of things of JavaScript are names like any other", async () => {
    const server = await tcp.start({ authorization: { users: [{ user: "u", password: "p" }] }, http_port: -1 });
    for (const user of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(await server.tryConnect({ user, pass: "p" })).toEqual(REFUSED);
      expect(await server.tryConnect({ user, pass: "undefined" })).toEqual(REFUSED);
    }
    const a = await server.dial();
    a.send(
      'CONNECT {"user":"u","pass":"p","verbose":false,"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}',
    );
    a.send(
      "SUB __proto__ __proto__",
      "SUB constructor constructor __proto__x",
      "PUB __proto__ 1",
      "x",
      "PUB constructor 1",
      "y",
    );
    expect(await a.ping()).toEqual(["MSG __proto__ __proto__ 1", "x", "MSG constructor __proto__x 1", "y"]);
    expect(({} as Record<string, unknown>)["isAdmin"]).toBeUndefined();
    const page = await server.page<{ num_connections: number }>("/connz?__proto__=1&constructor=2&subs=1");
    expect(page.num_connections).toBe(1);
  });

  test("a subject of four thousand tokens, published and subscribed, takes no time", async () => {
    const server = await tcp.start();
    const a = await server.connect();
    const tokens = "a.".repeat(2000);
    const before = Date.now();
    for (let i = 0; i < 50; i++)
      a.send(`SUB ${tokens}${i} ${i}`, `SUB ${"*.".repeat(2000)}${i} w${i}`, `PUB ${tokens}${i} 0`, "");
    a.send(`SUB ${"*.".repeat(1000)}> x`, `PUB ${tokens}x 0`, "");
    expect((await a.ping()).filter((line) => line !== "")).toHaveLength(101);
    expect(Date.now() - before).toBeLessThan(2000);
  });

  test("nobody is sent memory that was somebody else's", async () => {
    const server = await tcp.start();
    const secret = "S3CRET".repeat(100);
    const first = await server.connect();
    for (let i = 0; i < 50; i++) first.send(`PUB keep ${secret.length}`, secret);
    await first.ping();
    const a = await server.dial();
    let text = "";
    const before = a.onData.bind(a);
    a.onData = (bytes) => {
      text += Buffer.from(bytes).toString("latin1");
      before(bytes);
    };
    a.send("CONNECT {}", "SUB foo 1", "PUB foo 0", "", "PUB foo b 3", "abc", "HPUB foo 12 12", "NATS/1.0", "", "");
    await a.closed();
    expect(text).not.toContain("S3CRET");
  });
});

describe("auth", () => {
  const accounts = {
    A: { users: [{ user: "a", password: "p" }] },
    SYS: { users: [{ user: "s", password: "p" }] },
  };

  test("CVE-2022-24450: CONNECT cannot name an account", async () => {
    const server = await tcp.start({ accounts, system_account: "SYS" });
    for (const account of ["SYS", "$SYS", "$G", "A"]) {
      for (const fields of [
        { account },
        { account, new_account: true },
        { ACCOUNT: account },
        { user: "a", pass: "p", account },
      ]) {
        expect(await server.tryConnect(fields)).toEqual(REFUSED);
      }
    }
    const [a, sys] = [await server.connect({ user: "a", pass: "p" }), await server.connect({ user: "s", pass: "p" })];
    a.send("SUB $SYS.> 1", "PUB $SYS.REQ.SERVER.PING box 0", "");
    sys.send("SUB > 1");
    await sys.ping();
    a.send("PUB $SYS.x 1", "x");
    await a.ping();
    expect(await sys.ping()).toEqual([]);
  });

  test("GHSA-hmmp-q8cx-v964: the shortcut of no_auth_user asks for the kind of connection, too", async () => {
    const server = await tcp.start({
      websocket: { port: -1, no_tls: true },
      authorization: { users: [{ user: "guest", password: "g", allowed_connection_types: ["WEBSOCKET"] }] },
      no_auth_user: "guest",
    });
    for (const first of ["PUB foo 0\r\n", "SUB foo 1", "PING", "CONNECT {}"]) {
      const a = await server.dial({}, dialTcp);
      a.send(first);
      expect(await a.closed(), first).toEqual(REFUSED);
    }
    if (reference === undefined) {
      const inside = await server.dial({}, dialPipe);
      inside.send("PUB foo 0", "");
      expect(await inside.closed()).toEqual(REFUSED);
    }
  });

  test("GHSA-g33f-6538-grxh: keys and signatures of any shape are refused", async () => {
    const nkey = "UA6WOBQPWCXXKRMOQTIDJLVQUEBFXQGIOVRNTFTUJJEXSHZZ2A2V2YDL";
    const server = await tcp.start({ authorization: { token: "t" } });
    const shapes = [nkey, nkey.slice(0, 10), `${nkey}A`, "U", "=", "\0", "ü".repeat(50), "A".repeat(3000)];
    for (const key of shapes) {
      for (const sig of ["", "AAAA", "=".repeat(86), "A".repeat(86), "A".repeat(500)]) {
        expect(await server.tryConnect({ nkey: key, sig })).toEqual(REFUSED);
      }
    }
    for (const jwt of ["e30.e30.", "eyJ.eyJ.x", "...", "e30.bnVsbA.AAAA", "\0"]) {
      expect(await server.tryConnect({ jwt, sig: "AAAA" })).toEqual(REFUSED);
    }
    await isWell(server, { auth_token: "t" });
  });

  test("d64a5d5b1: white space around a permission opens nothing", async () => {
    const started = (allow: string): Promise<Running> =>
      tcp.start({ authorization: { users: [{ user: "u", password: "p", permissions: { subscribe: { allow } } }] } });
    for (const entry of [" foo ", "foo ", "\tfoo", " ", "foo q r"]) {
      await expect(started(entry), entry).rejects.toThrow("is not a valid subject");
    }
    const server = await started("\tbar  q ");
    const u = await server.connect({ user: "u", pass: "p" });
    u.send("SUB bar q 2", "SUB bar 3", "SUB other 4");
    expect(await u.ping()).toEqual([
      `-ERR 'Permissions Violation for Subscription to "bar"'`,
      `-ERR 'Permissions Violation for Subscription to "other"'`,
    ]);
  });

  test.skipIf(reference !== undefined)("bcrypt: many wrong passwords neither stop the loop nor pile up", async () => {
    const server = await tcp.start({
      authorization: {
        users: [
          { user: "u", password: hashSync("p", 7) },
          { user: "plain", password: "p" },
        ],
      },
    });
    const well = await server.connect({ user: "plain", pass: "p" });
    const attempts = Array.from({ length: 80 }, (_, i) => server.tryConnect({ user: "u", pass: `wrong ${i}` }));
    const waits: number[] = [];
    const state = { isDone: false };
    const all = Promise.all(attempts).finally(() => (state.isDone = true));
    while (!state.isDone && waits.length < 1000) {
      const before = performance.now();
      await well.ping();
      waits.push(performance.now() - before);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    for (const result of await all) expect(result).toEqual(REFUSED);
    expect(Math.max(...waits)).toBeLessThan(400);
  });

  test.skipIf(reference !== undefined)("who leaves while its password is compared leaves nothing behind", async () => {
    const server = await tcp.start({
      http_port: -1,
      authorization: { users: [{ user: "u", password: hashSync("p", 8) }] },
    });
    for (let i = 0; i < 10; i++) {
      const a = await server.dial();
      a.send(`CONNECT {"user":"u","pass":"p${i}"}`, "SUB foo 1");
      if (i % 2 === 0) a.close();
      else void a.closed();
    }
    await expect
      .poll(async () => (await server.page<{ connections: number }>("/varz")).connections, { timeout: 5000 })
      .toBe(0);
    await isWell(server, { user: "u", pass: "p" });
  });

  test("CVE-2026-33219, and without frames: a peer that is not known holds no more than a control line", async () => {
    const server = await tcp.start({ authorization: { token: "t", timeout: "1s" } });
    const peers = await Promise.all(Array.from({ length: 50 }, () => server.dial()));
    const before = process.memoryUsage().rss;
    // 50 times 2 MB, if they were kept.
    for (const peer of peers) peer.raw(`CONNECT {"auth_token":"${"x".repeat(2 * MB)}`);
    for (const peer of peers) await peer.closed();
    if (reference === undefined) expect(process.memoryUsage().rss - before).toBeLessThan(250 * MB);
    await isWell(server, { auth_token: "t" });
  });

  test("CVE-2026-33216, CVE-2026-33247: passwords, tokens and the command line are on no page and in no log", async () => {
    const server = await tcp.startLogged({
      debug: true,
      trace: true,
      http_port: -1,
      authorization: { user: "joe", password: "Pa55-server" },
    });
    await server.connect({ user: "joe", pass: "Pa55-server", jwt: "Pa55-jwt", sig: "Pa55-sig" });
    await server.tryConnect({ user: "joe", pass: "Pa55-wrong", auth_token: "Pa55-token", nkey: "" });
    // A secret in the wrong field is a secret still.
    await server.tryConnect({ auth_token: "Pa55-alone" });
    const pages = [
      "/",
      "/varz",
      "/connz?auth=1&subs=1",
      "/connz?state=any&auth=1",
      "/accountz?acc=$G",
      "/accstatz?unused=1",
      "/healthz",
      "/debug/vars",
      "/debug/pprof",
    ];
    for (const path of pages) {
      const text = await (await fetch(server.server.monitorUrl + path)).text();
      expect(text, path).not.toMatch(/Pa55/);
      for (const word of [process.execPath, ...process.execArgv])
        if (word.length > 8) expect(text, path).not.toContain(word);
    }
    await expect.poll(() => server.log.some((line) => line.includes("authentication error"))).toBe(true);
    expect(server.log.join("\n")).not.toMatch(/Pa55-(server|wrong|token|alone)/);
  });
});

describe("headers of features that are not there", () => {
  test("CVE-2026-33249: Nats-Trace-Dest goes nowhere by itself", async () => {
    const server = await tcp.start({
      authorization: {
        users: [
          { user: "u", password: "p", permissions: { publish: "ok" } },
          { user: "root", password: "p" },
        ],
      },
    });
    const [u, root] = [
      await server.connect({ user: "u", pass: "p" }),
      await server.connect({ user: "root", pass: "p" }),
    ];
    root.send("SUB secret 1", "SUB ok 2");
    await root.ping();
    const block = "NATS/1.0\r\nNats-Trace-Dest: secret\r\nNats-Trace-Only: 1\r\n\r\n";
    u.raw(`HPUB ok ${block.length} ${block.length}\r\n${block}\r\n`);
    await u.ping();
    expect((await root.ping()).join("\n")).not.toContain("MSG secret");
  });

  test.skipIf(reference !== undefined)(
    "CVE-2026-33223: Nats-Request-Info is a header like any other within one account",
    async () => {
      const server = await tcp.start();
      const [a, b] = [await server.connect(), await server.connect()];
      a.send("SUB t 1");
      await a.ping();
      const block = "NATS/1.0\r\nNats-Request-Info: {}\r\n\r\n";
      b.raw(`HPUB t ${block.length} ${block.length}\r\n${block}\r\n`);
      expect(await a.lines(2)).toEqual([`HMSG t 1 ${block.length} ${block.length}`, "NATS/1.0"]);
    },
  );
});

describe("monitoring", () => {
  test("GHSA-q59r-vq66-pxc2: offsets and limits of any size", async () => {
    const server = await tcp.start({ http_port: -1 });
    await Promise.all([server.connect(), server.connect()]);
    const numbers = [
      "-1",
      "2147483647",
      "2147483648",
      "4294967296",
      "9007199254740993",
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775808",
      "NaN",
      "1e3",
      "",
      "0x1",
      "9".repeat(100),
    ];
    for (const page of ["connz", "subsz"]) {
      for (const offset of numbers) {
        for (const limit of ["9223372036854775807", "-1", "1"]) {
          const answer = await fetch(`${server.server.monitorUrl}/${page}?offset=${offset}&limit=${limit}`);
          expect([200, 400], `${page} ${offset} ${limit}`).toContain(answer.status);
          await answer.text();
        }
      }
    }
    await isWell(server);
  });

  test("requests that are none, endless or slow do not stop it", async () => {
    const server = await tcp.start({ http_port: -1 });
    const { port } = new URL(server.server.monitorUrl!);
    for (const bytes of [
      "\r\n\r\n",
      "GET",
      "GET / HTTP/9.9\r\n\r\n",
      "\0".repeat(1000),
      `GET /${"x".repeat(100_000)} HTTP/1.1\r\n`,
      "POST /varz HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    ]) {
      const socket = connectTcp(Number(port), "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => {});
      socket.write(bytes);
    }
    expect((await fetch(`${server.server.monitorUrl}/varz?%ff=%&&&=`)).status).toBe(200);
  });
});

describe("WebSocket", () => {
  const options = { authorization: { token: "t", timeout: "500ms" } };

  test("CVE-2026-27889: frames that cannot be, before CONNECT", async () => {
    const server = await webSocket.start(options);
    const zero = Buffer.alloc(4);
    const lengths = [
      "8000000000000000",
      "ffffffffffffffff",
      "0020000000000000",
      "7fffffffffffffff",
      "0000000100000000",
    ];
    const frames = [
      ...lengths.map((length) => Buffer.concat([Buffer.from(`82ff${length}`, "hex"), zero, Buffer.from("PING\r\n")])),
      ...[0x83, 0x8b, 0x8f, 0xf2, 0xc1, 0x92].map((first) => frame(first, Buffer.from("PING\r\n"))),
      Buffer.from([0x82, 0x06, ...Buffer.from("PING\r\n")]),
      frame(0x09, Buffer.from("x")),
      frame(0x89, Buffer.alloc(200)),
      frame(0x80, Buffer.from("x")),
      frame(0x88, Buffer.from([3])),
      frame(0x88, Buffer.from([0, 1])),
      frame(0x88, Buffer.from([3, 0xe8, 0xff, 0xfe])),
    ];
    const all = await Promise.all(
      frames.map(async (bytes) => {
        const raw = await upgraded(server);
        raw.socket.write(bytes);
        return raw;
      }),
    );
    for (const [i, raw] of all.entries())
      await expect.poll(raw.ended, { message: `frame ${i}`, timeout: 4000 }).toBe(true);
    await isWell(server, { auth_token: "t" });
  });

  test("CVE-2026-33219: a message without end before CONNECT is neither kept nor waited for", async () => {
    const server = await webSocket.start(options);
    const raw = await upgraded(server);
    const before = process.memoryUsage().rss;
    raw.socket.write(frame(0x02, Buffer.from("CONNECT {")));
    const part = frame(0x00, Buffer.alloc(4000, 0x20));
    for (let i = 0; i < 5000 && !raw.ended(); i++) {
      if (!raw.socket.write(part)) {
        await new Promise((resolve) => {
          raw.socket.once("drain", resolve);
          raw.socket.once("close", resolve);
        });
      }
    }
    await expect.poll(raw.ended, { timeout: 4000 }).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MB);
    await isWell(server, { auth_token: "t" });
  });

  test("ws 2026-05-22, #2329: tiny and empty fragments cost no memory", async () => {
    const server = await webSocket.start(options);
    const raw = await upgraded(server);
    const before = process.memoryUsage().rss;
    const tiny = Buffer.concat(
      Array.from({ length: 2000 }, (_, i) => frame(0x00, i % 2 === 0 ? Buffer.alloc(0) : Buffer.from(" "))),
    );
    raw.socket.write(frame(0x02, Buffer.from("CONNECT ")));
    for (let i = 0; i < 100 && !raw.ended(); i++) {
      raw.socket.write(tiny);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(raw.ended, { timeout: 4000 }).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MB);
    await isWell(server, { auth_token: "t" });
  });

  test("CVE-2026-27571: a compressed frame is refused, not inflated", async () => {
    const server = await webSocket.start(options);
    const raw = await upgraded(server, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    raw.socket.write(frame(0xc2, Buffer.alloc(100, 0xaa)));
    await expect.poll(raw.ended, { timeout: 4000 }).toBe(true);
    await isWell(server, { auth_token: "t" });
  });

  test("ws 2017-11, CVE-2021-32640, CVE-2024-37890: headers of the upgrade, many, long and strange", async () => {
    const server = await webSocket.start();
    const headers = [
      "Sec-WebSocket-Extensions: constructor\r\n",
      'Sec-WebSocket-Extensions: __proto__; toString=1, a;b="\r\n',
      `Sec-WebSocket-Extensions: ${"a;b,".repeat(1500)}\r\n`,
      `Sec-WebSocket-Protocol: a${" ".repeat(7000)}b\r\n`,
      "X: y\r\n".repeat(3000),
      'Cookie: ;;;=;==;"\r\n',
      `X-Forwarded-For: ${"1.1.1.1, ".repeat(500)}\r\n`,
      "Origin: \0\r\n",
      "Sec-WebSocket-Key: x\r\n",
    ];
    const before = performance.now();
    for (const header of headers) {
      const raw = await upgraded(server, header);
      expect(raw.received() === "" || /^HTTP\/1\.1 (101|4\d\d) /.test(raw.received()), header.slice(0, 60)).toBe(true);
    }
    expect(performance.now() - before).toBeLessThan(2000);
    expect(await (await server.connect()).ping()).toEqual([]);
  });

  test("an HTTP request without an upgrade gets an answer and nothing more", async () => {
    const server = await webSocket.start();
    const { port } = new URL(server.server.websocketUrl!);
    const status = await new Promise((resolve, reject) => {
      const asked = request({ port, host: "127.0.0.1", path: "/varz", agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.once("error", reject);
      asked.end();
    });
    expect(status).toBe(400);
  });

  test("pings while nobody reads the pongs pile up nothing", async () => {
    const server = await webSocket.start();
    const raw = await upgraded(server);
    raw.socket.pause();
    const before = process.memoryUsage().rss;
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(0x89, Buffer.alloc(125, 0x61))));
    for (let i = 0; i < 200; i++) {
      raw.socket.write(pings);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * MB);
    expect(await (await server.connect()).ping()).toEqual([]);
  });
});

test("CVE-2020-26149: what the server says to itself at the start holds no credentials", async () => {
  // It starts where it could not log in: it has nothing to log in with.
  const server = await tcp.start({ authorization: { token: "t" } });
  expect(await server.tryConnect({ name: "self check" })).toEqual(REFUSED);
  await isWell(server, { auth_token: "t" });
});
