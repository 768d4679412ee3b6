// How many messages match from a sequence on, counted in slices.
//
// Of all subjects it is what is between the sequences but for the deleted
// ones; of some, their counts when it is from the first message on; else they
// are looked at one by one.

import type { ByteString } from "../../base/bytes.ts";
import type { StreamStore } from "../../store/stream_store.ts";
import type { SubjectFilter } from "../../store/subject_filter.ts";

/** Messages, subjects or ranges looked at in one slice. */
const SLICE = 10_000;

export class PendingCount {
  readonly #store: StreamStore;
  readonly #filter: SubjectFilter;
  readonly #way: "deleted" | "subjects" | "messages";
  /** The last sequence that is counted. */
  readonly upTo: number;
  #seq: number;
  #name: ByteString | undefined = "" as ByteString;
  #pending = 0;

  constructor(store: StreamStore, filter: SubjectFilter, from: number) {
    const { firstSeq, lastSeq } = store.state();
    this.#store = store;
    this.#filter = filter;
    this.upTo = lastSeq;
    this.#seq = Math.max(from, firstSeq);
    if (filter.all) this.#way = "deleted";
    else this.#way = this.#seq === firstSeq ? "subjects" : "messages";
    if (filter.all) this.#pending = Math.max(0, lastSeq - this.#seq + 1);
  }

  /** The number, once there is no more to do. */
  get pending(): number {
    return this.#pending;
  }

  /** Counts one slice; whether there is more. */
  step(): boolean {
    if (this.#seq > this.upTo) return false;
    if (this.#way === "deleted") return this.#countDeleted();
    return this.#way === "subjects" ? this.#countSubjects() : this.#countMessages();
  }

  #countDeleted(): boolean {
    const from = this.#seq;
    const next = this.#store.deletedRanges(from, SLICE, (first, last) => {
      const low = Math.max(first, from);
      const high = Math.min(last, this.upTo);
      if (high >= low) this.#pending -= high - low + 1;
    });
    this.#seq = next;
    return next > 0 && next <= this.upTo;
  }

  #countSubjects(): boolean {
    this.#name = this.#store.subjects(this.#filter, this.#name!, SLICE, ({ count }) => {
      this.#pending += count;
    });
    return this.#name !== undefined;
  }

  #countMessages(): boolean {
    const to = Math.min(this.upTo, this.#seq + SLICE - 1);
    this.#pending += this.#store.count(this.#filter, this.#seq, to);
    this.#seq = to + 1;
    return this.#seq <= this.upTo;
  }
}
