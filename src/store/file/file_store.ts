// A stream's messages in the blocks of nats-server's data directory.
//
//     stage ─→ PublishPlan (is there room?) ─→ GroupWriter, StagedGroups
//     durable ─→ GroupCommit ─→ FileMessages, LimitKeeper ─→ (blocks removed, bytes erased) ─→ committed
//     next, last, count … ─→ MessageSearch
//
// What a group removes is in the group: a tombstone for each message that is
// removed, or rolled up, or compacted out of a block that stays; a block of which
// nothing stays is removed before the group is reported. A rollup's tombstones are
// written behind its message (`setApart`), so that a power cut between them loses
// neither. Limits leave no trace: they would do the same again.
//
// Owns the order of things; what a commit does is GroupCommit's.
// Opened by open_file_store.ts.

import { assert } from "../../base/assert.ts";
import { DiskError, type Disk, type DiskDone } from "../../base/disk.ts";
import { MSGS } from "../format/layout.ts";
import { MAX_RECORD, recordLength } from "../format/record.ts";
import { LimitKeeper } from "../limit_keeper.ts";
import { MessageSearch } from "../message_search.ts";
import { PublishPlan } from "../publish_plan.ts";
import { OP, StagedGroups, type Waiter } from "../staged_groups.ts";
import { StagedSubjects } from "../staged_subjects.ts";
import { StoreReads } from "../store_reads.ts";
import {
  REFUSED,
  type StageRule,
  type StoredMsg,
  type StoreEvents,
  type StoreLimits,
  type StoreState,
  type StreamStore,
} from "../stream_store.ts";
import type { StoredRun } from "../stored_run.ts";
import type { SubjectFilter } from "../subject_filter.ts";
import { NO_SUBJECT } from "../subject_tree.ts";
import type { StreamPlace } from "./block_open.ts";
import { BlockKeeper } from "./block_keeper.ts";
import { BlockRemover } from "./block_remover.ts";
import { FileBlock } from "./file_block.ts";
import { FileMessages } from "./file_messages.ts";
import { GroupCommit } from "./group_commit.ts";
import { GroupReports } from "./group_reports.ts";
import { GroupWriter } from "./group_writer.ts";
import { GuardedEvents } from "./guarded_events.ts";
import { RecordEraser } from "./record_eraser.ts";
import { recover, type Lost } from "./recovery.ts";
import { readMark, RefusedMark } from "./refused_mark.ts";
import { RemovalMarks } from "./removal_marks.ts";
import type { Slices } from "./sliced_job.ts";
import type { StoreCache } from "./store_cache.ts";
import { StoreClosing } from "./store_closing.ts";
import type { WriteGroup } from "./write_group.ts";
import { WrittenRecords } from "./written_records.ts";

export interface FileStoreOptions {
  readonly disk: Disk;
  /** The stream's; its blocks are in `msgs` below, which is there. */
  readonly directory: string;
  /** Its name, which is in the checksums. */
  readonly stream: string;
  readonly limits: StoreLimits;
  /** For the hash of subjects: unpredictable. */
  readonly seed: number;
  readonly events: StoreEvents;
  /** Whether a commit waits for the disk or only for the system. */
  readonly how: "synced" | "written";
  readonly blockBytes: number;
  /** Whether blocks that are full are compressed. */
  readonly compression: "none" | "s2";
  /** Blocks are not rewritten to gain fewer bytes; smaller in tests. */
  readonly leastGain?: number;
  /** How many subjects of a block are indexed in one call; fewer in tests. */
  readonly indexedACall?: number;
  /** Of the server's stores together. */
  readonly cache: StoreCache;
  /** Unpredictable bytes, for what is erased. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Runs `fire` later in this turn, never inside the call. */
  readonly later: (fire: () => void) => void;
  /** Runs `fire` in a later turn: between the slices of long work. */
  readonly slice: (fire: () => void) => void;
  /** Told of what an operator should know: damage, repairs, a failing disk. */
  readonly log: (text: string) => void;
}

export class FileStore extends StoreReads implements StreamStore {
  readonly #later: (fire: () => void) => void;
  readonly #events: GuardedEvents;
  readonly #log: (text: string) => void;
  readonly #place: StreamPlace;
  readonly #messages: FileMessages;
  readonly #search: MessageSearch;
  readonly #limits: LimitKeeper;
  readonly #blocks: BlockKeeper;
  readonly #staged = new StagedSubjects();
  readonly #groups = new StagedGroups();
  readonly #plan: PublishPlan;
  readonly #writer: GroupWriter;
  readonly #marks: RemovalMarks;
  readonly #remover: BlockRemover;
  readonly #refusedMark: RefusedMark;
  readonly #reports: GroupReports;
  readonly #commit: GroupCommit;
  readonly #closing: StoreClosing;
  #reported = 0;
  /** Sequences up to here were refused; they are marked as used once that is possible. */
  #refusedUpTo = 0;
  /** The open group is to be written as soon as the disk takes one. */
  #isSubmitDue = false;
  #lost: Lost | undefined = undefined;

  constructor(options: FileStoreOptions) {
    super();
    const { disk, stream } = options;
    const directory = `${options.directory}/${MSGS}`;
    this.#place = { disk, directory: options.directory, stream };
    this.#later = options.later;
    this.#events = new GuardedEvents(options.events);
    this.#log = options.log;
    this.#messages = new FileMessages({
      disk,
      directory,
      stream,
      seed: options.seed,
      cache: options.cache,
      indexedACall: options.indexedACall ?? INDEXED_A_CALL,
      staged: this.#staged,
      stagedRecords: new WrittenRecords(() => this.#writer.groups()),
      events: this.#events,
      onDropped: (block) => this.#drop(block),
      isRemoving: () => this.#remover.isBusy,
      onTrimmed: (seq, sec, nanos, isFirst) => {
        if (!this.#commit.isRollingUp) this.#marks.trimmed(seq, sec, nanos, isFirst);
      },
      onUnreadable: (block, failure) => {
        this.#closing.isDoubtful = true;
        this.#log(`${directory}/${block}.blk: ${failure}`);
      },
    });
    this.#search = new MessageSearch(this.#messages);
    this.#limits = new LimitKeeper(this.#messages, options.limits);
    this.#plan = new PublishPlan(this.#messages, this.#staged);
    this.#remover = new BlockRemover(disk, directory, (failed, path) => this.#log(`${path}: ${failed.text}`));
    this.#blocks = new BlockKeeper({
      place: this.#place,
      messages: this.#messages,
      cache: options.cache,
      compress: options.compression === "s2",
      leastGain: options.leastGain ?? LEAST_GAIN,
      slice: options.slice,
      randomBytes: options.randomBytes,
      log: options.log,
    });
    const eraser = new RecordEraser({
      place: this.#place,
      messages: this.#messages,
      keeper: this.#blocks,
      randomBytes: options.randomBytes,
    });
    this.#reports = new GroupReports({
      eraser,
      remover: this.#remover,
      committed: (upTo) => this.#events.committed(upTo),
      onReported: () => this.#onReported(),
    });
    this.#writer = new GroupWriter({
      disk,
      directory,
      stream,
      blockBytes: options.blockBytes,
      how: options.how,
      later: options.later,
      spares: options.cache.spareGroups,
      events: {
        free: () => {
          if (this.#isSubmitDue) this.#submit();
        },
        durable: (group) => {
          this.#enter();
          this.#commit.land(group);
          if (this.#marks.isUrgent && !this.#groups.isOpen) this.#markNow();
        },
        refused: (failed, groups) => this.#refuse(failed, groups),
        reopened: () => this.#log(`${directory}: there is room again, writing goes on`),
      },
    });
    this.#marks = new RemovalMarks(this.#messages, this.#writer);
    this.#commit = new GroupCommit({
      messages: this.#messages,
      limits: this.#limits,
      staged: this.#staged,
      groups: this.#groups,
      plan: this.#plan,
      marks: this.#marks,
      eraser,
      reports: this.#reports,
    });
    this.#refusedMark = new RefusedMark(this.#place, options.slice, options.log);
    this.#closing = new StoreClosing({
      place: this.#place,
      messages: this.#messages,
      writer: this.#writer,
      blocks: this.#blocks,
      remover: this.#remover,
      refusedMark: this.#refusedMark,
      slice: options.slice,
      log: options.log,
    });
  }

  get failure(): string | undefined {
    return this.#writer.failed?.text;
  }
  get stagedLastSeq(): number {
    return Math.max(this.#groups.lastSeq, this.#refusedUpTo);
  }
  get stagedBytes(): number {
    return this.#groups.bytes;
  }

  /** Whether a group is on its way: what is submitted meanwhile goes together when it has landed. */
  get isWriting(): boolean {
    return this.#writer.isWriting;
  }

  /** What damage took, as found when the stream was opened. */
  get lost(): Lost | undefined {
    return this.#lost;
  }

  /** Finds out what is on disk; comes before anything else. Why it could not, if so. */
  *recover(wallSec: number): Slices<DiskError | undefined> {
    const messages = this.#messages;
    const found = yield* recover({ place: this.#place, messages, wallSec, log: this.#log });
    if (found instanceof DiskError) return found;
    this.#lost = found.lost;
    this.#closing.isDoubtful = found.isUnrepaired;
    messages.settle();
    for (const number of found.empty) this.#remover.add(new FileBlock(number, 0));
    this.#groups.skipTo(messages.lastSeq);
    this.#groups.begin();
    this.#writer.goOn(found.block, found.size);
    this.#marks.begin(found);
    this.#refusedUpTo = yield* readMark(this.#place, messages.lastSeq);
    while (this.#limits.repeat(REMOVALS_A_SLICE)) yield undefined;
    const unmarked = yield* this.#markTrimmed();
    if (unmarked !== undefined) return unmarked;
    this.#remover.start();
    this.#events.begin();
    this.#blocks.start();
    return undefined;
  }

  /**
   * What limits took by subject when the stream was opened is marked before anybody sees the stream: nats-server, which
   * applies the limits of the stream as a whole first, would take messages in their place that are to stay.
   */
  *#markTrimmed(): Slices<DiskError | undefined> {
    if (this.#writer.isIdle) return undefined;
    const failed = yield (done: DiskDone) => {
      // A group of its own, although it has neither messages nor operations.
      this.#groups.addWaiter((failure) => done(failure === undefined ? undefined : this.#writer.failed));
      this.submit();
    };
    // On a full disk they wait until there is room.
    return failed?.isFull === true ? undefined : failed;
  }

  /** Writes marks down although nothing is staged: the next group may be a long time off. */
  #markNow(): void {
    this.#groups.addWaiter(() => undefined);
    this.submit();
  }

  /** Looks whether a block is worth a rewrite; it is looked now and then anyway. */
  tidy(): void {
    this.#enter();
    this.#blocks.start();
  }

  /** Makes everything durable that was only handed to the system, in "written" mode. */
  sync(done: (failed: DiskError | undefined) => void): void {
    this.#enter();
    this.#writer.sync(done);
  }

  /** Makes everything staged durable, writes the index and closes all files; `done` says why it did not, if so. Not used afterwards. */
  close(done: (failure: string | undefined) => void): void {
    this.#enter();
    let said: string | undefined;
    const finish = (failure: string | undefined): void => {
      said ??= failure;
      // What limits took for the last messages is marked too: only the index would know of it, as long as it is believed.
      if (this.#writer.failed === undefined && !this.#closing.isAbandoned && !this.#writer.isIdle) {
        this.#groups.addWaiter(finish);
        this.submit();
      } else this.#closing.finish(said, done);
    };
    if (this.#writer.failed !== undefined) {
      this.afterCommit(finish);
      return;
    }
    this.#markRefused();
    this.#groups.addWaiter(finish); // a group of its own if need be, with what limits wrote down meanwhile
    this.submit();
  }

  /**
   * Closes all files, whatever is on its way; its directory is to be removed. Not used afterwards. No events are raised
   * any more; who waits for a commit is told later in the turn that it failed.
   */
  destroy(): void {
    this.#closing.isAbandoned = true;
    this.#blocks.close(() => undefined);
    this.#refusedMark.abandon();
    this.#writer.abandon();
    this.#messages.close();
    const waiters = [...this.#reports.abandon(), ...this.#groups.refuse(this.#messages.lastSeq)];
    const failure = this.failure;
    this.#later(() => {
      for (const waiter of waiters) waiter(failure);
    });
  }

  stage(msg: StoredMsg, rule: StageRule): number {
    this.#enter();
    if (this.#writer.failed !== undefined) return REFUSED.frozen;
    const seq = this.stagedLastSeq + 1;
    if (seq > Number.MAX_SAFE_INTEGER) return REFUSED.sequences;
    const { limits } = this.#limits;
    const { subject: name, subjectFrom: from, subjectTo: to } = msg;
    const size = recordLength(to - from, msg.headerTo - msg.headerFrom, msg.bodyTo - msg.bodyFrom);
    if (size > MAX_RECORD) return REFUSED.tooLarge;
    let subject = this.#messages.tree.find(name, from, to);
    if (limits.discardNew && rule !== "replicated") {
      const refused = this.#refusal(subject, size, rule);
      if (refused !== 0) return refused;
    }
    this.#markRefused();
    // What it rolls up has to be found: a disk that does not tell must not let the rest come back.
    if (rule === "rollupSubject" && !this.#marks.rollUp(subject)) return REFUSED.frozen;
    if (subject === NO_SUBJECT) subject = this.#messages.tree.enter(name, from, to);
    if (rule === "rollupAll") this.#writer.roll();
    this.#writer.appendMessage(seq, msg, subject);
    if (limits.discardNew) this.#planToTrim(seq, subject, size, rule);
    else this.#plan.add(seq, subject, size, rule, limits);
    this.#groups.addMessage(size);
    if (rule === "rollupSubject") this.#groups.addOp(OP.rollupSubject, subject, 0, 0);
    else if (rule === "rollupAll") {
      this.#groups.addOp(OP.rollupAll, seq, 0, 0);
      this.#marks.rollUpAll(seq);
    }
    return seq;
  }

  stageSkip(seq: number, sec: number, nanos: number): void {
    this.#enter();
    if (seq <= this.stagedLastSeq || this.#writer.failed !== undefined) return;
    assert(seq <= Number.MAX_SAFE_INTEGER, "sequences stay below 2^53");
    this.#markRefused();
    this.#skipTo(seq, sec, nanos);
  }

  stageRemove(seq: number, erase: boolean): boolean {
    this.#enter();
    if (this.#writer.failed !== undefined || !this.#messages.has(seq)) return false;
    this.#markRefused();
    this.#marks.remove(seq);
    this.#groups.addOp(erase ? OP.erase : OP.remove, seq, 0, 0);
    return true;
  }

  stageCompact(first: number): void {
    this.#enter();
    assert(first <= Number.MAX_SAFE_INTEGER, "sequences stay below 2^53");
    if (this.#writer.failed !== undefined) return;
    this.#markRefused();
    const { lastSeq } = this.#groups;
    const isAll = first > lastSeq;
    if (first === lastSeq + 1 && this.#groups.isEmpty && this.#messages.msgs === 0) return;
    // A block that begins with the last sequence used; the ones before it go.
    if (isAll) this.#writer.roll();
    this.#marks.compact(first, isAll);
    this.#groups.addOp(OP.compact, first, 0, 0);
    this.#groups.skipTo(first - 1);
  }

  submit(): void {
    this.#enter();
    // While the disk is busy the group grows: the slower the disk, the more goes with one sync.
    if (this.#writer.mayGrow) this.#isSubmitDue = true;
    else this.#submit();
  }

  afterCommit(done: Waiter): void {
    this.#enter();
    const { failed } = this.#writer;
    if (this.#groups.isOpen) this.#groups.addWaiter(done);
    else if (this.#groups.lastClosed !== undefined) this.#groups.lastClosed.waiters.push(done);
    else if (!this.#reports.wait(done)) this.#later(() => done(failed?.text));
  }

  stagedLast(filter: SubjectFilter): number {
    this.#enter();
    let last = 0;
    if (this.#staged.total > 0) {
      const { literal } = filter;
      const { tree } = this.#messages;
      if (literal !== undefined) {
        const subject = tree.find(literal, 0, literal.length);
        const slot = subject === NO_SUBJECT ? -1 : this.#staged.find(subject);
        if (slot >= 0) last = this.#staged.last(slot);
      } else {
        this.#staged.forEach((subject, at) => {
          if (at <= last) return;
          const start = tree.startOf(subject);
          if (filter.matches(tree.bufferOf(subject), start, start + tree.lengthOf(subject))) last = at;
        });
      }
    }
    if (last > 0 || this.#plan.isEmptied) return last;
    return this.#search.last(filter);
  }

  loadStaged(seq: number, into: StoredMsg): boolean {
    this.#enter();
    if (seq <= this.#messages.lastSeq) return this.#messages.load(seq, into);
    for (const group of this.#writer.groups()) if (group.load(seq, into)) return true;
    return false;
  }

  load(seq: number, into: StoredMsg): boolean {
    this.#enter();
    return this.#messages.load(seq, into);
  }

  loadRun(seq: number, most: number, into: StoredRun): number {
    this.#enter();
    return this.#messages.loadRun(seq, most, into);
  }

  addToRun(seq: number, into: StoredRun): boolean {
    this.#enter();
    return this.#messages.addToRun(seq, into);
  }

  get readFailures(): number {
    return this.#messages.readFailures;
  }

  state(): StoreState {
    this.#enter();
    return this.#messages.state();
  }
  get lastSeq(): number {
    return this.#messages.lastSeq;
  }
  get bytes(): number {
    this.#enter();
    return this.#messages.countedBytes;
  }

  sizeOf(subjectLength: number, headerLength: number, bodyLength: number): number {
    return recordLength(subjectLength, headerLength, bodyLength);
  }

  protected searching(): MessageSearch {
    this.#enter();
    return this.#search;
  }

  expire(sec: number, nanos: number, most: number): boolean {
    this.#enter();
    const hasMore = this.#limits.expire(sec, nanos, most);
    this.#remover.start();
    return hasMore;
  }

  setLimits(limits: StoreLimits): void {
    this.#enter();
    this.#limits.set(limits);
  }

  enforce(most: number): boolean {
    this.#enter();
    const hasMore = this.#limits.enforce(most);
    this.#remover.start();
    return hasMore;
  }

  checkInvariants(): void {
    this.#messages.checkInvariants();
  }

  #enter(): void {
    this.#events.check();
  }

  // What discard new asks and plans may read: what was loaded before stays.
  #refusal(subject: number, size: number, rule: StageRule): number {
    return this.#messages.borrowing(() => this.#plan.refusal(subject, size, rule, this.#limits.limits));
  }
  #planToTrim(seq: number, subject: number, size: number, rule: StageRule): void {
    this.#messages.borrowing(() => this.#plan.add(seq, subject, size, rule, this.#limits.limits));
  }

  #submit(): void {
    this.#isSubmitDue = false;
    if (!this.#groups.close()) return;
    this.#marks.close();
    this.#plan.close();
    this.#writer.submit();
  }

  #skipTo(seq: number, sec: number, nanos: number): void {
    // A long gap lies between two blocks, where it costs nothing.
    if (seq - this.#groups.lastSeq > LONG_GAP) this.#writer.roll();
    this.#writer.appendMark("hole", seq, sec, nanos);
    this.#groups.addOp(OP.skip, seq, sec, nanos);
    this.#groups.skipTo(seq);
  }

  /** Sequences that were refused are used up, durably; so is what limits took meanwhile. */
  #markRefused(): void {
    this.#marks.repeat();
    const upTo = this.#refusedUpTo;
    this.#refusedUpTo = 0;
    if (upTo > this.#groups.lastSeq) this.#skipTo(upTo, this.#messages.lastSec, this.#messages.lastNanos);
  }

  /** Nothing in the block is needed: its file goes, after a job that is at work on it. */
  #drop(block: FileBlock): void {
    this.#writer.letGo(block.number);
    const remove = (): void => {
      this.#remover.add(block);
      this.#remover.start();
    };
    if (!this.#blocks.giveUp(block, remove)) this.#remover.add(block);
  }

  #onReported(): void {
    this.#remover.start();
    if (++this.#reported % REPORTS_A_LOOK === 0) this.#blocks.start();
  }

  #refuse(failed: DiskError, groups: readonly WriteGroup[]): void {
    this.#enter();
    const { tree, lastSeq } = this.#messages;
    const upTo = this.#groups.lastSeq;
    this.#log(`writing failed: ${failed.text}`);
    this.#refusedUpTo = Math.max(this.#refusedUpTo, upTo);
    if (this.#refusedUpTo > lastSeq) this.#refusedMark.write(this.#refusedUpTo);
    const waiters = this.#groups.refuse(lastSeq);
    this.#isSubmitDue = false;
    this.#plan.refuse();
    this.#staged.clear();
    this.#marks.refuse(groups);
    const subjects = new Set<number>();
    for (const group of groups) {
      for (let entry = 0; entry < group.entries; entry++) subjects.add(group.tagOf(entry));
    }
    for (const subject of subjects) if (subject >= 0 && tree.count(subject) === 0) tree.release(subject);
    if (upTo > lastSeq) this.#events.refused(lastSeq + 1, upTo, failed.text);
    for (const waiter of waiters) waiter(failed.text);
  }
}

const LEAST_GAIN = 4096;
/** A millisecond or two. */
const INDEXED_A_CALL = 8192;
/** How often it is looked whether a block is worth a rewrite. */
const REPORTS_A_LOOK = 64;
const REMOVALS_A_SLICE = 200;
/** A gap in a block costs a little memory for each 2048 sequences. */
const LONG_GAP = 1 << 20;
