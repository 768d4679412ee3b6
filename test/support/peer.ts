// A peer that speaks the protocol line by line, over any transport.
//
// Tests say what it sends and what it must read next; nothing is swallowed but
// the INFO at the start.

import net from "node:net";
import tls from "node:tls";
import { WebSocket } from "ws";
import type { PipeClient } from "../../src/index.ts";

/** What a peer needs to know of a server; a Server is one. */
export interface Endpoint {
  readonly port: number;
  readonly websocketUrl: string | undefined;
  readonly monitorUrl: string | undefined;
  connectInProcess(): PipeClient;
  stop(): Promise<void>;
}

/** The raw byte stream under a peer. */
export interface Wire {
  write(bytes: Uint8Array): void;
  close(): void;
  /** Bytes are not read until `resume`. */
  pause(): void;
  resume(): void;
}

const WAIT_MS = 5000;

export class Peer {
  wire: Wire | undefined = undefined;
  /** The last INFO that `readInfo` read, parsed. */
  info: Record<string, unknown> = {};
  #buffer = Buffer.alloc(0);
  #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  #ended = false;
  #wake: (() => void)[] = [];

  onData(bytes: Uint8Array): void {
    this.#arrived.push(bytes);
    this.#arrivedBytes += bytes.length;
    this.#stir();
  }
  /** Bytes that arrived and were not read yet. */
  get unread(): number {
    return this.#buffer.length + this.#arrivedBytes;
  }
  #gather(): void {
    if (this.#arrived.length > 0) this.#buffer = Buffer.concat([this.#buffer, ...this.#arrived]);
    this.#arrived = [];
    this.#arrivedBytes = 0;
  }
  onEnd(): void {
    this.#ended = true;
    this.#stir();
  }
  #stir(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  /** Sends each part as a line: `send("PUB a 2", "hi")`. Characters are UTF-8. */
  send(...lines: string[]): this {
    return this.raw(lines.map((line) => `${line}\r\n`).join(""));
  }
  raw(bytes: string | Uint8Array): this {
    this.wire!.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    return this;
  }

  /** The next `count` lines, without their line ends. */
  async lines(count: number): Promise<string[]> {
    const found: string[] = [];
    while (found.length < count) found.push(await this.#line());
    return found;
  }
  async line(): Promise<string> {
    return (await this.lines(1))[0]!;
  }
  /** Exactly `count` bytes. */
  async bytes(count: number): Promise<Buffer> {
    await this.#until(() => this.unread >= count || this.#ended, `${count} bytes`);
    if (this.unread < count) throw new Error(`the connection ended with ${this.unread} of ${count} bytes`);
    this.#gather();
    const bytes = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return bytes;
  }
  /** PING, and everything that comes before its PONG, as lines. */
  async ping(): Promise<string[]> {
    this.send("PING");
    const before: string[] = [];
    for (;;) {
      const line = await this.#line();
      if (line === "PONG") return before;
      before.push(line);
    }
  }
  /** Resolves with the lines left once the server has closed the connection. */
  async closed(): Promise<string[]> {
    await this.#until(() => this.#ended, "the end of the connection");
    this.#gather();
    const rest = this.#buffer.toString("utf8");
    this.#buffer = Buffer.alloc(0);
    return rest === "" ? [] : rest.replace(/\r\n$/, "").split("\r\n");
  }
  get isEnded(): boolean {
    return this.#ended;
  }
  close(): void {
    this.wire?.close();
  }

  async #line(): Promise<string> {
    const hasLine = (): boolean => {
      this.#gather();
      return this.#buffer.includes("\r\n");
    };
    await this.#until(() => hasLine() || this.#ended, "a line");
    const end = this.#buffer.indexOf("\r\n");
    if (end < 0) throw new Error(`the connection ended; unread: ${this.#shown()}`);
    const line = this.#buffer.subarray(0, end).toString("utf8");
    this.#buffer = this.#buffer.subarray(end + 2);
    return line;
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!holds()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited for ${what}; unread: ${this.#shown()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #shown(): string {
    this.#gather();
    return JSON.stringify(this.#buffer.toString("utf8", 0, 1000));
  }

  async readInfo(): Promise<void> {
    const line = await this.line();
    if (!line.startsWith("INFO ")) throw new Error(`expected INFO, got ${line}`);
    this.info = JSON.parse(line.slice(5)) as Record<string, unknown>;
  }
}

/** Opens wires to a server; INFO is read, CONNECT is not sent. */
export type Dial = (server: Endpoint, options?: DialOptions) => Promise<Peer>;
export interface DialOptions {
  /** For TLS: certificate authority, client certificate and key, PEM. */
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** TLS before INFO. */
  readonly tlsFirst?: boolean;
  /** Of the upgrade request of a WebSocket. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const dialPipe: Dial = async (server) => {
  const peer = new Peer();
  const pipe = server.connectInProcess();
  pipe.onData = (bytes) => peer.onData(bytes);
  pipe.onClose = () => peer.onEnd();
  peer.wire = {
    write: (bytes) => void pipe.write(bytes),
    close: () => pipe.close(),
    pause: () => pipe.pause(),
    resume: () => pipe.resume(),
  };
  await peer.readInfo();
  return peer;
};

function socketWire(socket: net.Socket, peer: Peer): Wire {
  socket.on("data", (bytes: Buffer) => peer.onData(bytes));
  socket.on("close", () => peer.onEnd());
  socket.on("error", () => {});
  return {
    write: (bytes) => void socket.write(bytes),
    close: () => socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

export const dialTcp: Dial = async (server) => {
  const peer = new Peer();
  peer.wire = socketWire(net.connect(server.port, "127.0.0.1"), peer);
  await peer.readInfo();
  return peer;
};

/** INFO in clear, then TLS. */
export const dialTls: Dial = async (server, { tlsFirst = false, ...options } = {}) => {
  const peer = new Peer();
  const raw = net.connect(server.port, "127.0.0.1");
  peer.wire = socketWire(raw, peer);
  if (!tlsFirst) await peer.readInfo();
  raw.removeAllListeners("data");
  raw.removeAllListeners("close");
  const secure = tls.connect({ socket: raw, rejectUnauthorized: false, ...options });
  peer.wire = socketWire(secure, peer);
  await new Promise<void>((resolve, reject) => {
    secure.once("secureConnect", resolve);
    secure.once("error", reject);
    secure.once("close", () => reject(new Error("closed during the TLS handshake")));
  });
  if (tlsFirst) await peer.readInfo();
  return peer;
};

export const dialWebSocket: Dial = async (server, { headers = {}, ...options } = {}) => {
  const peer = new Peer();
  const socket = new WebSocket(server.websocketUrl!, {
    perMessageDeflate: false,
    rejectUnauthorized: false,
    headers,
    ...options,
  });
  socket.on("message", (data: Buffer) => peer.onData(data));
  socket.on("close", () => peer.onEnd());
  socket.on("error", () => {});
  peer.wire = {
    write: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
    },
    close: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
  await peer.readInfo();
  return peer;
};
