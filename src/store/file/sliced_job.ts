// Work on a file in slices: a generator that yields where a later turn may go on,
// and where it waits for the disk.
//
//     yield undefined                  enough for this turn
//     const failed = yield (done) => disk.sync(file, done)
//
// A slice is meant to take less than 5 ms. Code before the first yield runs in `step` too.

import type { DiskDone, DiskError } from "../../base/disk.ts";

/** What a slice ends with: nothing, or a call to the disk whose end it waits for. */
export type Pause = ((done: DiskDone) => void) | undefined;
/** A job that ends with a `T`; it is resumed with how the disk call went. */
export type Slices<T> = Generator<Pause, T, DiskError | undefined>;

/** Runs the slices of one job. */
export class SlicedJob<T> {
  readonly #job: Slices<T>;
  readonly #later: (fire: () => void) => void;
  readonly #done: (result: T | undefined) => void;
  #isWaiting: boolean; // for the disk
  #isCancelled: boolean;
  #isOver: boolean;

  /** `later` runs `fire` in a later turn, never inside the call; `done` is called once, undefined when the job was cancelled. */
  constructor(job: Slices<T>, later: (fire: () => void) => void, done: (result: T | undefined) => void) {
    this.#job = job;
    this.#later = later;
    this.#done = done;
    this.#isWaiting = false;
    this.#isCancelled = false;
    this.#isOver = false;
    later(() => this.#step(undefined));
  }

  /** No further slice begins; a disk call under way is waited for. `done` follows, in a later turn. */
  cancel(): void {
    this.#isCancelled = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  #step(failed: DiskError | undefined): void {
    if (this.#isCancelled) {
      this.#job.return(undefined as T);
      this.#end(undefined);
      return;
    }
    const { done, value } = this.#job.next(failed);
    if (done === true) this.#end(value);
    else if (value === undefined) this.#later(() => this.#step(undefined));
    else value((failure) => this.#step(failure));
  }

  #end(result: T | undefined): void {
    this.#isOver = true;
    this.#done(result);
  }
}

/** Runs a job that never waits for the disk, at once: for what is small, and for tests. */
export function runAtOnce<T>(job: Slices<T>): T {
  for (let step = job.next(undefined); ; step = job.next(undefined)) if (step.done === true) return step.value;
}
