// Work of an account that must not be mixed with other such work: one piece after
// the other, in the order it was asked for.
//
// Owns who waits. Knows nothing of what is done.

import { run, type Work } from "../base/work.ts";

export class WorkLine {
  readonly #nextTurn: (fire: () => void) => void;
  readonly #waiting: (() => void)[] = [];
  #isBusy = false;

  constructor(nextTurn: (fire: () => void) => void) {
    this.#nextTurn = nextTurn;
  }

  /** `done` within the call when nothing waits and the work is short. */
  run<T>(work: Work<T>, done: (result: T) => void): void {
    const begin = (): void => {
      run(this.#nextTurn, work, (result) => {
        this.#isBusy = false;
        done(result);
        // What `done` asked for may have begun.
        if (!this.#isBusy) this.#next();
      });
    };
    if (this.#isBusy || this.#waiting.length > 0) this.#waiting.push(begin);
    else {
      this.#isBusy = true;
      begin();
    }
  }

  #next(): void {
    const begin = this.#waiting.shift();
    if (begin === undefined) return;
    this.#isBusy = true;
    begin();
  }
}
