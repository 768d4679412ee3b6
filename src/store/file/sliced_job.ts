// Work on a file in slices: a generator that yields where a later turn may go on,
// and where it waits for the disk.
//
//     yield undefined                                         enough for this turn
//     const failed = yield (done) => disk.sync(file, done)    goes on when the disk is done
//
// A slice is meant to take 2 or 3 ms. A job is cancelled only between
// slices, never while it waits for the disk or right after: so a job without a
// slice between two disk calls does both or none.

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
  #isCancelled: boolean;
  #isOver: boolean;

  /**
   * Begins in a later turn: `later` runs `fire` then, never inside the call. `done` is called once, undefined when
   * the job was cancelled.
   */
  constructor(job: Slices<T>, later: (fire: () => void) => void, done: (result: T | undefined) => void) {
    this.#job = job;
    this.#later = later;
    this.#done = done;
    this.#isCancelled = false;
    this.#isOver = false;
    later(() => this.#slice());
  }

  /** No further slice begins; a disk call under way is waited for. `done` follows in a later turn, with a result when the job was about to end. */
  cancel(): void {
    this.#isCancelled = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  #slice(): void {
    if (!this.#isCancelled) {
      this.#resume(undefined);
      return;
    }
    this.#job.return(undefined as T);
    this.#end(undefined);
  }

  #resume(failed: DiskError | undefined): void {
    const { done, value } = this.#job.next(failed);
    if (done === true) this.#end(value);
    else if (value === undefined) this.#later(() => this.#slice());
    else value((failure) => this.#resume(failure));
  }

  #end(result: T | undefined): void {
    this.#isOver = true;
    this.#done(result);
  }
}

/** Bounds a slice: what is done costs about as much as hashing so many bytes. */
export class Effort {
  #left = SLICE;

  /** Whether the slice is full; then the next one begins. */
  spend(cost: number): boolean {
    this.#left -= cost;
    if (this.#left > 0) return false;
    this.#left = SLICE;
    return true;
  }
  /** What may still be spent in this slice. */
  get left(): number {
    return this.#left;
  }
}

const SLICE = 1 << 19;
