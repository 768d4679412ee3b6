// Client connections over plain TCP, read straight into the arena.
//
// Node reads accepted sockets into fresh buffers; `onread` with a buffer of
// one's own is for sockets that dial. So the accepted handle is put into a new
// socket: undocumented, hence looked at first, with 'data' and a copy where it
// is not as expected. All connections share one read area, so an idle one
// costs no read memory.

import { Socket } from "node:net";
import * as arena from "../base/arena.ts";
import type { Accept, PeerAddress, Transport, TransportHandler } from "../base/transport.ts";
import { Inbox, UNTRUSTED_BYTES } from "./inbox.ts";
import { socketWasRead } from "./latency.ts";
import { peerOf } from "./listen.ts";
import * as natives from "./natives.ts";
import { Outgoing } from "./outgoing.ts";
import { SocketLife } from "./socket_life.ts";

/** How bytes get into the read area; "data" is for a Node whose handles changed, and for tests. */
export type TcpReading = "onread" | "data";

/** Makes a transport of an accepted socket that nobody read from yet. */
export function acceptTcp(accepted: Socket, accept: Accept, reading: TcpReading = "onread"): void {
  const remote = peerOf(accepted);
  if (remote === undefined) {
    accepted.destroy();
    return;
  }
  const handle = reading === "onread" ? handleOf(accepted) : undefined;
  const transport = handle === undefined ? new CopiedTcp(accepted, remote) : new DirectTcp(accepted, handle, remote);
  transport.start(accept(transport));
}

/** What every TCP transport is, but for how it reads. */
abstract class Tcp implements Transport {
  readonly kind = "tcp";
  readonly remote: PeerAddress;
  readonly tls = undefined;
  readonly tlsPending = false;
  readonly forwardedFor = undefined;
  protected readonly socket: Socket;
  protected readonly life: SocketLife;
  protected handler: TransportHandler | undefined;
  readonly #out: Outgoing;

  constructor(socket: Socket, remote: PeerAddress) {
    this.socket = socket;
    this.remote = remote;
    this.life = new SocketLife(socket, (why, detail) => this.handler?.onGone(why, detail));
    this.#out = new Outgoing(
      {
        put: (bytes, sent) => void socket.write(bytes, sent),
        get pendingBytes() {
          return socket.writableLength;
        },
      },
      () => {
        if (!socket.destroyed) this.handler?.onWritten();
      },
    );
  }
  abstract start(handler: TransportHandler): void;
  abstract pause(): void;
  abstract resume(): void;
  abstract trust(): void;

  write(from: number, to: number): boolean {
    return this.life.closing || this.#out.write(from, to);
  }
  writeOwned(bytes: Uint8Array): boolean {
    return this.life.closing || this.#out.writeOwned(bytes);
  }
  cork(): void {
    this.socket.cork();
  }
  uncork(): void {
    this.socket.uncork();
  }
  end(graceMs: number): void {
    this.life.end(graceMs);
  }
  destroy(): void {
    this.life.destroy();
  }
}

const readArea = arena.bytes.subarray(arena.READ, arena.READ + arena.READ_BYTES);
const untrustedArea = readArea.subarray(0, UNTRUSTED_BYTES);
const usualArea = readArea.subarray(0, arena.CHUNK_BYTES);

/** Reads into the shared area itself. */
class DirectTcp extends Tcp {
  readonly #view: { next: Uint8Array | undefined };
  #paused = false;
  /** This turn's chunk filled the area: the others first. */
  #hadItsTurn = false;
  /** What is read into, or will be from the next read on. */
  #area: Uint8Array = untrustedArea;

  constructor(accepted: Socket, handle: object, remote: PeerAddress) {
    const view: { next: Uint8Array | undefined } = { next: untrustedArea };
    const read: { on: (count: number) => boolean } = { on: () => false };
    super(reread(accepted, handle, view, read), remote);
    this.#view = view;
    read.on = (count) => this.#onRead(count);
    this.socket.on("end", () => this.life.peerEnded());
  }
  start(handler: TransportHandler): void {
    this.handler = handler;
    if (!this.#paused && !this.life.closing) this.socket.resume();
  }
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#hadItsTurn) this.#goOn();
  }
  trust(): void {
    this.#read(usualArea);
  }

  #onRead(count: number): boolean {
    socketWasRead(count);
    if (this.life.closing) return true;
    const { handler } = this;
    const most = this.#area.length;
    handler?.onChunk(arena.READ, arena.READ + count);
    if (count < most || most < arena.CHUNK_BYTES) return true;
    this.#read(handler?.takesLarge === true ? readArea : usualArea);
    this.#hadItsTurn = true;
    natives.setImmediate(() => {
      this.#hadItsTurn = false;
      this.#goOn();
    });
    return false;
  }
  #read(area: Uint8Array): void {
    if (area === this.#area) return;
    this.#area = area;
    this.#view.next = area;
  }
  #goOn(): void {
    if (!this.#paused && !this.life.closing && this.handler !== undefined) this.socket.resume();
  }
}

/** Reads Node's buffers and copies them into the area. */
class CopiedTcp extends Tcp {
  readonly #inbox: Inbox;

  constructor(accepted: Socket, remote: PeerAddress) {
    super(accepted, remote);
    this.#inbox = new Inbox(
      { pause: () => void accepted.pause(), resume: () => void accepted.resume() },
      (from, to) => {
        if (!this.life.closing) this.handler?.onChunk(from, to);
      },
    );
    accepted.on("data", (chunk) => {
      socketWasRead(chunk.length);
      this.#inbox.push(chunk);
    });
    accepted.pause();
    accepted.on("end", () => this.#inbox.end(() => this.life.peerEnded()));
  }
  start(handler: TransportHandler): void {
    this.handler = handler;
    this.#inbox.start();
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
}

/** A new socket on the accepted one's handle, reading into the views it is given. */
function reread(
  accepted: Socket,
  handle: object,
  view: { next: Uint8Array | undefined },
  read: { on: (count: number) => boolean },
): Socket {
  // Nothing is left to destroy but the server's count of connections, which nobody asks for: that would take as long as
  // making the new one.
  (accepted as unknown as { _handle: unknown })._handle = null;
  return new Socket({
    handle,
    allowHalfOpen: true,
    onread: {
      /** Asked after each read: undefined keeps the view. */
      buffer: () => {
        const { next } = view;
        view.next = undefined;
        return next!;
      },
      callback: (count: number) => read.on(count),
    },
  } as ConstructorParameters<typeof Socket>[0]);
}

/** The accepted socket's handle, when it is what it was on every Node this was tested on. */
function handleOf(accepted: Socket): object | undefined {
  const handle = (accepted as unknown as { _handle?: unknown })._handle;
  if (typeof handle !== "object" || handle === null) return undefined;
  const expected = ["useUserBuffer", "readStart", "readStop", "writeBuffer", "shutdown", "close"];
  return expected.every((name) => typeof (handle as Record<string, unknown>)[name] === "function") ? handle : undefined;
}
