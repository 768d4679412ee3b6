import { createConnection, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, type ClientOptions } from "ws";
import type { Accept } from "../../src/base/transport.ts";
import {
  listenWebSocket,
  type AcceptWebSocket,
  type WebSocketListener,
  type WebSocketOptions,
} from "../../src/io/websocket.ts";
import { tlsSettings } from "../../src/io/tls_settings.ts";
import type { Upgrade } from "../../src/io/websocket_upgrade.ts";
import { certPair, certPem } from "../support/certs.ts";
import { Recorder, aMoment, transportContract, until, type Peer, type Rig } from "./transport_contract.ts";

const plainOptions = {
  host: "127.0.0.1",
  port: 0,
  tls: undefined,
  sameOrigin: false,
  allowedOrigins: [],
  headers: [],
  handshakeTimeoutMs: 0,
};

function webSocketPeer(socket: WebSocket): Peer {
  const chunks: Buffer[] = [];
  let closed = false;
  socket.on("message", (data: Buffer) => chunks.push(data));
  socket.on("close", () => (closed = true));
  socket.on("error", () => {});
  return {
    send: (bytes) => socket.send(bytes),
    received: () => {
      const all = Buffer.concat(chunks);
      chunks.splice(0, chunks.length, all);
      return all;
    },
    stopReading: () => socket.pause(),
    startReading: () => socket.resume(),
    halfClose: undefined,
    vanish: () => socket.terminate(),
    get closed() {
      return closed;
    },
  };
}

async function dial(port: number, options: ClientOptions & { secure?: boolean; path?: string } = {}): Promise<Peer> {
  const { secure = false, path = "/" } = options;
  const socket = new WebSocket(`${secure ? "wss" : "ws"}://localhost:${port}${path}`, {
    perMessageDeflate: false,
    ca: certPem("ca"),
    family: 4,
    ...options,
  });
  const peer = webSocketPeer(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return peer;
}

async function rig(accept: Accept, secure: boolean): Promise<Rig> {
  const tls = secure ? tlsSettings({ certs: [certPair("server")] }) : undefined;
  const listener = await listenWebSocket({ ...plainOptions, tls, accept });
  const peers: Peer[] = [];
  return {
    connect: async () => {
      const peer = await dial(listener.port, { secure });
      peers.push(peer);
      return peer;
    },
    close: () => {
      for (const peer of peers) peer.vanish();
      return listener.close();
    },
  };
}

transportContract("WebSocket", (accept) => rig(accept, false));
transportContract("WebSocket over TLS", (accept) => rig(accept, true));

describe("a WebSocket listener", () => {
  const open: { listener: WebSocketListener; recorders: Recorder[] }[] = [];
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const { listener, recorders } of open.splice(0)) {
      await listener.close();
      for (const recorder of recorders) recorder.transport.destroy();
    }
  });

  interface Started {
    readonly port: number;
    readonly recorders: Recorder[];
    readonly upgrades: Upgrade[];
    readonly failed: string[];
    readonly listener: WebSocketListener;
  }
  async function started(options: Partial<WebSocketOptions> = {}): Promise<Started> {
    const recorders: Recorder[] = [];
    const upgrades: Upgrade[] = [];
    const failed: string[] = [];
    const accept: AcceptWebSocket = (transport, upgrade) => {
      const recorder = new Recorder(transport);
      recorders.push(recorder);
      upgrades.push(upgrade);
      transport.writeOwned(Buffer.from("INFO {}\r\n"));
      return recorder;
    };
    const onHandshakeFailed = (_: unknown, text: string): void => void failed.push(text);
    const listener = await listenWebSocket({ ...plainOptions, accept, onHandshakeFailed, ...options });
    open.push({ listener, recorders });
    return { port: listener.port, recorders, upgrades, failed, listener };
  }

  const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
  const good = {
    Host: "127.0.0.1:8080",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
  };
  interface Raw {
    readonly socket: Socket;
    readonly answer: () => string;
    readonly closed: () => boolean;
  }
  function raw(port: number, text: string): Raw {
    const socket = createConnection(port, "127.0.0.1");
    sockets.push(socket);
    const chunks: Buffer[] = [];
    let closed = false;
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => (closed = true));
    socket.write(text, "latin1");
    return { socket, answer: () => Buffer.concat(chunks).toString("latin1"), closed: () => closed };
  }
  function request(
    port: number,
    changes: Record<string, string | undefined>,
    line = "GET / HTTP/1.1",
    after = "",
  ): Raw {
    const headers = Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined);
    return raw(port, `${line}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${after}`);
  }

  test("answers as nats-server does, byte for byte, with its own headers last", async () => {
    const { port } = await started({
      headers: [
        ["X-Foo", "bar"],
        ["Another", "z"],
      ],
    });
    const client = request(port, { "Nats-No-Masking": "true", "Sec-WebSocket-Protocol": "nats, mqtt" });
    await until(() => client.answer().includes("INFO"));
    expect(client.answer()).toBe(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nNats-No-Masking: true\r\nX-Foo: bar\r\nAnother: z\r\n\r\n" +
        "\x82\x09INFO {}\r\n",
    );
  });

  const none = undefined;
  test.each([
    ["a POST", {}, 405, "request method must be GET", "POST / HTTP/1.1"],
    ["no Upgrade", { Upgrade: none }, 400, "invalid value for header 'Upgrade'"],
    ["another Upgrade", { Upgrade: "h2c" }, 400, "invalid value for header 'Upgrade'"],
    ["no Connection", { Connection: "keep-alive" }, 400, "invalid value for header 'Connection'"],
    ["no key", { "Sec-WebSocket-Key": none }, 400, "key missing"],
    ["a short key", { "Sec-WebSocket-Key": "abcd" }, 400, "invalid websocket key"],
    ["version 8", { "Sec-WebSocket-Version": "8" }, 400, "invalid version"],
    ["no version", { "Sec-WebSocket-Version": none }, 400, "invalid version"],
    ["GHSA-p957-7v2w-g93g: the MQTT path", {}, 404, "mqtt websocket endpoint not enabled", "GET /mqtt HTTP/1.1"],
    ["an MQTT path below", {}, 404, "mqtt websocket endpoint not enabled", "GET /a/mqtt?x=1 HTTP/1.1"],
    ["another origin", { Origin: "http://evil.test" }, 403, "origin not allowed: not in the allowed list"],
    ["another port", { Origin: "http://good.test" }, 403, "origin not allowed: not in the allowed list"],
    ["no origin at all", { Origin: "null" }, 403, 'origin not allowed: parse "null": invalid URI for request'],
    [
      "an old origin header",
      { "Sec-WebSocket-Origin": "http://evil.test" },
      403,
      "origin not allowed: not in the allowed list",
    ],
  ] as [string, Record<string, string | undefined>, number, string, string?][])(
    "refuses %s",
    async (_, changes, status, reason, line) => {
      const { port, recorders, failed } = await started({
        allowedOrigins: ["http://good.test:8080", "https://ok.test"],
      });
      const client = request(port, changes, line);
      await until(() => client.closed());
      expect(client.answer()).toContain(`HTTP/1.1 ${status} `);
      expect(client.answer()).toContain("Sec-Websocket-Version: 13\r\n");
      expect(failed).toEqual([`websocket handshake error: ${reason}`]);
      expect(recorders).toEqual([]);
    },
  );

  test("refuses a request without Host, one that is none, and one too large", async () => {
    const { port, recorders } = await started();
    for (const client of [
      request(port, { Host: undefined }),
      raw(port, "CONNECT {}\r\nPING\r\n\r\n"),
      request(port, { "X-Large": "x".repeat(40_000) }),
    ]) {
      await until(() => client.closed());
      expect(client.answer()).toMatch(/^HTTP\/1.1 400 |^$/);
    }
    expect(recorders).toEqual([]);
  });

  test("refuses a client that does not wait for the answer", async () => {
    const { port, failed } = await started();
    const client = request(port, {}, undefined, "\x82\x80\x00\x00\x00\x00");
    await until(() => client.closed());
    expect(failed).toEqual(["websocket handshake error: client sent data before handshake is complete"]);
  });

  test.each([
    { Upgrade: "foo, WebSocket" },
    { Connection: "keep-alive, upgrade" },
    { Origin: "http://good.test:8080" },
    { Origin: "https://ok.test:443" },
    { Origin: "HTTPS://OK.test" },
  ])("takes %o", async (changes) => {
    const { port, recorders } = await started({ allowedOrigins: ["http://good.test:8080", "https://ok.test"] });
    request(port, changes, "GET /any/path?x=1 HTTP/1.1");
    await until(() => recorders.length === 1);
  });

  test("with same_origin compares scheme, host and port", async () => {
    const { port, recorders, failed } = await started({ sameOrigin: true });
    request(port, { Host: "a.test:81", Origin: "http://A.test:81" });
    request(port, { Host: "A.test", Origin: "http://a.test:80" });
    await until(() => recorders.length === 2);
    request(port, { Host: "a.test", Origin: "https://a.test" });
    request(port, { Host: "a.test:81", Origin: "http://a.test" });
    request(port, { Host: "a.test", Origin: "http://b.test" });
    await until(() => failed.length === 3);
    expect(new Set(failed)).toEqual(new Set(["websocket handshake error: origin not allowed: not same origin"]));
  });

  test("upgrades a leaf node's path and closes it", async () => {
    const { port, recorders, failed } = await started();
    const client = request(port, {}, "GET /leafnode HTTP/1.1");
    await until(() => client.closed());
    expect(client.answer()).toMatch(/^HTTP\/1.1 101 [^]*\r\n\r\n$/);
    expect([recorders.length, failed]).toEqual([0, ["Not configured to accept leaf node connections"]]);
  });

  test("tells what the request said of the peer", async () => {
    const { port, recorders, upgrades } = await started();
    const headers = { "X-Forwarded-For": "2001:db8::7, 10.0.0.1", Cookie: 'jwt=a.b-c; user="me"; empty=; jwt=second' };
    await dial(port, { path: "/here?and=there", headers });
    await dial(port, { headers: { "X-Forwarded-For": "unknown" } });
    await until(() => recorders.length === 2);
    expect(recorders.map(({ transport }) => transport.forwardedFor)).toEqual(["2001:db8::7", undefined]);
    expect(upgrades[0]!.path).toBe("/here");
    expect([...upgrades[0]!.cookies]).toEqual([
      ["jwt", "a.b-c"],
      ["user", "me"],
      ["empty", ""],
    ]);
    expect([recorders[0]!.transport.kind, recorders[0]!.transport.remote!.ip]).toEqual(["ws", "127.0.0.1"]);
  });

  test("gives those up who do not finish their request", async () => {
    const { port, failed } = await started({ handshakeTimeoutMs: 60 });
    const client = raw(port, "GET / HT");
    await until(() => client.closed());
    expect(client.answer()).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(failed).toEqual(["websocket handshake error: i/o timeout"]);
  });

  test("closed, it drops requests under way and keeps its WebSockets", async () => {
    const { port, listener, recorders } = await started();
    const client = raw(port, "GET / HT");
    const peer = await dial(port);
    await until(() => recorders.length === 1);
    await listener.close();
    await until(() => client.closed());
    peer.send(Buffer.from("still here"));
    await until(() => recorders[0]!.text === "still here");
  });

  test("sends browsers small frames and others large ones", async () => {
    const { port, recorders } = await started();
    const sizes: number[][] = [];
    for (const agent of ["Mozilla/5.0 (X11)", "nats.go"]) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { "User-Agent": agent } });
      const seen: number[] = [];
      sizes.push(seen);
      socket.on("message", (data: Buffer) => seen.push(data.length));
      await until(() => seen.length === 1);
      recorders.at(-1)!.transport.writeOwned(Buffer.alloc(10_000, 0x61));
      await until(() => seen.reduce((sum, size) => sum + size, 0) === 10_009);
      socket.terminate();
    }
    expect(sizes).toEqual([
      [9, 4096, 4096, 1808],
      [9, 10_000],
    ]);
  });

  test("closes with the status and reason it is told", async () => {
    const { port, recorders } = await started();
    const seen: [number, string][] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    socket.on("close", (status, reason) => seen.push([status, reason.toString()]));
    await until(() => recorders.length === 1);
    recorders[0]!.transport.writeOwned(Buffer.from("-ERR 'Authorization Violation'\r\n"));
    recorders[0]!.transport.end(1000, 1008, "Authentication Failure");
    await until(() => seen.length === 1 && recorders[0]!.gone.length === 1);
    expect([seen, recorders[0]!.gone]).toEqual([[[1008, "Authentication Failure"]], [["eof", ""]]]);
  });

  test("echoes a goodbye after answering what came before it", async () => {
    const { port, recorders } = await started();
    const client = request(port, {});
    await until(() => recorders.length === 1);
    recorders[0]!.onEachChunk = () =>
      void setImmediate(() => recorders[0]!.transport.writeOwned(Buffer.from("PONG\r\n")));
    client.socket.write(Buffer.from("\x82\x86\0\0\0\0PING\r\n\x88\x85\0\0\0\0\x03\xe8bye", "latin1"));
    await until(() => client.closed() && recorders[0]!.gone.length === 1);
    expect(client.answer()).toMatch(/\x82\x06PONG\r\n\x88\x05\x03\xe8bye$/);
    expect(recorders[0]!.gone).toEqual([["eof", ""]]);
  });

  test("tells a peer that breaks the protocol, and the server", async () => {
    const { port, recorders } = await started();
    const client = request(port, {});
    await until(() => recorders.length === 1);
    client.socket.write(Buffer.from("\x82\x02ab", "latin1"));
    await until(() => client.closed() && recorders[0]!.gone.length === 1);
    expect(client.answer()).toMatch(/\x88\x12\x03\xeamask bit missing$/);
    expect(recorders[0]!.gone).toEqual([["readError", "mask bit missing"]]);
    expect(recorders[0]!.text).toBe("");
  });

  test("answers pings, but not those of a peer that reads nothing without end", async () => {
    const { port, recorders } = await started();
    const client = request(port, {});
    await until(() => recorders.length === 1);
    client.socket.write(Buffer.from("\x89\x83\0\0\0\0abc", "latin1"));
    await until(() => client.answer().endsWith("\x8a\x03abc"));
    client.socket.pause();
    const pings = Buffer.concat(
      Array.from({ length: 20_000 }, () => Buffer.concat([Buffer.of(0x89, 0xfd, 0, 0, 0, 0), Buffer.alloc(125)])),
    );
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 10; i++) client.socket.write(pings);
    await aMoment(300);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000);
  });

  // CVE-2026-33219, CVE-2026-27571: memory of a peer that has not authenticated.
  test("CVE-2026-33219: an endless message of a peer that is not known holds next to nothing", async () => {
    const { port, recorders } = await started();
    const client = request(port, {});
    await until(() => recorders.length === 1);
    recorders[0]!.chunks.push = () => 0; // do not hold them here either
    const piece = Buffer.concat([Buffer.of(0x00, 0xfe, 0xff, 0xff, 0, 0, 0, 0), Buffer.alloc(65_535, 0x61)]);
    client.socket.write(Buffer.of(0x02, 0x80, 0, 0, 0, 0));
    recorders[0]!.transport.pause();
    for (let i = 0; i < 800; i++) client.socket.write(piece);
    await aMoment(200);
    // Paused, as during authentication: all but a few chunks stay with the kernel and the peer.
    expect(client.socket.writableLength).toBeGreaterThan(30_000_000);
    recorders[0]!.transport.destroy();
    await until(() => recorders[0]!.gone.length === 1);
  });

  test("over TLS knows the client's certificate, and refuses others before anything else", async () => {
    const tls = tlsSettings({ certs: [certPair("server")], ca: certPem("ca"), verify: true });
    const { port, recorders, failed } = await started({ tls });
    await dial(port, { secure: true, ...certPair("client") });
    await until(() => recorders.length === 1);
    const { transport } = recorders[0]!;
    expect(transport.kind).toBe("wss");
    expect(transport.tls!.peerCertificates[0]!.emails).toEqual(["alice@example.test"]);
    await dial(port, { secure: true, ...certPair("client-other") }).catch(() => undefined);
    await dial(port).catch(() => undefined);
    await until(() => failed.length === 2);
    expect(failed).toEqual([
      "TLS handshake error: tls: failed to verify certificate: x509: certificate signed by unknown authority",
      "TLS handshake error: tls: first record does not look like a TLS handshake",
    ]);
  });
});
