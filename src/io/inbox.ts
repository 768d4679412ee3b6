// Bytes that came as Node's own buffers, on their way into the read area.
//
// For transports that cannot read into the arena: WebSocket, a pipe, and TCP and
// TLS on a Node without its undocumented handle; and for TLS that can, which has
// bytes also when it is to pause. Holds what arrived while
// reading is paused, which the paused source bounds.

import * as arena from "../base/arena.ts";
import * as natives from "./natives.ts";

/** The most a peer that is not known yet gets in one chunk. */
export const UNTRUSTED_BYTES = 4096;

/** Where the bytes come from; paused to begin with. */
export interface Source {
  pause(): void;
  resume(): void;
}

export class Inbox {
  readonly #source: Source;
  readonly #onChunk: (from: number, to: number) => void;
  readonly #held: Uint8Array[] = [];
  #chunkBytes = UNTRUSTED_BYTES;
  #started = false;
  #paused = false;
  #sourcePaused = true;
  #ended: (() => void) | undefined;
  /** Bytes delivered in this turn; at CHUNK_BYTES the others have their turn first. */
  #turnBytes = 0;
  #turnOpen = false;
  #delivering = false;

  constructor(source: Source, onChunk: (from: number, to: number) => void) {
    this.#source = source;
    this.#onChunk = onChunk;
  }
  /** Bytes that arrived and were not delivered. */
  get heldBytes(): number {
    return this.#held.reduce((sum, bytes) => sum + bytes.length, 0);
  }
  /** Nothing is delivered before. The source is paused until then. */
  start(): void {
    this.#started = true;
    if (!this.#paused) this.#goOn();
  }
  /** Takes bytes nobody else will change, and delivers what may be delivered. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#held.push(bytes);
    this.#deliver();
  }
  /** The source has put so many bytes into the read area itself, at most as many as a chunk may have. */
  arrived(count: number): void {
    if (this.#held.length > 0 || this.#delivering || !this.#mayDeliver) {
      this.push(Uint8Array.prototype.slice.call(arena.bytes, arena.READ, arena.READ + count));
      return;
    }
    this.#delivering = true;
    try {
      this.#hand(count);
    } finally {
      this.#delivering = false;
    }
    if (this.#turnBytes >= arena.CHUNK_BYTES) this.#pauseSource();
  }
  pause(): void {
    this.#paused = true;
    this.#pauseSource();
  }
  /** Goes on in a later turn. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#started) this.#goOn();
  }
  trust(): void {
    this.#chunkBytes = arena.CHUNK_BYTES;
  }
  /** The source has no more: `fire` is called once everything was delivered. */
  end(fire: () => void): void {
    if (this.#held.length === 0) fire();
    else this.#ended = fire;
  }

  get #mayDeliver(): boolean {
    return this.#started && !this.#paused && this.#turnBytes < arena.CHUNK_BYTES;
  }
  #goOn(): void {
    if (this.#held.length === 0 && this.#mayDeliver) this.#resumeSource();
    else this.#openTurn();
  }
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#held.length > 0 && this.#mayDeliver) this.#deliverOne();
    } finally {
      this.#delivering = false;
    }
    if (this.#held.length > 0 || this.#turnBytes >= arena.CHUNK_BYTES) this.#pauseSource();
    if (this.#held.length > 0) return;
    const ended = this.#ended;
    this.#ended = undefined;
    ended?.();
  }
  #deliverOne(): void {
    const first = this.#held[0]!;
    const count = Math.min(first.length, this.#chunkBytes);
    if (count === first.length) this.#held.shift();
    else this.#held[0] = first.subarray(count);
    arena.bytes.set(first.subarray(0, count), arena.READ);
    this.#hand(count);
  }
  #hand(count: number): void {
    this.#turnBytes += count;
    this.#openTurn();
    this.#onChunk(arena.READ, arena.READ + count);
  }
  #openTurn(): void {
    if (this.#turnOpen) return;
    this.#turnOpen = true;
    natives.setImmediate(this.#nextTurn);
  }
  readonly #nextTurn = (): void => {
    this.#turnOpen = false;
    this.#turnBytes = 0;
    if (!this.#mayDeliver) return;
    this.#deliver();
    if (this.#held.length === 0 && this.#mayDeliver) this.#resumeSource();
  };
  #pauseSource(): void {
    if (this.#sourcePaused) return;
    this.#sourcePaused = true;
    this.#source.pause();
  }
  #resumeSource(): void {
    if (!this.#sourcePaused) return;
    this.#sourcePaused = false;
    this.#source.resume();
  }
}
