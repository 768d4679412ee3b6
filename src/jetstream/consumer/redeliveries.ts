// Which pending messages are to be delivered again, in what order: a queue of slots.
//
// Each is in it once, and leaves it from anywhere in one step. Knows slots only.

import { assert } from "../../base/assert.ts";
import { Int32Chunks } from "../../store/chunks.ts";
import { NONE } from "./pending_acks.ts";

export class Redeliveries {
  /** Slot + 1 of the one that follows; 0: not in the queue. The last one is followed by END. */
  readonly #nexts = new Int32Chunks();
  readonly #befores = new Int32Chunks();
  #first = NONE;
  #last = NONE;
  #size = 0;

  get size(): number {
    return this.#size;
  }
  /** The slot that is next, or NONE. */
  get first(): number {
    return this.#first;
  }
  has(slot: number): boolean {
    return this.#size > 0 && slot < this.#nexts.length && this.#nexts.get(slot) !== 0;
  }
  /** The slot behind one that is in the queue, or NONE. */
  behind(slot: number): number {
    const next = this.#nexts.get(slot);
    return next === END ? NONE : next - 1;
  }

  /** Puts a slot at the end, which is not in the queue. */
  add(slot: number): void {
    assert(!this.has(slot), "each is in the queue once");
    this.#nexts.ensure(slot + 1);
    this.#befores.ensure(slot + 1);
    this.#befores.set(slot, this.#last);
    this.#nexts.set(slot, END);
    if (this.#last === NONE) this.#first = slot;
    else this.#nexts.set(this.#last, slot + 1);
    this.#last = slot;
    this.#size++;
  }

  /** Takes a slot out; false when it was not in. */
  remove(slot: number): boolean {
    if (!this.has(slot)) return false;
    const [before, behind] = [this.#befores.get(slot), this.behind(slot)];
    if (before === NONE) this.#first = behind;
    else this.#nexts.set(before, behind === NONE ? END : behind + 1);
    if (behind === NONE) this.#last = before;
    else this.#befores.set(behind, before);
    this.#nexts.set(slot, 0);
    this.#size--;
    return true;
  }

  checkInvariants(): void {
    let [size, before] = [0, NONE];
    for (let slot = this.#first; slot !== NONE; slot = this.behind(slot)) {
      assert(this.#befores.get(slot) === before, "links go both ways");
      before = slot;
      size++;
    }
    assert(size === this.#size, "they are counted");
    assert(before === this.#last, "the last one is known");
  }
}

const END = -1;
