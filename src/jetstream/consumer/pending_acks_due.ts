// When pending acks are due: a line of slots, and a heap of those that do not
// come in order.
//
//     line     slots in the order they are due: with one ack wait each new one belongs at its end
//     heap     the others (delays, backoff), the one due first on top
//     places   slot → where in the heap, or in the line, or nowhere
//
// Of those due at the same time the lowest stream sequence comes first. Knows slots and times, not what is due.

import { assert } from "../../base/assert.ts";
import { Float64Chunks, Int32Chunks } from "../../store/chunks.ts";
import { NONE, type PendingAcks } from "./pending_acks.ts";

const OUT = -1;
const IN_LINE = -2;

export class DueAcks {
  readonly #pending: PendingAcks;
  readonly #heap = new Int32Chunks();
  readonly #dues = new Float64Chunks();
  /** Place + 1: room that is new says OUT. */
  readonly #places = new Int32Chunks();
  readonly #befores = new Int32Chunks();
  readonly #behinds = new Int32Chunks();
  #first = NONE;
  #last = NONE;
  #heaped = 0;
  #size = 0;

  constructor(pending: PendingAcks) {
    this.#pending = pending;
  }

  /** How many are ever due. */
  get size(): number {
    return this.#size;
  }
  /** When the first is due; Infinity when none is. */
  get nextMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#dues.get(this.first);
  }
  /** The slot that is due first. */
  get first(): number {
    assert(this.#size > 0, "something is due");
    if (this.#heaped === 0) return this.#first;
    const top = this.#heap.get(0);
    return this.#first !== NONE && this.#isBefore(this.#first, top) ? this.#first : top;
  }
  has(slot: number): boolean {
    return this.#place(slot) !== OUT;
  }
  dueMs(slot: number): number {
    return this.#dues.get(slot);
  }

  /** A slot is due then, whatever was said of it before. */
  set(slot: number, dueMs: number): void {
    if (slot >= this.#places.length) {
      this.#dues.ensure(slot + 1);
      this.#places.ensure(slot + 1);
      this.#befores.ensure(slot + 1);
      this.#behinds.ensure(slot + 1);
    }
    this.remove(slot);
    this.#dues.set(slot, dueMs);
    this.#size++;
    if (this.#last === NONE || this.#isBefore(this.#last, slot)) this.#append(slot);
    else {
      this.#heap.ensure(this.#heaped + 1);
      this.#rise(slot, this.#heaped++);
    }
  }

  /** A slot is not due any more. */
  remove(slot: number): void {
    const place = this.#place(slot);
    if (place === OUT) return;
    this.#places.set(slot, OUT + 1);
    this.#size--;
    if (place === IN_LINE) {
      this.#unlink(slot);
      return;
    }
    const moved = this.#heap.get(--this.#heaped);
    if (moved !== slot) this.#settle(moved, place);
  }

  checkInvariants(): void {
    for (let i = 0; i < this.#heaped; i++) {
      const slot = this.#heap.get(i);
      assert(this.#place(slot) === i, "a slot knows its place");
      assert(i === 0 || !this.#isBefore(slot, this.#heap.get((i - 1) >>> 1)), "nothing is due before what is above it");
    }
    let [length, before] = [0, NONE];
    for (let slot = this.#first; slot !== NONE; slot = this.#behinds.get(slot)) {
      assert(this.#place(slot) === IN_LINE && this.#befores.get(slot) === before, "links go both ways");
      assert(before === NONE || this.#isBefore(before, slot), "the line is in order");
      before = slot;
      length++;
    }
    assert(before === this.#last, "the last one is known");
    assert(length + this.#heaped === this.#size, "they are counted");
  }

  #place(slot: number): number {
    return slot < this.#places.length ? this.#places.get(slot) - 1 : OUT;
  }

  #append(slot: number): void {
    this.#places.set(slot, IN_LINE + 1);
    this.#befores.set(slot, this.#last);
    this.#behinds.set(slot, NONE);
    if (this.#last === NONE) this.#first = slot;
    else this.#behinds.set(this.#last, slot);
    this.#last = slot;
  }

  #unlink(slot: number): void {
    const before = this.#befores.get(slot);
    const behind = this.#behinds.get(slot);
    if (before === NONE) this.#first = behind;
    else this.#behinds.set(before, behind);
    if (behind === NONE) this.#last = before;
    else this.#befores.set(behind, before);
  }

  #put(slot: number, place: number): void {
    this.#heap.set(place, slot);
    this.#places.set(slot, place + 1);
  }

  #settle(slot: number, place: number): void {
    if (place > 0 && this.#isBefore(slot, this.#heap.get((place - 1) >>> 1))) this.#rise(slot, place);
    else this.#sink(slot, place);
  }

  #rise(slot: number, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = this.#heap.get((place - 1) >>> 1);
      if (!this.#isBefore(slot, parent)) break;
      this.#put(parent, place);
      place = (place - 1) >>> 1;
    }
    this.#put(slot, place);
  }

  #sink(slot: number, from: number): void {
    let place = from;
    for (let child = 2 * place + 1; child < this.#heaped; child = 2 * place + 1) {
      let least = this.#heap.get(child);
      if (child + 1 < this.#heaped && this.#isBefore(this.#heap.get(child + 1), least)) least = this.#heap.get(++child);
      if (!this.#isBefore(least, slot)) break;
      this.#put(least, place);
      place = child;
    }
    this.#put(slot, place);
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#dues.get(a) - this.#dues.get(b);
    return difference === 0 ? this.#pending.streamSeq(a) < this.#pending.streamSeq(b) : difference < 0;
  }
}
