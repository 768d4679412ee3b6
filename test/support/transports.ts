// The same behaviour over every transport: `describe.each(transports)`.
//
// `start` opens a server that speaks it; `connect` gives a peer that has sent
// CONNECT and seen a PONG. `stopAll` belongs into afterEach.
//
// With NATS_SERVER=/path/to/nats-server in the environment the servers are that
// program instead of ours: the way to ask whether a test tells the truth.

import { fileURLToPath } from "node:url";
import { fromObject } from "../../src/config/object.ts";
import { Server, type ServerOptions } from "../../src/index.ts";
import { systemSource } from "../../src/io/files.ts";
import {
  type Dial,
  dialPipe,
  dialTcp,
  dialTls,
  dialWebSocket,
  type DialOptions,
  type Endpoint,
  type Peer,
} from "./peer.ts";
import { startReference } from "./reference.ts";

/** The program asked instead of this server, if any. Tests of what is ours alone skip then. */
export const reference = process.env["NATS_SERVER"];

/** The file of a test certificate. */
export function cert(name: string): string {
  return fileURLToPath(new URL(`certs/${name}`, import.meta.url));
}

/** What most clients send. */
export const quiet = {
  verbose: false,
  pedantic: false,
  protocol: 1,
  headers: true,
  no_responders: true,
  lang: "test",
  version: "1",
};

export class Running {
  /** Of ours; with a reference, an object that knows its ports. */
  readonly server: Server;
  /** What it logged: "[INF] text", one a line. Empty unless started with `startLogged`. */
  readonly log: string[];
  readonly #dial: Dial;
  readonly #peers: Peer[] = [];

  constructor(server: Endpoint, dial: Dial, log: string[] = []) {
    this.server = server as Server;
    this.#dial = dial;
    this.log = log;
  }

  /** A connection that has seen INFO and sent nothing. */
  async dial(options?: DialOptions, dial = this.#dial): Promise<Peer> {
    const peer = await dial(this.server, options);
    this.#peers.push(peer);
    return peer;
  }
  /** A connected client; `fields` go over the usual CONNECT. */
  async connect(fields: Readonly<Record<string, unknown>> = {}, options?: DialOptions, dial?: Dial): Promise<Peer> {
    const peer = await this.dial(options, dial);
    peer.send(`CONNECT ${JSON.stringify({ ...quiet, ...fields })}`);
    await peer.ping();
    if ((fields["protocol"] ?? 1) === 1) await peer.readInfo();
    return peer;
  }
  /** Sends CONNECT and tells what comes before the end or, as "PONG", the answer to a PING. */
  async tryConnect(
    fields: Readonly<Record<string, unknown>> = {},
    options?: DialOptions,
    dial?: Dial,
  ): Promise<string[]> {
    const peer = await this.dial(options, dial);
    return this.answer(peer, fields);
  }
  /** As `tryConnect`, on a connection that is open. */
  async answer(peer: Peer, fields: Readonly<Record<string, unknown>> = {}): Promise<string[]> {
    peer.send(`CONNECT ${JSON.stringify({ ...quiet, protocol: 0, ...fields })}`, "PING");
    const line = await peer.line().catch(() => "closed");
    if (line === "PONG" || line === "closed") return [line];
    return [line, ...(await peer.closed())];
  }
  /** A monitoring page, parsed. */
  async page<T = Record<string, unknown>>(path: string): Promise<T> {
    const answer = await fetch(this.server.monitorUrl + path, { headers: { connection: "close" } });
    return (await answer.json()) as T;
  }
  /** Closes what was dialled, then the server. */
  async stop(): Promise<void> {
    for (const peer of this.#peers) peer.close();
    await this.server.stop();
  }
}

const running: Running[] = [];

export interface TransportUnderTest {
  readonly name: string;
  readonly start: (options?: ServerOptions) => Promise<Running>;
  /** As `start`, with debug and trace as the options say; `log` has the lines. */
  readonly startLogged: (options?: ServerOptions) => Promise<Running>;
}

/** Opens a server whose log goes to `lines`. */
async function openLogged(options: ServerOptions, lines: string[]): Promise<Server> {
  const to = (level: string) => (text: string) => void lines.push(`[${level}] ${text}`);
  const { options: resolved } = fromObject(options, systemSource);
  return Server.open(resolved, {
    log: {
      debugOn: resolved.debug,
      traceOn: resolved.trace,
      notice: to("INF"),
      warn: to("WRN"),
      error: to("ERR"),
      fatal: to("FTL"),
      debug: resolved.debug ? to("DBG") : () => {},
      trace: resolved.trace ? to("TRC") : () => {},
    },
  });
}

function transport(name: string, dial: Dial, own: ServerOptions): TransportUnderTest {
  const started = (server: Endpoint, log?: string[]): Running => {
    const each = new Running(server, dial, log);
    running.push(each);
    return each;
  };
  return {
    name,
    async start(options = {}) {
      const all = { port: 0, ...own, ...options };
      return started(reference === undefined ? await Server.start(all) : await startReference(reference, all, []));
    },
    async startLogged(options = {}) {
      const all = { port: 0, ...own, ...options };
      const log: string[] = [];
      const server = reference === undefined ? openLogged(all, log) : startReference(reference, all, log);
      return started(await server, log);
    },
  };
}

export const pipe = transport("pipe", dialPipe, {});
export const tcp = transport("TCP", dialTcp, {});
export const tls = transport("TLS", dialTls, {
  tls: { cert_file: cert("server.pem"), key_file: cert("server-key.pem") },
});
export const webSocket = transport("WebSocket", dialWebSocket, { websocket: { port: -1, no_tls: true } });
export const transports: readonly TransportUnderTest[] =
  reference === undefined ? [pipe, tcp, tls, webSocket] : [tcp, tls, webSocket];

/** Stops every server that was started since. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((each) => each.stop()));
}
