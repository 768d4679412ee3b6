// Client connections over WebSocket, with and without TLS.
//
// node:http reads the request, websocket_upgrade.ts judges it, then the socket
// is ours and frames come and go through websocket_frames.ts. Text and binary
// are the same; compression is not negotiated.

import { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Listener, PeerAddress, TlsInfo, Transport, TransportEnd, TransportHandler } from "../base/transport.ts";
import { Inbox } from "./inbox.ts";
import { socketWasRead } from "./latency.ts";
import { listen, peerOf, type ListenOptions } from "./listen.ts";
import * as natives from "./natives.ts";
import { Outgoing } from "./outgoing.ts";
import { SocketLife } from "./socket_life.ts";
import type { TlsEngine } from "./tls_engine.ts";
import type { TlsSettings } from "./tls_settings.ts";
import { binaryHead, closeFrame, FrameReader, pongFrame } from "./websocket_frames.ts";
import { badRequest, checkUpgrade, type Upgrade, type UpgradeRules } from "./websocket_upgrade.ts";

/** For a listener without handshake_timeout: nobody holds a socket for ever without asking for anything. */
const DEFAULT_HANDSHAKE_MS = 30_000;
/** A request with its headers may not be larger. */
const MOST_HEADER_BYTES = 16 * 1024;
/** Browsers get no larger frames. */
const BROWSER_FRAME_BYTES = 4096;
/** Pings of a peer that reads nothing are not answered beyond this. */
const MOST_PONG_BYTES = 64 * 1024;
const CLOSE_GRACE_MS = 1000;

/** Told of each new WebSocket, before its first frame is read. */
export type AcceptWebSocket = (transport: Transport, upgrade: Upgrade) => TransportHandler;

export interface WebSocketOptions extends ListenOptions {
  readonly accept: AcceptWebSocket;
  /** Undefined: clear text. */
  readonly tls: TlsSettings | undefined;
  readonly sameOrigin: boolean;
  readonly allowedOrigins: readonly string[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** For request and headers; 0 is the default of 30 s. */
  readonly handshakeTimeoutMs: number;
  /** A connection that did not become a WebSocket, and why; the text is nats-server's. */
  readonly onHandshakeFailed?: (remote: PeerAddress, text: string) => void;
}

export interface WebSocketListener extends Listener {
  /** Connections from now on use these settings. */
  update(tls: TlsSettings): void;
}

/** Opens a port for WebSockets. Rejects with a `ListenError`. */
export async function listenWebSocket(options: WebSocketOptions): Promise<WebSocketListener> {
  const tlsParts = options.tls === undefined ? undefined : await import("./tls_engine.ts");
  let engine = options.tls === undefined ? undefined : new tlsParts!.TlsEngine(options.tls);
  const door = new UpgradeDoor(options);
  const listener = await listen(options, (raw) => {
    const remote = peerOf(raw);
    raw.on("error", () => {});
    if (remote === undefined) raw.destroy();
    else if (engine === undefined) door.admit(raw, remote, undefined);
    else secure(raw, engine, remote);
  });
  function secure(raw: Socket, engine: TlsEngine, remote: PeerAddress): void {
    door.watch(raw);
    tlsParts!.firstByte(raw, engine.settings.timeoutMs, (first) => {
      const failed = (text: string): void => {
        raw.destroy();
        options.onHandshakeFailed?.(remote, `TLS handshake error: ${text}`);
      };
      if (first !== "hello") {
        failed(first === "clear" ? "tls: first record does not look like a TLS handshake" : "EOF");
        return;
      }
      engine.handshake(raw, engine.settings.timeoutMs, (result) => {
        if (result.socket === undefined) failed(result.failed);
        else door.admit(result.socket, remote, result.tls);
      });
    });
  }
  return {
    ...listener,
    close: () => {
      door.close();
      return listener.close();
    },
    update: (tls) => {
      if (tlsParts !== undefined) engine = new tlsParts.TlsEngine(tls);
    },
  };
}

interface Visitor {
  readonly remote: PeerAddress;
  readonly tls: TlsInfo | undefined;
  readonly timer: NodeJS.Timeout;
}

/** Where sockets wait until their request has come and was judged. */
class UpgradeDoor {
  readonly #options: WebSocketOptions;
  readonly #rules: UpgradeRules;
  readonly #http: HttpServer;
  readonly #early = new Set<Socket>();
  readonly #visitors = new Map<Duplex, Visitor>();

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#rules = { ...options, secure: options.tls !== undefined };
    this.#http = new HttpServer({ maxHeaderSize: MOST_HEADER_BYTES }); // never listens: sockets are put into it
    this.#http.on("upgrade", (request, socket, head) => this.#judge(request, socket as Socket, head.length > 0));
    this.#http.on("request", (request) => this.#judge(request, request.socket, false));
    this.#http.on("clientError", (error, socket) => {
      this.#refuse(socket as Socket, badRequest, error.message);
    });
  }
  /** Closes what has not become a WebSocket. */
  close(): void {
    for (const socket of this.#early) socket.destroy();
  }
  /** Keeps an eye on a socket nobody was told of. */
  watch(socket: Socket): void {
    this.#early.add(socket);
    socket.on("close", () => this.#early.delete(socket));
  }
  admit(socket: Socket, remote: PeerAddress, tls: TlsInfo | undefined): void {
    this.watch(socket);
    socket.on("error", () => {});
    const withinMs = this.#options.handshakeTimeoutMs || DEFAULT_HANDSHAKE_MS;
    const timer = natives.setTimeout(() => this.#refuse(socket, badRequest, "i/o timeout"), withinMs);
    this.#visitors.set(socket, { remote, tls, timer });
    socket.on("close", () => this.#leave(socket));
    this.#http.emit("connection", socket);
    socket.resume();
  }

  #judge(request: Parameters<typeof checkUpgrade>[0], socket: Socket, early: boolean): void {
    const visitor = this.#visitors.get(socket);
    if (visitor === undefined) return; // a second request after a refused one
    const result = checkUpgrade(request, early, this.#rules);
    if (result.refused !== undefined) {
      this.#refuse(socket, result.response, result.refused);
      return;
    }
    this.#leave(socket);
    socket.write(result.response);
    if (result.upgrade.path.endsWith("/leafnode")) {
      socket.end();
      this.#options.onHandshakeFailed?.(visitor.remote, "Not configured to accept leaf node connections");
      return;
    }
    this.#early.delete(socket);
    const transport = new WebSocketTransport(socket, visitor.remote, visitor.tls, result.upgrade);
    transport.start(this.#options.accept(transport, result.upgrade));
  }
  #refuse(socket: Socket, response: string, why: string): void {
    const visitor = this.#leave(socket);
    if (visitor === undefined) return;
    if (socket.writable) socket.end(response);
    natives.setTimeout(() => socket.destroy(), CLOSE_GRACE_MS).unref();
    this.#options.onHandshakeFailed?.(visitor.remote, `websocket handshake error: ${why}`);
  }
  #leave(socket: Socket): Visitor | undefined {
    const visitor = this.#visitors.get(socket);
    natives.clearTimeout(visitor?.timer);
    this.#visitors.delete(socket);
    return visitor;
  }
}

class WebSocketTransport implements Transport {
  readonly kind: "ws" | "wss";
  readonly remote: PeerAddress;
  readonly tls: TlsInfo | undefined;
  readonly tlsPending = false;
  readonly forwardedFor: string | undefined;
  readonly #socket: Socket;
  readonly #life: SocketLife;
  readonly #out: Outgoing;
  readonly #inbox: Inbox;
  readonly #frames: FrameReader;
  readonly #frameBytes: number;
  #handler: TransportHandler | undefined;
  #failed: string | undefined;

  constructor(socket: Socket, remote: PeerAddress, tls: TlsInfo | undefined, upgrade: Upgrade) {
    this.kind = tls === undefined ? "ws" : "wss";
    this.remote = remote;
    this.tls = tls;
    this.forwardedFor = upgrade.forwardedFor;
    this.#frameBytes = upgrade.browser ? BROWSER_FRAME_BYTES : Infinity;
    this.#socket = socket;
    this.#life = new SocketLife(socket, (why, detail) => this.#onGone(why, detail));
    this.#out = new Outgoing(
      {
        put: (bytes, sent) => this.#put(bytes, sent),
        get pendingBytes() {
          return socket.writableLength;
        },
      },
      () => {
        if (!socket.destroyed) this.#handler?.onWritten();
      },
    );
    this.#inbox = new Inbox({ pause: () => void socket.pause(), resume: () => void socket.resume() }, (from, to) => {
      if (!this.#life.closing) this.#handler?.onChunk(from, to);
    });
    this.#frames = new FrameReader(!upgrade.noMasking, (payload) => this.#onPing(payload));
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => this.#inbox.end(() => this.#life.peerEnded()));
    socket.pause();
  }
  start(handler: TransportHandler): void {
    this.#handler = handler;
    if (!this.#life.closing) this.#inbox.start();
  }

  write(from: number, to: number): boolean {
    return this.#life.closing || this.#out.write(from, to);
  }
  writeOwned(bytes: Uint8Array): boolean {
    return this.#life.closing || this.#out.writeOwned(bytes);
  }
  cork(): void {
    this.#socket.cork();
  }
  uncork(): void {
    this.#socket.uncork();
  }
  pause(): void {
    this.#inbox.pause();
  }
  resume(): void {
    this.#inbox.resume();
  }
  trust(): void {
    this.#inbox.trust();
  }
  end(graceMs: number, wsStatus = 1000, wsReason = ""): void {
    this.#close(graceMs, wsStatus, wsReason);
  }
  destroy(): void {
    this.#life.destroy();
  }

  #put(bytes: Buffer, sent: (error?: Error | null) => void): void {
    const socket = this.#socket;
    socket.cork();
    for (let at = 0; at < bytes.length; at += this.#frameBytes) {
      const payload = bytes.subarray(at, at + this.#frameBytes);
      socket.write(binaryHead(payload.length));
      if (at + payload.length < bytes.length) socket.write(payload);
      else socket.write(payload, sent);
    }
    socket.uncork();
  }
  #onData(chunk: Buffer): void {
    socketWasRead(chunk.length);
    if (this.#life.closing || this.#frames.end !== undefined) return;
    const count = this.#frames.read(chunk);
    if (count > 0) this.#inbox.push(chunk.subarray(0, count));
    if (this.#frames.end !== undefined) this.#inbox.end(() => this.#onFrameEnd());
  }
  /** The peer closed, or broke the protocol; what came before was delivered and is answered in this turn. */
  #onFrameEnd(): void {
    natives.setImmediate(() => {
      const end = this.#frames.end;
      if (end === undefined || this.#life.closing) return;
      if (end.failed) this.#failed = end.reason;
      this.#close(CLOSE_GRACE_MS, end.status, end.reason);
    });
  }
  #close(graceMs: number, status: number | undefined, reason: string): void {
    if (this.#life.closing) return;
    if (this.#socket.writable) this.#socket.write(closeFrame(status, reason));
    this.#life.end(graceMs);
  }
  #onPing(payload: Buffer): void {
    if (this.#socket.writable && this.#socket.writableLength < MOST_PONG_BYTES) this.#socket.write(pongFrame(payload));
  }
  #onGone(why: TransportEnd, detail: string): void {
    if (this.#failed === undefined) this.#handler?.onGone(why, detail);
    else this.#handler?.onGone("readError", this.#failed);
  }
}
