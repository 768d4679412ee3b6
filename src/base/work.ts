// Work that is long only where there is much to do: a generator that yields
// where a later turn may go on.
//
//     run(nextTurn, checkAll(subjects), (found) => …)
//
// What does not yield ends within the call, as if it were no generator.

/** Ends with a `T`. */
export type Work<T> = Generator<undefined, T>;

/** Small things (a subject checked, a node looked at) that are done in a slice. */
export const THINGS_A_SLICE = 1024;

/** Begins at once and goes on in later turns; `done` within the call when that was all. */
export function run<T>(nextTurn: (fire: () => void) => void, work: Work<T>, done: (result: T) => void): void {
  const goOn = (): void => {
    const next = work.next();
    if (next.done === true) done(next.value);
    else nextTurn(goOn);
  };
  goOn();
}

/** Runs work to its end in one go. */
export function runAll<T>(work: Work<T>): T {
  for (;;) {
    const next = work.next();
    if (next.done === true) return next.value;
  }
}

/** Counts what a slice did. */
export class Pace {
  #left = THINGS_A_SLICE;

  /** Whether it was enough for one slice; then the next one begins. */
  spend(things = 1): boolean {
    this.#left -= things;
    if (this.#left > 0) return false;
    this.#left = THINGS_A_SLICE;
    return true;
  }
}
