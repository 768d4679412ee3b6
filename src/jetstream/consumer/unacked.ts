// The messages that wait for an ack, each due at some time or queued to be
// delivered again.
//
//     add ─→ awaited until dueMs ─→ queued ─→ awaited …
//
// Owns the pending acks, when they are due, and the redelivery queue: a slot is due or queued or neither, never both.
// Knows nothing of rules and floors. Slots are good until the message is removed, or `shrunk` made a copy.

import { assert } from "../../base/assert.ts";
import { NONE, PendingAcks } from "./pending_acks.ts";
import { DueAcks } from "./pending_acks_due.ts";
import { Redeliveries } from "./redeliveries.ts";

/** Memory for so many slots is given back when a sixteenth of it is used. */
const LARGE = 65_536;

export class Unacked extends PendingAcks {
  readonly #due = new DueAcks(this);
  readonly #queue = new Redeliveries();

  /** When the first is due; Infinity when none is. */
  get nextDueMs(): number {
    return this.#due.nextMs;
  }
  /** The slot that is due first: there is one. */
  get firstDue(): number {
    return this.#due.first;
  }
  /** Messages in the redelivery queue. */
  get queued(): number {
    return this.#queue.size;
  }
  /** The slot that is delivered again next, or NONE. */
  get firstQueued(): number {
    return this.#queue.first;
  }
  isQueued(slot: number): boolean {
    return this.#queue.has(slot);
  }

  /** It is due then; Infinity: never. Not of what is queued. */
  await(slot: number, dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) this.#due.remove(slot);
    else this.#due.set(slot, dueMs);
  }
  /** It is to be delivered again, behind the others: not of what is queued. */
  enqueue(slot: number): void {
    this.#due.remove(slot);
    this.#queue.add(slot);
  }
  /** It is neither due nor queued; whether it was queued. */
  release(slot: number): boolean {
    this.#due.remove(slot);
    return this.#queue.remove(slot);
  }
  override remove(slot: number): void {
    this.release(slot);
    super.remove(slot);
  }

  /** Whether there is memory for many more than there are. */
  get isLoose(): boolean {
    return this.made >= LARGE && this.size * 16 <= this.made;
  }
  /** A copy that needs no more memory than what is in it; slots are others. */
  shrunk(): Unacked {
    const copy = new Unacked();
    for (let slot = this.first; slot !== NONE; slot = this.above(slot)) {
      const moved = copy.add(this.streamSeq(slot), this.consumerSeq(slot), this.timeMs(slot), this.count(slot));
      if (this.#due.has(slot)) copy.await(moved, this.#due.dueMs(slot));
    }
    for (let slot = this.#queue.first; slot !== NONE; slot = this.#queue.behind(slot)) {
      copy.enqueue(copy.find(this.streamSeq(slot)));
    }
    return copy;
  }

  override checkInvariants(): void {
    super.checkInvariants();
    this.#due.checkInvariants();
    this.#queue.checkInvariants();
    let [due, queued] = [0, 0];
    for (let slot = this.first; slot !== NONE; slot = this.above(slot)) {
      assert(!(this.#due.has(slot) && this.#queue.has(slot)), "what is queued is not due");
      if (this.#due.has(slot)) due++;
      if (this.#queue.has(slot)) queued++;
    }
    assert(due === this.#due.size && queued === this.#queue.size, "only what is pending is due or queued");
  }
}
