// Which message a consumer delivers next for the first time, and how many
// there are.
//
//     skip list (last per subject) ─→ the next match at or above `nextStreamSeq`
//
// Owns the filter, the skip list and the number of pending messages. Reads the
// store's committed view; what of it was delivered is AckState's to know.

import { byteString } from "../../base/bytes.ts";
import type { StoredRun } from "../../store/stored_run.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import { type ConsumerConfig, filtersOf } from "../config/consumer_config.ts";
import type { AckState } from "./ack_state.ts";
import type { ConsumerStream } from "./parts.ts";
import { PendingNumber } from "./pending_number.ts";
import type { SkipList } from "./skip_list.ts";

/** Messages looked at in one slice. */
const LOOK = 4096;
/** Dear ones that are gathered together. */
const MOST_AROUND = 128;

/** `Cursor.next` found none yet: go on in another slice; or the disk did not tell (`readFailures` of the store). */
export const SEARCHING = -1;

export class Cursor {
  readonly #stream: ConsumerStream;
  readonly #state: AckState;
  readonly #pending: PendingNumber;
  #filter: SubjectFilter;
  #skip: SkipList | undefined = undefined;
  #mustCount = false;

  constructor(stream: ConsumerStream, state: AckState, config: ConsumerConfig) {
    this.#stream = stream;
    this.#state = state;
    this.#filter = filterOf(config);
    this.#pending = new PendingNumber(stream.store, this.#filter);
  }

  get filter(): SubjectFilter {
    return this.#filter;
  }
  /** Messages to be delivered for the first time; exact unless they are being counted. */
  get numPending(): number {
    return Math.max(0, this.#pending.value) + (this.#skip?.count ?? 0);
  }
  /** They are counted: nothing may be delivered. */
  get isCounting(): boolean {
    return this.#mustCount || !this.#pending.isExact;
  }

  /** Where it begins is known; then it has to count. */
  begin(skip: SkipList | undefined): void {
    this.#skip = skip;
    this.#mustCount = true;
  }
  /** Other filters, or another place: counted anew. */
  configure(config: ConsumerConfig): void {
    this.#filter = filterOf(config);
    this.#mustCount = true;
  }
  /** It begins somewhere else. */
  restart(): void {
    this.#skip = undefined;
    this.#mustCount = true;
  }

  /** Counts one slice; whether there is more, also when the disk did not tell. */
  count(): boolean {
    // What it is told of later would count twice.
    if (this.#stream.toldUpTo < this.#stream.store.state().lastSeq) return true;
    if (this.#mustCount) this.#pending.count(this.#filter, this.#from);
    this.#mustCount = false;
    return this.#pending.step();
  }

  /** The next to deliver, which it stays until `delivered`; 0 when there is none, or SEARCHING. */
  next(): number {
    const state = this.#state;
    const skip = this.#skip;
    if (skip !== undefined) {
      if (skip.count > 0) return skip.first;
      this.#skip = undefined;
      state.skipTo(skip.resume + 1);
    }
    const { store, toldUpTo } = this.#stream;
    const { readFailures } = store;
    const seq = this.#pending.value <= 0 ? 0 : store.next(this.#filter, state.nextStreamSeq, LOOK);
    // It may have left one out.
    if (store.readFailures !== readFailures) return SEARCHING;
    if (seq > 0 && seq <= toldUpTo) return seq;
    state.skipTo(seq < 0 ? Math.min(-seq, toldUpTo + 1) : toldUpTo + 1);
    return seq < 0 ? SEARCHING : 0;
  }

  /** What `next` gave is delivered, or is gone: it is passed over. */
  passed(seq: number): void {
    if (this.#skip !== undefined && this.#skip.count > 0 && this.#skip.first === seq) this.#skip.shift();
    else this.#pending.delivered();
    this.#state.skipTo(seq + 1);
  }

  /** To find the next one it looks at those before, one by one. */
  get isLooking(): boolean {
    return this.#skip === undefined && !this.#filter.all && this.#filter.literal === undefined;
  }

  /** How many messages at most may be taken together from the one on that `next` gave; 0 while there is a skip list. */
  get together(): number {
    return this.#skip === undefined ? this.#pending.value : 0;
  }
  /** So many from the one on that `next` gave, the last of which is `last`, are delivered. */
  passedRun(last: number, count: number): void {
    this.#pending.delivered(count);
    this.#state.skipTo(last + 1);
  }
  /** Loads up to `most` from the one on that `next` gave, `first`, with others between them; how many. */
  gather(first: number, most: number, into: StoredRun): number {
    const { store, toldUpTo } = this.#stream;
    const { readFailures } = store;
    into.clear();
    for (let seq = first; seq > 0 && seq <= toldUpTo; seq = store.next(this.#filter, seq + 1, LOOK)) {
      // What could not be read may have been left out.
      if (into.count === most || store.readFailures !== readFailures) break;
      if (into.around >= MOST_AROUND) break;
      if ((this.isLooking && seq - first > LOOK) || !store.addToRun(seq, into)) break;
    }
    return into.count;
  }

  /** A matching message is stored. */
  stored(seq: number, subject: Uint8Array, from: number, to: number): void {
    if (!this.#mustCount && seq >= this.#from) this.#pending.stored(subject, from, to);
  }

  /** A message is gone. */
  removed(seq: number, subject: Uint8Array, from: number, to: number): void {
    if (this.#mustCount || !this.#filter.matches(subject, from, to)) return;
    const isPending = seq >= this.#from;
    if (!isPending) this.#skip?.remove(seq);
    // While it is counted, those before count in what their subjects have.
    this.#pending.removed(seq, subject, from, to, isPending);
  }

  /** All below `first` is gone. */
  compacted(first: number): void {
    this.#skip?.dropBelow(first);
    this.#mustCount = true;
  }

  /** What is counted begins there. */
  get #from(): number {
    return this.#skip === undefined ? this.#state.nextStreamSeq : this.#skip.resume + 1;
  }
}

function filterOf(config: ConsumerConfig): SubjectFilter {
  return new SubjectFilter(filtersOf(config).map(byteString));
}
