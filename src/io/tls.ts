// Client connections that are or become TLS.
//
//   INFO first    accept (INFO in clear), ClientHello, handshake, onSecured
//   TLS first     ClientHello, handshake, accept (INFO inside)
//   either        wait a moment for a ClientHello, then as INFO first
//
// In clear text nothing is read but the first byte, which is put back. With
// allow_non_tls a peer that begins otherwise, or stays silent, is let be.

import type { Socket } from "node:net";
import * as arena from "../base/arena.ts";
import type { Accept, PeerAddress, TlsInfo, Transport, TransportEnd, TransportHandler } from "../base/transport.ts";
import { Inbox, UNTRUSTED_BYTES } from "./inbox.ts";
import { socketWasRead } from "./latency.ts";
import { peerOf } from "./listen.ts";
import * as natives from "./natives.ts";
import { Outgoing } from "./outgoing.ts";
import { type PlacedReading, readInPlace } from "./read_in_place.ts";
import { SocketLife } from "./socket_life.ts";
import { acceptTcp, type TcpReading } from "./tcp.ts";
import { addressesOf, firstByte, TlsEngine, type Handshaken } from "./tls_engine.ts";
import type { TlsSettings } from "./tls_settings.ts";

/** Who is told of connections, and how they are read. */
export interface TlsGateOptions {
  readonly accept: Accept;
  /** Told instead of `accept` when connection_rate_limit is exceeded; its transport stays clear text. */
  readonly acceptThrottled: Accept;
  /** TLS came first and failed: nobody was told of this connection. */
  readonly onHandshakeFailed?: (remote: PeerAddress, text: string) => void;
  readonly reading?: TcpReading;
}

/** What handles a connection that is or becomes TLS, whoever listens. */
export interface TlsDoor {
  readonly engine: TlsEngine;
  readonly remote: PeerAddress;
  readonly options: Omit<TlsGateOptions, "acceptThrottled">;
}

/** Makes connections of accepted sockets that speak TLS, or may. */
export class TlsGate {
  readonly #options: TlsGateOptions;
  /** Sockets nobody was told of yet. */
  readonly #early = new Set<Socket>();
  #engine: TlsEngine;

  constructor(tls: TlsSettings, options: TlsGateOptions) {
    this.#engine = new TlsEngine(tls);
    this.#options = options;
  }

  /** Takes a paused socket. */
  admit(raw: Socket): void {
    const remote = peerOf(raw);
    if (remote === undefined) raw.destroy();
    else if (!this.#engine.allow()) acceptTcp(raw, this.#options.acceptThrottled);
    else {
      this.#early.add(raw);
      admit(raw, { engine: this.#engine, remote, options: this.#options }, () => this.#early.delete(raw));
    }
  }

  /** Connections from now on use these settings. */
  update(tls: TlsSettings): void {
    this.#engine = new TlsEngine(tls);
  }

  /** Drops who nobody was told of. */
  close(): void {
    for (const raw of this.#early) raw.destroy();
  }
}

/** Handshakes before accepting where that is wanted, and the peer agrees. */
function admit(raw: Socket, door: TlsDoor, admitted: () => void): void {
  const { handshakeFirst, timeoutMs } = door.engine.settings;
  raw.on("error", () => {});
  if (handshakeFirst === false) {
    admitted();
    acceptInClear(raw, door, timeoutMs);
    return;
  }
  const always = handshakeFirst === true;
  const failed = (text: string): void => {
    admitted();
    raw.destroy();
    door.options.onHandshakeFailed?.(door.remote, text);
  };
  const timeoutText = `read tcp ${addressesOf(raw)}: i/o timeout`;
  const fromMs = natives.nowMs();
  firstByte(raw, always ? timeoutMs : handshakeFirst, (first) => {
    if (first === "gone") failed("EOF");
    else if (first === "hello") {
      door.engine.handshake(raw, timeoutMs - (natives.nowMs() - fromMs), (result) => {
        if (result.socket === undefined) failed(result.failed);
        else {
          admitted();
          new TlsTransport(result.socket, door, { ...result.tls, first: true }).accept(door.options.accept);
        }
      });
    } else if (always) failed(first === "silent" ? timeoutText : NOT_TLS);
    else {
      admitted();
      acceptInClear(raw, door, timeoutMs);
    }
  });
}

const NOT_TLS = "tls: first record does not look like a TLS handshake";

function acceptInClear(raw: Socket, door: TlsDoor, timeoutMs: number): void {
  if (raw.destroyed) return;
  const transport = new TlsTransport(raw, door, undefined);
  transport.accept(door.options.accept);
  transport.expectHandshake(timeoutMs);
}

/** One connection: in clear text, then in TLS or not. */
export class TlsTransport implements Transport {
  readonly remote: PeerAddress;
  readonly forwardedFor = undefined;
  readonly #engine: TlsEngine;
  readonly #inbox: Inbox;
  #socket: Socket;
  #life: SocketLife;
  #out: Outgoing;
  #tls: TlsInfo | undefined;
  #tlsPending: boolean;
  #handler: TransportHandler | undefined;
  readonly #reading: TcpReading;
  #placed: PlacedReading | undefined;
  /** Why the handshake failed. */
  #failed: string | undefined;
  /** The socket is with the engine. */
  #handshaking = false;
  #closedByUs = false;

  constructor(socket: Socket, { engine, remote, options }: TlsDoor, tls: TlsInfo | undefined) {
    this.remote = remote;
    this.#reading = options.reading ?? "onread";
    this.#engine = engine;
    this.#inbox = new Inbox(
      { pause: () => void this.#socket.pause(), resume: () => void this.#socket.resume() },
      (from, to) => {
        if (!this.#life.closing) this.#handler?.onChunk(from, to);
      },
    );
    this.#tls = tls;
    this.#tlsPending = tls === undefined;
    this.#socket = socket;
    this.#life = this.#lifeOf(socket);
    this.#out = this.#outgoingOf(socket);
  }
  get kind(): "tcp" | "tls" {
    return this.#tls === undefined && !this.#tlsPending ? "tcp" : "tls";
  }
  get tls(): TlsInfo | undefined {
    return this.#tls;
  }
  get tlsPending(): boolean {
    return this.#tlsPending;
  }
  /** Called once, before anything else is. */
  accept(accept: Accept): void {
    this.#handler = accept(this);
    if (!this.#tlsPending && !this.#life.closing) this.#startReading();
  }
  /** Waits for the peer's first byte. */
  expectHandshake(withinMs: number): void {
    if (this.#life.closing) return;
    const raw = this.#socket;
    const untilMs = natives.nowMs() + withinMs;
    const timeoutText = `read tcp ${addressesOf(raw)}: i/o timeout`;
    firstByte(raw, withinMs, (first) => {
      if (this.#life.closing) return;
      if (first === "hello") raw.write("", () => this.#handshake(raw, untilMs));
      else if (this.#engine.settings.allowNonTls) {
        if (first === "gone") this.#life.peerEnded();
        else this.#secured(undefined);
      } else this.#fail(first === "clear" ? NOT_TLS : first === "silent" ? timeoutText : "EOF");
    });
  }

  write(from: number, to: number): boolean {
    return this.#life.closing || this.#handshaking || this.#out.write(from, to);
  }
  writeOwned(bytes: Uint8Array): boolean {
    return this.#life.closing || this.#handshaking || this.#out.writeOwned(bytes);
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
    this.#placed?.limit(arena.CHUNK_BYTES);
  }
  end(graceMs: number): void {
    this.#closedByUs = true;
    if (this.#handshaking) this.#life.destroy();
    else this.#life.end(graceMs);
  }
  destroy(): void {
    this.#closedByUs = true;
    this.#life.destroy();
  }

  /** What was written in clear is out. */
  #handshake(raw: Socket, untilMs: number): void {
    if (this.#life.closing) return;
    this.#handshaking = true;
    this.#life.release(); // the engine says how it ends
    this.#engine.handshake(raw, Math.max(1, untilMs - natives.nowMs()), (result) => this.#onHandshaken(result));
  }
  #onHandshaken(result: Handshaken): void {
    this.#handshaking = false;
    if (result.socket === undefined || this.#closedByUs) {
      result.socket?.destroy();
      if (this.#closedByUs) this.#handler?.onGone("eof", "");
      else this.#handler?.onGone("tlsHandshake", result.failed ?? "");
      return;
    }
    this.#socket = result.socket;
    this.#life = this.#lifeOf(result.socket);
    this.#out = this.#outgoingOf(result.socket);
    this.#secured(result.tls);
  }
  #secured(tls: TlsInfo | undefined): void {
    this.#tls = tls;
    this.#tlsPending = false;
    this.#handler?.onSecured(tls);
    if (!this.#life.closing) this.#startReading();
  }
  #fail(text: string): void {
    if (!this.#closedByUs) this.#failed ??= text;
    this.#life.destroy();
  }
  #startReading(): void {
    const socket = this.#socket;
    // What came with the end of the handshake.
    if (socket.readableLength > 0) this.#inbox.push(socket.read() as Buffer);
    if (this.#reading === "onread") {
      this.#placed = readInPlace(socket, UNTRUSTED_BYTES, (count) => {
        socketWasRead(count);
        this.#inbox.arrived(count);
      });
    }
    if (this.#placed === undefined) {
      socket.on("data", (bytes: Buffer) => {
        socketWasRead(bytes.length);
        this.#inbox.push(bytes);
      });
    }
    socket.on("end", () => this.#inbox.end(() => this.#life.peerEnded()));
    socket.pause();
    this.#inbox.start();
  }
  #lifeOf(socket: Socket): SocketLife {
    return new SocketLife(socket, (why: TransportEnd, detail: string) => {
      const early = this.#tlsPending && !this.#closedByUs && !this.#engine.settings.allowNonTls;
      if (early || this.#failed !== undefined) this.#handler?.onGone("tlsHandshake", this.#failed ?? (detail || "EOF"));
      else this.#handler?.onGone(why, detail);
    });
  }
  #outgoingOf(socket: Socket): Outgoing {
    const sink = {
      put: (bytes: Buffer, sent: (error?: Error | null) => void) => void socket.write(bytes, sent),
      get pendingBytes() {
        return socket.writableLength;
      },
    };
    return new Outgoing(sink, () => {
      if (!socket.destroyed) this.#handler?.onWritten();
    });
  }
}
