// The messages of a memory stream that are committed, and their numbers: how
// many, how large, first and last, for the stream and for each subject.
//
// A staged message is appended to the log at once and linked to its subject;
// what makes it visible is `lastSeq`, which only `advance` moves. So a message
// is copied once.
//
// Owns the log, the subjects and the numbers; says which messages go. Knows
// nothing of limits and groups.

import { assert } from "../../base/assert.ts";
import type { PlannedMessages } from "../publish_plan.ts";
import type { StagedSubjects } from "../staged_subjects.ts";
import { ZERO_SEC, StoredMsg, type StoreEvents, type StoreState } from "../stream_store.ts";
import type { SubjectFilter } from "../subject_filter.ts";
import type { LimitedMessages } from "../limit_keeper.ts";
import type { SearchedMessages } from "../message_search.ts";
import { SubjectTree } from "../subject_tree.ts";
import { MessageLog } from "./message_log.ts";

/** What a message counts beyond its bytes, as nats-server counts it. */
const MSG_OVERHEAD = 16;

export interface CommittedOptions {
  /** For the hash of subjects: unpredictable. */
  readonly seed: number;
  /** Messages in a block, at most. */
  readonly rowsPerBlock: number;
  readonly staged: StagedSubjects;
  readonly events: Pick<StoreEvents, "removed" | "compacted">;
}

export class CommittedMessages implements PlannedMessages, SearchedMessages, LimitedMessages {
  readonly log: MessageLog;
  readonly tree: SubjectTree;
  readonly #staged: StagedSubjects;
  readonly #events: Pick<StoreEvents, "removed" | "compacted">;
  #msgs = 0;
  #bytes = 0;
  #firstSeq = 0;
  #lastSeq = 0;
  #lastSec = ZERO_SEC;
  #lastNanos = 0;
  #appendedSeq = 0;

  constructor(options: CommittedOptions) {
    this.log = new MessageLog(options.rowsPerBlock);
    this.tree = new SubjectTree(options.seed);
    this.#staged = options.staged;
    this.#events = options.events;
  }

  get msgs(): number {
    return this.#msgs;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get firstSeq(): number {
    return this.#firstSeq;
  }
  get lastSeq(): number {
    return this.#lastSeq;
  }

  state(): StoreState {
    let firstSec = ZERO_SEC;
    let firstNanos = 0;
    if (this.#msgs > 0 && this.log.locate(this.#firstSeq)) {
      firstSec = this.log.sec;
      firstNanos = this.log.nanos;
    }
    return {
      msgs: this.#msgs,
      bytes: this.#bytes,
      firstSeq: this.#firstSeq,
      firstSec,
      firstNanos,
      lastSeq: this.#lastSeq,
      lastSec: this.#lastSec,
      lastNanos: this.#lastNanos,
      subjects: this.tree.size,
      deleted: this.#lastSeq === 0 ? 0 : this.#lastSeq - this.#firstSeq + 1 - this.#msgs,
    };
  }

  /** Fills `into` when `seq` is there and not above `last`, which may be a staged one. */
  load(seq: number, last: number, into: StoredMsg): boolean {
    if (seq > last || !this.log.locate(seq)) return false;
    this.log.loadHere(into);
    const subject = this.log.subject;
    into.subject = this.tree.bufferOf(subject);
    into.subjectFrom = this.tree.startOf(subject);
    into.subjectTo = into.subjectFrom + this.tree.lengthOf(subject);
    return true;
  }

  /** Points at the first committed message at or after `from`; its sequence, or 0. */
  liveFrom(from: number): number {
    return this.log.liveFrom(from, this.#lastSeq);
  }

  matches(filter: SubjectFilter, subject: number): boolean {
    const start = this.tree.startOf(subject);
    return filter.matches(this.tree.bufferOf(subject), start, start + this.tree.lengthOf(subject));
  }

  /** The bytes that the message at the cursor counts as. */
  sizeHere(): number {
    const log = this.log;
    return messageSize(this.tree.lengthOf(log.subject), log.headerLength, log.bodyLength);
  }

  // What searches and limits ask.

  get firstSec(): number {
    assert(this.log.locate(this.#firstSeq), "the first message is there");
    return this.log.sec;
  }
  get firstNanos(): number {
    assert(this.log.locate(this.#firstSeq), "the first message is there");
    return this.log.nanos;
  }
  liveUpTo(upTo: number): number {
    return this.log.liveUpTo(Math.min(upTo, this.#lastSeq));
  }
  runFrom(seq: number): number {
    assert(this.log.locate(seq), "a run begins with a message");
    return this.log.runFrom(seq);
  }
  matchesAt(filter: SubjectFilter, seq: number): boolean {
    assert(this.log.locate(seq), "what is compared is there");
    return this.matches(filter, this.log.subject);
  }
  lastOf(subject: number): number {
    return this.tree.last(subject);
  }
  nextOfSubject(subject: number, from: number, most: number): number {
    if (this.log.locate(from - 1) && this.log.subject === subject) return this.log.neighbour(from - 1, 1);
    // From both sides: along the messages of the subject from its first, and along all messages from here.
    let chain = this.tree.first(subject);
    let at = from;
    for (let left = most; left > 0; left--) {
      chain = this.log.neighbour(chain, 1);
      if (chain >= from) return chain;
      at = this.liveFrom(at);
      if (this.log.subject === subject) return at;
      at++;
    }
    return -at;
  }
  previousOfSubject(subject: number, upTo: number, most: number): number {
    let chain = this.tree.last(subject);
    let at = upTo;
    for (let left = most; left > 0; left--) {
      chain = this.log.neighbour(chain, -1);
      if (chain <= upTo) return chain;
      at = this.log.liveUpTo(at);
      if (this.log.subject === subject) return at;
      at--;
    }
    return -at;
  }
  countBetween(from: number, upTo: number): number {
    let count = 0;
    let at = this.liveFrom(Math.max(from, 1));
    for (; at > 0 && at <= upTo; at = this.liveFrom(at + 1)) count++;
    return count;
  }
  seqAt(sec: number, nanos: number): number {
    return this.log.seqAt(sec, nanos);
  }
  trim(seq: number): boolean {
    this.remove(seq, false, true);
    return true;
  }

  // What plans ask (PlannedMessages).

  countOf(subject: number): number {
    return this.tree.count(subject);
  }
  sureCountOf(subject: number): number {
    return this.tree.count(subject);
  }
  subjectAt(seq: number): number {
    assert(this.log.locate(seq), "what is looked at is there");
    return this.log.subject;
  }
  firstOf(subject: number): number {
    return this.tree.first(subject);
  }
  nextOf(seq: number): number {
    return this.log.neighbour(seq, 1);
  }
  sizeAt(seq: number): number {
    return this.log.locate(seq) ? this.sizeHere() : 0;
  }

  // Changing.

  /** Appends a staged message. Its subject is held by the plan afterwards. */
  append(seq: number, subject: number, msg: StoredMsg): void {
    // Linked to the message before on this subject, staged or not; the commit has nothing left to link.
    const slot = this.#staged.find(subject);
    const before = slot >= 0 ? this.#stagedTail(slot, subject) : this.#committedTail(subject);
    this.log.append(seq, subject, msg, before);
    this.#appendedSeq = seq;
  }

  /** Makes the next staged message visible; its subject. */
  advance(): number {
    const seq = this.#lastSeq + 1;
    assert(this.log.locate(seq), "a staged message is there");
    const subject = this.log.subject;
    const count = this.tree.count(subject);
    if (count === 0) this.tree.setFirst(subject, seq);
    this.tree.setLast(subject, seq);
    this.tree.setCount(subject, count + 1);
    this.#lastSec = this.log.sec;
    this.#lastNanos = this.log.nanos;
    this.#bytes += this.sizeHere();
    this.#msgs++;
    this.#lastSeq = seq;
    if (this.#msgs === 1) this.#firstSeq = seq;
    this.#staged.drop(subject);
    return subject;
  }

  /** The sequences up to `seq` are used without messages. */
  skip(seq: number, sec: number, nanos: number): void {
    this.#lastSeq = seq;
    this.#lastSec = sec;
    this.#lastNanos = nanos;
    if (this.#msgs === 0) this.#firstSeq = seq + 1;
  }

  /** Removes a committed message. */
  remove(seq: number, erase: boolean, tell: boolean): void {
    assert(this.log.locate(seq), "what is removed is there");
    const { subject } = this.log;
    const size = this.sizeHere();
    const next = this.log.neighbour(seq, 1);
    const previous = this.log.neighbour(seq, -1);
    this.#staged.forget(subject, seq, next);
    this.log.remove(seq, previous, next, erase);
    this.#msgs--;
    this.#bytes -= size;
    if (tell) {
      const start = this.tree.startOf(subject);
      this.#events.removed(seq, this.tree.bufferOf(subject), start, start + this.tree.lengthOf(subject));
    }
    const count = this.tree.count(subject) - 1;
    this.tree.setCount(subject, count);
    if (count > 0) {
      if (this.tree.first(subject) === seq) this.tree.setFirst(subject, next);
      if (this.tree.last(subject) === seq) this.tree.setLast(subject, previous);
    } else if (this.#staged.find(subject) < 0) this.tree.release(subject);
    if (seq === this.#firstSeq) this.#firstSeq = this.#msgs === 0 ? this.#lastSeq + 1 : this.liveFrom(seq);
  }

  /** Removes everything below `first`. */
  compactTo(first: number): void {
    let gone = this.#msgs;
    if (first > this.#lastSeq && this.#staged.total === 0) {
      this.log.clear();
      this.tree.clear();
      this.#msgs = 0;
      this.#bytes = 0;
    } else {
      while (this.#msgs > 0 && this.#firstSeq < first) this.remove(this.#firstSeq, false, false);
      gone -= this.#msgs;
    }
    this.#lastSeq = Math.max(this.#lastSeq, first - 1);
    if (this.#msgs === 0 && this.#lastSeq > 0) this.#firstSeq = this.#lastSeq + 1;
    if (gone > 0) this.#events.compacted(first, gone);
  }

  /** Removes everything but the last message, in a time that does not depend on how much that is. */
  keepOnly(seq: number): void {
    const gone = this.#msgs - 1;
    const kept = new StoredMsg();
    assert(seq === this.#lastSeq && this.load(seq, seq, kept), "a rollup keeps its own message");
    this.log.clear(); // the bytes that `kept` points at stay as long as it does
    this.tree.clear();
    const subject = this.tree.intern(kept.subject, kept.subjectFrom, kept.subjectTo);
    this.log.append(seq, subject, kept, 0);
    this.tree.setFirst(subject, seq);
    this.tree.setLast(subject, seq);
    this.tree.setCount(subject, 1);
    this.log.locate(seq);
    this.#msgs = 1;
    this.#bytes = this.sizeHere();
    this.#firstSeq = seq;
    if (gone > 0) this.#events.compacted(seq, gone);
  }

  checkInvariants(): void {
    this.tree.checkInvariants();
    let msgs = 0;
    let bytes = 0;
    const counts = new Map<number, number[]>();
    for (let at = this.liveFrom(1); at > 0; at = this.liveFrom(at + 1)) {
      msgs++;
      bytes += this.sizeHere();
      const subject = this.log.subject;
      const seqs = counts.get(subject) ?? [];
      seqs.push(at);
      counts.set(subject, seqs);
    }
    assert(msgs === this.#msgs, "messages are counted");
    assert(bytes === this.#bytes, "bytes are counted");
    assert(counts.size === this.tree.size, "subjects are counted");
    for (const [subject, seqs] of counts) {
      assert(this.tree.count(subject) === seqs.length, "a subject's messages are counted");
      assert(this.tree.first(subject) === seqs[0], "a subject knows its first message");
      assert(this.tree.last(subject) === seqs.at(-1), "a subject knows its last message");
      for (let i = 0; i + 1 < seqs.length; i++) {
        assert(this.log.neighbour(seqs[i]!, 1) === seqs[i + 1], "messages of a subject are linked forwards");
        assert(this.log.neighbour(seqs[i + 1]!, -1) === seqs[i], "messages of a subject are linked backwards");
      }
      assert(this.log.neighbour(seqs[0]!, -1) === 0, "nothing is before a subject's first message");
    }
    assert(this.#msgs > 0 || this.#lastSeq === 0 || this.#firstSeq === this.#lastSeq + 1, "empty: first is last + 1");
    assert(this.#msgs === 0 || this.liveFrom(1) === this.#firstSeq, "the first sequence is the first message");
    this.log.checkInvariants();
    if (this.#staged.total === 0) {
      assert(this.tree.held === this.tree.size, "a subject without messages is released");
    }
  }

  #committedTail(subject: number): number {
    return this.tree.count(subject) === 0 ? 0 : this.tree.last(subject);
  }

  #stagedTail(slot: number, subject: number): number {
    // A rollup of all zeroes what was staged before it, but those messages are still linked until it commits.
    return this.#staged.last(slot) > 0 ? this.#staged.last(slot) : this.#lastStagedOf(subject);
  }

  #lastStagedOf(subject: number): number {
    for (let at = this.#appendedSeq; at > this.#lastSeq; at--) {
      if (this.log.locate(at) && this.log.subject === subject) return at;
    }
    return this.#committedTail(subject);
  }
}

/** The bytes a message of these lengths counts as. */
export function messageSize(subjectLength: number, headerLength: number, bodyLength: number): number {
  return MSG_OVERHEAD + subjectLength + headerLength + bodyLength;
}
