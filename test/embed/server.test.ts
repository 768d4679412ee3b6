// A server inside somebody's program: how it starts, ends and behaves towards
// its host.

import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { hashSync } from "bcryptjs";
import { build } from "esbuild";
import { connect as natsConnect } from "nats";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { ConfigError, Server, type ServerOptions } from "../../src/index.ts";
import { dialPipe, dialTcp, dialWebSocket, type Peer } from "../support/peer.ts";
import { cert } from "../support/transports.ts";

/** The library as one file that Node can load without a compiler. */
const library = fileURLToPath(new URL(`../../.cache/embed-${process.pid}.cjs`, import.meta.url));
beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL("../../src/index.ts", import.meta.url))],
    outfile: library,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
    supported: { "dynamic-import": false },
    external: ["bufferutil", "utf-8-validate"],
  });
});
afterAll(() => rmSync(library, { force: true }));

const servers: Server[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
async function start(options?: ServerOptions): Promise<Server> {
  const server = await Server.start(options);
  servers.push(server);
  return server;
}
async function answers(peer: Peer): Promise<void> {
  peer.send('CONNECT {"verbose":false}');
  expect(await peer.ping()).toEqual([]);
}

describe("start", () => {
  test("without options listens on a free port of this machine alone", async () => {
    const server = await start();
    expect(server.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
    expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
    expect(server.port).toBeGreaterThan(0);
    expect(server.port).not.toBe(4222);
    expect(server.websocketUrl).toBeUndefined();
    expect(server.monitorUrl).toBeUndefined();
    expect(server.id).toMatch(/^N[A-Z2-7]{55}$/);
    expect(server.isLameDuck).toBe(false);
    await answers(await dialTcp(server));
  });

  test.each([0, -1])("port %i is any free one", async (port) => {
    const server = await start({ port, websocket: { port, no_tls: true }, http_port: -1 });
    expect(server.port).toBeGreaterThan(0);
    expect(server.websocketUrl).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(server.monitorUrl).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    await answers(await dialWebSocket(server));
    expect((await fetch(`${server.monitorUrl}/healthz`)).status).toBe(200);
  });

  test("the URLs say where TLS is spoken", async () => {
    const tls = { cert_file: cert("server.pem"), key_file: cert("server-key.pem") };
    const server = await start({ tls, websocket: { port: -1, tls }, https_port: -1 });
    expect(server.url).toMatch(/^tls:/);
    expect(server.websocketUrl).toMatch(/^wss:/);
    expect(server.monitorUrl).toMatch(/^https:/);
    const optional = await start({ tls, allow_non_tls: true });
    expect(optional.url).toMatch(/^nats:/);
  });

  test("a port that is taken is told, and nothing stays open", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const before = handles();
    await expect(Server.start({ port, http_port: -1, websocket: { port: -1, no_tls: true } })).rejects.toThrow(
      /EADDRINUSE|address already in use/,
    );
    expect(handles()).toEqual(before);
    await new Promise((resolve) => other.close(resolve));
    // Now it is free.
    expect((await start({ port })).port).toBe(port);
  });

  test("an option that does not exist is told with the one that was meant", async () => {
    const wrong = { max_paylod: 1000 } as ServerOptions;
    await expect(Server.start(wrong)).rejects.toThrow(ConfigError);
    await expect(Server.start(wrong)).rejects.toThrow(/max_paylod.*max_payload/s);
  });

  test.each([
    [{ max_payload: "many" }, /max_payload/],
    [{ port: "4222x" }, /port/],
    [{ max_payload: 1000, max_pending: 10 }, /max_payload/],
    [{ authorization: { users: [{ user: "a", permisions: {} }] } }, /permisions/],
    [{ websocket: { port: -1 } }, /TLS/i],
    [{ tls: { cert_file: "/nowhere.pem", key_file: "/nowhere.pem" } }, /nowhere/],
    [{ no_auth_user: "nobody" }, /nobody/],
    [{ server_name: "two words" }, /spaces/],
    [null, /object|expected/],
  ])("an option that is wrong is told: %j", async (options, text) => {
    const before = handles();
    await expect(Server.start(options as unknown as ServerOptions)).rejects.toThrow(text);
    expect(handles()).toEqual(before);
  });

  test("what it cannot do, and would open a door by not doing it, is refused", async () => {
    await expect(Server.start({ port: 0, jetstream: { encryption_key: "k" } })).rejects.toThrow(
      /encryption_key.*not supported/,
    );
  });

  test("an option whose feature is not there yet is refused, as nobody would read a warning", async () => {
    await expect(Server.start({ port: 0, jetstream: { extension_hint: "no_extend" } })).rejects.toThrow(
      /extension_hint/,
    );
    await expect(Server.start({ port: 0, websocket: { port: -1, no_tls: true, compression: true } })).rejects.toThrow(
      /compression/,
    );
  });
  test("log options are followed, and files of the command are refused", async () => {
    const file = fileURLToPath(new URL(`../../.cache/embed-${process.pid}.log`, import.meta.url));
    const server = await start({ log_file: file, debug: true });
    await answers(await dialTcp(server));
    await server.stop();
    const text = readFileSync(file, "utf8");
    rmSync(file);
    expect(text).toMatch(/\[INF\] Server is ready\n/);
    expect(text).toMatch(/\[DBG\] .* - Client connection created\n/);
    expect(text).toMatch(/\[INF\] Server Exiting\.\.\n$/);
    await expect(Server.start({ pid_file: "/tmp/x.pid" })).rejects.toThrow(/pid_file/);
    await expect(Server.start({ ports_file_dir: "/tmp" })).rejects.toThrow(/ports_file_dir/);
  });
  test("its first check of itself leaves no trace", async () => {
    const server = await start({ http: "127.0.0.1:-1" });
    const peer = await dialTcp(server);
    expect(peer.info["client_id"]).toBe(5);
    const page = (path: string): Promise<Record<string, unknown>> =>
      fetch(`${server.monitorUrl}${path}`).then((answer) => answer.json() as Promise<Record<string, unknown>>);
    expect((await page("/varz"))["total_connections"]).toBe(1);
    expect((await page("/connz?state=closed"))["total"]).toBe(0);
  });
  test("durations and sizes are numbers or texts", async () => {
    const server = await start({ ping_interval: 7, max_payload: "64KB", http_port: -1, write_deadline: "3s" });
    const varz = (await (await fetch(`${server.monitorUrl}/varz`)).json()) as Record<string, number>;
    expect(varz).toMatchObject({ ping_interval: 7e9, max_payload: 65_536, write_deadline: 3e9 });
  });

  test("the options may be used again, and are not changed", async () => {
    const options = Object.freeze({ port: 0, authorization: Object.freeze({ token: "t" }) });
    const [a, b] = [await start(options), await start(options)];
    expect(a.port).not.toBe(b.port);
    expect(options).toEqual({ port: 0, authorization: { token: "t" } });
  });

  test("no connection of its own is left", async () => {
    const server = await start({ http_port: -1, max_connections: 1 });
    const varz = (await (await fetch(`${server.monitorUrl}/varz`)).json()) as Record<string, number>;
    expect(varz["connections"]).toBe(0);
    await answers(await dialTcp(server));
  });
});

describe("several in one process", () => {
  test("know nothing of each other", async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => start({ http_port: -1 })));
    expect(new Set(all.map(({ id }) => id)).size).toBe(5);
    expect(new Set(all.map(({ port }) => port)).size).toBe(5);
    const peers = await Promise.all(all.map((server) => dialTcp(server)));
    for (const peer of peers) peer.send('CONNECT {"verbose":false}', "SUB t 1");
    for (const peer of peers) await peer.ping();
    peers[0]!.send("PUB t 1", "x");
    expect(await peers[0]!.ping()).toEqual(["MSG t 1 1", "x"]);
    for (const peer of peers.slice(1)) expect(await peer.ping()).toEqual([]);
    await all[1]!.stop();
    expect(await peers[1]!.closed()).toEqual([]);
    expect(await peers[2]!.ping()).toEqual([]);
  });

  test("may be started and stopped all the time", async () => {
    const before = handles();
    for (let i = 0; i < 50; i++) {
      await using server = await Server.start();
      await answers(await dialTcp(server));
    }
    await expect.poll(handles).toEqual(before);
  });
});

describe("the end", () => {
  test("closed resolves after stop, however often that is called", async () => {
    const server = await Server.start();
    let ended = false;
    void server.closed.then(() => (ended = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    await Promise.all([server.stop(), server.stop()]);
    await server.closed;
    await server.stop();
    expect(ended).toBe(true);
  });

  test("await using stops it", async () => {
    let port = 0;
    let closed: Promise<void>;
    {
      await using server = await Server.start();
      ({ port, closed } = server);
    }
    await closed;
    await expect(dialTcp({ port } as Server)).rejects.toThrow();
  });

  test("no handle is left, whoever was connected", async () => {
    const before = handles();
    const server = await Server.start({
      http_port: -1,
      websocket: { port: -1, no_tls: true },
      authorization: { user: "u", password: hashSync("p", 6) },
    });
    // Somebody half way through each kind of beginning.
    const peers = [await dialTcp(server), await dialWebSocket(server), await dialPipe(server)];
    peers[0]!.send('CONNECT {"user":"u","pass":"wrong"}');
    await fetch(`${server.monitorUrl}/varz`);
    await server.stop();
    for (const peer of peers) await peer.closed();
    for (const peer of peers) peer.close();
    await expect.poll(handles).toEqual(before);
  });

  test("a program that started and stopped one ends by itself", async () => {
    expect(
      await program(`
      const server = await Server.start({ http_port: -1, websocket: { port: -1, no_tls: true } });
      const { connect } = await import("node:net");
      const socket = connect(server.port, "127.0.0.1");
      await new Promise((resolve) => socket.once("data", resolve));
      await server.stop();
    `),
    ).toEqual({ stdout: "", stderr: "" });
  });

  test("a password that is being compared holds nobody up", async () => {
    // At cost 18 that takes half a minute.
    const before = Date.now();
    expect(
      await program(`
      const password = "$2b$18$" + "a".repeat(53);
      const server = await Server.start({ authorization: { user: "u", password } });
      const { connect } = await import("node:net");
      const socket = connect(server.port, "127.0.0.1");
      await new Promise((resolve) => socket.once("data", resolve));
      socket.write('CONNECT {"user":"u","pass":"p"}\\r\\n');
      await new Promise((resolve) => setTimeout(resolve, 300));
      await server.stop();
    `),
    ).toEqual({ stdout: "", stderr: "" });
    expect(Date.now() - before).toBeLessThan(8000);
  });

  test("nothing is installed in the process, and nothing is said", async () => {
    expect(
      await program(`
      const counts = () => JSON.stringify(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));
      const before = counts();
      const server = await Server.start({ authorization: { token: "t" } });
      const { connect } = await import("node:net");
      const socket = connect(server.port, "127.0.0.1");
      await new Promise((resolve) => socket.once("data", resolve));
      socket.write("nonsense\\r\\n");
      await new Promise((resolve) => socket.once("close", resolve));
      const during = counts();
      await server.stop();
      if (before !== during || before !== counts()) throw new Error(before + during + counts());
    `),
    ).toEqual({ stdout: "", stderr: "" });
  });
});

describe("a bug", () => {
  // No input is known that makes one, so a message is routed into something broken.
  async function break_(server: Server): Promise<void> {
    const { core } = server.listeners;
    core.accounts.get("$G")!.router.publish = () => {
      throw new Error("a bug");
    };
    const peer = await dialTcp(server);
    peer.send('CONNECT {"verbose":false}', "PUB foo 0", "");
    await peer.closed();
  }

  test("ends the server and rejects closed; its host and other servers go on", async () => {
    const [broken, other] = [await start({ http_port: -1 }), await start()];
    const bystander = await dialTcp(other);
    const victim = await dialTcp(broken);
    const unhandled = vi.fn<() => void>();
    process.on("unhandledRejection", unhandled);
    process.on("uncaughtException", unhandled);
    try {
      await break_(broken);
      await expect(broken.closed).rejects.toThrow("a bug");
      await victim.closed();
      await expect(dialTcp(broken)).rejects.toThrow();
      await answers(bystander);
      await broken.stop();
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off("unhandledRejection", unhandled);
      process.off("uncaughtException", unhandled);
    }
  });

  test("nobody has to ask for closed", async () => {
    expect(
      await program(`
      const server = await Server.start();
      server.listeners.core.accounts.get("$G").router.publish = () => { throw new Error("a bug"); };
      const { connect } = await import("node:net");
      const socket = connect(server.port, "127.0.0.1");
      socket.on("data", () => {});
      socket.write("CONNECT {}\\r\\nPUB foo 0\\r\\n\\r\\n");
      await new Promise((resolve) => socket.once("close", resolve));
    `),
    ).toEqual({ stdout: "", stderr: "" });
  });

  test("in a timer and at the end of a turn ends the server, too", async () => {
    for (const place of ["timer", "turn"] as const) {
      const server = await start();
      const { world } = server.listeners.core;
      const fire = (): void => {
        throw new Error(`a bug in a ${place}`);
      };
      if (place === "timer") world.after(1, fire);
      else world.atTurnEnd(fire);
      await expect(server.closed).rejects.toThrow(`a bug in a ${place}`);
    }
  });
});

describe("its host's clocks and tools", () => {
  test("fake timers do not freeze it", async () => {
    vi.useFakeTimers();
    const server = await start({
      ping_interval: "50ms",
      authorization: { user: "u", password: "p", timeout: "100ms" },
    });
    const mute = await dialPipe(server);
    mute.send('CONNECT {"verbose":false,"user":"u","pass":"p"}', "PING");
    const seen = await new Promise<string>((resolve) => {
      let text = "";
      const before = mute.onData.bind(mute);
      mute.onData = (bytes) => {
        text += Buffer.from(bytes).toString();
        before(bytes);
        if (text.includes("PING\r\n")) resolve(text);
      };
    });
    expect(seen).toContain("PONG\r\n");
    await server.stop();
  });

  test("connectInProcess needs no port", async () => {
    const server = await start({
      authorization: { users: [{ user: "i", password: "p", allowed_connection_types: ["IN_PROCESS"] }] },
    });
    const peer = await dialPipe(server);
    peer.send('CONNECT {"verbose":false,"user":"i","pass":"p"}', "SUB foo 1", "PUB foo 2", "hi");
    expect(await peer.ping()).toEqual(["MSG foo 1 2", "hi"]);
    peer.close();
    await peer.closed();
  });

  test("a client library connects to url", async () => {
    const server = await start();
    const client = await natsConnect({ servers: server.url, reconnect: false });
    const sub = client.subscribe("greet.*", { max: 1 });
    client.publish("greet.joe", "hello");
    for await (const message of sub) expect([message.subject, message.string()]).toEqual(["greet.joe", "hello"]);
    await client.close();
  });
});

/** Open sockets, servers and timers of this process, by kind, without those of the test runner. */
function handles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => /TCP|TLS|HTTP|Worker|MessagePort/i.test(kind))
    .toSorted();
}

/** Runs code that uses Server in a process of its own; it must end by itself, with 0. */
async function program(body: string): Promise<{ stdout: string; stderr: string }> {
  const code = `(async () => { const { Server } = require(${JSON.stringify(library)});\n${body} })()`;
  return promisify(execFile)(process.execPath, ["-e", code], { timeout: 15_000 });
}
