// Bytes of a connection that could not be used yet: the start of a split
// operation, or the rest of a chunk whose connection was suspended.
//
// Small ones wait here and are put back in front of the next chunk, so that
// parsing is always contiguous. A large message is gathered in a buffer of its
// own. At most one of the two holds bytes.

import { bytes, HEADROOM_BYTES } from "../base/arena.ts";
import { assert } from "../base/assert.ts";

/** An incomplete operation of at least this length is gathered in its own buffer. */
const LARGE = 128 * 1024;
const FIRST_BYTES = 256;
/** From this length on a buffer is one of the spares, which go from connection to connection. */
const LEAST_SPARE = 16 * 1024;
const MOST_SPARES = 4;

/** Owned by the process, each of LARGE bytes: busy connections split a message in every chunk. */
const spares: Uint8Array[] = [];

export class Carry {
  #kept: Uint8Array | undefined = undefined;
  #length = 0;
  /** Full length of the operation that starts the kept bytes, when known. */
  #need = 0;
  #large: Uint8Array | undefined = undefined;
  #largeLength = 0;

  get isEmpty(): boolean {
    return this.#length === 0 && this.#large === undefined;
  }
  /** Bytes held. */
  get length(): number {
    return this.#length + this.#largeLength;
  }

  /**
   * Takes the arena bytes [from, to), which begin with an operation of `need`
   * bytes (0: unknown). They are copied. What was held must have been taken back.
   */
  keep(from: number, to: number, need: number): void {
    assert(this.isEmpty, "carried bytes are taken back before others are kept");
    if (need >= LARGE) {
      this.#large = unfilled(need);
      this.#large.set(bytes.subarray(from, to));
      this.#largeLength = to - from;
      return;
    }
    this.#need = need;
    this.#append(from, to);
  }

  /**
   * Offers the next chunk [from, to). Returns how many of its bytes went into a
   * large message, or all of them when a split operation is still incomplete;
   * 0 when the kept bytes are to be put back in front of it.
   */
  absorb(from: number, to: number): number {
    if (this.#large !== undefined) {
      const count = Math.min(to - from, this.#large.length - this.#largeLength);
      this.#large.set(bytes.subarray(from, from + count), this.#largeLength);
      this.#largeLength += count;
      return count;
    }
    // One byte before the end the line end can be seen to be wrong.
    if (this.#length > 0 && this.#length + (to - from) < this.#need - 1) {
      this.#append(from, to);
      return to - from;
    }
    return 0;
  }

  /** The large message once all of it is here; the caller owns it then. */
  takeLarge(): Uint8Array | undefined {
    if (this.#large === undefined || this.#largeLength < this.#large.length) return undefined;
    const large = this.#large;
    this.#large = undefined;
    this.#largeLength = 0;
    return large;
  }

  /** Puts the kept bytes into the arena so that they end at `at`; returns where they begin. Nothing is kept then. */
  putBack(at: number): number {
    const length = this.#length;
    if (length === 0) return at;
    assert(length <= HEADROOM_BYTES, "carried bytes fit into the headroom");
    bytes.set(this.#kept!.subarray(0, length), at - length);
    this.#length = 0;
    this.#need = 0;
    if (this.#kept!.length > 4 * FIRST_BYTES) this.#giveUp();
    return at - length;
  }

  clear(): void {
    this.#giveUp();
    this.#length = 0;
    this.#need = 0;
    this.#large = undefined;
    this.#largeLength = 0;
  }

  #append(from: number, to: number): void {
    const length = this.#length + to - from;
    if (this.#kept === undefined || this.#kept.length < length) {
      let size = Math.max(FIRST_BYTES, this.#kept?.length ?? 0, this.#need);
      while (size < length) size *= 2;
      const grown = takeBuffer(size);
      if (this.#kept !== undefined) grown.set(this.#kept.subarray(0, this.#length));
      this.#giveUp();
      this.#kept = grown;
    }
    this.#kept.set(bytes.subarray(from, to), this.#length);
    this.#length = length;
  }

  #giveUp(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept?.length === LARGE && spares.length < MOST_SPARES) spares.push(kept);
  }
}

/** At least `size` bytes, with whatever is in them. */
function takeBuffer(size: number): Uint8Array {
  if (size < LEAST_SPARE || size > LARGE) return new Uint8Array(size);
  return spares.pop() ?? unfilled(LARGE);
}

/** With whatever was there before: clearing it costs as much as filling it. */
function unfilled(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}
