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
import { RUN_MSGS, type StoredRun } from "../stored_run.ts";
import type { SubjectFilter } from "../subject_filter.ts";
import type { LimitedMessages } from "../limit_keeper.ts";
import type { SearchedMessages } from "../message_search.ts";
import { StreamTotals } from "../stream_totals.ts";
import { NO_SUBJECT, SubjectTree } from "../subject_tree.ts";
import { MessageLog } from "./message_log.ts";

/** What a message counts beyond its bytes, as nats-server counts it. */
const MSG_OVERHEAD = 16;
/** Messages that may have headers, told at a time. */
const HEADERS_A_CALL = 1000;

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
  readonly #totals = new StreamTotals();
  #appendedSeq = 0;

  constructor(options: CommittedOptions) {
    this.log = new MessageLog(options.rowsPerBlock);
    this.tree = new SubjectTree(options.seed);
    this.#staged = options.staged;
    this.#events = options.events;
  }

  get msgs(): number {
    return this.#totals.msgs;
  }
  get bytes(): number {
    return this.#totals.bytes;
  }
  get firstSeq(): number {
    return this.#totals.firstSeq;
  }
  get lastSeq(): number {
    return this.#totals.lastSeq;
  }

  state(): StoreState {
    let firstSec = ZERO_SEC;
    let firstNanos = 0;
    if (this.#totals.msgs > 0 && this.log.locate(this.#totals.firstSeq)) {
      firstSec = this.log.sec;
      firstNanos = this.log.nanos;
    }
    return this.#totals.state(this.tree.size, firstSec, firstNanos);
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

  /** As `StreamStore.loadRun`. */
  loadRun(seq: number, most: number, into: StoredRun): number {
    into.count = 0;
    const left = this.#totals.lastSeq - seq + 1;
    if (left < 1 || !this.log.locate(seq)) return 0;
    const count = this.log.loadRunHere(Math.min(most, left), into);
    const { tree, log } = this;
    let known = NO_SUBJECT;
    let from = 0;
    let to = 0;
    for (let i = 0; i < count; i++) {
      const subject = log.subjectBehind(i);
      if (subject !== known) {
        const buffer = tree.bufferOf(subject);
        if (known !== NO_SUBJECT && buffer !== into.subject) return (into.count = i);
        into.subject = buffer;
        from = tree.startOf(subject);
        to = from + tree.lengthOf(subject);
        known = subject;
      }
      into.subjectFrom[i] = from;
      into.subjectTo[i] = to;
    }
    return (into.count = count);
  }

  /** As `StreamStore.addToRun`. */
  addToRun(seq: number, into: StoredRun): boolean {
    if (seq > this.#totals.lastSeq || into.count === RUN_MSGS || !this.log.locate(seq)) return false;
    const { tree, log } = this;
    const { subject } = log;
    const { count } = into;
    const buffer = tree.bufferOf(subject);
    if (count > 0 && buffer !== into.subject) return false;
    if (!log.addHere(into)) return false;
    into.subject = buffer;
    into.subjectFrom[count] = tree.startOf(subject);
    into.subjectTo[count] = tree.startOf(subject) + tree.lengthOf(subject);
    return true;
  }

  /** Points at the first committed message at or after `from`; its sequence, or 0. */
  liveFrom(from: number): number {
    return this.log.liveFrom(from, this.#totals.lastSeq);
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
    assert(this.log.locate(this.#totals.firstSeq), "the first message is there");
    return this.log.sec;
  }
  get firstNanos(): number {
    assert(this.log.locate(this.#totals.firstSeq), "the first message is there");
    return this.log.nanos;
  }
  liveUpTo(upTo: number): number {
    return this.log.liveUpTo(Math.min(upTo, this.#totals.lastSeq));
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
  withHeaders(from: number, into: number[]): number {
    let at = this.liveFrom(Math.max(from, 1));
    for (let left = HEADERS_A_CALL; left > 0 && at > 0; left--) {
      into.push(at);
      at = this.liveFrom(at + 1);
    }
    return at;
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
    const seq = this.#totals.lastSeq + 1;
    assert(this.log.locate(seq), "a staged message is there");
    const subject = this.log.subject;
    this.tree.addMessage(subject, seq);
    this.#totals.add(seq, this.sizeHere(), this.log.sec, this.log.nanos);
    this.#staged.drop(subject);
    return subject;
  }

  /** The sequences up to `seq` are used without messages. */
  skip(seq: number, sec: number, nanos: number): void {
    this.#totals.skip(seq, sec, nanos);
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
    this.#totals.take(seq, size, this);
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
  }

  /** Removes everything below `first`. */
  compactTo(first: number): void {
    let gone = this.#totals.msgs;
    if (first > this.#totals.lastSeq && this.#staged.total === 0) {
      this.log.clear();
      this.tree.clear();
      this.#totals.empty();
    } else {
      while (this.#totals.msgs > 0 && this.#totals.firstSeq < first) this.remove(this.#totals.firstSeq, false, false);
      gone -= this.#totals.msgs;
    }
    this.#totals.compactTo(first);
    if (gone > 0) this.#events.compacted(first, gone);
  }

  /** Removes everything but the last message, in a time that does not depend on how much that is. */
  keepOnly(seq: number): void {
    const gone = this.#totals.msgs - 1;
    const kept = new StoredMsg();
    assert(seq === this.#totals.lastSeq && this.load(seq, seq, kept), "a rollup keeps its own message");
    this.log.clear(); // the bytes that `kept` points at stay as long as it does
    this.tree.clear();
    const subject = this.tree.intern(kept.subject, kept.subjectFrom, kept.subjectTo);
    this.log.append(seq, subject, kept, 0);
    this.tree.setOnly(subject, seq);
    this.log.locate(seq);
    this.#totals.keepOnly(seq, this.sizeHere());
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
    this.#totals.checkInvariants(msgs, bytes, this.liveFrom(1));
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
    const { log } = this;
    // From message to message: between two of them there may be any number of sequences.
    for (let at = log.liveUpTo(this.#appendedSeq); at > this.#totals.lastSeq; at = log.liveUpTo(at - 1)) {
      if (log.subject === subject) return at;
    }
    return this.#committedTail(subject);
  }
}

/** The bytes a message of these lengths counts as. */
export function messageSize(subjectLength: number, headerLength: number, bodyLength: number): number {
  return MSG_OVERHEAD + subjectLength + headerLength + bodyLength;
}
