// Direct gets of all streams of a server: a bounded time of each turn, in
// turns, a slice each.
//
//     run ─→ a slice at once, while the turn has time ─→ queue ─→ a slice ─→ queue …
//
// Owns their queue, whose length and bytes are bounded: a request beyond is not
// answered. One that nobody waits for any more is dropped.

import type { JetStreamSurroundings } from "../surroundings.ts";

/** Work in slices of about a millisecond. */
export interface DirectJob {
  /** Memory it holds, in bytes, about. */
  readonly heldBytes: number;
  /** Whether anybody waits for the answer. */
  isWanted(): boolean;
  /** Does one slice; whether there is more. */
  step(): boolean;
}

const MOST_JOBS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** What direct gets may take of a turn, in time and in slices. */
const TURN_MS = 2;
const MOST_SLICES = 8;

interface Waiting {
  /** The stream that it reads. */
  readonly owner: object;
  readonly job: DirectJob;
  /** As it was counted. */
  readonly bytes: number;
}

export class DirectJobs {
  readonly #surroundings: Pick<JetStreamSurroundings, "nextTurn" | "world">;
  #waiting: Waiting[] = [];
  #bytes = 0;
  // Of this turn:
  #spentMs = 0;
  #isArmed = false;

  constructor(surroundings: Pick<JetStreamSurroundings, "nextTurn" | "world">) {
    this.#surroundings = surroundings;
  }

  /** Requests that wait, and the bytes they hold. */
  get length(): number {
    return this.#waiting.length;
  }
  get heldBytes(): number {
    return this.#bytes;
  }

  /** Begins at once when nothing else waits and the turn has time for it. */
  run(owner: object, job: DirectJob): void {
    const isNow = this.#waiting.length === 0 && this.#spentMs < TURN_MS;
    if (!isNow || this.#step(job)) this.#add(owner, job);
  }

  /** Forgets what is not done of a stream. */
  forget(owner: object): void {
    const dropped = this.#waiting.filter((waiting) => waiting.owner === owner);
    for (const { bytes } of dropped) this.#bytes -= bytes;
    if (dropped.length > 0) this.#waiting = this.#waiting.filter((waiting) => waiting.owner !== owner);
  }

  #add(owner: object, job: DirectJob): void {
    const bytes = job.heldBytes;
    if (this.#waiting.length >= MOST_JOBS || this.#bytes + bytes > MOST_BYTES) return;
    this.#waiting.push({ owner, job, bytes });
    this.#bytes += bytes;
    this.#arm();
  }

  #step(job: DirectJob): boolean {
    const { world } = this.#surroundings;
    const began = world.nowMs();
    const hasMore = job.step();
    this.#spentMs += world.nowMs() - began;
    if (this.#spentMs > 0) this.#arm();
    return hasMore;
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#surroundings.nextTurn(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isArmed = false;
    this.#spentMs = 0;
    for (let left = MOST_SLICES; left > 0 && this.#spentMs < TURN_MS; left--) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      this.#bytes -= waiting.bytes;
      const { owner, job } = waiting;
      if (job.isWanted() && this.#step(job)) this.#add(owner, job);
    }
    if (this.#waiting.length > 0) this.#arm();
  };
}
