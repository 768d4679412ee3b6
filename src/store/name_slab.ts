// Names as bytes, packed: each once, behind its length, in chunks of 64 KB.
//
//     chunk  │ len u16 │ bytes … │ pad to 2 │ len u16 │ bytes … │
//
// An address is (chunk, offset / 2) in one number below 2^32. A chunk of which
// more than half is dead is emptied by its owner (`wasteful`, `recordsOf`).
// Owns the bytes; knows nothing of what the names mean.

import { assert } from "../base/assert.ts";

const CHUNK_BYTES = 1 << 16;
const UNIT_BITS = 15;
const UNIT_MASK = (1 << UNIT_BITS) - 1;
const FIRST_BYTES = 256;
const HEAD = 2;

export class NameSlab {
  readonly #chunks: (Uint8Array | undefined)[] = [];
  readonly #used: number[] = [];
  readonly #dead: number[] = [];
  #free: number[] = [];
  #open = -1;
  #bytes = 0;

  /** Memory held, in bytes. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** Copies bytes [from, to), at most 65,535 of them; their address. */
  add(source: Uint8Array, from: number, to: number): number {
    const length = to - from;
    assert(length <= 0xffff, "a name's length fits its two bytes");
    const need = recordBytes(length);
    const chunk = this.#roomFor(need);
    const offset = this.#used[chunk]!;
    const bytes = this.#chunks[chunk]!;
    bytes[offset] = length & 0xff;
    bytes[offset + 1] = length >>> 8;
    if (length < 32) for (let i = 0; i < length; i++) bytes[offset + HEAD + i] = source[from + i]!;
    else bytes.set(source.subarray(from, to), offset + HEAD);
    this.#used[chunk] = offset + need;
    return ((chunk << UNIT_BITS) | (offset >>> 1)) >>> 0;
  }

  /** The buffer a name lies in. Good until the next `add` or `drop`. */
  bufferOf(address: number): Uint8Array {
    return this.#chunks[chunkOf(address)]!;
  }
  /** Where in its buffer a name starts. */
  startOf(address: number): number {
    return offsetOf(address) + HEAD;
  }
  lengthOf(address: number): number {
    const bytes = this.bufferOf(address);
    const offset = offsetOf(address);
    return bytes[offset]! | (bytes[offset + 1]! << 8);
  }

  /** Whether the name is bytes [from, to). From the end: names share their beginnings. */
  equals(address: number, source: Uint8Array, from: number, to: number): boolean {
    const bytes = this.bufferOf(address);
    const offset = offsetOf(address);
    const length = to - from;
    if ((bytes[offset]! | (bytes[offset + 1]! << 8)) !== length) return false;
    const start = offset + HEAD;
    for (let i = length - 1; i >= 0; i--) if (bytes[start + i] !== source[from + i]) return false;
    return true;
  }

  /** Byte order of the name against bytes [from, to): below, at or above 0. */
  compare(address: number, source: Uint8Array, from: number, to: number): number {
    const bytes = this.bufferOf(address);
    const start = this.startOf(address);
    const length = this.lengthOf(address);
    const shared = Math.min(length, to - from);
    for (let i = 0; i < shared; i++) {
      const difference = bytes[start + i]! - source[from + i]!;
      if (difference !== 0) return difference;
    }
    return length - (to - from);
  }

  /** Gives a name's bytes up; whether its chunk went with them, having no live name left. */
  drop(address: number): boolean {
    const chunk = chunkOf(address);
    this.#dead[chunk]! += recordBytes(this.lengthOf(address));
    assert(this.#dead[chunk]! <= this.#used[chunk]!, "no more is dead than was written");
    if (this.#dead[chunk] !== this.#used[chunk]) return false;
    this.#discard(chunk);
    return true;
  }

  /** Whether the chunk of a dropped name should be emptied: the number of that chunk, or −1. */
  wasteful(address: number): number {
    const chunk = chunkOf(address);
    if (chunk === this.#open || this.#chunks[chunk] === undefined) return -1;
    return this.#dead[chunk]! * 2 > this.#used[chunk]! ? chunk : -1;
  }

  /** The addresses of all records of a chunk, dead ones included. */
  recordsOf(chunk: number): number[] {
    const found: number[] = [];
    for (let offset = 0; offset < this.#used[chunk]!;) {
      const address = ((chunk << UNIT_BITS) | (offset >>> 1)) >>> 0;
      found.push(address);
      offset += recordBytes(this.lengthOf(address));
    }
    return found;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#used.length = 0;
    this.#dead.length = 0;
    this.#free = [];
    this.#open = -1;
    this.#bytes = 0;
  }

  #roomFor(need: number): number {
    const open = this.#open;
    if (open >= 0) {
      const bytes = this.#chunks[open]!;
      const used = this.#used[open]!;
      if (used + need <= bytes.length) return open;
      if (bytes.length < CHUNK_BYTES) {
        const size = Math.min(CHUNK_BYTES, Math.max(bytes.length * 2, used + need));
        if (used + need <= size) {
          const grown = new Uint8Array(size);
          grown.set(bytes);
          this.#chunks[open] = grown;
          this.#bytes += size - bytes.length;
          return open;
        }
      }
    }
    const chunk = this.#free.pop() ?? this.#chunks.length;
    assert(chunk < 2 ** (32 - UNIT_BITS), "addresses of names stay below 2^32");
    const usual = this.#chunks.length === 0 ? FIRST_BYTES : CHUNK_BYTES;
    this.#chunks[chunk] = new Uint8Array(Math.max(usual, need));
    this.#used[chunk] = 0;
    this.#dead[chunk] = 0;
    this.#bytes += this.#chunks[chunk].length;
    this.#open = chunk;
    return chunk;
  }

  #discard(chunk: number): void {
    this.#bytes -= this.#chunks[chunk]!.length;
    this.#chunks[chunk] = undefined;
    this.#used[chunk] = 0;
    this.#dead[chunk] = 0;
    this.#free.push(chunk);
    if (chunk === this.#open) this.#open = -1;
  }
}

function recordBytes(length: number): number {
  return (HEAD + length + 1) & ~1;
}
function chunkOf(address: number): number {
  return address >>> UNIT_BITS;
}
function offsetOf(address: number): number {
  return (address & UNIT_MASK) << 1;
}
