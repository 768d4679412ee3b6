// How much one connection may do in one turn, before the others have theirs.
//
// Counts work instead of looking at the clock: it costs a subtraction, and a
// test sees what a busy machine sees. A unit is about 100 ns.

import type { Turn } from "../outbound/turn.ts";

/** About 10 ms. It adds up over turns: who seldom costs anything pauses for a turn now and then. */
const TURN_WORK = 100_000;

export class Pace {
  readonly #turn: Turn;
  #left = TURN_WORK;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Notes work that was done. True when it is time to wait for the next turn, in which it may do as much again. */
  spend(work: number): boolean {
    this.#left -= work;
    if (this.#left > 0) return false;
    this.#left = TURN_WORK;
    this.#turn.usedUp();
    return true;
  }
}
