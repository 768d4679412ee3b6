// A transport inside the process: a pair of ends and no socket.
//
// Both ways are copied, so neither side ever sees the other's memory change.
// Bytes travel at the end of the turn, never inside the call that sends them.
// What one side has not taken is held, up to a window; then the other is told
// that its bytes are not free yet, as a full socket would tell.

import * as arena from "../base/arena.ts";
import type { Accept, Transport, TransportHandler } from "../base/transport.ts";
import { Inbox } from "./inbox.ts";
import * as natives from "./natives.ts";

/** Bytes on their way to a client that has not taken them, until writes are held. */
const WINDOW_BYTES = 256 * 1024;

/** The client's end. */
export interface PipeClient {
  /** Called with what the server wrote, owned by the callee. Set it at once: until then nothing is delivered. */
  onData: ((bytes: Uint8Array) => void) | undefined;
  /** Called once, when the pipe is closed and everything was delivered. */
  onClose: (() => void) | undefined;
  /** Sends a copy of `bytes`. False: more than the window waits for the server, `onDrain` comes when it is taken. */
  write(bytes: Uint8Array): boolean;
  onDrain: (() => void) | undefined;
  /** No `onData` until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends no more; `onClose` follows once the server has answered. */
  end(): void;
  /** Closes both ways at once. */
  close(): void;
}

/** Opens a pipe; `accept` is called in a later turn, as for a dialled socket. */
export function openPipe(accept: Accept): PipeClient {
  const pipe = new Pipe();
  natives.setImmediate(() => pipe.start(accept));
  return pipe.client;
}

class Pipe implements Transport {
  readonly kind = "pipe";
  readonly remote = undefined;
  readonly tls = undefined;
  readonly tlsPending = false;
  readonly forwardedFor = undefined;
  readonly client: ClientEnd;
  readonly #inbox: Inbox;
  #handler: TransportHandler | undefined;
  #closing = false;
  #gone = false;
  #holding = false;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor() {
    this.client = new ClientEnd({
      send: (bytes) => this.#inbox.push(bytes),
      serverHolds: () => this.#inbox.heldBytes,
      sendEnd: () => this.#inbox.end(() => natives.setImmediate(() => this.end(0))),
      taken: () => this.#onTaken(),
      broken: () => this.destroy(),
    });
    this.#inbox = new Inbox({ pause: () => {}, resume: () => this.client.drained() }, (from, to) => {
      if (!this.#closing) this.#handler?.onChunk(from, to);
    });
  }
  start(accept: Accept): void {
    this.#handler = accept(this);
    if (this.#gone) this.#goneLater();
    else this.#inbox.start();
  }
  write(from: number, to: number): boolean {
    return this.writeOwned(arena.bytes.subarray(from, to));
  }
  /** The copy is the client's, so the bytes are free; held is only the sender, by the window. */
  writeOwned(bytes: Uint8Array): boolean {
    if (this.#closing) return true;
    this.client.deliver(Uint8Array.prototype.slice.call(bytes));
    if (this.client.heldBytes <= WINDOW_BYTES) return true;
    this.#holding = true;
    return false;
  }
  cork(): void {
    this.client.cork();
  }
  uncork(): void {
    this.client.uncork();
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
  end(graceMs: number): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.client.heldBytes === 0) {
      this.#close();
      return;
    }
    this.#graceTimer = natives.setTimeout(() => this.destroy(), graceMs);
  }
  destroy(): void {
    this.#closing = true;
    this.client.forget();
    this.#close();
  }

  #onTaken(): void {
    if (this.#holding && !this.#gone) {
      this.#holding = false;
      this.#handler?.onWritten();
    }
    if (this.#closing) this.#close();
  }
  #close(): void {
    if (this.#gone) return;
    this.#gone = true;
    natives.clearTimeout(this.#graceTimer);
    this.client.closeLater();
    if (this.#handler !== undefined) this.#goneLater();
  }
  #goneLater(): void {
    natives.setImmediate(() => this.#handler?.onGone("eof", ""));
  }
}

/** What the client's end asks of the server's. */
interface ServerEnd {
  send(bytes: Uint8Array): void;
  serverHolds(): number;
  sendEnd(): void;
  /** Everything that was on its way to the client is with it. */
  taken(): void;
  broken(): void;
}

class ClientEnd implements PipeClient {
  onData: ((bytes: Uint8Array) => void) | undefined;
  onClose: (() => void) | undefined;
  onDrain: (() => void) | undefined;
  heldBytes = 0;
  readonly #server: ServerEnd;
  #incoming: Uint8Array[] = [];
  #outgoing: Uint8Array[] = [];
  #paused = false;
  #corked = 0;
  #ended = false;
  #closed = false;
  #turnOpen = false;
  #wantsDrain = false;

  constructor(server: ServerEnd) {
    this.#server = server;
    this.onData = undefined;
    this.onClose = undefined;
    this.onDrain = undefined;
  }
  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.#closed) return true;
    this.#outgoing.push(Uint8Array.prototype.slice.call(bytes));
    this.#openTurn();
    if (this.#server.serverHolds() <= WINDOW_BYTES) return true;
    this.#wantsDrain = true;
    return false;
  }
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
    this.#openTurn();
  }
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#openTurn();
  }
  close(): void {
    if (this.#closed) return;
    this.#ended = true;
    this.#server.broken();
  }

  // The server's side calls these.

  deliver(bytes: Uint8Array): void {
    this.#incoming.push(bytes);
    this.heldBytes += bytes.length;
    this.#openTurn();
  }
  cork(): void {
    this.#corked++;
  }
  uncork(): void {
    if (this.#corked > 0 && --this.#corked === 0) this.#openTurn();
  }
  forget(): void {
    this.#incoming = [];
    this.heldBytes = 0;
  }
  closeLater(): void {
    this.#closed = true;
    natives.setImmediate(() => this.onClose?.());
  }
  drained(): void {
    if (!this.#wantsDrain) return;
    this.#wantsDrain = false;
    this.onDrain?.();
  }

  #openTurn(): void {
    if (this.#turnOpen) return;
    this.#turnOpen = true;
    natives.setImmediate(this.#turn);
  }
  readonly #turn = (): void => {
    this.#turnOpen = false;
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    for (const bytes of outgoing) this.#server.send(bytes);
    if (this.#ended && !this.#closed) this.#server.sendEnd();
    while (this.#incoming.length > 0 && !this.#paused && this.#corked === 0 && this.onData !== undefined) {
      const bytes = this.#incoming.shift()!;
      this.heldBytes -= bytes.length;
      this.onData(bytes);
    }
    if (this.heldBytes === 0) this.#server.taken();
  };
}
