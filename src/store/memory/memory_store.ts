// A stream's messages in memory, in blocks outside the JavaScript heap.
//
// A staged message is appended to the last block at once and linked to its
// subject; what makes it visible is `lastSeq`, which only a commit moves. So a
// message is copied once. Removals, rollups, skips and compactions wait in a
// queue and happen between the messages they were staged between.
//
// Owns messages, subjects and counts. Nothing here can fail.

import { assert } from "../../base/assert.ts";
import type { ByteString } from "../../base/bytes.ts";
import { NumberQueue } from "../chunks.ts";
import { StagedSubjects } from "../staged_subjects.ts";
import {
  REFUSED,
  ZERO_SEC,
  type StageRule,
  StoredMsg,
  type StoreEvents,
  type StoreLimits,
  type StoreState,
  type StreamStore,
  type SubjectCount,
} from "../stream_store.ts";
import { ALL_SUBJECTS, type SubjectFilter } from "../subject_filter.ts";
import { NO_SUBJECT, SubjectTree } from "../subject_tree.ts";
import { MOST_ROWS } from "./memory_block.ts";
import { MessageLog } from "./message_log.ts";

/** What a message counts beyond its bytes, as nats-server counts it. */
const MSG_OVERHEAD = 16;
const ROWS_BEFORE_TREE = 512;
const SUBJECTS_TO_SKIP_BY = 256;

// A queued operation is five numbers: after this sequence, kind, argument, sec, nanos.
const REMOVE = 0;
const ERASE = 1;
const COMPACT = 2;
const SKIP = 3;
const ROLLUP_SUBJECT = 4;
const ROLLUP_ALL = 5;

const NO_BYTES: Uint8Array = new Uint8Array(0);

export interface MemoryStoreOptions {
  readonly limits: StoreLimits;
  /** For the hash of subjects: unpredictable. */
  readonly seed: number;
  /** Runs `fire` later in this turn, after every store was submitted; never inside the call. */
  readonly later: (fire: () => void) => void;
  readonly events: StoreEvents;
  /** Messages in a block, at most; smaller in tests. */
  readonly rowsPerBlock?: number;
}

interface Group {
  readonly upTo: number;
  readonly ops: number;
  readonly bytes: number;
  readonly plannedMsgs: number;
  readonly plannedBytes: number;
  readonly waiters: (() => void)[];
}

export class MemoryStore implements StreamStore {
  readonly #later: (fire: () => void) => void;
  readonly #events: StoreEvents;
  readonly #seed: number;
  #limits: StoreLimits;
  #tree: SubjectTree;
  readonly #staged = new StagedSubjects();
  readonly #log: MessageLog;

  #msgs = 0;
  #bytes = 0;
  #firstSeq = 0;
  #lastSeq = 0;
  #lastSec = ZERO_SEC;
  #lastNanos = 0;

  #stagedLastSeq = 0;
  #stagedBytes = 0;
  readonly #ops = new NumberQueue();
  #groups: Group[] = [];
  // Of the group that is open.
  #openOps = 0;
  #openBytes = 0;
  #openPlannedMsgs = 0;
  #openPlannedBytes = 0;
  #openWaiters: (() => void)[] = [];
  #submittedUpTo = 0;
  // What everything staged will have added to msgs and bytes; kept for discard new only.
  #plannedMsgs = 0;
  #plannedBytes = 0;
  #rollupAllAt = 0;

  #enforceFrom: ByteString | undefined = "" as ByteString;
  #busy = false;

  constructor(options: MemoryStoreOptions) {
    this.#limits = options.limits;
    this.#later = options.later;
    this.#events = options.events;
    this.#seed = options.seed;
    this.#log = new MessageLog(options.rowsPerBlock ?? MOST_ROWS);
    this.#tree = new SubjectTree(options.seed);
  }

  get failure(): string | undefined {
    return undefined;
  }
  get stagedLastSeq(): number {
    return this.#stagedLastSeq;
  }
  get stagedBytes(): number {
    return this.#stagedBytes;
  }
  /** Memory held for messages and subjects, in bytes. */
  get heldBytes(): number {
    return this.#log.heldBytes + this.#tree.heldBytes;
  }

  stage(msg: StoredMsg, rule: StageRule): number {
    this.#enter();
    const seq = this.#stagedLastSeq + 1;
    if (seq > Number.MAX_SAFE_INTEGER) return REFUSED.sequences;
    const size = this.sizeOf(msg.subjectTo - msg.subjectFrom, msg.headerTo - msg.headerFrom, msg.bodyTo - msg.bodyFrom);
    let subject = this.#tree.find(msg.subject, msg.subjectFrom, msg.subjectTo);
    if (this.#limits.discardNew && rule !== "replicated") {
      const refused = this.#refusal(subject, size, rule);
      if (refused !== 0) return refused;
    }
    if (subject === NO_SUBJECT) subject = this.#tree.intern(msg.subject, msg.subjectFrom, msg.subjectTo);
    this.#append(seq, subject, msg);
    this.#stagedLastSeq = seq;
    this.#plan(seq, subject, size, rule);
    if (rule === "rollupSubject") this.#queue(seq, ROLLUP_SUBJECT, subject, 0, 0);
    else if (rule === "rollupAll") this.#queue(seq, ROLLUP_ALL, seq, 0, 0);
    this.#stagedBytes += size;
    this.#openBytes += size;
    return seq;
  }

  stageSkip(seq: number, sec: number, nanos: number): void {
    this.#enter();
    if (seq <= this.#stagedLastSeq) return;
    assert(seq <= Number.MAX_SAFE_INTEGER, "sequences stay below 2^53");
    this.#queue(this.#stagedLastSeq, SKIP, seq, sec, nanos);
    this.#stagedLastSeq = seq;
  }

  stageRemove(seq: number, erase: boolean): boolean {
    this.#enter();
    if (seq > this.#lastSeq || !this.#log.locate(seq)) return false;
    this.#queue(this.#stagedLastSeq, erase ? ERASE : REMOVE, seq, 0, 0);
    return true;
  }

  stageCompact(first: number): void {
    this.#enter();
    assert(first <= Number.MAX_SAFE_INTEGER, "sequences stay below 2^53");
    this.#queue(this.#stagedLastSeq, COMPACT, first, 0, 0);
    this.#stagedLastSeq = Math.max(this.#stagedLastSeq, first - 1);
  }

  submit(): void {
    this.#enter();
    const nothing = this.#stagedLastSeq === this.#submittedUpTo && this.#openOps === 0;
    if (nothing && this.#openWaiters.length === 0) return;
    this.#groups.push({
      upTo: this.#stagedLastSeq,
      ops: this.#openOps,
      bytes: this.#openBytes,
      plannedMsgs: this.#openPlannedMsgs,
      plannedBytes: this.#openPlannedBytes,
      waiters: this.#openWaiters,
    });
    this.#submittedUpTo = this.#stagedLastSeq;
    this.#openOps = 0;
    this.#openBytes = 0;
    this.#openPlannedMsgs = 0;
    this.#openPlannedBytes = 0;
    this.#openWaiters = [];
    this.#later(() => this.#commit());
  }

  afterCommit(done: (failure: string | undefined) => void): void {
    this.#enter();
    const open = this.#stagedLastSeq !== this.#submittedUpTo || this.#openOps > 0;
    const flying = this.#groups.at(-1);
    if (open) this.#openWaiters.push(() => done(undefined));
    else if (flying !== undefined) flying.waiters.push(() => done(undefined));
    else this.#later(() => done(undefined));
  }

  stagedLast(filter: SubjectFilter): number {
    this.#enter();
    let last = 0;
    if (this.#staged.total > 0) {
      const { literal } = filter;
      if (literal !== undefined) {
        const subject = this.#tree.find(literal, 0, literal.length);
        const slot = subject === NO_SUBJECT ? -1 : this.#staged.find(subject);
        if (slot >= 0) last = this.#staged.last(slot);
      } else {
        this.#staged.forEach((subject, at) => {
          if (at > last && this.#matches(filter, subject)) last = at;
        });
      }
    }
    if (last > 0 || this.#rollupAllAt > this.#lastSeq) return last;
    return this.last(filter);
  }

  loadStaged(seq: number, into: StoredMsg): boolean {
    return this.#load(seq, this.#stagedLastSeq, into);
  }

  state(): StoreState {
    this.#enter();
    let firstSec = ZERO_SEC;
    let firstNanos = 0;
    if (this.#msgs > 0 && this.#log.locate(this.#firstSeq)) {
      firstSec = this.#log.sec;
      firstNanos = this.#log.nanos;
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
      subjects: this.#tree.size,
      deleted: this.#lastSeq === 0 ? 0 : this.#lastSeq - this.#firstSeq + 1 - this.#msgs,
    };
  }

  sizeOf(subjectLength: number, headerLength: number, bodyLength: number): number {
    return MSG_OVERHEAD + subjectLength + headerLength + bodyLength;
  }

  load(seq: number, into: StoredMsg): boolean {
    return this.#load(seq, this.#lastSeq, into);
  }

  next(filter: SubjectFilter, from: number, most: number): number {
    this.#enter();
    const start = Math.max(from, this.#firstSeq);
    if (this.#msgs === 0 || start > this.#lastSeq) return 0;
    if (filter.all) return this.#liveFrom(start);
    if (filter.literal !== undefined) return this.#nextOfSubject(filter.literal, start, most);
    return this.#nextOfPattern(filter, start, most);
  }

  previous(filter: SubjectFilter, upTo: number, most: number): number {
    this.#enter();
    let at = Math.min(upTo, this.#lastSeq);
    if (filter.literal !== undefined) {
      const subject = this.#tree.find(filter.literal, 0, filter.literal.length);
      if (subject === NO_SUBJECT || this.#tree.count(subject) === 0 || this.#tree.first(subject) > at) return 0;
      if (this.#tree.last(subject) <= at) return this.#tree.last(subject);
    }
    for (let left = most; at > 0; left--) {
      at = this.#log.liveUpTo(at);
      if (at === 0) return 0;
      if (left <= 0) return -at;
      if (this.#matches(filter, this.#log.subject)) return at;
      at--;
    }
    return 0;
  }

  last(filter: SubjectFilter): number {
    this.#enter();
    if (filter.all) return this.#log.liveUpTo(this.#lastSeq);
    const { literal } = filter;
    if (literal !== undefined) {
      const subject = this.#tree.find(literal, 0, literal.length);
      return subject === NO_SUBJECT || this.#tree.count(subject) === 0 ? 0 : this.#tree.last(subject);
    }
    let last = 0;
    this.#tree.walk(filter, "" as ByteString, Number.POSITIVE_INFINITY, (subject) => {
      last = Math.max(last, this.#tree.last(subject));
      return undefined;
    });
    return last;
  }

  lastPerSubject(filter: SubjectFilter, upTo: number, most: number, into: number[]): boolean {
    this.#enter();
    const found: number[] = [];
    this.#tree.walk(filter, "" as ByteString, Number.POSITIVE_INFINITY, (subject) => {
      let seq = this.#tree.first(subject) > upTo ? 0 : this.#tree.last(subject);
      while (seq > upTo) seq = this.#log.neighbour(seq, -1);
      if (seq > 0) found.push(seq);
      return found.length <= most;
    });
    if (found.length > most) return false;
    into.push(...found.sort((a, b) => a - b));
    return true;
  }

  seqAt(sec: number, nanos: number): number {
    this.#enter();
    const at = this.#log.seqAt(sec, nanos);
    const seq = at === 0 ? 0 : this.#liveFrom(at);
    return seq === 0 ? this.#lastSeq + 1 : seq;
  }

  subjects(
    filter: SubjectFilter,
    from: ByteString,
    most: number,
    show: (subject: SubjectCount) => void,
  ): ByteString | undefined {
    this.#enter();
    const tree = this.#tree;
    const shown = { bytes: NO_BYTES, from: 0, to: 0, first: 0, last: 0, count: 0 };
    let left = most;
    if (left <= 0) return from;
    return tree.walk(filter, from, Number.POSITIVE_INFINITY, (subject) => {
      shown.bytes = tree.bufferOf(subject);
      shown.from = tree.startOf(subject);
      shown.to = shown.from + tree.lengthOf(subject);
      shown.first = tree.first(subject);
      shown.last = tree.last(subject);
      shown.count = tree.count(subject);
      show(shown);
      return --left > 0;
    });
  }

  count(filter: SubjectFilter, from: number, upTo: number): number {
    this.#enter();
    const end = Math.min(upTo, this.#lastSeq);
    let count = 0;
    for (let at = this.#liveFrom(Math.max(from, 1)); at > 0 && at <= end; at = this.#liveFrom(at + 1)) {
      if (filter.all || this.#matches(filter, this.#log.subject)) count++;
    }
    return count;
  }

  deletedRanges(from: number, most: number, show: (first: number, last: number) => void): number {
    this.#enter();
    if (this.#lastSeq === 0) return 0;
    let expected = Math.max(from, this.#firstSeq);
    for (let left = most; expected <= this.#lastSeq;) {
      const live = this.#liveFrom(expected);
      if (live === expected) {
        expected = Math.min(this.#log.runFrom(expected), this.#lastSeq) + 1;
        continue;
      }
      if (left-- <= 0) return expected;
      const end = live === 0 ? this.#lastSeq : live - 1;
      show(expected, end);
      expected = end + 1;
    }
    return 0;
  }

  expire(sec: number, nanos: number, most: number): boolean {
    this.#enter();
    const { maxAgeSec, maxAgeNanos } = this.#limits;
    if (maxAgeSec <= 0 && maxAgeNanos <= 0) return false;
    let oldSec = sec - maxAgeSec;
    let oldNanos = nanos - maxAgeNanos;
    if (oldNanos < 0) {
      oldSec--;
      oldNanos += 1e9;
    }
    for (let left = most; this.#msgs > 0; left--) {
      assert(this.#log.locate(this.#firstSeq), "the first message is there");
      const age = this.#log.sec - oldSec;
      if (age > 0 || (age === 0 && this.#log.nanos > oldNanos)) return false;
      if (left <= 0) return true;
      this.#remove(this.#firstSeq, false, true);
    }
    return false;
  }

  setLimits(limits: StoreLimits): void {
    this.#enter();
    this.#limits = limits;
    this.#enforceFrom = "" as ByteString;
  }

  enforce(most: number): boolean {
    this.#enter();
    let left = most;
    while (this.#enforceFrom !== undefined && left > 0) left -= this.#enforceSubjects(left);
    while (left-- > 0 && this.#isBeyondLimits()) this.#remove(this.#firstSeq, false, true);
    return this.#enforceFrom !== undefined || this.#isBeyondLimits();
  }

  checkInvariants(): void {
    this.#tree.checkInvariants();
    let msgs = 0;
    let bytes = 0;
    const counts = new Map<number, number[]>();
    for (let at = this.#liveFrom(1); at > 0; at = this.#liveFrom(at + 1)) {
      msgs++;
      bytes += this.#sizeHere();
      const subject = this.#log.subject;
      const seqs = counts.get(subject) ?? [];
      seqs.push(at);
      counts.set(subject, seqs);
    }
    assert(msgs === this.#msgs, "messages are counted");
    assert(bytes === this.#bytes, "bytes are counted");
    assert(counts.size === this.#tree.size, "subjects are counted");
    for (const [subject, seqs] of counts) {
      assert(this.#tree.count(subject) === seqs.length, "a subject's messages are counted");
      assert(this.#tree.first(subject) === seqs[0], "a subject knows its first message");
      assert(this.#tree.last(subject) === seqs.at(-1), "a subject knows its last message");
      for (let i = 0; i + 1 < seqs.length; i++) {
        assert(this.#log.neighbour(seqs[i]!, 1) === seqs[i + 1], "messages of a subject are linked forwards");
        assert(this.#log.neighbour(seqs[i + 1]!, -1) === seqs[i], "messages of a subject are linked backwards");
      }
      assert(this.#log.neighbour(seqs[0]!, -1) === 0, "nothing is before a subject's first message");
    }
    assert(this.#msgs > 0 || this.#lastSeq === 0 || this.#firstSeq === this.#lastSeq + 1, "empty: first is last + 1");
    assert(this.#msgs === 0 || this.#liveFrom(1) === this.#firstSeq, "the first sequence is the first message");
    this.#log.checkInvariants();
    if (this.#groups.length === 0 && this.#staged.total === 0) {
      assert(this.#tree.held === this.#tree.size, "a subject without messages is released");
    }
  }

  // Staging.

  #enter(): void {
    assert(!this.#busy, "a listener does not call the store");
  }

  #refusal(subject: number, size: number, rule: StageRule): number {
    const { maxMsgs, maxBytes, maxMsgsPerSubject, discardNewPerSubject } = this.#limits;
    const count = subject === NO_SUBJECT ? 0 : this.#plannedCount(subject);
    const isFull = maxMsgsPerSubject > 0 && count >= maxMsgsPerSubject;
    if (isFull && discardNewPerSubject && rule === "plain") return REFUSED.maxMsgsPerSubject;
    // A subject that is full makes room by itself.
    if (maxMsgs > 0 && !isFull && this.#msgs + this.#plannedMsgs >= maxMsgs) return REFUSED.maxMsgs;
    const bytes = this.#bytes + this.#plannedBytes + size;
    if (maxBytes <= 0 || bytes <= maxBytes) return 0;
    if (!isFull) return REFUSED.maxBytes;
    const oldest = this.#plannedOldest(subject);
    const frees = oldest > 0 && this.#log.locate(oldest) ? this.#sizeHere() : 0;
    return bytes - frees > maxBytes ? REFUSED.maxBytes : 0;
  }

  /** How many messages the subject will have once everything staged is committed. */
  #plannedCount(subject: number): number {
    const slot = this.#staged.find(subject);
    if (slot >= 0) return this.#staged.count(slot);
    return this.#rollupAllAt > this.#lastSeq ? 0 : this.#tree.count(subject);
  }
  #plannedOldest(subject: number): number {
    const slot = this.#staged.find(subject);
    if (slot >= 0) return this.#staged.oldest(slot);
    return this.#rollupAllAt > this.#lastSeq || this.#tree.count(subject) === 0 ? 0 : this.#tree.first(subject);
  }

  #append(seq: number, subject: number, msg: StoredMsg): void {
    // Linked to the message before on this subject, staged or not; the commit has nothing left to link.
    const slot = this.#staged.find(subject);
    const before = slot >= 0 ? this.#stagedTail(slot, subject) : this.#committedTail(subject);
    this.#log.append(seq, subject, msg, before);
  }
  #committedTail(subject: number): number {
    return this.#tree.count(subject) === 0 ? 0 : this.#tree.last(subject);
  }
  #stagedTail(slot: number, subject: number): number {
    // A rollup of all zeroes what was staged before it, but those messages are still linked until it commits.
    return this.#staged.last(slot) > 0 ? this.#staged.last(slot) : this.#lastStagedOf(subject);
  }
  #lastStagedOf(subject: number): number {
    for (let at = this.#stagedLastSeq; at > this.#lastSeq; at--) {
      if (this.#log.locate(at) && this.#log.subject === subject) return at;
    }
    return this.#committedTail(subject);
  }

  /** Notes what this message will have done once it commits. */
  #plan(seq: number, subject: number, size: number, rule: StageRule): void {
    const { maxMsgsPerSubject: limit } = this.#limits;
    let count = this.#plannedCount(subject);
    let oldest = this.#plannedOldest(subject);
    const tracked = this.#limits.discardNew;
    let msgs = 1;
    let bytes = size;
    if (rule === "rollupAll") {
      msgs -= this.#msgs + this.#plannedMsgs;
      bytes -= this.#bytes + this.#plannedBytes;
      this.#rollupAllAt = seq;
      this.#staged.emptyAll();
      count = 0;
    } else if (rule === "rollupSubject") {
      if (tracked) {
        for (let at = oldest; at > 0 && at < seq; at = this.#log.neighbour(at, 1)) {
          assert(this.#log.locate(at), "the messages of a subject are linked");
          bytes -= this.#sizeHere();
        }
        msgs -= count;
      }
      count = 0;
    }
    if (count === 0) oldest = seq;
    count++;
    for (const most = limit > 0 ? limit : count; count > most;) {
      if (tracked && this.#log.locate(oldest)) bytes -= this.#sizeHere();
      msgs--;
      count--;
      oldest = this.#log.neighbour(oldest, 1);
    }
    this.#staged.set(this.#staged.hold(subject), seq, count, oldest);
    if (!tracked) return;
    this.#plannedMsgs += msgs;
    this.#plannedBytes += bytes;
    this.#openPlannedMsgs += msgs;
    this.#openPlannedBytes += bytes;
  }

  #queue(after: number, kind: number, argument: number, sec: number, nanos: number): void {
    this.#ops.push(after);
    this.#ops.push(kind);
    this.#ops.push(argument);
    this.#ops.push(sec);
    this.#ops.push(nanos);
    this.#openOps++;
  }

  // Committing.

  #commit(): void {
    this.#enter();
    const group = this.#groups.shift();
    assert(group !== undefined, "a group commits once");
    let ops = group.ops;
    for (;;) {
      if (ops > 0 && this.#ops.peek() <= this.#lastSeq) {
        ops--;
        this.#runOp();
      } else if (this.#lastSeq < group.upTo) this.#commitNext(ops > 0 && this.#isRollupAt(this.#lastSeq + 1));
      else break;
    }
    assert(ops === 0 && this.#lastSeq === group.upTo, "a commit ends where its group ends");
    this.#stagedBytes -= group.bytes;
    this.#plannedMsgs -= group.plannedMsgs;
    this.#plannedBytes -= group.plannedBytes;
    if (this.#groups.length === 0 && this.#openOps === 0 && this.#stagedLastSeq === this.#lastSeq) {
      this.#plannedMsgs = 0;
      this.#plannedBytes = 0;
    }
    this.#busy = true;
    this.#events.committed(group.upTo);
    this.#busy = false;
    for (const waiter of group.waiters) waiter();
  }

  #isRollupAt(seq: number): boolean {
    return this.#ops.peek() === seq && this.#ops.peek(1) >= ROLLUP_SUBJECT;
  }

  /** Makes the next staged message visible. A rollup trims before the limits do: they run after it. */
  #commitNext(beforeRollup: boolean): void {
    const seq = this.#lastSeq + 1;
    assert(this.#log.locate(seq), "a staged message is there");
    const subject = this.#log.subject;
    const count = this.#tree.count(subject);
    if (count === 0) this.#tree.setFirst(subject, seq);
    this.#tree.setLast(subject, seq);
    this.#tree.setCount(subject, count + 1);
    this.#lastSec = this.#log.sec;
    this.#lastNanos = this.#log.nanos;
    this.#bytes += this.#sizeHere();
    this.#msgs++;
    this.#lastSeq = seq;
    if (this.#msgs === 1) this.#firstSeq = seq;
    this.#staged.drop(subject);
    if (!beforeRollup) this.#trim(subject);
  }

  #runOp(): void {
    this.#ops.shift();
    const kind = this.#ops.shift();
    const argument = this.#ops.shift();
    const sec = this.#ops.shift();
    const nanos = this.#ops.shift();
    if (kind === REMOVE || kind === ERASE) {
      if (this.#log.locate(argument)) this.#remove(argument, kind === ERASE, true);
    } else if (kind === COMPACT) this.#compactTo(argument);
    else if (kind === SKIP) {
      this.#lastSeq = argument;
      this.#lastSec = sec;
      this.#lastNanos = nanos;
      if (this.#msgs === 0) this.#firstSeq = argument + 1;
    } else if (kind === ROLLUP_ALL) {
      if (this.#staged.total === 0) this.#keepOnly(argument);
      else this.#compactTo(argument);
      this.#log.locate(argument);
      this.#trim(this.#log.subject);
    } else {
      while (this.#tree.count(argument) > 1) this.#remove(this.#tree.first(argument), false, true);
      this.#trim(argument);
    }
  }

  #trim(subject: number): void {
    const { maxMsgsPerSubject } = this.#limits;
    if (maxMsgsPerSubject > 0) {
      while (this.#tree.count(subject) > maxMsgsPerSubject) this.#remove(this.#tree.first(subject), false, true);
    }
    while (this.#isBeyondLimits()) this.#remove(this.#firstSeq, false, true);
  }

  #isBeyondLimits(): boolean {
    const { maxMsgs, maxBytes, discardNew } = this.#limits;
    if (discardNew || this.#msgs === 0) return false;
    return (maxMsgs > 0 && this.#msgs > maxMsgs) || (maxBytes > 0 && this.#bytes > maxBytes);
  }

  /** Trims some subjects to their limit; about how many messages and subjects that touched. */
  #enforceSubjects(most: number): number {
    const { maxMsgsPerSubject } = this.#limits;
    const over: number[] = [];
    let seen = 0;
    const from = this.#enforceFrom!;
    if (maxMsgsPerSubject <= 0) {
      this.#enforceFrom = undefined;
      return 0;
    }
    this.#enforceFrom = this.#tree.walk(ALL_SUBJECTS, from, Number.POSITIVE_INFINITY, (subject) => {
      const excess = this.#tree.count(subject) - maxMsgsPerSubject;
      if (excess > 0) over.push(subject);
      seen += 1 + Math.max(0, excess);
      return seen < most;
    });
    for (const subject of over) {
      while (this.#tree.count(subject) > maxMsgsPerSubject) this.#remove(this.#tree.first(subject), false, true);
    }
    return seen;
  }

  #compactTo(first: number): void {
    let gone = this.#msgs;
    if (first > this.#lastSeq && this.#staged.total === 0) {
      this.#log.clear();
      this.#tree = new SubjectTree(this.#seed);
      this.#msgs = 0;
      this.#bytes = 0;
    } else {
      while (this.#msgs > 0 && this.#firstSeq < first) this.#remove(this.#firstSeq, false, false);
      gone -= this.#msgs;
    }
    this.#lastSeq = Math.max(this.#lastSeq, first - 1);
    if (this.#msgs === 0 && this.#lastSeq > 0) this.#firstSeq = this.#lastSeq + 1;
    if (gone === 0) return;
    this.#busy = true;
    this.#events.compacted(first, gone);
    this.#busy = false;
  }

  /** Removes everything but the last message, in a time that does not depend on how much that is. */
  #keepOnly(seq: number): void {
    const gone = this.#msgs - 1;
    const kept = new StoredMsg();
    assert(seq === this.#lastSeq && this.load(seq, kept), "a rollup keeps its own message");
    this.#log.clear(); // the bytes that `kept` points at stay as long as it does
    this.#tree = new SubjectTree(this.#seed);
    const subject = this.#tree.intern(kept.subject, kept.subjectFrom, kept.subjectTo);
    this.#append(seq, subject, kept);
    this.#tree.setFirst(subject, seq);
    this.#tree.setLast(subject, seq);
    this.#tree.setCount(subject, 1);
    this.#log.locate(seq);
    this.#msgs = 1;
    this.#bytes = this.#sizeHere();
    this.#firstSeq = seq;
    if (gone === 0) return;
    this.#busy = true;
    this.#events.compacted(seq, gone);
    this.#busy = false;
  }

  /** Removes a committed message. */
  #remove(seq: number, erase: boolean, tell: boolean): void {
    assert(this.#log.locate(seq), "what is removed is there");
    const { subject } = this.#log;
    const size = this.#sizeHere();
    const next = this.#log.neighbour(seq, 1);
    const previous = this.#log.neighbour(seq, -1);
    this.#planRemoval(seq, subject, next);
    this.#log.remove(seq, previous, next, erase);
    this.#msgs--;
    this.#bytes -= size;
    if (tell) {
      this.#busy = true;
      const start = this.#tree.startOf(subject);
      this.#events.removed(seq, this.#tree.bufferOf(subject), start, start + this.#tree.lengthOf(subject));
      this.#busy = false;
    }
    const count = this.#tree.count(subject) - 1;
    this.#tree.setCount(subject, count);
    if (count > 0) {
      if (this.#tree.first(subject) === seq) this.#tree.setFirst(subject, next);
      if (this.#tree.last(subject) === seq) this.#tree.setLast(subject, previous);
    } else if (this.#staged.find(subject) < 0) this.#tree.release(subject);
    if (seq === this.#firstSeq) this.#firstSeq = this.#msgs === 0 ? this.#lastSeq + 1 : this.#liveFrom(seq);
  }

  /** A message that nobody planned to trim is gone: what is planned for its subject changes. */
  #planRemoval(seq: number, subject: number, next: number): void {
    const slot = this.#staged.find(subject);
    if (slot < 0) return;
    const oldest = this.#staged.oldest(slot);
    if (seq < oldest) return;
    const count = this.#staged.count(slot) - 1;
    this.#staged.set(slot, this.#staged.last(slot), Math.max(0, count), seq === oldest ? next : oldest);
  }

  // Looking.

  /** Points at the first committed message at or after `from`; its sequence, or 0. */
  #liveFrom(from: number): number {
    return this.#log.liveFrom(from, this.#lastSeq);
  }

  #load(seq: number, last: number, into: StoredMsg): boolean {
    this.#enter();
    if (seq > last || !this.#log.locate(seq)) return false;
    this.#log.loadHere(into);
    const subject = this.#log.subject;
    into.subject = this.#tree.bufferOf(subject);
    into.subjectFrom = this.#tree.startOf(subject);
    into.subjectTo = into.subjectFrom + this.#tree.lengthOf(subject);
    return true;
  }

  #matches(filter: SubjectFilter, subject: number): boolean {
    const start = this.#tree.startOf(subject);
    return filter.matches(this.#tree.bufferOf(subject), start, start + this.#tree.lengthOf(subject));
  }

  /** The bytes that the message at the cursor counts as. */
  #sizeHere(): number {
    const log = this.#log;
    return this.sizeOf(this.#tree.lengthOf(log.subject), log.headerLength, log.bodyLength);
  }

  #nextOfSubject(name: Uint8Array, from: number, most: number): number {
    const subject = this.#tree.find(name, 0, name.length);
    if (subject === NO_SUBJECT || this.#tree.count(subject) === 0 || this.#tree.last(subject) < from) return 0;
    if (this.#tree.first(subject) >= from) return this.#tree.first(subject);
    if (this.#log.locate(from - 1) && this.#log.subject === subject) return this.#log.neighbour(from - 1, 1);
    // From both sides: along the messages of the subject from its first, and along all messages from here.
    let chain = this.#tree.first(subject);
    let at = from;
    for (let left = most; left > 0; left--) {
      chain = this.#log.neighbour(chain, 1);
      if (chain >= from) return chain;
      at = this.#liveFrom(at);
      if (this.#log.subject === subject) return at;
      at++;
    }
    return -at;
  }

  #nextOfPattern(filter: SubjectFilter, from: number, most: number): number {
    let at = from;
    let known = NO_SUBJECT; // does not match
    for (let left = most; ; left--) {
      at = this.#liveFrom(at);
      if (at === 0) return 0;
      if (left <= 0) return -at;
      const subject = this.#log.subject;
      if (subject !== known && this.#matches(filter, subject)) return at;
      known = subject;
      at++;
      if (left === most - ROWS_BEFORE_TREE) {
        const skipped = this.#skipByTree(filter, at);
        if (skipped === 0) return 0;
        at = skipped;
      }
    }
  }

  /** Where to go on looking from, by what the subjects know; 0 when nothing is left. */
  #skipByTree(filter: SubjectFilter, from: number): number {
    let seen = 0;
    let least = Number.POSITIVE_INFINITY;
    this.#tree.walk(filter, "" as ByteString, SUBJECTS_TO_SKIP_BY, (subject) => {
      seen++;
      if (this.#tree.first(subject) >= from) least = Math.min(least, this.#tree.first(subject));
      else if (this.#tree.last(subject) >= from) least = from;
      return seen < SUBJECTS_TO_SKIP_BY && least > from;
    });
    if (seen >= SUBJECTS_TO_SKIP_BY || least === from) return from;
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }
}
