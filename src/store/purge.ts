// A purge in slices: removes messages by filter, by sequence or all but the
// newest, over any store, without holding the loop.
//
// Each step stages some removals; the caller submits them, and answers the
// request after the last step's group is committed. What is stored after the
// purge began is never touched.

import type { ByteString } from "../base/bytes.ts";
import type { StreamStore } from "./stream_store.ts";
import { ALL_SUBJECTS, type SubjectFilter } from "./subject_filter.ts";

/** Messages a search looks at in vain in one step. */
const LOOKS = 1000;
/** What is found that far away ends a step. */
const FAR = 64;

export interface PurgeRequest {
  readonly filter: SubjectFilter;
  /** Only messages below it; 0 for all. Above the last sequence and without a filter, it becomes the next one. */
  readonly below: number;
  /** How many of the newest matching messages stay; not together with `below`. */
  readonly keep: number;
}

export class Purge {
  readonly #store: StreamStore;
  readonly #filter: SubjectFilter;
  readonly #end: number; // exclusive
  #at: number;
  #left: number; // matching messages to remove
  #counting: ByteString | undefined;
  #purged = 0;

  constructor(store: StreamStore, request: PurgeRequest) {
    const { msgs, firstSeq, lastSeq } = store.state();
    this.#store = store;
    this.#filter = request.filter;
    this.#at = firstSeq;
    this.#end = request.below > 0 ? request.below : lastSeq + 1;
    const counted = request.keep > 0 && !request.filter.all;
    this.#counting = counted ? ("" as ByteString) : undefined;
    if (counted) this.#left = -request.keep;
    else this.#left = request.keep > 0 ? Math.max(0, msgs - request.keep) : Number.POSITIVE_INFINITY;
  }

  /** Messages removed so far, or that will be once their group commits. */
  get purged(): number {
    return this.#purged;
  }

  /** Stages the removal of up to `most` messages, fewer when they lie far from each other. Whether there is more to do. */
  step(most: number): boolean {
    if (this.#counting !== undefined) return this.#countStep(most);
    return this.#filter.all ? this.#compactStep(most) : this.#removeStep(most);
  }

  /** How many match, so that the newest can stay. */
  #countStep(most: number): boolean {
    this.#counting = this.#store.subjects(this.#filter, this.#counting!, most, ({ count }) => {
      this.#left += count;
    });
    return true;
  }

  #removeStep(most: number): boolean {
    for (let budget = most; budget > 0; budget--) {
      if (this.#left <= 0) return false;
      const from = this.#at;
      const seq = this.#store.next(this.#filter, from, LOOKS);
      if (seq < 0) {
        this.#at = -seq;
        return this.#at < this.#end;
      }
      if (seq === 0 || seq >= this.#end) return false;
      this.#at = seq + 1;
      this.#left--;
      if (this.#store.stageRemove(seq, false)) this.#purged++;
      // To find it may have cost as much as all the rest.
      if (seq - from > FAR) return true;
    }
    return true;
  }

  #compactStep(most: number): boolean {
    const { msgs, lastSeq } = this.#store.state();
    const everything = this.#left === Number.POSITIVE_INFINITY && this.#end > lastSeq;
    if (everything && this.#store.stagedLastSeq === lastSeq) {
      this.#purged += msgs;
      this.#store.stageCompact(this.#end);
      return false;
    }
    for (let budget = most; budget > 0; budget--) {
      const seq = this.#left <= 0 ? 0 : this.#store.next(ALL_SUBJECTS, this.#at, budget);
      if (seq === 0 || seq >= this.#end) {
        this.#store.stageCompact(this.#left <= 0 ? this.#at : this.#end);
        return false;
      }
      this.#at = seq + 1;
      this.#left--;
      this.#purged++;
    }
    this.#store.stageCompact(this.#at);
    return true;
  }
}
