// Who may sync next: all stores of this process share the thread pool, and a
// sync holds one of its threads until the disk has answered.
//
// At most (threads − 1) are in flight, so that a name can still be looked up.
// Waiting ones go in turn: one of each share (a store), then the next of each.
// While any is in flight the loop does not poll (latency.ts): the sync needs
// the core, and its completion would wait for a loop that spins.

import { assert } from "../base/assert.ts";
import { holdPolling, releasePolling } from "./latency.ts";

/** Starts a sync; `finished` is to be called once, when it has ended. */
export type StartSync = (finished: () => void) => void;

/** How many the pool of `threads` (UV_THREADPOOL_SIZE) takes. */
export function syncsAtOnce(threads: string | undefined): number {
  // As libuv reads it: 4 when it is not set, at least 1, at most 1024.
  const size = threads === undefined ? 4 : Math.min(1024, Math.max(1, Math.trunc(Number(threads)) || 1));
  return Math.max(1, size - 1);
}

export class SyncScheduler {
  readonly #most: number;
  readonly #hold: () => void;
  readonly #release: () => void;
  /** By share, in the order in which they are served. A share without waiting syncs is not in it. */
  readonly #waiting = new Map<string, StartSync[]>();
  #inFlight = 0;

  constructor(most: number, hold: () => void = holdPolling, release: () => void = releasePolling) {
    assert(most > 0, "something is synced");
    this.#most = most;
    this.#hold = hold;
    this.#release = release;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Starts it now or when it is its share's turn. */
  ask(share: string, start: StartSync): void {
    if (this.#inFlight < this.#most) {
      this.#start(start);
      return;
    }
    const waiting = this.#waiting.get(share);
    if (waiting === undefined) this.#waiting.set(share, [start]);
    else waiting.push(start);
  }

  #start(start: StartSync): void {
    if (this.#inFlight++ === 0) this.#hold();
    let ended = false;
    start(() => {
      assert(!ended, "a sync ends once");
      ended = true;
      if (--this.#inFlight === 0) this.#release();
      this.#next();
    });
  }

  #next(): void {
    if (this.#inFlight >= this.#most) return;
    for (const [share, waiting] of this.#waiting) {
      this.#waiting.delete(share);
      const start = waiting.shift()!;
      if (waiting.length > 0) this.#waiting.set(share, waiting);
      this.#start(start);
      return;
    }
  }
}

let shared: SyncScheduler | undefined;
/** The one of this process; the pool's size is asked when first needed. */
export function sharedSyncs(): SyncScheduler {
  shared ??= new SyncScheduler(syncsAtOnce(process.env["UV_THREADPOOL_SIZE"]));
  return shared;
}
