// How much one connection may do in one turn, before the others have theirs.
//
// Counts work instead of looking at the clock: it costs a subtraction, and a
// test sees what a busy machine sees. A unit is about 100 ns.

import type { Turn } from "../outbound/turn.ts";

/** About 10 ms: far more than a chunk of ordinary messages needs. */
export const TURN_WORK = 100_000;

export class Pace {
  readonly #turn: Turn;
  #number = 0;
  #left = TURN_WORK;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Notes work that was done. True when that was all for this turn. */
  spend(work: number): boolean {
    this.#left -= work;
    if (this.#left > 0) return false;
    const isSameTurn = this.#number === this.#turn.number;
    this.#number = this.#turn.number;
    this.#left = TURN_WORK;
    return isSameTurn;
  }
}
