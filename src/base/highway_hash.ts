// HighwayHash-64, the checksum of everything nats-server keeps on disk.
//
// Knows the hash, and where the bytes must lie for the kernel to see them. What
// is hashed under which key is the caller's business. The kernel and its plain
// twin run the same tests.

import { assert } from "./assert.ts";
import { wasm } from "./kernel/highway_hash.wasm.ts";
import { openKernel, openMemory, type WasmMemory } from "./wasm.ts";
import { putBytes } from "./put_bytes.ts";

/** Bytes of working memory one running hash needs. */
export const HASH_STATE_BYTES = 256;
export const HASH_KEY_BYTES = 32;
export const HASH_BYTES = 8;
const KB = 1024;
const PAGE = 64 * KB;

/**
 * Hashes pieces `a`, `b`, `c`, `d` behind each other; offsets are into the kernel's memory.
 * `key` is where the 32 bytes of a key are, to start, or 0, to go on with what is in `state`.
 * `to` is where the 8 bytes of the hash go, or 0 when more is to come. Up to 31 bytes behind a piece may be read.
 */
export type HashRun = (
  state: number,
  key: number,
  a: number,
  aLength: number,
  b: number,
  bLength: number,
  c: number,
  cLength: number,
  d: number,
  dLength: number,
  to: number,
) => void;

export interface HashKernel {
  readonly bytes: Uint8Array;
  readonly run: HashRun;
  /** For other kernels, which pass it on: the hash of 16 bytes and of a piece of 16 or more, by a key; undefined in plain. */
  readonly two?: (key: number, head: number, at: number, length: number) => bigint;
}

/** The kernel over memory that others write to, such as the arena's; throws where WebAssembly or SIMD cannot be had. */
export function wasmHashKernel(memory: WasmMemory): HashKernel {
  const { run, two } = openKernel(wasm, memory);
  return { bytes: new Uint8Array(memory.buffer), run: run as HashRun, two: two as NonNullable<HashKernel["two"]> };
}

/** A kernel over memory of its own: WebAssembly where it can be had. */
export function openHashKernel(pages = 2): HashKernel {
  try {
    return wasmHashKernel(openMemory(pages));
  } catch {
    return plainHashKernel(new Uint8Array(pages * PAGE));
  }
}

// What a Hasher keeps in the memory of its kernel, from its working area on.
const STATE_AT = HASH_KEY_BYTES;
const SUM_AT = STATE_AT + HASH_STATE_BYTES;
const STAGING_AT = SUM_AT + 32;
const STAGING_BYTES = 64 * KB;

/** Memory for hashers: a kernel and where they may work in its memory (not at 0), one at a time. */
export class HashArea {
  /** How much of the memory it takes. */
  static readonly BYTES = STAGING_AT + STAGING_BYTES + 32;
  readonly kernel: HashKernel;
  readonly at: number;
  /** Who is hashing; written by hashers. */
  user: Hasher | undefined;
  /** Whose key lies there. */
  keyOf: Hasher | undefined;

  constructor(kernel: HashKernel, at: number) {
    assert(at > 0 && at + HashArea.BYTES <= kernel.bytes.length, "the working area is in the kernel's memory");
    this.kernel = kernel;
    this.at = at;
    this.user = undefined;
    this.keyOf = undefined;
  }
}

let shared: HashArea | undefined;

/**
 * Hashes under one key, from anywhere in memory: `start`, then `add` as often as needed, then `sum` or `matches`.
 * Offsets into the very array of its kernel (`kernel.bytes`) are hashed where they are, anything else is copied there.
 */
export class Hasher {
  readonly #key: Uint8Array;
  readonly #area: HashArea;
  readonly #memory: Uint8Array;
  readonly #run: HashRun;
  readonly #staging: number;
  #paused: Uint8Array | undefined;
  #staged: number;
  #hasStarted: boolean;
  // Pieces that wait for a call, where they lie: offset and length of each, in order.
  #count: number;
  #a: number;
  #aLength: number;
  #b: number;
  #bLength: number;
  #c: number;
  #cLength: number;

  constructor(key: Uint8Array, area?: HashArea) {
    assert(key.length === HASH_KEY_BYTES, "a hash key has 32 bytes");
    this.#key = Uint8Array.from(key);
    this.#area = area ?? (shared ??= new HashArea(openHashKernel(), 64));
    this.#memory = this.#area.kernel.bytes;
    this.#run = this.#area.kernel.run;
    this.#staging = this.#area.at + STAGING_AT;
    this.#paused = undefined;
    this.#staged = 0;
    this.#hasStarted = false;
    this.#count = 0;
    this.#a = 0;
    this.#aLength = 0;
    this.#b = 0;
    this.#bLength = 0;
    this.#c = 0;
    this.#cLength = 0;
  }

  start(): this {
    const area = this.#area;
    if (area.keyOf !== this) this.#memory.set(this.#key, area.at);
    area.keyOf = this;
    area.user = this;
    this.#staged = 0;
    this.#hasStarted = false;
    this.#clear();
    return this;
  }

  /** Adds the bytes [from, to); they stay as they are until `sum` or `matches`. */
  add(bytes: Uint8Array, from: number, to: number): this {
    const memory = this.#memory;
    if (bytes === memory) {
      if (to > from) this.#piece(from, to - from);
      return this;
    }
    let at = from;
    while (at < to) {
      if (this.#staged === STAGING_BYTES) {
        this.#flush(0);
        this.#staged = 0;
      }
      const take = Math.min(to - at, STAGING_BYTES - this.#staged);
      const start = this.#staging + this.#staged;
      if (at === 0 && take === bytes.length) memory.set(bytes, start);
      else putBytes(memory, start, bytes, at, at + take);
      this.#piece(start, take);
      this.#staged += take;
      at += take;
    }
    return this;
  }

  /** Puts its key where kernels find it that hash in its area (`HashArea`); where that begins. */
  lendKey(): number {
    this.start();
    this.#area.user = undefined;
    return this.#area.at;
  }

  /** Others may hash until `resume`; what was added is not needed any more. */
  pause(): void {
    this.#flush(0);
    const from = this.#area.at + STATE_AT;
    this.#paused = this.#memory.slice(from, from + HASH_STATE_BYTES);
    this.#area.user = undefined;
  }
  /** Goes on with what was added before `pause`. */
  resume(): this {
    assert(this.#paused !== undefined, "a hash that was paused is resumed");
    this.#memory.set(this.#paused, this.#area.at + STATE_AT);
    this.#paused = undefined;
    this.#area.user = this;
    this.#staged = 0;
    return this;
  }

  /** Ends the hash and writes its 8 bytes to `to`. */
  sum(to: Uint8Array, at: number): void {
    const from = this.#finish();
    const { bytes } = this.#area.kernel;
    for (let i = 0; i < HASH_BYTES; i++) to[at + i] = bytes[from + i]!;
  }

  /** Ends the hash; whether it is the 8 bytes at `at`. */
  matches(sum: Uint8Array, at: number): boolean {
    const from = this.#finish();
    const { bytes } = this.#area.kernel;
    for (let i = 0; i < HASH_BYTES; i++) if (sum[at + i] !== bytes[from + i]) return false;
    return true;
  }

  /** Whether `bytes` are those of the kernel: what lies there is hashed where it is. */
  isAtHome(bytes: Uint8Array): boolean {
    return bytes === this.#memory;
  }

  /**
   * The whole of it in one go: the hash of a short piece of `bytes` and of three pieces, which may be empty, that lie in the
   * kernel's bytes; its 8 bytes go to bytes[at…].
   */
  sumBehind(
    bytes: Uint8Array,
    from: number,
    to: number,
    b: number,
    bLength: number,
    c: number,
    cLength: number,
    d: number,
    dLength: number,
    at: number,
  ): void {
    const area = this.#area;
    const { at: key } = area;
    const memory = this.#memory;
    if (area.keyOf !== this) memory.set(this.#key, key);
    area.keyOf = this;
    area.user = undefined;
    const lead = this.#staging;
    putBytes(memory, lead, bytes, from, to);
    const run = this.#run;
    const sum = key + SUM_AT;
    run(key + STATE_AT, key, lead, to - from, b, bLength, c, cLength, d, dLength, sum);
    for (let i = 0; i < HASH_BYTES; i++) bytes[at + i] = memory[sum + i]!;
  }

  /** The hash of all of `bytes`. */
  of(bytes: Uint8Array): Uint8Array {
    const sum = new Uint8Array(HASH_BYTES);
    this.start().add(bytes, 0, bytes.length).sum(sum, 0);
    return sum;
  }

  #finish(): number {
    const to = this.#area.at + SUM_AT;
    this.#flush(to);
    this.#area.user = undefined;
    return to;
  }

  #piece(from: number, length: number): void {
    if (this.#count === 3 && from !== this.#c + this.#cLength) this.#flush(0);
    if (this.#count === 0) {
      this.#a = from;
      this.#aLength = length;
      this.#count = 1;
    } else if (this.#count === 1) {
      if (from === this.#a + this.#aLength) this.#aLength += length;
      else {
        this.#b = from;
        this.#bLength = length;
        this.#count = 2;
      }
    } else if (this.#count === 2) {
      if (from === this.#b + this.#bLength) this.#bLength += length;
      else {
        this.#c = from;
        this.#cLength = length;
        this.#count = 3;
      }
    } else this.#cLength += length;
  }

  /** Hashes the pieces that wait. */
  #flush(to: number): void {
    const { at, user } = this.#area;
    assert(user === this, "one hasher runs at a time");
    const key = this.#hasStarted ? 0 : at;
    const run = this.#run;
    run(at + STATE_AT, key, this.#a, this.#aLength, this.#b, this.#bLength, this.#c, this.#cLength, 0, 0, to);
    this.#hasStarted = true;
    this.#clear();
  }

  #clear(): void {
    this.#count = 0;
    this.#aLength = 0;
    this.#bLength = 0;
    this.#cLength = 0;
  }
}

const INIT0 = [0xfe4cce2f, 0xdbe6d5d5, 0x299f31d0, 0xa4093822, 0x03707344, 0x13198a2e, 0x85a308d3, 0x243f6a88];
const INIT1 = [0xcb0ef593, 0x3bd39e10, 0xb5f18a8c, 0xc0acf169, 0x34e90c6c, 0xbe5466cf, 0x38d01377, 0x452821e6];
const PACKET = 128;
const HELD = 192;
const TWO32 = 4_294_967_296;

/** The kernel in plain TypeScript, on any memory. */
export function plainHashKernel(bytes: Uint8Array): HashKernel {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Halves, low before high: v0 at 0, v1 at 8, mul0 at 16, mul1 at 24.
  const s = new Uint32Array(32);
  const absorb = (state: number, held: number, from: number, length: number): number => {
    let at = from;
    const end = from + length;
    let have = held;
    while (at < end) {
      if (have === 0 && end - at >= 32) {
        update(s, view, at);
        at += 32;
        continue;
      }
      const take = Math.min(32 - have, end - at);
      bytes.copyWithin(state + PACKET + have, at, at + take);
      have += take;
      at += take;
      if (have === 32) {
        update(s, view, state + PACKET);
        have = 0;
      }
    }
    return have;
  };
  const run: HashRun = (state, key, a, aLength, b, bLength, c, cLength, d, dLength, to) => {
    if (key === 0) for (let i = 0; i < 32; i++) s[i] = view.getUint32(state + 4 * i, true);
    else begin(s, view, key);
    let held = key === 0 ? bytes[state + HELD]! : 0;
    held = absorb(state, held, a, aLength);
    held = absorb(state, held, b, bLength);
    held = absorb(state, held, c, cLength);
    held = absorb(state, held, d, dLength);
    if (to === 0) {
      for (let i = 0; i < 32; i++) view.setUint32(state + 4 * i, s[i]!, true);
      view.setUint32(state + HELD, held, true);
      return;
    }
    if (held !== 0) {
      for (let i = 0; i < 4; i++) {
        addTo(s, 2 * i, held, held);
        s[8 + 2 * i] = (s[8 + 2 * i]! << held) | (s[8 + 2 * i]! >>> (32 - held));
        s[9 + 2 * i] = (s[9 + 2 * i]! << held) | (s[9 + 2 * i]! >>> (32 - held));
      }
      layOutLast(bytes, state + PACKET, held);
      update(s, view, state + PACKET);
    }
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 4; i++) {
        view.setUint32(state + PACKET + 8 * i, s[2 * (i ^ 2) + 1]!, true);
        view.setUint32(state + PACKET + 8 * i + 4, s[2 * (i ^ 2)]!, true);
      }
      update(s, view, state + PACKET);
    }
    for (let from = 8; from < 32; from += 8) addTo(s, 0, s[from]!, s[from + 1]!);
    view.setUint32(to, s[0]!, true);
    view.setUint32(to + 4, s[1]!, true);
  };
  return { bytes, run };
}

function begin(s: Uint32Array, view: DataView, key: number): void {
  for (let i = 0; i < 8; i++) {
    s[i] = INIT0[i]! ^ view.getUint32(key + 4 * i, true);
    s[8 + i] = INIT1[i]! ^ view.getUint32(key + 4 * (i ^ 1), true);
    s[16 + i] = INIT0[i]!;
    s[24 + i] = INIT1[i]!;
  }
}

/** The last packet, its bytes laid out so that the last ones always count. */
function layOutLast(bytes: Uint8Array, packet: number, held: number): void {
  const whole = held & 28;
  const rest = held & 3;
  const last: number[] = [];
  if (held >= 16) last.push(...bytes.subarray(packet + held - 4, packet + held));
  else if (rest !== 0) {
    last.push(bytes[packet + whole]!, bytes[packet + whole + (rest >> 1)]!, bytes[packet + held - 1]!);
  }
  bytes.fill(0, packet + whole, packet + 32);
  bytes.set(last, packet + (held >= 16 ? 28 : 16));
}

/** Adds to the 64-bit lane at `lane`. */
function addTo(s: Uint32Array, lane: number, low: number, high: number): void {
  const sum = s[lane]! + low;
  s[lane] = sum;
  s[lane + 1] = s[lane + 1]! + high + (sum >= TWO32 ? 1 : 0);
}

/** Mixes the product of two halves into the 64-bit lane at `lane`. */
function mixIn(s: Uint32Array, lane: number, x: number, y: number): void {
  const low = Math.imul(x, y) >>> 0;
  s[lane] = s[lane]! ^ low;
  s[lane + 1] = s[lane + 1]! ^ Math.round((x * y - low) / TWO32);
}

function update(s: Uint32Array, view: DataView, packet: number): void {
  for (let i = 0; i < 8; i += 2) {
    addTo(s, 8 + i, s[16 + i]!, s[17 + i]!);
    addTo(s, 8 + i, view.getUint32(packet + 4 * i, true), view.getUint32(packet + 4 * i + 4, true));
    mixIn(s, 16 + i, s[8 + i]!, s[1 + i]!);
    addTo(s, i, s[24 + i]!, s[25 + i]!);
    mixIn(s, 24 + i, s[i]!, s[9 + i]!);
  }
  zipper(s, 8, 0);
  zipper(s, 12, 4);
  zipper(s, 0, 8);
  zipper(s, 4, 12);
}

/** Adds the shuffled bytes of the lane pair at `from` to the lane pair at `to`. */
function zipper(s: Uint32Array, from: number, to: number): void {
  const a = s[from]!;
  const aHigh = s[from + 1]!;
  const b = s[from + 2]!;
  const bHigh = s[from + 3]!;
  addTo(
    s,
    to,
    ((a >>> 24) | ((bHigh & 0xff) << 8) | (a & 0xff0000) | ((aHigh & 0xff00) << 16)) >>> 0,
    (((bHigh >>> 16) & 0xff) | (a & 0xff00) | ((bHigh >>> 8) & 0xff0000) | (a << 24)) >>> 0,
  );
  addTo(
    s,
    to + 2,
    ((b >>> 24) | ((aHigh & 0xff) << 8) | (b & 0xff0000) | ((bHigh & 0xff00) << 16)) >>> 0,
    (((b >>> 8) & 0xff) | ((aHigh >>> 8) & 0xff00) | ((b & 0xff) << 16) | (aHigh & 0xff000000)) >>> 0,
  );
}
