// Direct gets that take more than a moment, a slice each a turn, in turns.
//
// Owns their queue, which is bounded: a request beyond is not answered.

import type { JetStreamSurroundings } from "../surroundings.ts";

/** Work in slices of about a millisecond. */
export interface DirectJob {
  /** Does one slice; whether there is more. */
  step(): boolean;
}

const MOST_JOBS = 10_000;

export class DirectJobs {
  readonly #surroundings: Pick<JetStreamSurroundings, "nextTurn">;
  #jobs: DirectJob[] = [];

  constructor(surroundings: Pick<JetStreamSurroundings, "nextTurn">) {
    this.#surroundings = surroundings;
  }

  /** Begins at once when nothing else is being done. */
  run(job: DirectJob): void {
    if (this.#jobs.length > 0) {
      if (this.#jobs.length < MOST_JOBS) this.#jobs.push(job);
      return;
    }
    if (!job.step()) return;
    this.#jobs.push(job);
    this.#surroundings.nextTurn(this.#step);
  }

  /** Forgets what is not done. */
  close(): void {
    this.#jobs = [];
  }

  readonly #step = (): void => {
    const job = this.#jobs.shift();
    if (job === undefined) return;
    if (job.step()) this.#jobs.push(job);
    if (this.#jobs.length > 0) this.#surroundings.nextTurn(this.#step);
  };
}
