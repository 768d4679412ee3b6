// The wait for a disk that did not tell what was asked: longer each time, as long
// as it does not.
//
// Owns one timer, while it waits. What is tried again is the caller's.

import type { Timer } from "../../base/world.ts";

const LEAST_MS = 10;
const MOST_MS = 1000;

export class ReadWait {
  readonly #timer: { after(delayMs: number, fire: () => void): Timer };
  #waiting: Timer | undefined = undefined;
  #delayMs = 0;

  constructor(timer: { after(delayMs: number, fire: () => void): Timer }) {
    this.#timer = timer;
  }

  /** Nothing is to be asked now. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** It did not tell: `again` is called when it is time for another try. */
  failed(again: () => void): void {
    if (this.#waiting !== undefined) return;
    this.#delayMs = Math.min(MOST_MS, Math.max(LEAST_MS, this.#delayMs * 2));
    this.#waiting = this.#timer.after(this.#delayMs, () => {
      this.#waiting = undefined;
      again();
    });
  }

  /** It told. */
  succeeded(): void {
    this.#delayMs = 0;
  }

  close(): void {
    this.#waiting?.cancel();
    this.#waiting = undefined;
  }
}
