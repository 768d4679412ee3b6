// What is different for clients over WebSocket. (Frames by themselves:
// test/io/websocket_frames.test.ts; the listener: test/io/websocket.test.ts.)

import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { WebSocket } from "ws";
import { afterEach, describe, expect, test } from "vitest";
import { dialWebSocket } from "../support/peer.ts";
import { cert, quiet, reference, type Running, stopAll, tcp, webSocket } from "../support/transports.ts";

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await stopAll();
});

/** One frame of a client: masked unless told. */
function frame(
  opcode: number,
  payload: string | Uint8Array,
  options: { fin?: boolean; masked?: boolean } = {},
): Buffer {
  const { fin = true, masked = true } = options;
  const body = Buffer.from(typeof payload === "string" ? Buffer.from(payload) : payload);
  const length = body.length;
  const head = [(fin ? 0x80 : 0) | opcode];
  const bit = masked ? 0x80 : 0;
  if (length < 126) head.push(bit | length);
  else if (length < 65_536) head.push(bit | 126, length >> 8, length & 0xff);
  else
    head.push(
      bit | 127,
      0,
      0,
      0,
      0,
      (length >>> 24) & 0xff,
      (length >>> 16) & 0xff,
      (length >>> 8) & 0xff,
      length & 0xff,
    );
  if (!masked) return Buffer.concat([Buffer.from(head), body]);
  const mask = randomBytes(4);
  for (let i = 0; i < length; i++) body[i] = body[i]! ^ mask[i & 3]!;
  return Buffer.concat([Buffer.from(head), mask, body]);
}
const TEXT = 1;
const BINARY = 2;
const CONTINUED = 0;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A WebSocket whose frames are seen as they are. */
class RawWebSocket {
  readonly socket: Socket;
  /** The status line and headers of the answer. */
  answer = "";
  /** Frames received: opcode and payload. */
  readonly frames: { opcode: number; payload: Buffer }[] = [];
  ended = false;
  #rest = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
    socket.on("close", () => (this.ended = true));
    socket.on("error", () => {});
  }
  /** The protocol bytes of all data frames so far. */
  get text(): string {
    const data = this.frames.filter(({ opcode }) => opcode <= BINARY);
    return Buffer.concat(data.map(({ payload }) => payload)).toString();
  }
  #onData(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.answer === "") {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.answer = this.#rest.toString("latin1", 0, end);
      this.#rest = this.#rest.subarray(end + 4);
    }
    for (;;) {
      if (this.#rest.length < 2) return;
      let length = this.#rest[1]! & 0x7f;
      let at = 2;
      if (length === 126) {
        if (this.#rest.length < 4) return;
        length = this.#rest.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (this.#rest.length < 10) return;
        length = Number(this.#rest.readBigUInt64BE(2));
        at = 10;
      }
      if (this.#rest.length < at + length) return;
      this.frames.push({ opcode: this.#rest[0]! & 0x0f, payload: Buffer.from(this.#rest.subarray(at, at + length)) });
      this.#rest = this.#rest.subarray(at + length);
    }
  }
}

async function open(server: Running, headers: Readonly<Record<string, string>> = {}): Promise<RawWebSocket> {
  const { port } = new URL(server.server.websocketUrl!);
  const socket = connectTcp(Number(port), "127.0.0.1");
  sockets.push(socket);
  const raw = new RawWebSocket(socket);
  const all = {
    Host: `127.0.0.1:${port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET / HTTP/1.1\r\n${lines.join("")}\r\n`);
  await expect.poll(() => raw.answer !== "" || raw.ended).toBe(true);
  return raw;
}
const CONNECT = `CONNECT ${JSON.stringify({ ...quiet, protocol: 0 })}\r\n`;

describe("frames", () => {
  test("INFO is the first, the answer to the upgrade is what RFC 6455 says", async () => {
    const raw = await open(await webSocket.start());
    expect(raw.answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(raw.answer).toMatch(/\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=(\r\n|$)/i);
    await expect.poll(() => raw.text).toMatch(/^INFO \{.*\} \r\n$/);
  });

  test("lines and frames need not agree: many in one, one in many, cut anywhere", async () => {
    const server = await webSocket.start();
    const stream = `${CONNECT}SUB foo 1\r\nPUB foo 5\r\nhello\r\nHPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\n`;
    const expected = "MSG foo 1 5\r\nhello\r\nHMSG foo 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n";
    for (const size of [stream.length, 1, 2, 13]) {
      const raw = await open(server);
      for (let at = 0; at < stream.length; at += size) raw.socket.write(frame(BINARY, stream.slice(at, at + size)));
      await expect.poll(() => raw.text.endsWith(expected), { interval: 5 }).toBe(true);
    }
  });

  test("frames cut anywhere on the wire", async () => {
    const server = await webSocket.start();
    const raw = await open(server);
    const bytes = Buffer.concat([
      frame(BINARY, CONNECT),
      frame(BINARY, `SUB foo 1\r\nPUB foo 300\r\n${"x".repeat(300)}\r\n`),
      frame(BINARY, "PING\r\n"),
    ]);
    for (const byte of bytes) {
      raw.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => raw.text.endsWith(`MSG foo 1 300\r\n${"x".repeat(300)}\r\nPONG\r\n`)).toBe(true);
  });

  test("text frames and fragments count like binary ones, control frames come in between", async () => {
    const raw = await open(await webSocket.start());
    raw.socket.write(
      Buffer.concat([
        frame(TEXT, CONNECT.slice(0, 10), { fin: false }),
        frame(PING, "are you there"),
        frame(CONTINUED, CONNECT.slice(10), { fin: false }),
        frame(CONTINUED, ""),
        frame(TEXT, "SUB füü 1\r\nPUB füü 2\r\nhi\r\nPING\r\n"),
      ]),
    );
    await expect.poll(() => raw.text.endsWith("MSG füü 1 2\r\nhi\r\nPONG\r\n")).toBe(true);
    expect(raw.frames.filter(({ opcode }) => opcode === PONG).map(({ payload }) => String(payload))).toEqual([
      "are you there",
    ]);
    // What the server sends is binary and unmasked.
    expect(raw.frames.filter(({ opcode }) => opcode !== PONG).every(({ opcode }) => opcode === BINARY)).toBe(true);
  });

  test("a goodbye is answered, with its status", async () => {
    const server = await webSocket.start({ http_port: -1 });
    const raw = await open(server);
    raw.socket.write(Buffer.concat([frame(BINARY, `${CONNECT}PING\r\n`), frame(CLOSE, Buffer.from([0x03, 0xe8]))]));
    await expect.poll(() => raw.ended).toBe(true);
    expect(raw.text).toContain("PONG\r\n");
    const last = raw.frames.at(-1)!;
    expect(last.opcode).toBe(CLOSE);
    expect(last.payload.readUInt16BE(0)).toBe(1000);
    const { connections } = await server.page<{ connections: { reason: string }[] }>("/connz?state=closed");
    expect(connections.at(-1)!.reason).toBe("Client Closed");
  });

  test.each([
    [BINARY, "an unmasked frame", frame(BINARY, "PING\r\n", { masked: false })],
    [BINARY, "an unknown opcode", frame(3, "PING\r\n")],
    [BINARY, "a fragmented ping", frame(PING, "x", { fin: false })],
    [BINARY, "a long ping", frame(PING, "x".repeat(126))],
    [BINARY, "a continuation of nothing", frame(CONTINUED, "PING\r\n")],
    [BINARY, "reserved bits", Buffer.from([0xc2, 0x80, 0, 0, 0, 0])],
    [BINARY, "a length of 2^63", Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])],
    [
      BINARY,
      "a length of 2^53",
      Buffer.from([0x82, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, ...Buffer.alloc(100)]),
    ],
  ])("%#: %s ends the connection, not the server", async (_, what, bytes) => {
    const server = await webSocket.start();
    const raw = await open(server);
    raw.socket.write(bytes);
    // A length nobody will ever send is no mistake by itself: what is in the frame is.
    await expect.poll(() => raw.ended, { timeout: 4000 }).toBe(true);
    expect(await (await server.connect()).ping(), what).toEqual([]);
  });

  test.skipIf(reference !== undefined)(
    "an end by the server has a close frame with its status and reason",
    async () => {
      const server = await webSocket.start({ max_payload: 10 });
      const ended = async (text: string): Promise<[number, string]> => {
        const socket = new WebSocket(server.server.websocketUrl!);
        return new Promise((resolve, reject) => {
          socket.once("error", reject);
          socket.once("message", () => socket.send(CONNECT + text));
          socket.once("close", (code, reason) => resolve([code, reason.toString()]));
        });
      };
      expect(await ended("nonsense\r\n")).toEqual([1002, "Protocol Violation"]);
      expect(await ended("PUB foo 11\r\n")).toEqual([1009, "Maximum Message Payload Exceeded"]);
    },
  );
});

describe("the upgrade", () => {
  const good = {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
  };
  async function status(server: Running, method: string, headers: Readonly<Record<string, string>>): Promise<number> {
    const { port } = new URL(server.server.websocketUrl!);
    return new Promise((resolve, reject) => {
      const asked = request({ port, host: "127.0.0.1", method, headers, agent: false });
      asked.once("response", (answer) => {
        answer.resume();
        resolve(answer.statusCode!);
      });
      asked.once("upgrade", (answer, socket) => {
        socket.destroy();
        resolve(answer.statusCode!);
      });
      asked.once("error", reject);
      asked.end();
    });
  }

  test("refused unless everything is right, and the listener goes on", async () => {
    const server = await webSocket.start();
    const { Upgrade: _u, ...noUpgrade } = good;
    const { "Sec-WebSocket-Key": _k, ...noKey } = good;
    expect(await status(server, "POST", good)).toBe(405);
    expect(await status(server, "GET", { ...noUpgrade, Connection: "close" })).toBe(400);
    expect(await status(server, "GET", noKey)).toBe(400);
    expect(await status(server, "GET", { ...good, "Sec-WebSocket-Version": "8" })).toBe(400);
    expect(await status(server, "GET", { ...good, Connection: "close" })).toBe(400);
    expect(await status(server, "GET", { ...good, Upgrade: "h2c" })).toBe(400);
    expect(await status(server, "GET", good)).toBe(101);
  });

  test("GHSA-p957-7v2w-g93g: paths of protocols that are not there crash nothing", async () => {
    const server = await webSocket.start();
    for (const path of ["/mqtt", "/leafnode", "/../../etc/passwd", "/%00", "//"]) {
      const socket = new WebSocket(server.server.websocketUrl + path);
      await new Promise<void>((resolve) => {
        socket.once("error", () => resolve());
        socket.once("close", () => resolve());
        socket.once("message", () => socket.terminate());
      });
    }
    expect(await (await server.connect()).ping()).toEqual([]);
  });

  test("headers of the configuration are in the answer", async () => {
    const raw = await open(
      await webSocket.start({ websocket: { port: -1, no_tls: true, headers: { "X-Served-By": "a b", Via: "me" } } }),
    );
    expect(raw.answer).toContain("\r\nX-Served-By: a b");
    expect(raw.answer).toContain("\r\nVia: me");
  });

  test("X-Forwarded-For is in the log; INFO and connz show who is really connected", async () => {
    const server = await webSocket.startLogged({ http_port: -1, debug: true });
    const said = ["192.0.2.7", "2001:db8::7", "not an address"];
    for (const address of said) {
      const a = await server.connect({}, { headers: { "X-Forwarded-For": address } });
      expect(a.info["client_ip"]).toBe("127.0.0.1");
    }
    const { connections } = await server.page<{ connections: { ip: string }[] }>("/connz");
    expect(connections.map(({ ip }) => ip)).toEqual(said.map(() => "127.0.0.1"));
    const created = server.log.filter((line) => /wid:\d+ - Client connection created$/.test(line));
    expect(created.map((line) => line.replaceAll(/:\d+ - wid.*/g, ""))).toEqual([
      "[DBG] 192.0.2.7/127.0.0.1",
      "[DBG] [2001:db8::7]/127.0.0.1",
      "[DBG] 127.0.0.1",
    ]);
  });

  test("CVE-2026-27571: compression is not agreed to, so nothing inflates", async () => {
    const raw = await open(await webSocket.start(), {
      "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    });
    expect(raw.answer).not.toMatch(/permessage-deflate/i);
  });

  test("who does not finish it in time is sent away", async () => {
    const server = await webSocket.start({ websocket: { port: -1, no_tls: true, handshake_timeout: "200ms" } });
    const { port } = new URL(server.server.websocketUrl!);
    const socket = connectTcp(Number(port), "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    socket.resume();
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n");
    await new Promise((resolve) => socket.once("close", resolve));
  });
});

describe("over TLS", () => {
  const tls = { cert_file: cert("server.pem"), key_file: cert("server-key.pem") };

  test("the whole protocol, and INFO says so", async () => {
    const server = await tcp.start({ websocket: { port: -1, tls } });
    const a = await server.connect({}, {}, dialWebSocket);
    expect(a.info).toMatchObject({ tls_required: true, tls_available: true });
    a.send("SUB foo 1", "PUB foo 2", "hi");
    expect(await a.ping()).toEqual(["MSG foo 1 2", "hi"]);
    // The plain port says nothing of it.
    expect((await server.dial()).info["tls_required"]).toBeUndefined();
  });
});

test("ping_interval of the websocket block is for its clients", async () => {
  const server = await tcp.start({ websocket: { port: -1, no_tls: true, ping_interval: "100ms" } });
  const [plain, ws] = [await server.connect(), await server.connect({}, {}, dialWebSocket)];
  const before = Date.now();
  expect(await ws.line()).toBe("PING");
  expect(Date.now() - before).toBeLessThan(1500);
  expect(await plain.ping()).toEqual([]);
});

test("everybody hears everybody, whatever they came over", async () => {
  const server = await tcp.start({ websocket: { port: -1, no_tls: true } });
  const [a, b] = [await server.connect(), await server.connect({}, {}, dialWebSocket)];
  a.send("SUB t 1");
  b.send("SUB t 2");
  await a.ping();
  await b.ping();
  a.send("PUB t 1", "x");
  expect(await a.ping()).toEqual(["MSG t 1 1", "x"]);
  expect(await b.ping()).toEqual(["MSG t 2 1", "x"]);
});
