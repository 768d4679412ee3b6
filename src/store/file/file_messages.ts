// The committed messages of a file stream, and their numbers: how many, how
// large, first and last, for the stream and for each subject.
//
// Reading them is the matter of ReadMessages. Owns the blocks, the subjects and the numbers; says which messages go. Knows
// nothing of limits and groups.

import { assert } from "../../base/assert.ts";
import type { Moment } from "../../base/nanos.ts";
import type { LimitedMessages } from "../limit_keeper.ts";
import type { PlannedMessages } from "../publish_plan.ts";
import type { StagedSubjects } from "../staged_subjects.ts";
import { ZERO_SEC, type StoreEvents, type StoreState } from "../stream_store.ts";
import { StreamTotals } from "../stream_totals.ts";
import { NO_SUBJECT } from "../subject_tree.ts";
import type { FileBlock } from "./file_block.ts";
import { firstMoment } from "./first_moment.ts";
import { GroupLanding, type SettledBlocks } from "./group_landing.ts";
import { MessageFilling } from "./message_filling.ts";
import { ReadMessages, type ReadMessagesOptions } from "./read_messages.ts";
import type { Effort, Slices } from "./sliced_job.ts";
import { UnreadRemovals } from "./unread_removals.ts";

export interface FileMessagesOptions extends ReadMessagesOptions {
  readonly staged: StagedSubjects;
  readonly events: Pick<StoreEvents, "removed" | "compacted">;
  /** A block is not needed any more: its file is to be removed. */
  readonly onDropped: (block: FileBlock) => void;
  /** Whether files of dropped blocks may still be there. */
  readonly isRemoving: () => boolean;
  /** A limit took a message; the time is that of one that was not the first. */
  readonly onTrimmed: (seq: number, sec: number, nanos: number, isFirst: boolean) => void;
}

const NO_MOMENT = { sec: 0, nanos: 0 };
/** Reads for what was removed unread: in one call, and calls until a try after one that failed. */
const UNREAD_A_CALL = 256;
const MOST_CALLS = 64;

export class FileMessages extends ReadMessages implements PlannedMessages, LimitedMessages, SettledBlocks {
  readonly #staged: StagedSubjects;
  readonly #events: Pick<StoreEvents, "removed" | "compacted">;
  readonly #onDropped: (block: FileBlock) => void;
  readonly #isRemoving: () => boolean;
  readonly #onTrimmed: FileMessagesOptions["onTrimmed"];
  readonly #unread = new UnreadRemovals();
  // Calls until what was removed unread is tried again, and how many it was to be.
  #callsToWait = 0;
  #callsWaited = 0;
  readonly #totals = new StreamTotals();
  /** For the opening of the stream, and for commits. */
  readonly filling: MessageFilling;
  readonly landing: GroupLanding;
  // When the first message was stored, once that was asked for.
  #timedSeq = 0;
  #firstSec = ZERO_SEC;
  #firstNanos = 0;

  constructor(options: FileMessagesOptions) {
    super(options);
    this.filling = new MessageFilling(this.tree, this.table, this.#totals);
    this.landing = new GroupLanding(this, this.#totals, options.staged, this.finder, this);
    this.#staged = options.staged;
    this.#events = options.events;
    this.#onDropped = options.onDropped;
    this.#isRemoving = options.isRemoving;
    this.#onTrimmed = options.onTrimmed;
  }

  get msgs(): number {
    return this.#totals.msgs;
  }
  /** Those there are for sure, as long as messages were removed unread. */
  get bytes(): number {
    return this.#unread.isEmpty ? this.#totals.bytes : Math.max(0, this.#totals.bytes - this.#unread.doubtfulBytes);
  }
  protected get overcounted(): number {
    return this.#unread.uncounted;
  }
  get firstSeq(): number {
    return this.#totals.firstSeq;
  }
  get lastSeq(): number {
    return this.#totals.lastSeq;
  }
  get lastSec(): number {
    return this.#totals.lastSec;
  }
  get lastNanos(): number {
    return this.#totals.lastNanos;
  }
  get firstSec(): number {
    this.#timeFirst();
    return this.#firstSec;
  }
  get firstNanos(): number {
    this.#timeFirst();
    return this.#firstNanos;
  }

  /** As `state` tells them. */
  get countedBytes(): number {
    this.readRemoved(false);
    return this.#totals.bytes;
  }

  state(): StoreState {
    this.readRemoved(false);
    const isEmpty = this.#totals.msgs === 0;
    return this.#totals.state(this.tree.size, isEmpty ? 0 : this.firstSec, isEmpty ? 0 : this.firstNanos);
  }

  /** Where in a block the record of a message is, live or not, and its time; undefined when it is not there. Raises events. */
  whereIs(
    block: FileBlock,
    seq: number,
  ): { readonly at: number; readonly length: number; readonly sec: number; readonly nanos: number } | undefined {
    if (!this.finder.find(block, seq)) return undefined;
    this.#countRead(block, seq, true);
    // That may have moved the reader.
    if (!this.finder.find(block, seq)) return undefined;
    const { sec, nanos } = this.reader.record;
    return { at: this.reader.at, length: this.reader.end - this.reader.at, sec, nanos };
  }

  /** When the first message of a block was stored; undefined when it has none, or it cannot be read. */
  firstMomentOf(block: FileBlock, effort: Effort): Slices<Moment | undefined> {
    return firstMoment(this.finder, block, effort);
  }

  /** Forgets everything; no file is touched. */
  clear(): void {
    for (const block of this.table.all.slice()) {
      this.forget(block);
      this.table.remove(block);
    }
    this.tree.clear();
    this.#unread.clear();
    this.#totals.clear();
  }

  /** Drops the blocks in which nothing is live. */
  settle(): void {
    for (const block of this.table.all.slice()) if (!this.#isNeeded(block)) this.#drop(block);
  }

  /** Drops a block that is not needed. */
  settleBlock(block: FileBlock): void {
    if (!this.#isNeeded(block)) this.#drop(block);
    // The next ones may have waited for that.
    for (let first = this.table.all[0]; first !== undefined && !this.#isNeeded(first); first = this.table.all[0]) {
      this.#drop(first);
    }
  }

  // Changing.

  trim(seq: number, subject?: number): boolean {
    if (!this.has(seq)) {
      assert(seq === 0 || this.failures > 0, "what is trimmed is there");
      return false;
    }
    // Nothing goes because it cannot be read, unless that is for good.
    const block = this.table.blockOf(seq)!;
    if (!this.finder.find(block, seq) && block.damaged === undefined) return false;
    const isFirst = seq === this.#totals.firstSeq;
    const record = isFirst ? undefined : this.peek(seq);
    const { sec, nanos } = record ?? NO_MOMENT;
    this.remove(seq, true, subject);
    this.#onTrimmed(seq, sec, nanos, isFirst);
    return true;
  }

  /** Removes a committed message, of `known` if that is known; one that cannot be read now is counted and told of when it can. */
  remove(seq: number, tell: boolean, known?: number): void {
    const block = this.table.blockOf(seq);
    assert(block !== undefined, "what is removed is there");
    const { damaged } = block;
    const before = this.failures;
    if (!this.finder.find(block, seq)) {
      if (this.failures === before || block.damaged !== damaged) this.#lose(block, seq);
      else {
        this.#unread.add(block, seq, tell);
        this.#take(block, seq, 0);
        this.settleBlock(block);
      }
      return;
    }
    const { record } = this.reader;
    const size = record.to - record.from;
    const subject = known ?? this.finder.subjectHere();
    this.#unplan(subject, seq);
    this.#take(block, seq, size);
    if (tell) this.#tell(block, seq, subject);
    if (subject !== NO_SUBJECT) this.#uncount(subject, seq);
    this.settleBlock(block);
  }

  /** Whether messages were removed that could not be read. */
  get hasUnread(): boolean {
    return !this.#unread.isEmpty;
  }
  needsToRead(block: FileBlock): boolean {
    return this.#unread.needs(block);
  }

  /** Counts what was removed unread, as far as it can be read by now; with `mayTell` raises the events too. */
  readRemoved(mayTell: boolean): void {
    if (this.#unread.isEmpty || this.#callsToWait-- > 0) return;
    const before = this.failures;
    let left = UNREAD_A_CALL;
    for (const block of this.#unread.blocks) {
      for (
        let seq = this.#unread.nextOf(block, mayTell);
        seq > 0 && left > 0;
        seq = this.#unread.nextOf(block, mayTell)
      ) {
        left--;
        const { failures } = this;
        if (this.finder.find(block, seq)) this.#countRead(block, seq, mayTell);
        else if (this.failures !== failures) break;
        else this.#giveUp(block, seq);
      }
    }
    // A disk that does not tell is not asked again and again.
    this.#callsWaited = this.failures === before ? 0 : Math.min(MOST_CALLS, this.#callsWaited * 2 + 1);
    this.#callsToWait = this.#callsWaited;
  }

  /** Nothing is read any more: blocks that stayed for that go. */
  forgetUnread(): void {
    this.#unread.clear();
    this.settle();
  }

  /** Removes everything below `first`. */
  compactTo(first: number): void {
    let gone = this.#totals.msgs;
    if (first > this.#totals.lastSeq && this.#staged.total === 0) {
      this.tree.clear();
      this.#dropBlocks(undefined);
    } else {
      while (this.#totals.msgs > 0 && this.#totals.firstSeq < first) this.remove(this.#totals.firstSeq, false);
      gone -= this.#totals.msgs;
    }
    this.#totals.compactTo(first);
    if (gone > 0) this.#events.compacted(first, gone);
  }

  /** Removes everything but the last message, which is alone in its block; the number its subject has now. */
  keepOnly(seq: number, subject: number): number {
    const gone = this.#totals.msgs - 1;
    const start = this.tree.startOf(subject);
    const name = Uint8Array.from(this.tree.bufferOf(subject).subarray(start, start + this.tree.lengthOf(subject)));
    this.tree.clear();
    const kept = this.tree.intern(name, 0, name.length);
    this.tree.setOnly(kept, seq);
    this.#dropBlocks(this.table.last);
    const block = this.table.last!;
    assert(block.msgs === 1, "a rollup of all begins a block");
    // Numbers of subjects began anew.
    this.finder.dropIndex(block);
    this.#totals.keepOnly(seq, block.bytes);
    if (gone > 0) this.#events.compacted(seq, gone);
    return kept;
  }

  /** Whether files of blocks are being removed: until they are gone for good, what was in them may come back. */
  isRemoving(): boolean {
    return this.#isRemoving();
  }

  close(): void {
    for (const block of this.table.all) this.forget(block);
    this.reader.close();
  }

  checkInvariants(): void {
    this.tree.checkInvariants();
    this.table.checkInvariants();
    const counts = new Map<number, number[]>();
    let msgs = 0;
    let bytes = 0;
    for (let seq = this.liveFrom(1); seq > 0; seq = this.liveFrom(seq + 1)) {
      const block = this.table.blockOf(seq)!;
      assert(this.finder.find(block, seq), "a live message is on disk");
      assert(this.reader.isIntact(), "a message on disk is intact");
      msgs++;
      bytes += this.reader.record.to - this.reader.record.from;
      const subject = this.finder.subjectHere();
      const seqs = counts.get(subject) ?? [];
      seqs.push(seq);
      counts.set(subject, seqs);
    }
    this.#totals.checkInvariants(msgs, bytes, this.liveFrom(1));
    assert(counts.size === this.tree.size, "subjects are counted");
    for (const [subject, seqs] of counts) {
      assert(this.tree.count(subject) === seqs.length, "a subject's messages are counted");
      assert(this.firstOf(subject) === seqs[0], "a subject knows its first message");
      assert(this.lastOf(subject) === seqs.at(-1), "a subject knows its last message");
    }
    if (this.#staged.total === 0) {
      assert(this.tree.held === this.tree.size, "a subject without messages is released");
    }
  }

  #take(block: FileBlock, seq: number, size: number): void {
    // With the last one all bytes go, also of what could not be read.
    const taken = block.msgs === 1 ? block.bytes : size;
    block.remove(seq, taken);
    if (block.msgs === 0) this.#unread.emptied(block);
    this.#totals.take(seq, taken, this);
  }

  /** What the plan holds of this subject has to know who comes next; asked while the message is there. */
  #unplan(subject: number, seq: number): void {
    if (subject === NO_SUBJECT) return;
    const next = this.#staged.isOldest(subject, seq) ? this.nextAfter(subject, seq) : 0;
    this.#staged.forget(subject, seq, next);
  }

  /** The record of a message was found, which may have been removed unread. */
  #countRead(block: FileBlock, seq: number, mayTell: boolean): void {
    const isCounted = this.#unread.isCounted(block, seq);
    const mustTell = mayTell && this.#unread.mustTell(block, seq);
    if (!isCounted && !mustTell) return;
    const { record } = this.reader;
    const size = record.to - record.from;
    const subject = this.finder.subjectHere();
    if (isCounted) {
      if (this.#unread.hasBytes(block, seq)) {
        block.bytes -= size;
        this.#totals.bytes -= size;
      }
      this.#unplan(subject, seq);
    }
    if (mustTell) this.#tell(block, seq, subject);
    if (isCounted && subject !== NO_SUBJECT) this.#uncount(subject, seq);
    this.#unread.settle(block, seq, mustTell);
    this.settleBlock(block);
  }

  /** What was removed unread cannot be read for good. */
  #giveUp(block: FileBlock, seq: number): void {
    this.#unread.settle(block, seq, true);
    this.unreadable(block.number, `message ${seq} is not where it should be`, true);
    this.settleBlock(block);
  }

  #tell(block: FileBlock, seq: number, subject: number): void {
    // Asking for the next one may have moved the reader.
    if (subject !== NO_SUBJECT) {
      const start = this.tree.startOf(subject);
      this.#events.removed(seq, this.tree.bufferOf(subject), start, start + this.tree.lengthOf(subject));
    } else if (this.finder.find(block, seq)) {
      const { record, bytes } = this.reader;
      this.#events.removed(seq, bytes, record.subjectFrom, record.subjectTo);
    }
  }

  #uncount(subject: number, seq: number): void {
    const { tree } = this;
    const count = tree.count(subject) - 1;
    tree.setCount(subject, count);
    if (count === 0) {
      if (this.#staged.find(subject) < 0) tree.release(subject);
      return;
    }
    if (Math.abs(tree.first(subject)) === seq) tree.setFirst(subject, -(seq + 1));
    if (Math.abs(tree.last(subject)) === seq) tree.setLast(subject, -(seq - 1));
    if (count > 1) return;
    if (tree.last(subject) > 0) tree.setFirst(subject, tree.last(subject));
    else if (tree.first(subject) > 0) tree.setLast(subject, tree.first(subject));
  }

  /** A damaged message is gone. What its subject counts stays too high until the next start. */
  #lose(block: FileBlock, seq: number): void {
    this.#take(block, seq, Math.floor(block.bytes / block.msgs));
    this.unreadable(block.number, `message ${seq} is not where it should be`, true);
    this.settleBlock(block);
  }

  #isNeeded(block: FileBlock): boolean {
    const { all, last } = this.table;
    if (block.msgs > 0 || block === last || this.#unread.needs(block)) return true;
    // Without it nobody would know after a crash that its last sequence was used.
    if (
      block.hasEntries &&
      block.lastSeq === this.#totals.lastSeq &&
      !all.some((each) => each.number > block.number && each.hasEntries)
    )
      return true;
    if (!block.hasTombstones) return false;
    return all.some((each) => each.number < block.number && each.hasDead);
  }

  /** Drops all blocks, or all but one. */
  #dropBlocks(but: FileBlock | undefined): void {
    this.#unread.clear();
    for (const block of this.table.all.slice()) if (block !== but) this.#drop(block);
    this.#totals.empty();
  }

  #drop(block: FileBlock): void {
    this.forget(block);
    this.table.remove(block);
    this.#onDropped(block);
  }

  #timeFirst(): void {
    if (this.#timedSeq === this.#totals.firstSeq) return;
    const record = this.peek(this.#totals.firstSeq);
    if (record === undefined) {
      // It is as old as the last of its block at least.
      const block = this.table.blockOf(this.#totals.firstSeq);
      this.#firstSec = block?.lastSec ?? ZERO_SEC;
      this.#firstNanos = block?.lastNanos ?? 0;
      return;
    }
    this.#firstSec = record.sec;
    this.#firstNanos = record.nanos;
    this.#timedSeq = this.#totals.firstSeq;
  }
}
