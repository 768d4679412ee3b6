// What is different for clients over TLS. (The listener by itself:
// test/io/tls.test.ts; certificates and users: test/auth/certificate_map.test.ts.)

import { createHash, X509Certificate } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { certPair, type CertName } from "../support/certs.ts";
import { type DialOptions, dialTcp, dialTls } from "../support/peer.ts";
import { cert, quiet, type Running, stopAll, tls } from "../support/transports.ts";

afterEach(stopAll);

const files = { cert_file: cert("server.pem"), key_file: cert("server-key.pem") };
const ca_file = cert("ca.pem");
const as = (name: CertName): DialOptions => certPair(name);

/** "PONG", the error, or "closed" when it does not get so far. */
async function comesIn(server: Running, options: DialOptions, fields: Record<string, unknown> = {}): Promise<string> {
  try {
    return (await server.tryConnect(fields, options, dialTls))[0]!;
  } catch {
    return "closed";
  }
}

async function reasons(server: Running): Promise<string[]> {
  const page = await server.page<{ connections: { reason: string }[] }>("/connz?state=closed");
  return page.connections.map(({ reason }) => reason);
}

describe("required", () => {
  test("INFO says so in clear; a client that goes on in clear is closed without a word", async () => {
    const server = await tls.start({ http_port: -1 });
    const a = await server.dial({}, dialTcp);
    expect(a.info).toMatchObject({ tls_required: true });
    expect(a.info).not.toHaveProperty("tls_available");
    expect(a.info).not.toHaveProperty("tls_verify");
    a.send("CONNECT {}", "PING");
    expect(await a.closed()).toEqual([]);
    await expect.poll(() => reasons(server)).toContain("TLS Handshake Failure");
  });

  test("a client that does not begin is closed after the timeout, without a word", async () => {
    const server = await tls.start({ tls: { ...files, timeout: 0.3 }, http_port: -1 });
    const a = await server.dial({}, dialTcp);
    expect(await a.closed()).toEqual([]);
    await expect.poll(() => reasons(server)).toContain("TLS Handshake Failure");
  });

  test("the time for CONNECT starts after the handshake", async () => {
    const server = await tls.start({
      tls: { ...files, timeout: 0.2 },
      authorization: { token: "t", timeout: "300ms" },
    });
    const a = await server.dial();
    const before = Date.now();
    expect(await a.closed()).toEqual(["-ERR 'Authentication Timeout'"]);
    expect(Date.now() - before).toBeGreaterThan(200);
  });

  test("a ClientHello of garbage, or cut off, harms nobody", async () => {
    const server = await tls.start();
    const hello = Buffer.from("160301", "hex");
    for (const bytes of [hello, Buffer.concat([hello, Buffer.from("00050100000100")]), Buffer.alloc(20_000, 0x16)]) {
      const a = await server.dial({}, dialTcp);
      a.raw(bytes);
      a.close();
    }
    expect(await (await server.connect()).ping()).toEqual([]);
  });
});

describe("verify", () => {
  const options = { tls: { ...files, ca_file, verify: true }, http_port: -1 };

  test("only certificates of the authority come in", async () => {
    const server = await tls.start(options);
    expect(await comesIn(server, as("client"))).toBe("PONG");
    expect(await comesIn(server, {})).toBe("closed");
    expect(await comesIn(server, as("client-other"))).toBe("closed");
    expect(await comesIn(server, as("client-server-eku"))).toBe("closed");
    await expect
      .poll(async () => (await reasons(server)).filter((reason) => reason === "TLS Handshake Failure"))
      .toHaveLength(3);
    const a = await server.dial(as("client"));
    expect(a.info).toMatchObject({ tls_required: true, tls_verify: true });
  });

  test("the log tells who was refused", async () => {
    const server = await tls.startLogged({ ...options, debug: true });
    await comesIn(server, {});
    await expect
      .poll(() => server.log)
      .toContainEqual(expect.stringMatching(/TLS handshake error: tls: client didn't provide a certificate$/));
  });
});

describe("verify_and_map", () => {
  function start(...users: string[]): Promise<Running> {
    return tls.start({
      tls: { ...files, ca_file, verify_and_map: true },
      authorization: { users: users.map((user) => ({ user })) },
      http_port: -1,
    });
  }
  test.each([
    "alice@example.test",
    "alice.example.test",
    "spiffe://example.test/alice",
    "CN=alice,OU=Clients,O=subjectd tests,C=CH",
  ])("the certificate is the user %s", async (user) => {
    const server = await start("somebody", user);
    expect(await comesIn(server, as("client"))).toBe("PONG");
    await server.connect({}, as("client"));
    const { connections } = await server.page<{ connections: { authorized_user: string }[] }>("/connz?auth=1");
    expect(connections.at(-1)!.authorized_user).toBe(user);
    expect(await comesIn(server, as("client-dn"))).toBe("-ERR 'Authorization Violation'");
  });

  test("what CONNECT says of a user does not count", async () => {
    const server = await start("alice@example.test", "root");
    await server.connect({ user: "root" }, as("client"));
    const { connections } = await server.page<{ connections: { authorized_user: string }[] }>("/connz?auth=1");
    expect(connections[0]!.authorized_user).toBe("alice@example.test");
  });
});

test("pinned_certs: other keys of the same authority stay out", async () => {
  const spki = new X509Certificate(certPair("client").cert).publicKey.export({ type: "spki", format: "der" });
  const pin = createHash("sha256").update(spki).digest("hex");
  const server = await tls.start({ tls: { ...files, ca_file, verify: true, pinned_certs: [pin.toUpperCase()] } });
  expect(await comesIn(server, as("client"))).toBe("PONG");
  expect(await comesIn(server, as("client-dn"))).toBe("closed");
});

describe("handshake_first", () => {
  test("true: nothing is said before TLS", async () => {
    const server = await tls.start({ tls: { ...files, handshake_first: true, timeout: 0.5 } });
    expect(await comesIn(server, { tlsFirst: true })).toBe("PONG");
    const socket = connectTcp(server.server.port, "127.0.0.1");
    let text = "";
    socket.on("data", (bytes: Buffer) => (text += bytes.toString()));
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("close", resolve));
    expect(text).not.toContain("INFO");
  });

  test.each(["auto", "80ms"])("%s: TLS first, or INFO after a while", async (handshake_first) => {
    const server = await tls.start({ tls: { ...files, handshake_first }, http_port: -1 });
    expect(await comesIn(server, { tlsFirst: true })).toBe("PONG");
    expect(await comesIn(server, {})).toBe("PONG");
    await server.connect({}, { tlsFirst: true });
    await server.connect();
    const { connections } = await server.page<{ connections: { tls_first?: boolean }[] }>("/connz");
    expect(connections.map(({ tls_first }) => tls_first === true)).toEqual([true, false, true, false]);
  });
});

describe("allow_non_tls", () => {
  test("TLS and clear text on one port", async () => {
    const server = await tls.start({ allow_non_tls: true });
    const clear = await server.connect({}, {}, dialTcp);
    expect(clear.info).toMatchObject({ tls_available: true });
    expect(clear.info).not.toHaveProperty("tls_required");
    const secure = await server.connect({}, {}, dialTls);
    clear.send("SUB foo 1");
    await clear.ping();
    secure.send("PUB foo 2", "hi");
    expect(await clear.lines(2)).toEqual(["MSG foo 1 2", "hi"]);
  });

  test("a client in clear has shown no certificate", async () => {
    const server = await tls.start({
      allow_non_tls: true,
      tls: { ...files, ca_file, verify_and_map: true },
      authorization: { users: [{ user: "alice@example.test" }] },
    });
    expect(await server.tryConnect({ user: "alice@example.test" }, {}, dialTcp)).toEqual([
      "-ERR 'Authorization Violation'",
    ]);
    expect(await comesIn(server, as("client"))).toBe("PONG");
  });
});

test("connection_rate_limit: more handshakes a second are told to come later", async () => {
  const server = await tls.start({ tls: { ...files, connection_rate_limit: 5 } });
  const results = await Promise.all(Array.from({ length: 12 }, () => comesIn(server, {})));
  const came = results.filter((result) => result === "PONG").length;
  expect(came).toBeGreaterThan(0);
  expect(came).toBeLessThan(12);
  const told = await server.dial({}, dialTcp);
  expect(await told.closed()).toEqual(["-ERR 'Connection throttling is active. Please try again later.'"]);
  await expect.poll(() => comesIn(server, {}), { timeout: 4000, interval: 250 }).toBe("PONG");
});

describe("CVE-2025-68121: sessions are not carried from one door to another", () => {
  /** A TLS session from the client port, where nobody has to show a certificate. */
  async function sessionOf(server: Running): Promise<Buffer> {
    const raw = connectTcp(server.server.port, "127.0.0.1");
    await new Promise((resolve) => raw.once("data", resolve));
    const secure = connectTls({ socket: raw, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
    await new Promise((resolve) => secure.once("secureConnect", resolve));
    const session = secure.getSession()!;
    secure.destroy();
    return session;
  }
  test("a ticket of the client port is no certificate at the WebSocket port", async () => {
    const server = await tls.start({
      websocket: { port: -1, tls: { ...files, ca_file, verify: true } },
    });
    const session = await sessionOf(server);
    const { port } = new URL(server.server.websocketUrl!);
    const secure: TLSSocket = connectTls({
      port: Number(port),
      host: "127.0.0.1",
      rejectUnauthorized: false,
      maxVersion: "TLSv1.2",
      session,
    });
    let upgraded = false;
    secure.on("data", () => (upgraded = true));
    secure.on("error", () => {});
    secure.write(
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await new Promise((resolve) => secure.once("close", resolve));
    expect(upgraded).toBe(false);
  });
});

test("725f0081f: a user for certificates cannot log in by name where none is asked for", async () => {
  const server = await tls.start({
    tls: { ...files, ca_file, verify_and_map: true },
    websocket: { port: -1, no_tls: true },
    authorization: { users: [{ user: "alice@example.test" }] },
  });
  const { dialWebSocket } = await import("../support/peer.ts");
  for (const fields of [{ user: "alice@example.test" }, { user: "alice@example.test", pass: "" }]) {
    expect(await server.tryConnect(fields, {}, dialWebSocket)).toEqual(["-ERR 'Authorization Violation'"]);
  }
  expect(await comesIn(server, as("client"))).toBe("PONG");
});

test("everything in one flight: CONNECT and more right behind the handshake", async () => {
  const server = await tls.start();
  const raw = connectTcp(server.server.port, "127.0.0.1");
  await new Promise((resolve) => raw.once("data", resolve));
  const secure = connectTls({ socket: raw, rejectUnauthorized: false });
  // Written before the handshake is done: it leaves with its last flight.
  secure.write(`CONNECT ${JSON.stringify({ ...quiet, protocol: 0 })}\r\nSUB foo 1\r\nPUB foo 2\r\nhi\r\nPING\r\n`);
  let text = "";
  secure.on("data", (bytes: Buffer) => (text += bytes.toString()));
  await expect.poll(() => text).toBe("MSG foo 1 2\r\nhi\r\nPONG\r\n");
  secure.destroy();
});
