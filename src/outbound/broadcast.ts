// Bytes that many peers get alike: gathered once, in one slot, and sent to each
// from there.
//
//     open → add … add → settle: every peer has the bytes among its own
//
// While it is open its bytes belong behind those that wait for each of its peers.
// So a peer settles it before anything else happens to its outbound bytes, and the
// turn does when it ends.

import { copy2 } from "../base/arena.ts";
import type { Outbound } from "./outbound.ts";
import { giveSlot, SLOT_BYTES, SLOT_SLACK, takeSlot } from "./slots.ts";

/** Up to so many peers get a slot of a grade at once: what a turn has to send stays bounded. */
const GRADES: readonly (readonly [peers: number, grade: number])[] = [
  [64, 2],
  [512, 1],
];
/** Of one broadcast. */
export const MOST_PEERS = GRADES.at(-1)![0];

/** A slot that goes back when the last who reads from it is done. */
export class SharedSlot {
  readonly from: number;
  readonly grade: number;
  #readers = 1;

  constructor(from: number, grade: number) {
    this.from = from;
    this.grade = grade;
  }
  /** One more reads from it, and calls `release` once. */
  hold(): void {
    this.#readers++;
  }
  release(): void {
    if (--this.#readers === 0) giveSlot(this.grade, this.from);
  }
}

export class Broadcast {
  readonly #onSettled: () => void;
  #peers: readonly Outbound[] = [];
  #slot: SharedSlot | undefined = undefined;
  #position = 0;
  #limit = 0;

  /** `onSettled` is called when the peers have what was added, before it is sent. */
  constructor(onSettled: () => void) {
    this.#onSettled = onSettled;
  }

  /** Bytes that were added and not settled. */
  get bytes(): number {
    return this.#slot === undefined ? 0 : this.#position - this.#slot.from;
  }

  /** Takes what is added from now on, for at most MOST_PEERS that take broadcasts; false when no slot is free. */
  open(peers: readonly Outbound[]): boolean {
    const grade = GRADES.find(([most]) => peers.length <= most)![1];
    const from = takeSlot(grade);
    if (from < 0) return false;
    this.#slot = new SharedSlot(from, grade);
    this.#position = from;
    this.#limit = from + SLOT_BYTES[grade]! - SLOT_SLACK;
    this.#peers = peers;
    for (const peer of peers) peer.join(this);
    return true;
  }

  /** Adds arena bytes: piece `a`, then piece `b`. False when it is not open, or has no room for them. */
  add2(a: number, aLength: number, b: number, bLength: number): boolean {
    const end = this.#position + aLength + bLength;
    if (end > this.#limit) return false;
    copy2(this.#position, a, aLength, b, bLength);
    this.#position = end;
    return true;
  }

  /** Puts what was added among the bytes of each peer, and closes. With `isFull` it is sent at once, not when the turn ends. */
  settle(isFull = false): void {
    const slot = this.#slot;
    if (slot === undefined) return;
    const peers = this.#peers;
    const to = this.#position;
    this.#slot = undefined;
    this.#position = 0;
    this.#limit = 0;
    for (const peer of peers) peer.leave();
    this.#onSettled();
    if (to > slot.from) for (const peer of peers) peer.putShared(slot, to, isFull);
    slot.release();
  }
}
