// The same behaviour over every transport: `describe.each(transports)`.
//
// `start` opens a server that speaks it; `connect` gives a peer that has sent
// CONNECT and seen a PONG. `stopAll` belongs into afterEach.

import { fileURLToPath } from "node:url";
import { Server, type ServerOptions } from "../../src/index.ts";
import { type Dial, dialPipe, dialTcp, dialTls, dialWebSocket, type DialOptions, type Peer } from "./peer.ts";

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
  readonly server: Server;
  readonly #dial: Dial;
  readonly #peers: Peer[] = [];

  constructor(server: Server, dial: Dial) {
    this.server = server;
    this.#dial = dial;
  }

  /** A connection that has seen INFO and sent nothing. */
  async dial(options?: DialOptions): Promise<Peer> {
    const peer = await this.#dial(this.server, options);
    this.#peers.push(peer);
    return peer;
  }
  /** A connected client; `fields` go over the usual CONNECT. */
  async connect(fields: Readonly<Record<string, unknown>> = {}): Promise<Peer> {
    const peer = await this.dial();
    peer.send(`CONNECT ${JSON.stringify({ ...quiet, ...fields })}`);
    await peer.ping();
    if ((fields["protocol"] ?? 1) === 1) await peer.readInfo();
    return peer;
  }
  async stop(): Promise<void> {
    for (const peer of this.#peers) peer.close();
    await this.server.stop();
  }
}

const running: Running[] = [];

export interface TransportUnderTest {
  readonly name: string;
  start(options?: ServerOptions): Promise<Running>;
}

function transport(name: string, dial: Dial, own: ServerOptions): TransportUnderTest {
  return {
    name,
    async start(options = {}) {
      const started = new Running(await Server.start({ port: 0, ...own, ...options }), dial);
      running.push(started);
      return started;
    },
  };
}

export const pipe = transport("pipe", dialPipe, {});
export const tcp = transport("TCP", dialTcp, {});
export const tls = transport("TLS", dialTls, {
  tls: { cert_file: cert("server.pem"), key_file: cert("server-key.pem") },
});
export const webSocket = transport("WebSocket", dialWebSocket, { websocket: { port: -1, no_tls: true } });
export const transports: readonly TransportUnderTest[] = [pipe, tcp, tls, webSocket];

/** Stops every server that was started since. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((each) => each.stop()));
}
