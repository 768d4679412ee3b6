// A set of sequences that lie close together: the deleted ones of a block.
//
//     pages   rising; each 2048 sequences from a multiple of 2048
//     kinds   a full page and a page of one range need no bitmap
//     bitmap  64 words of 32 bits for the others, in a slab
//
// So one range costs 24 bytes however long within a page, and a page never more
// than 280. The pages are those of nats-server's index (format/sequence_set.ts).
// Owns its numbers; sequences are from 1 to 2^53 − 1.

import { assert } from "../base/assert.ts";

export const PAGE_SEQS = 2048;
const WORDS = PAGE_SEQS / 32;
const NO_BITMAP = -1;

export class SequenceSet {
  // By page: its number (sequence / 2048), its first and one past its last while it is one range, its bitmap, its size.
  #numbers = new Float64Array(4);
  #froms = new Uint16Array(4);
  #tos = new Uint16Array(4);
  #bitmaps = new Int32Array(4);
  #sizes = new Uint16Array(4);
  #pages = 0;
  #words = new Uint32Array(0);
  #freeBitmaps: number[] = [];
  #madeBitmaps = 0;
  #size = 0;
  #hint = 0;

  /** How many sequences are in it. */
  get size(): number {
    return this.#size;
  }
  /** How many pages of 2048 have any. */
  get pages(): number {
    return this.#pages;
  }
  /** Memory held, in bytes. */
  get heldBytes(): number {
    return this.#numbers.length * 18 + this.#words.length * 4;
  }

  has(seq: number): boolean {
    const number = Math.floor(seq / PAGE_SEQS);
    const page = this.#pageFrom(number);
    if (page === this.#pages || this.#numbers[page] !== number) return false;
    return this.#hasBit(page, seq - number * PAGE_SEQS);
  }

  /** Adds a sequence; false when it was there. */
  add(seq: number): boolean {
    return this.addRange(seq, seq) === 1;
  }

  /** Adds the sequences first..last; how many were new. */
  addRange(first: number, last: number): number {
    assert(first > 0 && last <= Number.MAX_SAFE_INTEGER, "sequences begin at 1 and are exact");
    let added = 0;
    for (let at = first; at <= last;) {
      const number = Math.floor(at / PAGE_SEQS);
      const base = number * PAGE_SEQS;
      const to = Math.min(last + 1 - base, PAGE_SEQS);
      added += this.#addBits(number, at - base, to);
      at = base + to;
    }
    this.#size += added;
    return added;
  }

  /** Takes a sequence out; false when it was not there. */
  delete(seq: number): boolean {
    const number = Math.floor(seq / PAGE_SEQS);
    const page = this.#pageFrom(number);
    if (page === this.#pages || this.#numbers[page] !== number) return false;
    const bit = seq - number * PAGE_SEQS;
    if (!this.#hasBit(page, bit)) return false;
    this.#size--;
    this.#sizes[page]!--;
    if (this.#sizes[page] === 0) this.#removePages(page, page + 1);
    else if (this.#bitmaps[page] === NO_BITMAP && bit === this.#froms[page]) this.#froms[page]!++;
    else if (this.#bitmaps[page] === NO_BITMAP && bit === this.#tos[page]! - 1) this.#tos[page]!--;
    else {
      const base = this.#bitmapOf(page); // may move the words
      this.#words[base + (bit >>> 5)]! &= ~(1 << (bit & 31));
    }
    return true;
  }

  /** Takes everything below `seq` out; how many that were. */
  deleteBelow(seq: number): number {
    const number = Math.floor(seq / PAGE_SEQS);
    const page = this.#pageFrom(number);
    let gone = 0;
    for (let i = 0; i < page; i++) gone += this.#sizes[i]!;
    this.#removePages(0, page);
    this.#size -= gone;
    if (this.#pages === 0 || this.#numbers[0] !== number) return gone;
    for (let at = this.first; at > 0 && at < seq; at = this.nextFrom(at + 1)) {
      this.delete(at);
      gone++;
    }
    return gone;
  }

  /** The lowest sequence; 0 when empty. */
  get first(): number {
    return this.nextFrom(1);
  }
  /** The highest sequence; 0 when empty. */
  get last(): number {
    if (this.#pages === 0) return 0;
    const page = this.#pages - 1;
    const base = this.#numbers[page]! * PAGE_SEQS;
    if (this.#bitmaps[page] === NO_BITMAP) return base + this.#tos[page]! - 1;
    let bit = PAGE_SEQS - 1;
    while (!this.#hasBit(page, bit)) bit--;
    return base + bit;
  }

  /** The lowest sequence at or above `seq` that is in it; 0 when there is none. */
  nextFrom(seq: number): number {
    const number = Math.floor(seq / PAGE_SEQS);
    for (let page = this.#pageFrom(number); page < this.#pages; page++) {
      const base = this.#numbers[page]! * PAGE_SEQS;
      const bit = this.#bitFrom(page, Math.max(0, seq - base), true);
      if (bit < PAGE_SEQS) return base + bit;
    }
    return 0;
  }

  /** The lowest sequence at or above `seq` that is not in it. */
  nextGap(seq: number): number {
    let at = seq;
    for (let page = this.#pageFrom(Math.floor(seq / PAGE_SEQS)); page < this.#pages; page++) {
      const base = this.#numbers[page]! * PAGE_SEQS;
      if (base > at) return at;
      const bit = this.#bitFrom(page, at - base, false);
      if (bit < PAGE_SEQS) return base + bit;
      at = base + PAGE_SEQS;
    }
    return at;
  }

  /** The highest sequence at or below `seq` that is not in it. */
  previousGap(seq: number): number {
    let at = seq;
    for (let page = this.#pageFrom(Math.floor(seq / PAGE_SEQS) + 1) - 1; page >= 0; page--) {
      const base = this.#numbers[page]! * PAGE_SEQS;
      if (base + PAGE_SEQS <= at) return at;
      for (let word = (at - base) >>> 5; word >= 0 && this.#sizes[page]! < PAGE_SEQS; word--) {
        const top = at - base - 32 * word;
        const free = ~this.pageWord(page, word) & (top === 31 ? -1 : (2 << top) - 1);
        if (free !== 0) return base + 32 * word + 31 - Math.clz32(free);
        at = base + 32 * word - 1;
      }
      at = base - 1;
    }
    return at;
  }

  /** How many of the sequences first..last are in it. */
  count(first: number, last: number): number {
    let count = 0;
    for (let page = this.#pageFrom(Math.floor(first / PAGE_SEQS)); page < this.#pages; page++) {
      const base = this.#numbers[page]! * PAGE_SEQS;
      if (base > last) break;
      const from = Math.max(0, first - base);
      const to = Math.min(PAGE_SEQS, last + 1 - base);
      count += from === 0 && to === PAGE_SEQS ? this.#sizes[page]! : this.#countBits(page, from, to);
    }
    return count;
  }

  /** Shows the ranges, rising, from sequence `from` on, as long as `show` does not return false. */
  ranges(from: number, show: (first: number, last: number) => boolean | undefined): void {
    for (let first = this.nextFrom(from); first > 0;) {
      const end = this.nextGap(first);
      if (show(first, end - 1) === false) return;
      first = this.nextFrom(end);
    }
  }

  /** All of them, rising. */
  *[Symbol.iterator](): Generator<number> {
    for (let seq = this.first; seq > 0; seq = this.nextFrom(seq + 1)) yield seq;
  }

  /** The first sequence that page `page`, counted from 0, could have. Pages rise. */
  pageBase(page: number): number {
    return this.#numbers[page]! * PAGE_SEQS;
  }
  /** Which of the 32 sequences from `pageBase(page) + 32 * word` are in it, the lowest bit first. */
  pageWord(page: number, word: number): number {
    const bitmap = this.#bitmaps[page]!;
    if (bitmap !== NO_BITMAP) return this.#words[bitmap * WORDS + word]!;
    const from = Math.max(0, Math.min(32, this.#froms[page]! - 32 * word));
    const to = Math.max(0, Math.min(32, this.#tos[page]! - 32 * word));
    return (lowBits(to) & ~lowBits(from)) >>> 0;
  }

  clear(): void {
    this.#removePages(0, this.#pages);
    this.#size = 0;
  }

  checkInvariants(): void {
    let size = 0;
    for (let page = 0; page < this.#pages; page++) {
      assert(page === 0 || this.#numbers[page - 1]! < this.#numbers[page]!, "pages rise");
      assert(this.#sizes[page]! > 0, "no page is empty");
      assert(this.#countBits(page, 0, PAGE_SEQS) === this.#sizes[page], "a page's sequences are counted");
      size += this.#sizes[page]!;
    }
    assert(size === this.#size, "sequences are counted");
  }

  /** The first page whose number is not below `number`. */
  #pageFrom(number: number): number {
    const hint = this.#hint;
    if (hint < this.#pages && this.#numbers[hint] === number) return hint;
    let low = 0;
    let high = this.#pages;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#numbers[middle]! < number) low = middle + 1;
      else high = middle;
    }
    this.#hint = low;
    return low;
  }

  #addBits(number: number, from: number, to: number): number {
    const page = this.#pageFrom(number);
    if (page === this.#pages || this.#numbers[page] !== number) {
      this.#insertPage(page, number);
      this.#froms[page] = from;
      this.#tos[page] = to;
      this.#sizes[page] = to - from;
      return to - from;
    }
    const before = this.#sizes[page]!;
    if (before === PAGE_SEQS) return 0;
    if (this.#bitmaps[page] === NO_BITMAP && from <= this.#tos[page]! && to >= this.#froms[page]!) {
      this.#froms[page] = Math.min(from, this.#froms[page]!);
      this.#tos[page] = Math.max(to, this.#tos[page]!);
      this.#sizes[page] = this.#tos[page]! - this.#froms[page]!;
      return this.#sizes[page]! - before;
    }
    const base = this.#bitmapOf(page);
    let added = 0;
    for (let bit = from; bit < to; bit++) {
      const word = this.#words[base + (bit >>> 5)]!;
      if ((word & (1 << (bit & 31))) !== 0) continue;
      this.#words[base + (bit >>> 5)] = word | (1 << (bit & 31));
      added++;
    }
    this.#sizes[page] = before + added;
    if (before + added === PAGE_SEQS) this.#dropBitmap(page, 0, PAGE_SEQS);
    return added;
  }

  #hasBit(page: number, bit: number): boolean {
    const bitmap = this.#bitmaps[page]!;
    if (bitmap === NO_BITMAP) return bit >= this.#froms[page]! && bit < this.#tos[page]!;
    return (this.#words[bitmap * WORDS + (bit >>> 5)]! & (1 << (bit & 31))) !== 0;
  }

  /** The first bit at or after `from` that is set (or not); 2048 when there is none. */
  #bitFrom(page: number, from: number, set: boolean): number {
    const bitmap = this.#bitmaps[page]!;
    if (bitmap === NO_BITMAP) {
      const [low, high] = [this.#froms[page]!, this.#tos[page]!];
      if (set) return from < high ? Math.max(from, low) : PAGE_SEQS;
      return from >= low && from < high ? high : from;
    }
    for (let bit = from; bit < PAGE_SEQS;) {
      const word = this.#words[bitmap * WORDS + (bit >>> 5)]!;
      const left = (set ? word : ~word) >>> (bit & 31);
      if (left !== 0) return bit + 31 - Math.clz32(left & -left);
      bit = (bit | 31) + 1;
    }
    return PAGE_SEQS;
  }

  #countBits(page: number, from: number, to: number): number {
    if (this.#bitmaps[page] === NO_BITMAP) {
      return Math.max(0, Math.min(to, this.#tos[page]!) - Math.max(from, this.#froms[page]!));
    }
    let count = 0;
    for (let bit = this.#bitFrom(page, from, true); bit < to; bit = this.#bitFrom(page, bit + 1, true)) count++;
    return count;
  }

  /** Where the words of a page's bitmap start; makes it out of its range when there is none. */
  #bitmapOf(page: number): number {
    let bitmap = this.#bitmaps[page]!;
    if (bitmap !== NO_BITMAP) return bitmap * WORDS;
    bitmap = this.#freeBitmaps.pop() ?? this.#madeBitmaps++;
    if ((bitmap + 1) * WORDS > this.#words.length) {
      const grown = new Uint32Array(Math.max(1, bitmap * 2) * WORDS);
      grown.set(this.#words);
      this.#words = grown;
    }
    const base = bitmap * WORDS;
    this.#words.fill(0, base, base + WORDS);
    for (let bit = this.#froms[page]!; bit < this.#tos[page]!; bit++) {
      this.#words[base + (bit >>> 5)]! |= 1 << (bit & 31);
    }
    this.#bitmaps[page] = bitmap;
    return base;
  }
  #dropBitmap(page: number, from: number, to: number): void {
    if (this.#bitmaps[page] !== NO_BITMAP) this.#freeBitmaps.push(this.#bitmaps[page]!);
    this.#bitmaps[page] = NO_BITMAP;
    this.#froms[page] = from;
    this.#tos[page] = to;
  }

  #insertPage(at: number, number: number): void {
    if (this.#pages === this.#numbers.length) this.#resize(this.#pages * 2);
    for (const column of [this.#numbers, this.#froms, this.#tos, this.#bitmaps, this.#sizes]) {
      column.copyWithin(at + 1, at, this.#pages);
    }
    this.#numbers[at] = number;
    this.#bitmaps[at] = NO_BITMAP;
    this.#pages++;
  }

  #removePages(from: number, to: number): void {
    for (let page = from; page < to; page++) this.#dropBitmap(page, 0, 0);
    for (const column of [this.#numbers, this.#froms, this.#tos, this.#bitmaps, this.#sizes]) {
      column.copyWithin(from, to, this.#pages);
    }
    this.#pages -= to - from;
    if (this.#freeBitmaps.length === this.#madeBitmaps) {
      this.#freeBitmaps = [];
      this.#madeBitmaps = 0;
      this.#words = new Uint32Array(0);
    }
    if (this.#pages * 4 < this.#numbers.length && this.#numbers.length > 4) {
      this.#resize(Math.max(4, this.#pages * 2));
    }
  }

  #resize(length: number): void {
    const numbers = new Float64Array(length);
    const froms = new Uint16Array(length);
    const tos = new Uint16Array(length);
    const bitmaps = new Int32Array(length);
    const sizes = new Uint16Array(length);
    numbers.set(this.#numbers.subarray(0, this.#pages));
    froms.set(this.#froms.subarray(0, this.#pages));
    tos.set(this.#tos.subarray(0, this.#pages));
    bitmaps.set(this.#bitmaps.subarray(0, this.#pages));
    sizes.set(this.#sizes.subarray(0, this.#pages));
    this.#numbers = numbers;
    this.#froms = froms;
    this.#tos = tos;
    this.#bitmaps = bitmaps;
    this.#sizes = sizes;
  }
}

function lowBits(count: number): number {
  return count === 32 ? -1 : (1 << count) - 1;
}
