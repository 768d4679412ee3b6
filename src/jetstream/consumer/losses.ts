// What of a consumer's messages left the stream without it: removed, purged,
// compacted away.
//
// Owns what is still to be told of, and to be dropped. The stream tells inside
// events of its store: whatever calls somebody waits for the consumer's slice.

import type { ByteString } from "../../base/bytes.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import { isSubset } from "../../subject/subject.ts";
import type { AckState } from "./ack_state.ts";
import type { ConsumerAdvisories } from "./consumer_advisories.ts";
import type { Cursor } from "./cursor.ts";
import type { ConsumerStream } from "./parts.ts";

/** Acks that nobody waits for any more, dropped in one slice. */
const DROP = 4096;
/** Messages looked at for the first that a purge left. */
const PURGE_LOOK = 10_000;
const DELETED = "Unacknowledged message was deleted";

/** A message that left the stream while its ack was pending. */
interface Gone {
  readonly streamSeq: number;
  readonly consumerSeq: number;
  readonly deliveries: number;
}

export class Losses {
  readonly #stream: ConsumerStream;
  readonly #state: AckState;
  readonly #cursor: Cursor;
  readonly #advisories: ConsumerAdvisories;
  #gone: Gone[] = [];
  /** What is pending below is gone, and not dropped yet; 0 for nothing. */
  #compactedTo = 0;

  constructor(stream: ConsumerStream, state: AckState, cursor: Cursor, advisories: ConsumerAdvisories) {
    this.#stream = stream;
    this.#state = state;
    this.#cursor = cursor;
    this.#advisories = advisories;
  }

  /** A message is gone; whether there is something to tell. The subject is borrowed. Calls nothing of the store. */
  removed(seq: number, subject: Uint8Array, from: number, to: number): boolean {
    this.#cursor.removed(seq, subject, from, to);
    const state = this.#state;
    if (!state.isPending(seq)) {
      state.forget(seq);
      return false;
    }
    // As nats-server tells it: what is delivered again is counted.
    const deliveries = Math.max(1, state.deliveries(seq) - 1);
    this.#gone.push({ streamSeq: seq, consumerSeq: state.consumerSeqOf(seq), deliveries });
    return state.forget(seq);
  }

  /** Everything below `first` is gone at once. Calls nothing of the store. */
  compacted(first: number): void {
    this.#compactedTo = first;
    this.#cursor.compacted(first);
    if (this.#state.numAckPending <= DROP) this.drop();
  }

  /**
   * Messages matching `pattern` were purged, each told by `removed`: where the
   * consumer goes on, behind them, as nats-server shows it (which with several
   * filters forgets what is pending of the others as well); 0: as before. Calls the store.
   */
  purged(pattern: ByteString): number {
    const { store } = this.#stream;
    const { firstSeq, lastSeq } = store.state();
    const { patterns, all } = this.#cursor.filter;
    if (!all && patterns.every((own) => isSubset(own, pattern))) {
      const { readFailures } = store;
      const next = store.next(new SubjectFilter([pattern]), firstSeq, PURGE_LOOK);
      if (store.readFailures !== readFailures) return firstSeq;
      // Where the search ended is as good as the first that is left.
      return Math.abs(next) || lastSeq + 1;
    }
    return all || patterns.some((own) => isSubset(pattern, own) || isSubset(own, pattern)) ? firstSeq : 0;
  }

  /** One that was to be delivered again is gone, and nobody told of it. */
  missing(seq: number): void {
    const state = this.#state;
    const gone = { streamSeq: seq, consumerSeq: state.consumerSeqOf(seq), deliveries: state.deliveries(seq) };
    state.forget(seq);
    this.#advisories.terminated(gone, DELETED);
  }

  /** Whether there is something to drop. */
  get hasMore(): boolean {
    return this.#compactedTo > 0;
  }
  /** Drops a slice of what was pending of messages that are gone. */
  drop(): void {
    const { firstPending } = this.#state;
    const to = firstPending === 0 ? this.#compactedTo : Math.min(this.#compactedTo, firstPending + DROP);
    this.#state.purge(to, undefined);
    if (to === this.#compactedTo) this.#compactedTo = 0;
  }
  /** The consumer begins again: nothing is left to drop. */
  reset(): void {
    this.#compactedTo = 0;
  }

  /** Tells of those that are gone. */
  tell(): void {
    if (this.#gone.length === 0) return;
    const gone = this.#gone;
    this.#gone = [];
    for (const one of gone) this.#advisories.terminated(one, DELETED);
  }
}
