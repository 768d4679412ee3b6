// Who comes new, one in a turn: many who knock at once do not keep those waiting who are connected.
//
//     turn     first one at once │ flushes │ one of those that wait (more, when many do)
//
// Nobody is slowed down who comes alone. Owns who waits; knows nothing of what is done for them.

import type { Turn } from "./turn.ts";

/** For so many that wait, one more in a turn; and so many in a turn at most. */
const WAITING_FOR_MORE = 32;
const MOST_A_TURN = 16;
/** So many that were seen to may still lie in front of those that wait. */
const MOST_BEHIND = 1024;

export class Newcomers {
  readonly #turn: Pick<Turn, "hold">;
  /** Those from `#next` on wait. */
  #waiting: (() => void)[] = [];
  #next = 0;
  /** Somebody has come in this turn. */
  #isTaken = false;

  constructor(turn: Pick<Turn, "hold">) {
    this.#turn = turn;
  }

  /** Runs `work` now, or in a later turn after others that came before. */
  come(work: () => void): void {
    if (this.#isTaken) {
      this.#waiting.push(work);
      return;
    }
    this.#take();
    work();
  }

  #take(): void {
    this.#isTaken = true;
    this.#turn.hold(this.#onTurnEnd);
  }

  readonly #onTurnEnd = (): void => {
    this.#isTaken = false;
    const count = this.#waiting.length - this.#next;
    if (count === 0) return;
    this.#take();
    const most = Math.min(count, MOST_A_TURN, 1 + Math.floor(count / WAITING_FOR_MORE));
    for (let i = 0; i < most; i++) this.#waiting[this.#next++]!();
    // It may be that somebody waits at any time: who was seen to is let go of all the same.
    if (this.#next < this.#waiting.length && this.#next < MOST_BEHIND) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  };
}
