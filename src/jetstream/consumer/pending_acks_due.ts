// When pending acks are due: a heap of slots, the one due first on top.
//
//     places   slot → where in the heap, or −1
//
// Of those due at the same time the lowest stream sequence comes first. Knows slots and times, not what is due.

import { assert } from "../../base/assert.ts";
import { Float64Chunks, Int32Chunks } from "../../store/chunks.ts";
import type { PendingAcks } from "./pending_acks.ts";

const OUT = -1;

export class DueAcks {
  readonly #pending: PendingAcks;
  readonly #heap = new Int32Chunks();
  readonly #dues = new Float64Chunks();
  /** Place + 1: room that is new says OUT. */
  readonly #places = new Int32Chunks();
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
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#dues.get(this.#heap.get(0));
  }
  /** The slot that is due first. */
  get first(): number {
    assert(this.#size > 0, "something is due");
    return this.#heap.get(0);
  }
  has(slot: number): boolean {
    return this.#place(slot) !== OUT;
  }
  dueMs(slot: number): number {
    return this.#dues.get(slot);
  }

  /** A slot is due then, whatever was said of it before. */
  set(slot: number, dueMs: number): void {
    this.#dues.ensure(slot + 1);
    this.#places.ensure(slot + 1);
    const place = this.#place(slot);
    this.#dues.set(slot, dueMs);
    if (place === OUT) {
      this.#heap.ensure(this.#size + 1);
      this.#rise(slot, this.#size++);
    } else this.#settle(slot, place);
  }

  /** A slot is not due any more. */
  remove(slot: number): void {
    const place = this.#place(slot);
    if (place === OUT) return;
    this.#places.set(slot, OUT + 1);
    const moved = this.#heap.get(--this.#size);
    if (moved !== slot) this.#settle(moved, place);
  }

  checkInvariants(): void {
    for (let i = 0; i < this.#size; i++) {
      const slot = this.#heap.get(i);
      assert(this.#place(slot) === i, "a slot knows its place");
      assert(i === 0 || !this.#isBefore(slot, this.#heap.get((i - 1) >>> 1)), "nothing is due before what is above it");
    }
  }

  #place(slot: number): number {
    return slot < this.#places.length ? this.#places.get(slot) - 1 : OUT;
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
    for (let child = 2 * place + 1; child < this.#size; child = 2 * place + 1) {
      let least = this.#heap.get(child);
      if (child + 1 < this.#size && this.#isBefore(this.#heap.get(child + 1), least)) least = this.#heap.get(++child);
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
