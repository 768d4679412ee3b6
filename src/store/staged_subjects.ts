// What staged messages will have done to their subjects once they commit.
//
// For each subject with something staged: its last sequence, how many messages
// it will have, and the oldest of those. A hash table of numbers; an entry
// lives as long as something staged refers to it. Owns its entries only.

import { assert } from "../base/assert.ts";

const LEAST = 64;

export class StagedSubjects {
  #keys = new Int32Array(LEAST); // subject + 1
  #refs = new Int32Array(LEAST);
  #lasts = new Float64Array(LEAST);
  #counts = new Float64Array(LEAST);
  #oldests = new Float64Array(LEAST);
  #used = 0;
  #total = 0;

  /** Staged messages that refer to entries. */
  get total(): number {
    return this.#total;
  }

  /** The slot of a subject with something staged, or −1. Good until the next `hold`. */
  find(subject: number): number {
    const mask = this.#keys.length - 1;
    for (let i = slotOf(subject) & mask; ; i = (i + 1) & mask) {
      const key = this.#keys[i]!;
      if (key === 0) return -1;
      if (key === subject + 1) return this.#refs[i]! > 0 ? i : -1;
    }
  }

  /** Adds a reference; its slot. A new entry has count, last and oldest 0. */
  hold(subject: number): number {
    if (this.#used * 2 >= this.#keys.length) this.#resize();
    const mask = this.#keys.length - 1;
    let i = slotOf(subject) & mask;
    for (; this.#keys[i] !== 0 && this.#keys[i] !== subject + 1;) i = (i + 1) & mask;
    if (this.#keys[i] === 0) {
      this.#keys[i] = subject + 1;
      this.#used++;
    }
    if (this.#refs[i] === 0) {
      this.#lasts[i] = 0;
      this.#counts[i] = 0;
      this.#oldests[i] = 0;
    }
    this.#refs[i]!++;
    this.#total++;
    return i;
  }

  /** Takes references away; whether they were the subject's last. */
  drop(subject: number, many = 1): boolean {
    const slot = this.find(subject);
    assert(slot >= 0, "what is dropped was held");
    this.#refs[slot]! -= many;
    this.#total -= many;
    const gone = this.#refs[slot] === 0;
    if (this.#total === 0 && this.#used > 0) this.#clear();
    return gone;
  }

  last(slot: number): number {
    return this.#lasts[slot]!;
  }
  count(slot: number): number {
    return this.#counts[slot]!;
  }
  oldest(slot: number): number {
    return this.#oldests[slot]!;
  }
  set(slot: number, last: number, count: number, oldest: number): void {
    this.#lasts[slot] = last;
    this.#counts[slot] = count;
    this.#oldests[slot] = oldest;
  }

  /** Whether a message is the oldest that its subject will have. */
  isOldest(subject: number, seq: number): boolean {
    const slot = this.find(subject);
    return slot >= 0 && this.#oldests[slot] === seq;
  }

  /** A message that nobody planned to trim is gone; `next` follows it on its subject. What is planned changes. */
  forget(subject: number, seq: number, next: number): void {
    const slot = this.find(subject);
    if (slot < 0 || seq < this.#oldests[slot]!) return;
    this.#counts[slot] = Math.max(0, this.#counts[slot]! - 1);
    if (seq === this.#oldests[slot]) this.#oldests[slot] = next;
  }

  /** Nothing is staged any more. */
  clear(): void {
    this.#refs.fill(0);
    this.#total = 0;
    this.#clear();
  }

  /** Every subject held so far will have no message: a staged rollup of all. */
  emptyAll(): void {
    this.#lasts.fill(0);
    this.#counts.fill(0);
    this.#oldests.fill(0);
  }

  /** Shows each subject with something staged, and its last sequence, in no order. */
  forEach(show: (subject: number, last: number) => void): void {
    for (let i = 0; i < this.#keys.length; i++) if (this.#refs[i]! > 0) show(this.#keys[i]! - 1, this.#lasts[i]!);
  }

  #clear(): void {
    if (this.#keys.length > LEAST * 64) {
      this.#keys = new Int32Array(LEAST);
      this.#refs = new Int32Array(LEAST);
      this.#lasts = new Float64Array(LEAST);
      this.#counts = new Float64Array(LEAST);
      this.#oldests = new Float64Array(LEAST);
    } else {
      this.#keys.fill(0);
      this.#refs.fill(0);
    }
    this.#used = 0;
  }

  /** Moves the entries that are still referred to into a table of fitting size. */
  #resize(): void {
    let live = 0;
    for (let i = 0; i < this.#refs.length; i++) if (this.#refs[i]! > 0) live++;
    let size = LEAST;
    while (size < live * 4) size *= 2;
    const [keys, refs, lasts, counts, oldests] = [this.#keys, this.#refs, this.#lasts, this.#counts, this.#oldests];
    this.#keys = new Int32Array(size);
    this.#refs = new Int32Array(size);
    this.#lasts = new Float64Array(size);
    this.#counts = new Float64Array(size);
    this.#oldests = new Float64Array(size);
    for (let from = 0; from < keys.length; from++) {
      if ((refs[from] ?? 0) === 0) continue;
      let i = slotOf(keys[from]! - 1) & (size - 1);
      for (; this.#keys[i] !== 0;) i = (i + 1) & (size - 1);
      this.#keys[i] = keys[from]!;
      this.#refs[i] = refs[from]!;
      this.#lasts[i] = lasts[from]!;
      this.#counts[i] = counts[from]!;
      this.#oldests[i] = oldests[from]!;
    }
    this.#used = live;
  }
}

function slotOf(subject: number): number {
  const mixed = Math.imul(subject, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
