// The subjects of a stream: for each its first and last sequence and how many
// messages it has. Millions of them, without an object for any.
//
//     name_slab      the names, packed
//     subject_index  name → number, by hash
//     subject_order  numbers in the order of their names, for wildcards
//     here           number → first, last, count
//
// Owns all four. A subject without messages stays until it is released: one
// that is only staged has a number too. Knows nothing of messages; a store may
// keep in `first` and `last` what it likes.

import { assert } from "../base/assert.ts";
import { byteStringOf, bytesOf, type ByteString } from "../base/bytes.ts";
import { Float64Chunks, Int32Chunks } from "./chunks.ts";
import { NameSlab } from "./name_slab.ts";
import type { SubjectFilter } from "./subject_filter.ts";
import { LOOK_ELSEWHERE, SubjectIndex, type IndexBounds } from "./subject_index.ts";
import { SubjectOrder } from "./subject_order.ts";

const STRIDE = 3;
const MISSES_BEFORE_SEEK = 8;

/** No such subject. */
export const NO_SUBJECT = -1;

export class SubjectTree {
  readonly #names = new NameSlab();
  readonly #addresses = new Int32Chunks();
  readonly #values = new Float64Chunks(); // first, last, count of each number
  readonly #index: SubjectIndex;
  readonly #order: SubjectOrder;
  #free = NO_SUBJECT; // a list through `first`
  #made = 0;
  #held = 0;
  #size = 0;

  /** The seed of the hash should be unpredictable; `bounds` are for tests. */
  constructor(seed: number, bounds?: IndexBounds) {
    this.#index = new SubjectIndex(this.#names, this.#addresses, seed, bounds);
    this.#order = new SubjectOrder(this.#names, this.#addresses);
  }

  /** Subjects with messages. */
  get size(): number {
    return this.#size;
  }
  /** Subjects with a number. */
  get held(): number {
    return this.#held;
  }

  /** The number of the subject bytes [from, to), or `NO_SUBJECT`. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const id = this.#index.find(bytes, from, to, this.#index.hash(bytes, from, to));
    return id === LOOK_ELSEWHERE ? this.#order.find(bytes, from, to) : id;
  }

  /** The number of the subject, entered without messages when it is new. */
  intern(bytes: Uint8Array, from: number, to: number): number {
    const hash = this.#index.hash(bytes, from, to);
    const known = this.#index.find(bytes, from, to, hash);
    if (known >= 0) return known;
    if (known === LOOK_ELSEWHERE) {
      const found = this.#order.find(bytes, from, to);
      if (found >= 0) return found;
    }
    return this.#enter(bytes, from, to, hash);
  }

  /** Enters a subject, which `find` has not found, without messages; its number. */
  enter(bytes: Uint8Array, from: number, to: number): number {
    return this.#enter(bytes, from, to, this.#index.hash(bytes, from, to));
  }

  #enter(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const id = this.#take();
    this.#addresses.set(id, this.#names.add(bytes, from, to) | 0);
    this.#index.add(id, hash);
    this.#order.add(id, bytes, from, to);
    return id;
  }

  /** Forgets a subject, which has no messages. Its number may be given to another. */
  release(id: number): void {
    assert(this.count(id) === 0, "only a subject without messages is released");
    const address = this.#addressOf(id);
    const bytes = this.#names.bufferOf(address);
    const from = this.#names.startOf(address);
    const to = from + this.#names.lengthOf(address);
    this.#index.remove(id, this.#index.hash(bytes, from, to));
    this.#order.remove(id, bytes, from, to);
    this.#values.set(id * STRIDE, this.#free);
    this.#free = id;
    this.#held--;
    this.#names.drop(address);
    const chunk = this.#names.wasteful(address);
    if (chunk >= 0) this.#emptyChunk(chunk, address);
  }

  first(id: number): number {
    return this.#values.get(id * STRIDE);
  }
  last(id: number): number {
    return this.#values.get(id * STRIDE + 1);
  }
  count(id: number): number {
    return this.#values.get(id * STRIDE + 2);
  }
  setFirst(id: number, first: number): void {
    this.#values.set(id * STRIDE, first);
  }
  setLast(id: number, last: number): void {
    this.#values.set(id * STRIDE + 1, last);
  }
  setCount(id: number, count: number): void {
    const before = this.count(id);
    if (before === 0 && count > 0) this.#size++;
    else if (before > 0 && count === 0) this.#size--;
    this.#values.set(id * STRIDE + 2, count);
  }

  /** A message behind all others of the subject. */
  addMessage(id: number, seq: number): void {
    this.addMessages(id, seq, 1);
  }
  /** So many behind all others of the subject, whose sequences follow each other from `seq` on. */
  addMessages(id: number, seq: number, more: number): void {
    const count = this.count(id);
    if (count === 0) this.setFirst(id, seq);
    this.setLast(id, seq + more - 1);
    this.setCount(id, count + more);
  }
  /** The only message of the subject. */
  setOnly(id: number, seq: number): void {
    this.setFirst(id, seq);
    this.setLast(id, seq);
    this.setCount(id, 1);
  }

  /** The buffer a name lies in, at [startOf, startOf + lengthOf). Good until a subject is added or released. */
  bufferOf(id: number): Uint8Array {
    return this.#names.bufferOf(this.#addressOf(id));
  }
  startOf(id: number): number {
    return this.#names.startOf(this.#addressOf(id));
  }
  lengthOf(id: number): number {
    return this.#names.lengthOf(this.#addressOf(id));
  }

  /**
   * Shows the numbers of matching subjects with messages, in byte order, from
   * the name `from` on, until `most` subjects were looked at or `show` returns
   * false. The name to go on from, or undefined at the end. `show` must not add
   * or release subjects.
   */
  walk(
    filter: SubjectFilter,
    from: ByteString,
    most: number,
    show: (id: number) => boolean | undefined,
  ): ByteString | undefined {
    const prefixes = filter.prefixes();
    let start = bytesOf(from);
    let left = most;
    let misses = 0;
    let position = this.#seekRange(prefixes, start);
    while (position >= 0) {
      const id = this.#order.at(position);
      const address = this.#addressOf(id);
      const bytes = this.#names.bufferOf(address);
      const at = this.#names.startOf(address);
      const end = at + this.#names.lengthOf(address);
      if (left-- <= 0) return byteStringOf(bytes, at, end);
      if (filter.matches(bytes, at, end)) {
        misses = 0;
        if (this.count(id) > 0 && show(id) === false) return after(bytes, at, end);
      } else if (++misses % MISSES_BEFORE_SEEK === 0 && !withinRanges(prefixes, bytes, at, end)) {
        start = Uint8Array.from(bytes.subarray(at, end));
        position = this.#seekRange(prefixes, start);
        continue;
      }
      position = this.#order.after(position);
    }
    return undefined;
  }

  /** Forgets every subject. */
  clear(): void {
    this.#names.clear();
    this.#addresses.clear();
    this.#values.clear();
    this.#index.clear();
    this.#order.clear();
    this.#free = NO_SUBJECT;
    this.#made = 0;
    this.#held = 0;
    this.#size = 0;
  }

  /** Memory held, in bytes. */
  get heldBytes(): number {
    return (
      this.#names.heldBytes +
      this.#addresses.length * 4 +
      this.#values.length * 8 +
      this.#index.heldBytes +
      this.#order.heldBytes
    );
  }

  /** Asserts that the four agree. */
  checkInvariants(): void {
    let held = 0;
    let size = 0;
    let before: Uint8Array | undefined;
    for (let at = this.#order.seek(new Uint8Array(0), 0, 0); at >= 0; at = this.#order.after(at)) {
      const id = this.#order.at(at);
      const start = this.startOf(id);
      const name = Uint8Array.from(this.bufferOf(id).subarray(start, start + this.lengthOf(id)));
      assert(before === undefined || Buffer.compare(before, name) < 0, "names are in order");
      assert(this.find(name, 0, name.length) === id, "every name in the order is found by its bytes");
      before = name;
      held++;
      if (this.count(id) > 0) size++;
    }
    assert(held === this.#held, "the order holds every subject once");
    assert(size === this.#size, "subjects with messages are counted");
  }

  /** The first position not below `start` in one of the ranges of names that have these prefixes; −1 when there is none. */
  #seekRange(prefixes: readonly Uint8Array[], start: Uint8Array): number {
    let best = -1;
    for (const prefix of prefixes) {
      const low = Buffer.compare(start, prefix) > 0 ? start : prefix;
      const position = this.#order.seek(low, 0, low.length);
      if (position < 0 || !this.#startsWith(this.#order.at(position), prefix)) continue;
      if (best < 0 || position < best) best = position;
    }
    return best;
  }

  #startsWith(id: number, prefix: Uint8Array): boolean {
    const start = this.startOf(id);
    return startsWith(this.bufferOf(id), start, start + this.lengthOf(id), prefix);
  }

  #addressOf(id: number): number {
    return this.#addresses.get(id) >>> 0;
  }

  #take(): number {
    this.#held++;
    const id = this.#free;
    if (id !== NO_SUBJECT) {
      this.#free = this.first(id);
      this.setFirst(id, 0);
      this.setLast(id, 0);
      return id;
    }
    this.#addresses.ensure(this.#made + 1);
    this.#values.ensure((this.#made + 1) * STRIDE);
    return this.#made++;
  }

  /** Copies the live names of a chunk elsewhere; the rest goes with it. */
  #emptyChunk(chunk: number, dropped: number): void {
    for (const address of this.#names.recordsOf(chunk)) {
      if (address === dropped) continue;
      const bytes = this.#names.bufferOf(address);
      const from = this.#names.startOf(address);
      const to = from + this.#names.lengthOf(address);
      const id = this.find(bytes, from, to);
      if (id < 0 || this.#addressOf(id) !== address) continue;
      this.#addresses.set(id, this.#names.add(bytes, from, to) | 0);
      if (this.#names.drop(address)) return;
    }
  }
}

/** The least name above bytes [from, to). */
function after(bytes: Uint8Array, from: number, to: number): ByteString {
  return `${byteStringOf(bytes, from, to)}\0` as ByteString;
}

function withinRanges(prefixes: readonly Uint8Array[], bytes: Uint8Array, from: number, to: number): boolean {
  return prefixes.some((prefix) => startsWith(bytes, from, to, prefix));
}

function startsWith(bytes: Uint8Array, from: number, to: number, prefix: Uint8Array): boolean {
  if (to - from < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[from + i] !== prefix[i]) return false;
  return true;
}
