// Finds the number of a name by its bytes: extendible hashing.
//
//     top bits of the hash → directory → segment of slots, open addressing
//     middle bits → a tag beside each slot: a name is looked at when that is the same
//
// A full segment splits by one more bit, so growing never touches more than
// one segment: there is no pause at any size. Slots hold number + 1. A segment
// that cannot split any more (a peer found colliding names) is marked full;
// what it does not hold is found by the owner another way.

import { Int32Chunks } from "./chunks.ts";
import type { NameSlab } from "./name_slab.ts";

const EMPTY = 0;
const GONE = -1;
const MOST_SLOTS = 4096;
const LEAST_SLOTS = 16;
const DEEPEST = 22;

/** Not in the index, and nowhere else. */
export const NOT_FOUND = -1;
/** Not in the index, which had to leave names out. */
export const LOOK_ELSEWHERE = -2;

/** Smaller bounds, so that a test meets them. */
export interface IndexBounds {
  readonly slots: number;
  readonly depth: number;
}

export class SubjectIndex {
  readonly #names: NameSlab;
  readonly #addresses: Int32Chunks;
  readonly #seed: number;
  readonly #mostSlots: number;
  readonly #deepest: number;
  readonly #slots = new Int32Chunks();
  /** By segment, by slot. */
  #tags: Uint8Array[] = [];
  #size = LEAST_SLOTS; // slots of each segment
  #depth = 0;
  #directory = new Int32Array(1);
  // By segment: how many bits it has split by, its live and its gone slots, whether it left names out.
  #depths = new Int32Chunks();
  #live = new Int32Chunks();
  #gone = new Int32Chunks();
  #full = new Int32Chunks();
  #segments = 0;

  /** `addresses` maps numbers to names in `names`. The seed should be unpredictable. */
  constructor(names: NameSlab, addresses: Int32Chunks, seed: number, bounds?: IndexBounds) {
    this.#names = names;
    this.#addresses = addresses;
    this.#seed = seed | 0;
    this.#mostSlots = bounds?.slots ?? MOST_SLOTS;
    this.#deepest = bounds?.depth ?? DEEPEST;
    this.#size = Math.min(LEAST_SLOTS, this.#mostSlots);
    this.#addSegment(0);
  }

  /** The number of the name bytes [from, to), `NOT_FOUND` or `LOOK_ELSEWHERE`. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const segment = this.#directory[this.#slotOfDirectory(hash)]!;
    const mask = this.#size - 1;
    const base = segment * this.#size;
    const tags = this.#tags[segment]!;
    const tag = tagOf(hash);
    for (let i = hash & mask, left = this.#size; left > 0; i = (i + 1) & mask, left--) {
      const held = this.#slots.get(base + i);
      if (held === EMPTY) break;
      if (tags[i] !== tag || held === GONE) continue;
      if (this.#names.equals(this.#addressOf(held - 1), bytes, from, to)) return held - 1;
    }
    return this.#full.get(segment) === 1 ? LOOK_ELSEWHERE : NOT_FOUND;
  }

  /** Enters a number whose name is new. */
  add(id: number, hash: number): void {
    for (;;) {
      const segment = this.#directory[this.#slotOfDirectory(hash)]!;
      const used = this.#live.get(segment) + this.#gone.get(segment);
      if (used < this.#size - (this.#size >> 2)) {
        this.#place(segment, id, hash);
        return;
      }
      if (this.#gone.get(segment) * 2 > used) this.#rebuild(segment);
      else if (this.#segments === 1 && this.#size < this.#mostSlots) this.#enlarge();
      else if (this.#depths.get(segment) < this.#deepest) this.#split(segment);
      else if (this.#gone.get(segment) > 0) this.#rebuild(segment);
      else {
        this.#full.set(segment, 1);
        return;
      }
    }
  }

  /** Takes a number out, whether or not it found a place. */
  remove(id: number, hash: number): void {
    const segment = this.#directory[this.#slotOfDirectory(hash)]!;
    const mask = this.#size - 1;
    const base = segment * this.#size;
    for (let i = hash & mask, left = this.#size; left > 0; i = (i + 1) & mask, left--) {
      const held = this.#slots.get(base + i);
      if (held === EMPTY) return;
      if (held !== id + 1) continue;
      const next = this.#slots.get(base + ((i + 1) & mask));
      this.#slots.set(base + i, next === EMPTY ? EMPTY : GONE);
      this.#live.set(segment, this.#live.get(segment) - 1);
      if (next !== EMPTY) this.#gone.set(segment, this.#gone.get(segment) + 1);
      return;
    }
  }

  /** FNV-1a from the seed, then mixed so that every bit counts. */
  hash(bytes: Uint8Array, from: number, to: number): number {
    let hash = this.#seed;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }

  /** Memory held, in bytes. */
  get heldBytes(): number {
    return (this.#slots.length + this.#directory.length + this.#depths.length * 4) * 4 + this.#segments * this.#size;
  }

  clear(): void {
    this.#slots.clear();
    this.#tags = [];
    this.#depths.clear();
    this.#live.clear();
    this.#gone.clear();
    this.#full.clear();
    this.#directory = new Int32Array(1);
    this.#depth = 0;
    this.#segments = 0;
    this.#size = Math.min(LEAST_SLOTS, this.#mostSlots);
    this.#addSegment(0);
  }

  #addressOf(id: number): number {
    return this.#addresses.get(id) >>> 0;
  }
  #hashOf(id: number): number {
    const address = this.#addressOf(id);
    const from = this.#names.startOf(address);
    return this.hash(this.#names.bufferOf(address), from, from + this.#names.lengthOf(address));
  }
  #slotOfDirectory(hash: number): number {
    return this.#depth === 0 ? 0 : hash >>> (32 - this.#depth);
  }

  #place(segment: number, id: number, hash: number): void {
    const mask = this.#size - 1;
    const base = segment * this.#size;
    let i = hash & mask;
    for (; this.#slots.get(base + i) > EMPTY;) i = (i + 1) & mask;
    if (this.#slots.get(base + i) === GONE) this.#gone.set(segment, this.#gone.get(segment) - 1);
    this.#slots.set(base + i, id + 1);
    this.#tags[segment]![i] = tagOf(hash);
    this.#live.set(segment, this.#live.get(segment) + 1);
  }

  #addSegment(depth: number): number {
    const segment = this.#segments++;
    this.#slots.ensure(this.#segments * this.#size);
    this.#tags.push(new Uint8Array(this.#size));
    for (const numbers of [this.#depths, this.#live, this.#gone, this.#full]) numbers.ensure(this.#segments);
    this.#depths.set(segment, depth);
    return segment;
  }

  /** Empties a segment; the numbers it held. */
  #drain(segment: number): number[] {
    const base = segment * this.#size;
    const held: number[] = [];
    for (let i = 0; i < this.#size; i++) {
      const slot = this.#slots.get(base + i);
      if (slot > EMPTY) held.push(slot - 1);
      this.#slots.set(base + i, EMPTY);
    }
    this.#live.set(segment, 0);
    this.#gone.set(segment, 0);
    return held;
  }

  #rebuild(segment: number): void {
    for (const id of this.#drain(segment)) this.#place(segment, id, this.#hashOf(id));
  }

  /** The only segment doubles. */
  #enlarge(): void {
    const held = this.#drain(0);
    this.#size *= 2;
    this.#slots.ensure(this.#size);
    this.#tags[0] = new Uint8Array(this.#size);
    for (const id of held) this.#place(0, id, this.#hashOf(id));
  }

  #split(segment: number): void {
    const depth = this.#depths.get(segment) + 1;
    if (depth > this.#depth) {
      const doubled = new Int32Array(this.#directory.length * 2);
      for (let i = 0; i < doubled.length; i++) doubled[i] = this.#directory[i >>> 1]!;
      this.#directory = doubled;
      this.#depth++;
    }
    const twin = this.#addSegment(depth);
    this.#depths.set(segment, depth);
    this.#full.set(twin, this.#full.get(segment));
    const bit = 1 << (this.#depth - depth);
    for (let i = 0; i < this.#directory.length; i++) {
      if (this.#directory[i] === segment && (i & bit) !== 0) this.#directory[i] = twin;
    }
    for (const id of this.#drain(segment)) {
      const hash = this.#hashOf(id);
      this.#place(this.#directory[this.#slotOfDirectory(hash)]!, id, hash);
    }
  }
}

/** Bits that neither the slot nor, below millions of names, the directory goes by. */
function tagOf(hash: number): number {
  return (hash >>> 12) & 0xff;
}
