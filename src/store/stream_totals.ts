// What a stream holds as a whole: how many messages, how large, from which
// sequence to which, and when the last was used.
//
//     firstSeq … lastSeq   of an empty stream lastSeq + 1 … lastSeq; 0 … 0 when nothing was ever stored
//
// Owns these numbers. Which sequences are live is somebody else's.

import { assert } from "../base/assert.ts";
import { WIDE } from "../base/counts.ts";
import { ZERO_SEC, type StoreState } from "./stream_store.ts";

export class StreamTotals {
  msgs = WIDE;
  bytes = WIDE;
  firstSeq = 0;
  lastSeq = 0;
  /** When the last sequence was used. */
  lastSec = ZERO_SEC;
  lastNanos = 0;

  constructor() {
    this.msgs = 0;
    this.bytes = 0;
  }

  /** A message behind all others. */
  add(seq: number, size: number, sec: number, nanos: number): void {
    this.msgs++;
    this.bytes += size;
    this.lastSeq = seq;
    this.lastSec = sec;
    this.lastNanos = nanos;
    if (this.msgs === 1) this.firstSeq = seq;
  }

  /** Messages behind all others up to `last`, whose sequences follow each other. */
  addRun(count: number, last: number, size: number, sec: number, nanos: number): void {
    this.add(last - count + 1, 0, sec, nanos);
    this.lastSeq = last;
    this.msgs += count - 1;
    this.bytes += size;
  }

  /** The sequences up to `seq` are used without messages. */
  skip(seq: number, sec: number, nanos: number): void {
    this.lastSeq = seq;
    this.lastSec = sec;
    this.lastNanos = nanos;
    if (this.msgs === 0) this.firstSeq = seq + 1;
  }

  /** A message is gone; `messages` tell which is the first now. */
  take(seq: number, size: number, messages: { liveFrom(from: number): number }): void {
    this.msgs--;
    this.bytes -= size;
    if (seq === this.firstSeq) this.firstSeq = this.msgs === 0 ? this.lastSeq + 1 : messages.liveFrom(seq);
  }

  /** All messages are gone. */
  empty(): void {
    this.msgs = 0;
    this.bytes = 0;
  }

  /** Nothing is below `first`, which may lie above the last sequence. */
  compactTo(first: number): void {
    this.lastSeq = Math.max(this.lastSeq, first - 1);
    if (this.msgs === 0 && this.lastSeq > 0) this.firstSeq = this.lastSeq + 1;
  }

  /** Nothing is left but the last message. */
  keepOnly(seq: number, size: number): void {
    this.msgs = 1;
    this.bytes = size;
    this.firstSeq = seq;
  }

  /** Nothing was ever stored. */
  clear(): void {
    this.empty();
    this.firstSeq = 0;
    this.lastSeq = 0;
    this.lastSec = ZERO_SEC;
    this.lastNanos = 0;
  }

  /** With the number of subjects, and when the first message was stored if there is one. */
  state(subjects: number, firstSec: number, firstNanos: number): StoreState {
    const { msgs, bytes, firstSeq, lastSeq, lastSec, lastNanos } = this;
    return {
      msgs,
      bytes,
      firstSeq,
      firstSec: msgs === 0 ? ZERO_SEC : firstSec,
      firstNanos: msgs === 0 ? 0 : firstNanos,
      lastSeq,
      lastSec,
      lastNanos,
      subjects,
      deleted: lastSeq === 0 ? 0 : lastSeq - firstSeq + 1 - msgs,
    };
  }

  /** Asserts that they are those of `msgs` messages from `first` on. */
  checkInvariants(msgs: number, bytes: number, first: number): void {
    assert(msgs === this.msgs, "messages are counted");
    assert(bytes === this.bytes, "bytes are counted");
    assert(msgs > 0 || this.lastSeq === 0 || this.firstSeq === this.lastSeq + 1, "empty: first is last + 1");
    assert(msgs === 0 || first === this.firstSeq, "the first sequence is the first message");
  }
}
