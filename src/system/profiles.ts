// Profiles of this process, one of a kind at a time: of the CPU for as long as was asked, of the heap for a second or so.
//
// Owns who waits for the profile that is being taken. Who takes it comes in.

import { goDuration } from "../base/gotime.ts";
import { goQuote } from "../monitor/query.ts";

/** Nanoseconds. */
const LONGEST = 15e9;
const OF_THE_HEAP = 1e9;
/** Those who share one profile of the heap; those beyond are refused. */
const MOST_SHARING = 16;

/** A profile of V8, of so many nanoseconds; or why there is none. */
export type TakeProfile = (name: "heap" | "cpu", nanos: number, done: (profile: Uint8Array | string) => void) => void;

/** Called once, with a profile, or with none and why. */
export type Profiled = (profile: Uint8Array | undefined, error: string) => void;

export class Profiles {
  readonly #take: TakeProfile;
  readonly #waiting = { heap: [] as Profiled[], cpu: [] as Profiled[] };

  constructor(take: TakeProfile) {
    this.#take = take;
  }

  /** Takes a profile; what cannot be taken is refused in nats-server's words. */
  take(name: string, nanos: number, done: Profiled): void {
    if (name === "") done(undefined, "Profile name not specified");
    else if (name === "cpu") this.#takeCpu(nanos, done);
    else if (name === "heap") this.#takeHeap(nanos, done);
    else done(undefined, `Profile ${goQuote(name)} not found`);
  }

  #takeCpu(nanos: number, done: Profiled): void {
    if (nanos <= 0 || nanos > LONGEST) {
      done(undefined, `Duration ${goDuration(nanos)} should be between 0s and 15s`);
    } else if (this.#waiting.cpu.length > 0) {
      done(undefined, "Failed to start CPU profile: cpu profiling already in use");
    } else this.#start("cpu", nanos, done, (why) => `Failed to start CPU profile: ${why}`);
  }

  /** nats-server has one at any time; here it is made when somebody asks, for all who ask meanwhile. */
  #takeHeap(nanos: number, done: Profiled): void {
    const { heap } = this.#waiting;
    if (heap.length >= MOST_SHARING) done(undefined, `Profile "heap" error: too many wait for it`);
    else if (heap.length > 0) heap.push(done);
    else {
      const length = nanos > 0 ? Math.min(nanos, LONGEST) : OF_THE_HEAP;
      this.#start("heap", length, done, (why) => `Profile "heap" error: ${why}`);
    }
  }

  #start(name: "heap" | "cpu", nanos: number, done: Profiled, failed: (why: string) => string): void {
    const waiting = this.#waiting[name];
    waiting.push(done);
    this.#take(name, nanos, (profile) => {
      for (const each of waiting.splice(0)) {
        if (typeof profile === "string") each(undefined, failed(profile));
        else each(profile, "");
      }
    });
  }
}
