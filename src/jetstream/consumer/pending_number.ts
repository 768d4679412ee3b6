// How many messages a consumer has yet to deliver for the first time, exactly.
//
// Counted once, in slices, and then kept: what is stored and matches adds one,
// what is delivered or removed takes one. While it counts nothing is delivered.
//
//     all subjects      the span of sequences less what is deleted; also where every subject there is matches
//     from the first    the counts of the subjects
//     one subject       its messages, one by one
//     from near the end one by one
//     else              the counts of the subjects less those before, one by one

import { type ByteString, byteStringOf } from "../../base/bytes.ts";
import type { StreamStore } from "../../store/stream_store.ts";
import type { SubjectFilter } from "../../store/subject_filter.ts";

/** Messages, subjects or ranges looked at in one slice; a turn has room for four. */
const SLICE = 2500;
/** Messages of one subject, each of which is found by an index; and how far apart they may lie where there is none yet. */
const OWN_SLICE = 250;
const OWN_REACH = 5000;
/** So many messages are counted before any subject is looked at. */
const FEW = 10_000;

export class PendingNumber {
  readonly #store: StreamStore;
  #filter: SubjectFilter;
  #value = 0;
  #isExact = true;
  // While it is counted: messages in from..upTo.
  #from = 1;
  #upTo = 0;
  #phase: "deleted" | "subjects" | "before" | "messages" | "own" = "messages";
  #matching = 0;
  /** None was removed since: then that many match, and no other. */
  #isSteady = true;
  /** Sequences below are looked at: of the span, or of those before. */
  #at = 0;
  /** Names below are looked at. */
  #name: ByteString | undefined = "" as ByteString;

  constructor(store: StreamStore, filter: SubjectFilter) {
    this.#store = store;
    this.#filter = filter;
  }

  /** The number, when `isExact`. */
  get value(): number {
    return this.#value;
  }
  get isExact(): boolean {
    return this.#isExact;
  }

  /** Counts anew, by `step`. */
  count(filter: SubjectFilter, from: number): void {
    const { firstSeq, lastSeq, msgs } = this.#store.state();
    this.#filter = filter;
    this.#value = 0;
    this.#from = Math.max(from, firstSeq);
    this.#upTo = lastSeq;
    this.#isExact = this.#from > lastSeq || msgs === 0;
    this.#at = this.#from;
    this.#name = "" as ByteString;
    if (filter.all) {
      this.#phase = "deleted";
      if (this.#isExact) return;
      this.#value = this.#from === firstSeq ? msgs : lastSeq - this.#from + 1;
      this.#isExact = this.#from === firstSeq;
      return;
    }
    const left = lastSeq - this.#from;
    this.#phase = left < FEW && left < this.#from - firstSeq ? "messages" : "subjects";
    this.#matching = 0;
    this.#isSteady = true;
  }

  /** Counts one slice; whether there is more, also when the disk did not tell: the same slice then comes again. */
  step(): boolean {
    if (this.#isExact) return false;
    let more: boolean;
    if (this.#phase === "deleted") more = this.#stepDeleted();
    else if (this.#phase === "subjects") more = this.#stepSubjects();
    else if (this.#phase === "own") more = this.#stepOwn();
    else more = this.#stepMessages();
    this.#isExact = !more;
    return more;
  }

  /** A matching message is stored; the caller counts only what is at or above the next. */
  stored(subject: Uint8Array, from: number, to: number): void {
    // A subject that is still to be counted is counted with it.
    if (!this.#isExact && this.#phase === "subjects" && !this.#isPast(subject, from, to)) return;
    this.#value++;
  }

  /** Matching messages at or above the next are delivered: only when exact. */
  delivered(count = 1): void {
    this.#value -= count;
  }

  /** A matching message is gone; `isPending`: at or above the next. */
  removed(seq: number, subject: Uint8Array, from: number, to: number, isPending: boolean): void {
    if (this.#isExact) {
      if (isPending) this.#value--;
      return;
    }
    if (this.#phase === "subjects") {
      this.#isSteady = false;
      if (this.#isPast(subject, from, to)) this.#value--;
    } else if (this.#phase === "before") {
      // Those before are counted with the subjects; they are taken off where they are passed.
      if (seq >= this.#at) this.#value--;
    } else if (seq > this.#upTo || seq < this.#at) {
      if (seq >= this.#from) this.#value--;
    }
  }

  #isPast(subject: Uint8Array, from: number, to: number): boolean {
    return byteStringOf(subject, from, to) < this.#name!;
  }

  #stepDeleted(): boolean {
    const from = this.#at;
    const next = this.#store.deletedRanges(from, SLICE, (first, last) => {
      const low = Math.max(first, from);
      const high = Math.min(last, this.#upTo);
      if (high >= low) this.#value -= high - low + 1;
    });
    this.#at = next;
    return next > 0 && next <= this.#upTo;
  }

  #stepSubjects(): boolean {
    this.#name = this.#store.subjects(this.#filter, this.#name!, SLICE, ({ count }) => {
      this.#value += count;
      this.#matching++;
    });
    if (this.#name !== undefined) return true;
    const { firstSeq, lastSeq, subjects } = this.#store.state();
    if (this.#from <= firstSeq) return false;
    this.#at = this.#from;
    // Counted from here on, whatever the subjects said.
    this.#upTo = lastSeq;
    if (this.#isSteady && this.#matching === subjects) {
      this.#phase = "deleted";
      this.#value = Math.max(0, lastSeq - this.#from + 1);
    } else if (this.#filter.literal !== undefined) {
      this.#phase = "own";
      this.#value = 0;
    } else if (this.#from - firstSeq < lastSeq - this.#from) {
      this.#phase = "before";
      this.#at = firstSeq;
    } else {
      this.#phase = "messages";
      this.#value = 0;
    }
    return true;
  }

  #stepOwn(): boolean {
    const end = this.#at + OWN_REACH;
    for (let left = OWN_SLICE; left > 0 && this.#at < end; left--) {
      const { readFailures } = this.#store;
      const seq = this.#store.next(this.#filter, this.#at, SLICE);
      if (this.#store.readFailures !== readFailures) return true;
      if (seq === 0 || Math.abs(seq) > this.#upTo) return false;
      this.#at = seq < 0 ? -seq : seq + 1;
      if (seq < 0) return true;
      this.#value++;
    }
    return true;
  }

  #stepMessages(): boolean {
    const isBefore = this.#phase === "before";
    const end = isBefore ? this.#from - 1 : this.#upTo;
    const to = Math.min(end, this.#at + SLICE - 1);
    const { readFailures } = this.#store;
    const found = this.#store.count(this.#filter, this.#at, to);
    if (this.#store.readFailures !== readFailures) return true;
    this.#value += isBefore ? -found : found;
    this.#at = to + 1;
    return this.#at <= end;
  }
}
