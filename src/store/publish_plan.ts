// What the messages that are staged will have done once they commit: what
// discard new decides by before they do.
//
//     committed + planned  ─→  is there room for one more?
//
// Owns the planned numbers, of the stream and (in StagedSubjects) of each
// subject with something staged. Knows nothing of how messages are kept.

import { NumberQueue } from "./chunks.ts";
import type { StagedSubjects } from "./staged_subjects.ts";
import { REFUSED, type StageRule, type StoreLimits } from "./stream_store.ts";
import { NO_SUBJECT } from "./subject_tree.ts";

/** What a plan asks about the messages. */
export interface PlannedMessages {
  /** Committed ones, and their bytes. */
  readonly msgs: number;
  readonly bytes: number;
  readonly lastSeq: number;
  /** Committed messages of a subject. */
  countOf(subject: number): number;
  /** The first of them, when there are any. */
  firstOf(subject: number): number;
  /** The next message of the same subject, staged ones included; 0 when there is none. */
  nextOf(seq: number): number;
  /** The bytes that a message, staged or not, counts as; 0 when it is not there. */
  sizeAt(seq: number): number;
}

export class PublishPlan {
  readonly #messages: PlannedMessages;
  readonly #staged: StagedSubjects;
  // What all that is staged will have added; kept for discard new only.
  #msgs = 0;
  #bytes = 0;
  // The part of the open group, and two numbers for each closed one.
  #openMsgs = 0;
  #openBytes = 0;
  readonly #closed = new NumberQueue();
  #rollupAllAt = 0;

  constructor(messages: PlannedMessages, staged: StagedSubjects) {
    this.#messages = messages;
    this.#staged = staged;
  }

  /** Whether a rollup of all is staged: nothing that is committed now will stay. */
  get isEmptied(): boolean {
    return this.#rollupAllAt > this.#messages.lastSeq;
  }

  /** Why discard new refuses a message of `size` bytes, one of `REFUSED`; 0 when it does not. */
  refusal(subject: number, size: number, rule: StageRule, limits: StoreLimits): number {
    const { maxMsgs, maxBytes, maxMsgsPerSubject, discardNewPerSubject } = limits;
    const messages = this.#messages;
    const count = subject === NO_SUBJECT ? 0 : this.#countOf(subject);
    const isFull = maxMsgsPerSubject > 0 && count >= maxMsgsPerSubject;
    if (isFull && discardNewPerSubject && rule === "plain") return REFUSED.maxMsgsPerSubject;
    // A subject that is full makes room by itself.
    if (maxMsgs > 0 && !isFull && messages.msgs + this.#msgs >= maxMsgs) return REFUSED.maxMsgs;
    if (maxBytes <= 0 || messages.bytes + this.#bytes + size <= maxBytes) return 0;
    if (!isFull) return REFUSED.maxBytes;
    // As in nats-server: it may be no larger than what it replaces, even where there would be room.
    const oldest = this.#oldestOf(subject);
    return size > (oldest > 0 ? messages.sizeAt(oldest) : 0) ? REFUSED.maxBytes : 0;
  }

  /** Notes what a message, which is appended already, will have done once it commits. */
  add(seq: number, subject: number, size: number, rule: StageRule, limits: StoreLimits): void {
    const messages = this.#messages;
    const { maxMsgsPerSubject: limit } = limits;
    if (!limits.discardNew) {
      this.#addUntracked(seq, subject, rule, limit);
      return;
    }
    let count = this.#countOf(subject);
    let oldest = this.#oldestOf(subject);
    let msgs = 1;
    let bytes = size;
    if (rule === "rollupAll") {
      msgs -= messages.msgs + this.#msgs;
      bytes -= messages.bytes + this.#bytes;
      this.#rollupAllAt = seq;
      this.#staged.emptyAll();
      count = 0;
    } else if (rule === "rollupSubject") {
      bytes -= this.#bytesBetween(oldest, seq);
      msgs -= count;
      count = 0;
    }
    if (count === 0) oldest = seq;
    count++;
    for (const most = limit > 0 ? limit : count; count > most;) {
      bytes -= messages.sizeAt(oldest);
      msgs--;
      count--;
      // The last one left is this one; otherwise it has to be looked for.
      oldest = count === 1 ? seq : messages.nextOf(oldest);
    }
    this.#staged.set(this.#staged.hold(subject), seq, count, oldest);
    this.#msgs += msgs;
    this.#bytes += bytes;
    this.#openMsgs += msgs;
    this.#openBytes += bytes;
  }

  /** Without discard new nobody asks for numbers, and finding the oldest message may be dear: only the last one is kept. */
  #addUntracked(seq: number, subject: number, rule: StageRule, limit: number): void {
    if (rule === "rollupAll") {
      this.#rollupAllAt = seq;
      this.#staged.emptyAll();
    }
    const count = rule === "plain" || rule === "replicated" ? this.#countOf(subject) + 1 : 1;
    this.#staged.set(this.#staged.hold(subject), seq, limit > 0 ? Math.min(count, limit) : count, 0);
  }

  /** The open group is closed. */
  close(): void {
    this.#closed.push(this.#openMsgs);
    this.#closed.push(this.#openBytes);
    this.#openMsgs = 0;
    this.#openBytes = 0;
  }

  /** The oldest closed group is committed; `isLast` when nothing else is staged. */
  land(isLast: boolean): void {
    this.#msgs -= this.#closed.shift();
    this.#bytes -= this.#closed.shift();
    if (!isLast) return;
    this.#msgs = 0;
    this.#bytes = 0;
  }

  /** Nothing of what is staged will happen. */
  refuse(): void {
    while (this.#closed.size > 0) this.#closed.shift();
    this.#msgs = 0;
    this.#bytes = 0;
    this.#openMsgs = 0;
    this.#openBytes = 0;
    this.#rollupAllAt = 0;
  }

  /** How many messages the subject will have once everything staged is committed. */
  #countOf(subject: number): number {
    const slot = this.#staged.find(subject);
    if (slot >= 0) return this.#staged.count(slot);
    return this.isEmptied ? 0 : this.#messages.countOf(subject);
  }
  #oldestOf(subject: number): number {
    const slot = this.#staged.find(subject);
    if (slot >= 0) return this.#staged.oldest(slot);
    return this.isEmptied || this.#messages.countOf(subject) === 0 ? 0 : this.#messages.firstOf(subject);
  }

  /** The bytes of the messages of a subject from `first` until before `end`. */
  #bytesBetween(first: number, end: number): number {
    let bytes = 0;
    for (let at = first; at > 0 && at < end; at = this.#messages.nextOf(at)) {
      // 0 when the disk does not tell: then less room is planned with than there will be.
      bytes += this.#messages.sizeAt(at);
    }
    return bytes;
  }
}
