// Variable-length integers as Go writes them, and the reader and writer of bytes they sit in.
//
// Sequences and counts are numbers: one above 2^53 − 1 is refused, not rounded.
// Moments are 64 bits, exact: seconds and nanoseconds (nanos.ts).

import { momentNanos, momentSec, nanosHigh, nanosLow, nanosOf, putMoment, putUint32, secOf, uint32 } from "./nanos.ts";

const TWO31 = 2_147_483_648;
const TWO32 = 4_294_967_296;
const LONGEST = 10;

/**
 * Reads bytes it does not trust. What does not fit sets `failed`, once and for all, and reads as 0; so a decoder may
 * check at the end, and in each loop. Before making room for a count, it asks whether `left` can hold that many.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  failed: boolean;
  /** What `moment` and `varintMoment` read last; `low` and `high` are the halves of the last varint. */
  low: number;
  high: number;
  sec: number;
  nanos: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.failed = false;
    this.low = 0;
    this.high = 0;
    this.sec = 0;
    this.nanos = 0;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Gives up; everything reads as 0 from here on. */
  fail(): 0 {
    this.failed = true;
    this.at = this.end;
    return 0;
  }

  byte(): number {
    return this.at < this.end ? this.bytes[this.at++]! : this.fail();
  }

  uint16(): number {
    if (this.left < 2) return this.fail();
    this.at += 2;
    return this.bytes[this.at - 2]! | (this.bytes[this.at - 1]! << 8);
  }

  uint32(): number {
    if (this.left < 4) return this.fail();
    this.at += 4;
    return uint32(this.bytes, this.at - 4);
  }

  /** Eight bytes as a number of at most 2^53 − 1. */
  uint64(): number {
    const low = this.uint32();
    return this.#whole(low, this.uint32());
  }

  /** The next `length` bytes, borrowed. */
  take(length: number): Uint8Array {
    if (length > this.left) {
      this.fail();
      return this.bytes.subarray(this.end, this.end);
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  uvarint(): number {
    const first = this.at < this.end ? this.bytes[this.at]! : 0x80;
    if (first < 0x80) {
      this.at++;
      return first;
    }
    this.#halves();
    return this.#whole(this.low, this.high);
  }

  /** A signed one of at most 2^53 − 1 on either side. */
  varint(): number {
    this.#halves();
    const half = this.#whole(((this.low >>> 1) | (this.high << 31)) >>> 0, this.high >>> 1);
    return (this.low & 1) === 0 ? half : -half - 1;
  }

  /** A difference written unsigned: one below zero comes wrapped around 2^64. At most 2^53 − 1 on either side. */
  uvarintWrapped(): number {
    this.#halves();
    if (this.high < TWO31) return this.#whole(this.low, this.high);
    const below = this.#whole(~this.low >>> 0, ~this.high >>> 0);
    return this.failed ? 0 : -below - 1;
  }

  /** A signed one that counts nanoseconds: into `sec` and `nanos`. */
  varintMoment(): void {
    this.#halves();
    const sign = -(this.low & 1);
    const low = (((this.low >>> 1) | (this.high << 31)) ^ sign) >>> 0;
    this.sec = secOf(low, (this.high >>> 1) ^ sign);
    this.nanos = nanosOf(low, this.sec);
  }

  /** Eight bytes that count nanoseconds: into `sec` and `nanos`. */
  moment(): void {
    if (this.left < 8) {
      this.fail();
      return;
    }
    this.sec = momentSec(this.bytes, this.at);
    this.nanos = momentNanos(this.bytes, this.at, this.sec);
    this.at += 8;
  }

  #whole(low: number, high: number): number {
    return high < 0x20_0000 ? high * TWO32 + low : this.fail();
  }

  #halves(): void {
    let low = 0;
    let high = 0;
    for (let i = 0; i < LONGEST; i++) {
      if (this.at >= this.end) break;
      const byte = this.bytes[this.at++]!;
      const bits = byte & 0x7f;
      const shift = 7 * i;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else if (byte > 1) break;
      else high |= byte << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    this.fail();
    this.low = 0;
    this.high = 0;
  }
}

/** Writes bytes behind each other into memory that grows. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #at: number;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#at = 0;
  }

  get length(): number {
    return this.#at;
  }
  /** What was written, borrowed until the next write. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  byte(value: number): void {
    this.room(1);
    this.#bytes[this.#at++] = value;
  }

  uint16(value: number): void {
    this.byte(value);
    this.byte(value >>> 8);
  }

  uint32(value: number): void {
    const at = this.room(4);
    putUint32(this.#bytes, at, value);
    this.#at += 4;
  }

  uint64(value: number): void {
    this.uint32(value % TWO32);
    this.uint32(Math.floor(value / TWO32));
  }

  put(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.#bytes.set(bytes, at);
    this.#at += bytes.length;
  }

  /** Of an integer from 0 to 2^53 − 1. */
  uvarint(value: number): void {
    let rest = value;
    while (rest >= 0x8000_0000) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#small(rest);
  }

  /** Of an integer from −2^52 to 2^52 − 1. */
  varint(value: number): void {
    this.uvarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** A difference, unsigned: one below zero is wrapped around 2^64. */
  uvarintWrapped(value: number): void {
    if (value >= 0) {
      this.uvarint(value);
      return;
    }
    const below = -value - 1;
    this.#halves(~(below % TWO32) >>> 0, ~Math.floor(below / TWO32) >>> 0);
  }

  /** Nanoseconds as a signed varint. */
  varintMoment(sec: number, nanos: number): void {
    const low = nanosLow(sec, nanos);
    const high = nanosHigh(sec, nanos, low);
    const sign = high >> 31;
    this.#halves(((low << 1) ^ sign) >>> 0, (((high << 1) | (low >>> 31)) ^ sign) >>> 0);
  }

  /** Nanoseconds as eight bytes. */
  moment(sec: number, nanos: number): void {
    const at = this.room(8);
    putMoment(this.#bytes, at, sec, nanos);
    this.#at += 8;
  }

  /** Leaves `count` bytes for the caller to fill in `written`. */
  skip(count: number): void {
    this.room(count);
    this.#at += count;
  }

  /** Makes room for `count` bytes; returns where they would go. */
  room(count: number): number {
    const needed = this.#at + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = grown;
    }
    return this.#at;
  }

  #small(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  #halves(low: number, high: number): void {
    let lowRest = low;
    let highRest = high;
    while (highRest !== 0) {
      this.byte((lowRest & 0x7f) | 0x80);
      lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0;
      highRest >>>= 7;
    }
    for (; lowRest >= 0x80; lowRest >>>= 7) this.byte((lowRest & 0x7f) | 0x80);
    this.byte(lowRest);
  }
}
