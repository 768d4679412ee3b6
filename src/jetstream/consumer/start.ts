// Where a new consumer begins, by its deliver policy: found in slices.
//
// Asks the store's committed view as it was when the consumer was made; what is
// stored meanwhile is new to it. Source: stream-consumer-semantics facts §14.

import { byteString } from "../../base/bytes.ts";
import type { StreamStore } from "../../store/stream_store.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import { type ConsumerConfig, filtersOf } from "../config/consumer_config.ts";
import { SkipList } from "./skip_list.ts";

/** Messages looked at in one slice. */
const LOOK = 10_000;

export class Start {
  readonly #store: StreamStore;
  readonly #config: ConsumerConfig;
  readonly #filter: SubjectFilter;
  readonly #firstSeq: number;
  readonly #lastSeq: number;
  /** The next message, once it is found. */
  seq = 0;
  /** What is delivered before that, for `last_per_subject`. */
  skip: SkipList | undefined = undefined;
  /** Where the search goes on. */
  #at = 0;
  #pattern = 0;
  /** By time: the lowest first message of the patterns that is not before the time. */
  #nearest = 0;

  constructor(store: StreamStore, config: ConsumerConfig, filter: SubjectFilter, maxMsgsPerSubject: number) {
    const { firstSeq, lastSeq } = store.state();
    this.#store = store;
    this.#config = config;
    this.#filter = filter;
    this.#firstSeq = firstSeq;
    this.#lastSeq = lastSeq;
    this.#at = lastSeq;
    const { deliver_policy: policy, opt_start_time: time } = config;
    if (policy === "all") this.seq = firstSeq;
    else if (policy === "new") this.seq = lastSeq + 1;
    else if (policy === "by_start_sequence") this.seq = Number(config.opt_start_seq);
    else if (policy === "by_start_time") {
      this.seq = store.seqAt(time!.sec, time!.nanos);
      this.#at = firstSeq;
      this.#nearest = lastSeq;
    } else if (policy === "last_per_subject") {
      if (maxMsgsPerSubject === 1) this.seq = firstSeq;
      else this.skip = new SkipList(store, filter, lastSeq);
    }
  }

  /** Searches one slice; whether there is more. */
  step(): boolean {
    const more = this.#search();
    if (!more) this.seq = this.#clamped();
    return more;
  }

  #search(): boolean {
    const { deliver_policy: policy } = this.#config;
    if (this.skip !== undefined) {
      if (this.skip.step()) return true;
      this.seq = this.skip.count === 0 ? this.#lastSeq : this.skip.first;
      if (this.skip.count === 0) this.skip = undefined;
      return false;
    }
    if (policy === "last") return this.#searchLast();
    return policy === "by_start_time" && this.#searchPatterns();
  }

  #searchLast(): boolean {
    const found = this.#filter.all ? this.#lastSeq : this.#store.previous(this.#filter, this.#at, LOOK);
    if (found < 0) this.#at = -found;
    else this.seq = found;
    return found < 0;
  }

  /** From a time on nothing is walked over that begins later. */
  #searchPatterns(): boolean {
    const pattern = filtersOf(this.#config)[this.#pattern];
    if (pattern === undefined) {
      if (this.#nearest > this.seq && this.#nearest < this.#lastSeq) this.seq = this.#nearest;
      return false;
    }
    const first = this.#store.next(new SubjectFilter([byteString(pattern)]), this.#at, LOOK);
    if (first < 0) {
      this.#at = -first;
      return true;
    }
    if (first >= this.seq && first < this.#nearest) this.#nearest = first;
    this.#pattern++;
    this.#at = this.#firstSeq;
    return true;
  }

  /** Not before what there is, nor beyond the next, unless a sequence was asked for. */
  #clamped(): number {
    const isAsked = this.#config.opt_start_seq > 0n;
    if (this.#firstSeq === 0 && !isAsked) return 1;
    if (this.seq > this.#lastSeq && !isAsked) return this.#lastSeq + 1;
    return Math.max(this.seq, this.#firstSeq, 1);
  }
}
