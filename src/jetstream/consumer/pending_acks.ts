// The messages that were delivered and wait for an ack, by stream sequence.
//
//     hash    stream sequence → slot
//     slots   stream sequence, consumer sequence, time, count; links to the pending ones below and above
//
// What is delivered for the first time is above all that is pending, so the slots are linked in the order of both
// sequences without a search. Typed arrays only: a peer decides how many there are. Knows nothing of when they are due.

import { assert } from "../../base/assert.ts";
import { Float64Chunks, Int32Chunks } from "../../store/chunks.ts";
import { homeOf } from "./redeliveries_ended.ts";

/** No slot. */
export const NONE = -1;
const LEAST = 16;

export class PendingAcks {
  readonly #seqs = new Float64Chunks();
  readonly #consumerSeqs = new Float64Chunks();
  readonly #times = new Float64Chunks();
  readonly #counts = new Int32Chunks();
  readonly #belows = new Int32Chunks();
  readonly #aboves = new Int32Chunks();
  /** Slot + 1; 0 is free. At most half of it is used. */
  #hash = new Int32Array(0);
  #made = 0;
  #free = NONE;
  #size = 0;
  #first = NONE;
  #last = NONE;
  #redelivered = 0;

  get size(): number {
    return this.#size;
  }
  /** Slots that there is memory for. */
  get made(): number {
    return this.#made;
  }
  /** How many were delivered more than once. */
  get redelivered(): number {
    return this.#redelivered;
  }
  /** The slot of the lowest stream sequence, or NONE. */
  get first(): number {
    return this.#first;
  }
  /** The slot of the highest. */
  get last(): number {
    return this.#last;
  }

  /** The slot of a stream sequence, or NONE. Good until it is removed. */
  find(streamSeq: number): number {
    if (this.#size === 0) return NONE;
    // Mostly it is the first.
    if (this.#seqs.get(this.#first) === streamSeq) return this.#first;
    const hash = this.#hash;
    const mask = hash.length - 1;
    for (let i = homeOf(streamSeq, mask); ; i = (i + 1) & mask) {
      const slot = hash[i]! - 1;
      if (slot === NONE || this.#seqs.get(slot) === streamSeq) return slot;
    }
  }

  /** Adds one above all; its slot. */
  add(streamSeq: number, consumerSeq: number, timeMs: number, count: number): number {
    assert(this.#last === NONE || this.#seqs.get(this.#last) < streamSeq, "first deliveries rise");
    if ((this.#size + 1) * 2 > this.#hash.length) this.#rehash();
    const slot = this.#take();
    this.#seqs.set(slot, streamSeq);
    this.#consumerSeqs.set(slot, consumerSeq);
    this.#times.set(slot, timeMs);
    this.#counts.set(slot, count);
    this.#belows.set(slot, this.#last);
    this.#aboves.set(slot, NONE);
    if (this.#last === NONE) this.#first = slot;
    else this.#aboves.set(this.#last, slot);
    this.#last = slot;
    this.#enter(slot, streamSeq);
    this.#size++;
    if (count > 0) this.#redelivered++;
    return slot;
  }

  remove(slot: number): void {
    const below = this.#belows.get(slot);
    const above = this.#aboves.get(slot);
    if (below === NONE) this.#first = above;
    else this.#aboves.set(below, above);
    if (above === NONE) this.#last = below;
    else this.#belows.set(above, below);
    this.#leave(slot);
    this.#size--;
    if (this.#counts.get(slot) > 0) this.#redelivered--;
    this.#seqs.set(slot, 0);
    this.#aboves.set(slot, this.#free);
    this.#free = slot;
  }

  /** The slot of the next higher stream sequence, or NONE. */
  above(slot: number): number {
    return this.#aboves.get(slot);
  }
  streamSeq(slot: number): number {
    return this.#seqs.get(slot);
  }
  /** Of the first delivery; 0 when that is not known. */
  consumerSeq(slot: number): number {
    return this.#consumerSeqs.get(slot);
  }
  timeMs(slot: number): number {
    return this.#times.get(slot);
  }
  setTimeMs(slot: number, timeMs: number): void {
    this.#times.set(slot, timeMs);
  }
  /** Deliveries after the first. */
  count(slot: number): number {
    return this.#counts.get(slot);
  }
  setCount(slot: number, count: number): void {
    this.#redelivered += (count > 0 ? 1 : 0) - (this.#counts.get(slot) > 0 ? 1 : 0);
    this.#counts.set(slot, count);
  }

  checkInvariants(): void {
    let [size, redelivered, below] = [0, 0, NONE];
    for (let slot = this.#first; slot !== NONE; slot = this.#aboves.get(slot)) {
      assert(this.#belows.get(slot) === below, "links go both ways");
      assert(below === NONE || this.#seqs.get(below) < this.#seqs.get(slot), "stream sequences rise");
      assert(this.find(this.#seqs.get(slot)) === slot, "every one is found");
      if (this.#counts.get(slot) > 0) redelivered++;
      size++;
      below = slot;
    }
    assert(this.#last === below, "the last one is known");
    assert(size === this.#size, "they are counted");
    assert(redelivered === this.#redelivered, "those delivered again are counted");
    assert(this.#hash.reduce((used, entry) => used + (entry === 0 ? 0 : 1), 0) === size, "nothing else is found");
    assert(size * 2 <= this.#hash.length, "half of the table is free");
  }

  #take(): number {
    const slot = this.#free;
    if (slot !== NONE) {
      this.#free = this.#aboves.get(slot);
      return slot;
    }
    const made = this.#made++;
    for (const column of [this.#seqs, this.#consumerSeqs, this.#times]) column.ensure(made + 1);
    for (const column of [this.#counts, this.#belows, this.#aboves]) column.ensure(made + 1);
    return made;
  }

  #enter(slot: number, streamSeq: number): void {
    const hash = this.#hash;
    const mask = hash.length - 1;
    let i = homeOf(streamSeq, mask);
    while (hash[i] !== 0) i = (i + 1) & mask;
    hash[i] = slot + 1;
  }

  /** Takes a slot out of the table; those behind it that it kept from their home move up. */
  #leave(slot: number): void {
    const hash = this.#hash;
    const mask = hash.length - 1;
    let gap = homeOf(this.#seqs.get(slot), mask);
    while (hash[gap] !== slot + 1) gap = (gap + 1) & mask;
    for (let i = (gap + 1) & mask; hash[i] !== 0; i = (i + 1) & mask) {
      const home = homeOf(this.#seqs.get(hash[i]! - 1), mask);
      if (((i - home) & mask) < ((i - gap) & mask)) continue;
      hash[gap] = hash[i]!;
      gap = i;
    }
    hash[gap] = 0;
  }

  #rehash(): void {
    this.#hash = new Int32Array(Math.max(LEAST, this.#hash.length * 2));
    for (let slot = this.#first; slot !== NONE; slot = this.#aboves.get(slot)) this.#enter(slot, this.#seqs.get(slot));
  }
}
