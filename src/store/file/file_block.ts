// What is known of one block without reading it: which sequences it covers and
// which of them are gone, how much it holds, and when that was stored.
//
//     firstSeq … lastSeq   from the first live message to the last record
//     deleted              what is not live between the two
//
// So whether a message is there is answered without the disk. Owns its numbers;
// knows nothing of records and files.

import { assert } from "../../base/assert.ts";
import { SequenceSet } from "../sequence_set.ts";
import { ZERO_SEC } from "../stream_store.ts";
import type { BlockIndex, GrowingIndex } from "./block_index.ts";
import type { RecordPage } from "./record_page.ts";

export class FileBlock {
  readonly number: number;
  /** Of its records, unpacked; what is behind is not durable. */
  size = 0;
  isCompressed = false;
  /** One above `lastSeq` when no message is live. */
  firstSeq: number;
  lastSeq: number;
  /** Of the last record. */
  lastSec = ZERO_SEC;
  lastNanos = 0;
  /** Live messages, their bytes, and how many of all messages had a TTL or a schedule. */
  msgs = 0;
  bytes = 0;
  ttlMsgs = 0;
  scheduledMsgs = 0;
  /** Whether it may hold tombstones of messages in blocks before it. */
  hasTombstones = false;
  /** Whether records of messages that are gone may be left in it. */
  hasDead = false;
  /** No message of it up to this sequence has headers, as far as that is known. */
  plainUpTo = 0;
  /** Bytes that its last rewrite could not spare. */
  overhead = 0;
  /** It cannot be rewritten as it is. */
  isDamaged = false;
  /** Bytes that are no good, in order, once something in it could not be read: readers pass over them. */
  damaged: readonly { readonly from: number; readonly to: number }[] | undefined = undefined;
  /** Whether it has messages or holes, gone or not, or a tombstone that tells the last sequence in place of them. */
  hasEntries = false;
  /** Where its records are, once that was needed. */
  index: BlockIndex | undefined = undefined;
  /** One with subjects that is being made. */
  growing: GrowingIndex | undefined = undefined;
  /** Records of it that are in memory, by where samples of the index lie. */
  pages: Map<number, RecordPage> | undefined = undefined;
  /** It is read from memory while its file is replaced. */
  isPinned = false;
  #deleted: SequenceSet | undefined = undefined;

  /** A block without messages, behind the sequence `after`. */
  constructor(number: number, after: number) {
    this.number = number;
    this.lastSeq = after;
    this.firstSeq = after + 1;
  }

  /** Sequences from first to last that are gone; undefined for none. */
  get deleted(): SequenceSet | undefined {
    return this.#deleted;
  }

  has(seq: number): boolean {
    return (
      this.msgs > 0 &&
      seq >= this.firstSeq &&
      seq <= this.lastSeq &&
      !(this.#deleted !== undefined && this.#deleted.has(seq))
    );
  }

  /** The first live sequence at or after `from`; 0 when there is none. */
  liveFrom(from: number): number {
    if (this.msgs === 0 || from > this.lastSeq) return 0;
    const at = Math.max(from, this.firstSeq);
    const live = this.#deleted === undefined ? at : this.#deleted.nextGap(at);
    return live > this.lastSeq ? 0 : live;
  }

  /** The last live sequence at or below `upTo`; 0 when there is none. */
  liveUpTo(upTo: number): number {
    if (this.msgs === 0 || upTo < this.firstSeq) return 0;
    const at = Math.min(upTo, this.lastSeq);
    return this.#deleted === undefined ? at : this.#deleted.previousGap(at);
  }

  /** The last sequence of the unbroken run that begins at the live sequence `seq`. */
  runFrom(seq: number): number {
    const gap = this.#deleted === undefined ? 0 : this.#deleted.nextFrom(seq);
    return gap === 0 ? this.lastSeq : gap - 1;
  }

  /** Live messages in the sequences from..upTo. */
  count(from: number, upTo: number): number {
    const first = Math.max(from, this.firstSeq);
    const last = Math.min(upTo, this.lastSeq);
    if (this.msgs === 0 || first > last) return 0;
    return last - first + 1 - (this.#deleted === undefined ? 0 : this.#deleted.count(first, last));
  }

  /** A message behind all others. */
  add(seq: number, bytes: number, sec: number, nanos: number): void {
    if (this.msgs === 0) this.firstSeq = seq;
    else if (seq > this.lastSeq + 1) this.#gone(this.lastSeq + 1, seq - 1);
    this.hasEntries = true;
    this.lastSeq = seq;
    this.lastSec = sec;
    this.lastNanos = nanos;
    this.msgs++;
    this.bytes += bytes;
  }

  /** Messages behind all others up to `last`, whose sequences follow each other. */
  addRun(count: number, last: number, bytes: number, sec: number, nanos: number): void {
    this.add(last - count + 1, 0, sec, nanos);
    this.lastSeq = last;
    this.msgs += count - 1;
    this.bytes += bytes;
  }

  /** Sequences up to `seq` are used without messages. */
  skip(seq: number, sec: number, nanos: number): void {
    if (this.msgs === 0) this.firstSeq = seq + 1;
    else this.#gone(this.lastSeq + 1, seq);
    this.hasEntries = true;
    this.lastSeq = seq;
    this.lastSec = sec;
    this.lastNanos = nanos;
  }

  /** A live message is gone. */
  remove(seq: number, bytes: number): void {
    this.msgs--;
    this.bytes -= bytes;
    this.hasDead = true;
    if (this.msgs === 0) {
      this.bytes = 0;
      this.firstSeq = this.lastSeq + 1;
      this.#deleted = undefined;
    } else if (seq !== this.firstSeq) this.#gone(seq, seq);
    else if (this.#deleted === undefined) this.firstSeq++;
    else {
      this.firstSeq = this.#deleted.nextGap(seq + 1);
      this.#deleted.deleteBelow(this.firstSeq);
      if (this.#deleted.size === 0) this.#deleted = undefined;
    }
  }

  /** Records behind `seq` are not in it any more; nothing of them was live. */
  endAt(seq: number): void {
    assert(seq <= this.lastSeq, "a block is cut to less");
    for (let at = seq + 1; at <= this.lastSeq && this.#deleted !== undefined; at++) this.#deleted.delete(at);
    this.lastSeq = seq;
    if (this.msgs === 0) this.firstSeq = seq + 1;
  }

  /** What an index says of it. */
  restore(firstSeq: number, lastSeq: number, bytes: number, deleted: SequenceSet | undefined): void {
    this.firstSeq = firstSeq;
    this.lastSeq = lastSeq;
    this.bytes = bytes;
    this.#deleted = deleted === undefined || deleted.size === 0 ? undefined : deleted;
    this.msgs = lastSeq - firstSeq + 1 - (deleted?.size ?? 0);
  }

  checkInvariants(): void {
    assert(this.msgs >= 0 && this.bytes >= 0, "nothing is counted below zero");
    assert(this.msgs === this.lastSeq - this.firstSeq + 1 - (this.#deleted?.size ?? 0), "what is not deleted is live");
    assert(this.msgs > 0 || this.firstSeq === this.lastSeq + 1, "a block without messages begins behind itself");
    assert(this.#deleted === undefined || !this.#deleted.has(this.firstSeq), "the first message is live");
    this.#deleted?.checkInvariants();
  }

  #gone(first: number, last: number): void {
    this.#deleted ??= new SequenceSet();
    this.#deleted.addRange(first, last);
  }
}
