// Gives memory back when the process has come to rest.
//
// V8 lets the young part of its heap grow with what is allocated, to 16 MB, and
// makes it small again when it collects in a quiet time. But who rests allocates
// nothing, so nothing is collected: after a storm of messages the memory would
// stay. One collection of that part takes a millisecond or two.
//
// Owns the decision. For the command only: the host of an embedded server
// decides for its own process.

import { performance, type EventLoopUtilization } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The process, as far as that needs. */
export interface RestingProcess {
  /** The share of the time since the last call that it was busy, 0 to 1. */
  busyShare(): number;
  /** What the young part of the heap holds of the system's memory, in bytes. */
  youngBytes(): number;
  /** Collects the young part. */
  collect(): void;
}

const CHECK_MS = 2000;
/** So many checks in a row: V8 calls a time quiet after five seconds. */
const CHECKS_AT_REST = 3;
const BUSY_SHARE = 0.05;
const LEAST_BYTES = 4 << 20;

export class IdleMemory {
  readonly #process: RestingProcess;
  #checksAtRest = 0;

  constructor(resting: RestingProcess) {
    this.#process = resting;
  }

  /** To be called now and then: collects once in each time of rest. */
  check(): void {
    if (this.#process.busyShare() > BUSY_SHARE) this.#checksAtRest = 0;
    else this.#checksAtRest++;
    if (this.#checksAtRest === CHECKS_AT_REST && this.#process.youngBytes() >= LEAST_BYTES) this.#process.collect();
  }
}

/** Watches this process as long as it lives; keeps it alive for nothing. */
export function giveMemoryBackAtRest(): void {
  const idle = new IdleMemory(thisProcess());
  setInterval(() => idle.check(), CHECK_MS).unref();
}

/** This process. */
export function thisProcess(): RestingProcess {
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  return {
    busyShare: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    youngBytes: () =>
      getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.physical_space_size ?? 0,
    collect: () => {
      // The only way there is to a collection; the function is not left where others find it.
      setFlagsFromString("--expose-gc");
      const gc: unknown = runInNewContext("globalThis.gc");
      setFlagsFromString("--no-expose-gc");
      if (typeof gc === "function") gc({ type: "minor" });
    },
  };
}
