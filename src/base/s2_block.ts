// One S2 block: a length, then literals and copies of what came before.
//
//   literal  llllll 00                 length - 1, or 60..63: that many less 59 bytes of length follow
//   copy 1   ooo lll 01, offset        length 4..11, offset below 2048
//   repeat   000 lll 01, 0             the last offset again; lll 5, 6, 7: 1, 2, 3 bytes of length follow
//   copy 2   llllll 10, offset (2)     length 1..64
//   copy 4   llllll 11, offset (4)
//
// The decoder takes what any S2 or Snappy encoder made, and nothing hostile makes
// it write beyond the length it was told. The encoder is greedy with one hash table.

import { ByteReader } from "./varint.ts";

const HASH_BITS = 14;
/** Nothing is looked for in the last bytes of a block, so that four can always be read. */
const MARGIN = 12;
const NEAR = 2048;
const FAR = 65_536;
/** Below, copying byte by byte is faster than a call. */
const SHORT = 80;

/** How many bytes a block decodes to, as it claims itself; undefined when it claims nothing readable. */
export function s2BlockLength(bytes: Uint8Array, from: number, to: number): number | undefined {
  const reader = new ByteReader(bytes, from, to);
  const length = reader.uvarint();
  return reader.failed ? undefined : length;
}

/**
 * Decodes the block at [from, to) into `out` from `at` on, where there must be room for its `s2BlockLength`.
 * False when it is malformed; then `out` may be half written, within that room.
 */
export function decodeS2Block(bytes: Uint8Array, from: number, to: number, out: Uint8Array, at: number): boolean {
  const reader = new ByteReader(bytes, from, to);
  const end = at + reader.uvarint();
  if (reader.failed || end > out.length) return false;
  let read = reader.at;
  let write = at;
  let offset = 0;
  while (read < to) {
    const tag = bytes[read++]!;
    const kind = tag & 3;
    let length = tag >>> 2;
    if (kind === 0) {
      const more = Math.max(0, length - 59);
      if (read + more > to) return false;
      if (more > 0) length = little(bytes, read, more);
      read += more;
      length++;
      if (length > to - read || length > end - write) return false;
      if (length < SHORT) for (let i = 0; i < length; i++) out[write + i] = bytes[read + i]!;
      else out.set(bytes.subarray(read, read + length), write);
      read += length;
      write += length;
      continue;
    }
    if (kind === 1) {
      if (read >= to) return false;
      const found = ((tag & 0xe0) << 3) | bytes[read++]!;
      length &= 7;
      if (found !== 0) offset = found;
      else if (length >= 5) {
        const more = length - 4;
        if (read + more > to) return false;
        length = little(bytes, read, more) + (more === 1 ? 4 : more === 2 ? 0x100 : 0x1_0000);
        read += more;
      }
      length += 4;
    } else {
      const size = kind === 2 ? 2 : 4;
      if (read + size > to) return false;
      offset = little(bytes, read, size);
      read += size;
      length++;
    }
    if (offset === 0 || offset > write - at || length > end - write) return false;
    if (offset >= length && length >= SHORT) out.copyWithin(write, write - offset, write - offset + length);
    else for (let i = write; i < write + length; i++) out[i] = out[i - offset]!;
    write += length;
  }
  return write === end;
}

function little(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

/** The most that `count` bytes can become. */
export function s2BlockBound(count: number): number {
  return 32 + count + Math.floor(count / 6);
}

/** Makes blocks; keeps its hash table between them. */
export class S2BlockEncoder {
  readonly #isSnappy: boolean;
  readonly #table = new Int32Array(1 << HASH_BITS);
  #out: Uint8Array = new Uint8Array();
  #at = 0;

  /** `isSnappy`: only what a Snappy decoder knows; blocks are at most 64 KB then. */
  constructor(isSnappy = false) {
    this.#isSnappy = isSnappy;
  }

  /** Encodes the bytes [from, to) into `out` from `at` on, where there is room for `s2BlockBound`; returns the end. */
  encode(bytes: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
    this.#out = out;
    this.#at = at;
    let rest = to - from;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[this.#at++] = (rest % 0x80) | 0x80;
    out[this.#at++] = rest;
    this.#body(bytes, from, to);
    this.#out = new Uint8Array();
    return this.#at;
  }

  #body(bytes: Uint8Array, from: number, to: number): void {
    const table = this.#table.fill(from - 1);
    const limit = to - MARGIN;
    let emitted = from;
    let last = 0;
    let at = from;
    for (let misses = 32; at < limit;) {
      const word = load(bytes, at);
      const slot = Math.imul(word, 0x9e37_79b1) >>> (32 - HASH_BITS);
      let match = table[slot]!;
      table[slot] = at;
      if (match < from || load(bytes, match) !== word) {
        at += misses++ >>> 5;
        continue;
      }
      misses = 32;
      while (at > emitted && match > from && bytes[at - 1] === bytes[match - 1]) {
        at--;
        match--;
      }
      const offset = at - match;
      let end = at + 4;
      while (end < to && bytes[end] === bytes[end - offset]) end++;
      // A far copy costs five bytes and the literal around it one more.
      if (offset >= FAR && end - at < 8) {
        at = end;
        continue;
      }
      this.#literal(bytes, emitted, at);
      if (this.#isSnappy) this.#snappyCopy(offset, end - at);
      else if (offset === last) this.#repeat(end - at);
      else this.#copy(offset, end - at);
      last = offset;
      at = end;
      emitted = end;
      if (at < limit) table[Math.imul(load(bytes, at - 1), 0x9e37_79b1) >>> (32 - HASH_BITS)] = at - 1;
    }
    this.#literal(bytes, emitted, to);
  }

  #literal(bytes: Uint8Array, from: number, to: number): void {
    const count = to - from;
    if (count === 0) return;
    const less = count - 1;
    if (less < 60) this.#out[this.#at++] = less << 2;
    else {
      const size = less < 0x100 ? 1 : less < 0x1_0000 ? 2 : less < 0x100_0000 ? 3 : 4;
      this.#out[this.#at++] = (59 + size) << 2;
      this.#little(less, size);
    }
    const out = this.#out;
    if (count < SHORT) for (let i = 0; i < count; i++) out[this.#at + i] = bytes[from + i]!;
    else out.set(bytes.subarray(from, to), this.#at);
    this.#at += count;
  }

  #copy(offset: number, length: number): void {
    if (offset < NEAR && length < 12) {
      this.#out[this.#at++] = ((offset >>> 8) << 5) | ((length - 4) << 2) | 1;
      this.#out[this.#at++] = offset;
      return;
    }
    const first = length > 64 ? 60 : length;
    this.#out[this.#at++] = ((first - 1) << 2) | (offset < FAR ? 2 : 3);
    this.#little(offset, offset < FAR ? 2 : 4);
    if (first < length) this.#repeat(length - first);
  }

  /** Of at least four bytes, in copies of at most 64, none of which is shorter than four. */
  #snappyCopy(offset: number, length: number): void {
    let rest = length;
    for (; rest > 64; rest -= rest < 68 ? 60 : 64) {
      this.#out[this.#at++] = (((rest < 68 ? 60 : 64) - 1) << 2) | 2;
      this.#little(offset, 2);
    }
    if (offset < NEAR && rest < 12) {
      this.#out[this.#at++] = ((offset >>> 8) << 5) | ((rest - 4) << 2) | 1;
      this.#out[this.#at++] = offset;
      return;
    }
    this.#out[this.#at++] = ((rest - 1) << 2) | 2;
    this.#little(offset, 2);
  }

  /** Of at least four bytes. */
  #repeat(length: number): void {
    let rest = length;
    for (const most = 0x100_0000; rest > most + 4; rest -= most) this.#repeat(most);
    const size = rest < 9 ? 0 : rest < 264 ? 1 : rest < 0x1_0104 ? 2 : 3;
    this.#out[this.#at++] = ((size === 0 ? rest - 4 : 4 + size) << 2) | 1;
    this.#out[this.#at++] = 0;
    this.#little(rest - (size === 1 ? 8 : size === 2 ? 0x104 : 0x1_0004), size);
  }

  #little(value: number, size: number): void {
    for (let i = 0; i < size; i++) this.#out[this.#at++] = value >>> (8 * i);
  }
}

function load(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
