// The numbers of names in the byte order of the names: pages of up to 256
// numbers, and a directory of pages.
//
//     directory │ page 7 │ page 2 │ page 9 │ …
//     page 2    │ number │ number │ … up to 256, rising by name
//
// Two levels are enough: with 20 million names the directory has some 100,000
// entries. Owns the order; names belong to the slab.

import { assert } from "../base/assert.ts";
import { CHUNK, Int32Chunks } from "./chunks.ts";
import type { NameSlab } from "./name_slab.ts";

const PAGE = 256; // positions use its 8 bits

export class SubjectOrder {
  readonly #names: NameSlab;
  readonly #addresses: Int32Chunks;
  readonly #pages = new Int32Chunks();
  #counts = new Int32Chunks(); // numbers in a page
  #directory = new Int32Array(4);
  #length = 0; // pages in use
  #made = 0;
  #free: number[] = [];
  /** Where the last name went: names often come in order. */
  #lastPlace = 0;

  constructor(names: NameSlab, addresses: Int32Chunks) {
    this.#names = names;
    this.#addresses = addresses;
  }

  /** Enters a number whose name is new. */
  add(id: number, bytes: Uint8Array, from: number, to: number): void {
    if (this.#length === 0) this.#insertPage(0);
    let place = this.#isFor(this.#lastPlace, bytes, from, to) ? this.#lastPlace : this.#pageFor(bytes, from, to);
    let page = this.#directory[place]!;
    let at = this.#isBehind(page, bytes, from, to) ? this.#counts.get(page) : this.#within(page, bytes, from, to);
    if (this.#counts.get(page) === PAGE) {
      // A page that fills at its end (names in rising order) is left full.
      const keep = at === PAGE && place === this.#length - 1 ? PAGE : PAGE / 2;
      this.#splitPage(place, keep);
      if (at >= keep) {
        at -= keep;
        place++;
        page = this.#directory[place]!;
      }
    }
    const base = page * PAGE;
    const numbers = this.#pages.of(base);
    const start = base % CHUNK;
    const count = this.#counts.get(page);
    numbers.copyWithin(start + at + 1, start + at, start + count);
    numbers[start + at] = id;
    this.#counts.set(page, count + 1);
    this.#lastPlace = place;
  }

  /** Takes out the number of a name that is there. */
  remove(id: number, bytes: Uint8Array, from: number, to: number): void {
    const place = this.#pageFor(bytes, from, to);
    const page = this.#directory[place]!;
    const at = this.#within(page, bytes, from, to);
    const count = this.#counts.get(page);
    const base = page * PAGE;
    const numbers = this.#pages.of(base);
    const start = base % CHUNK;
    assert(at < count && numbers[start + at] === id, "what is taken out of the order was in it");
    numbers.copyWithin(start + at, start + at + 1, start + count);
    this.#counts.set(page, count - 1);
    if (count === 1) this.#removePage(place);
    else if (count - 1 < PAGE / 4) this.#mergePage(place);
  }

  /** The number of a name, or −1. */
  find(bytes: Uint8Array, from: number, to: number): number {
    if (this.#length === 0) return -1;
    const page = this.#directory[this.#pageFor(bytes, from, to)]!;
    const at = this.#within(page, bytes, from, to);
    if (at === this.#counts.get(page)) return -1;
    const id = this.#pages.get(page * PAGE + at);
    return this.#names.equals(this.#addresses.get(id) >>> 0, bytes, from, to) ? id : -1;
  }

  /** A position at the first name not below bytes [from, to). Positions die with the next change. */
  seek(bytes: Uint8Array, from: number, to: number): number {
    if (this.#length === 0) return -1;
    const place = this.#pageFor(bytes, from, to);
    const at = this.#within(this.#directory[place]!, bytes, from, to);
    if (at < this.#counts.get(this.#directory[place]!)) return place * PAGE + at;
    return place + 1 < this.#length ? (place + 1) * PAGE : -1;
  }
  /** The number at a position. */
  at(position: number): number {
    return this.#pages.get(this.#directory[position >>> 8]! * PAGE + (position & 0xff));
  }
  /** The position after this one; −1 at the end. */
  after(position: number): number {
    const place = position >>> 8;
    if ((position & 0xff) + 1 < this.#counts.get(this.#directory[place]!)) return position + 1;
    return place + 1 < this.#length ? (place + 1) * PAGE : -1;
  }

  /** Memory held, in bytes. */
  get heldBytes(): number {
    return (this.#pages.length + this.#counts.length + this.#directory.length) * 4;
  }

  clear(): void {
    this.#pages.clear();
    this.#counts.clear();
    this.#directory = new Int32Array(4);
    this.#length = 0;
    this.#made = 0;
    this.#free = [];
    this.#lastPlace = 0;
  }

  /** Whether a page, if there is one, is the one that `#pageFor` would find: a name lies between its first and that of the next. */
  #isFor(place: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (place >= this.#length || this.#counts.get(this.#directory[place]!) === 0) return false;
    if (this.#compare(this.#firstOf(place), bytes, from, to) > 0) return false;
    return place + 1 === this.#length || this.#compare(this.#firstOf(place + 1), bytes, from, to) > 0;
  }

  /** Whether all names of a page are below this one. */
  #isBehind(page: number, bytes: Uint8Array, from: number, to: number): boolean {
    const count = this.#counts.get(page);
    return count > 0 && this.#compare(this.#pages.get(page * PAGE + count - 1), bytes, from, to) < 0;
  }

  #firstOf(place: number): number {
    return this.#pages.get(this.#directory[place]! * PAGE);
  }

  /** The last page whose first name is not above the one asked for; 0 when all are. */
  #pageFor(bytes: Uint8Array, from: number, to: number): number {
    let low = 0;
    let high = this.#length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#compare(this.#firstOf(middle), bytes, from, to) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** How many names of a page are below the one asked for. */
  #within(page: number, bytes: Uint8Array, from: number, to: number): number {
    let low = 0;
    let high = this.#counts.get(page);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#pages.get(page * PAGE + middle), bytes, from, to) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(id: number, bytes: Uint8Array, from: number, to: number): number {
    return this.#names.compare(this.#addresses.get(id) >>> 0, bytes, from, to);
  }

  #insertPage(place: number): void {
    const page = this.#free.pop() ?? this.#made++;
    this.#pages.ensure((page + 1) * PAGE);
    this.#counts.ensure(page + 1);
    this.#counts.set(page, 0);
    if (this.#length === this.#directory.length) {
      const grown = new Int32Array(this.#length * 2);
      grown.set(this.#directory);
      this.#directory = grown;
    }
    this.#directory.copyWithin(place + 1, place, this.#length);
    this.#directory[place] = page;
    this.#length++;
  }

  #removePage(place: number): void {
    this.#free.push(this.#directory[place]!);
    this.#directory.copyWithin(place, place + 1, this.#length);
    this.#length--;
  }

  /** Moves all numbers of a page from `keep` on to a new page behind it. */
  #splitPage(place: number, keep: number): void {
    this.#insertPage(place + 1);
    this.#move(this.#directory[place]!, keep, this.#directory[place + 1]!);
  }

  /** Joins a small page with the one behind it, or the last one with the one before, when they fit well into one. */
  #mergePage(place: number): void {
    const left = place + 1 < this.#length ? place : place - 1;
    if (left < 0) return;
    const into = this.#directory[left]!;
    const out = this.#directory[left + 1]!;
    if (this.#counts.get(into) + this.#counts.get(out) > (PAGE * 3) / 4) return;
    this.#move(out, 0, into);
    this.#removePage(left + 1);
  }

  #move(from: number, keep: number, to: number): void {
    const count = this.#counts.get(from) - keep;
    const at = this.#counts.get(to);
    const source = (from * PAGE) % CHUNK;
    const numbers = this.#pages.of(from * PAGE).subarray(source + keep, source + keep + count);
    this.#pages.of(to * PAGE).set(numbers, ((to * PAGE) % CHUNK) + at);
    this.#counts.set(from, keep);
    this.#counts.set(to, at + count);
  }
}
