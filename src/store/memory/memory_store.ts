// A stream's messages in memory, in blocks outside the JavaScript heap.
//
//     stage ─→ PublishPlan (is there room?) ─→ MessageLog, StagedGroups
//     submit, later: commit ─→ CommittedMessages ─→ LimitKeeper
//     next, last, count … ─→ MessageSearch
//
// Removals, rollups, skips and compactions wait in StagedGroups and happen
// between the messages they were staged between. Owns the order of things: what
// a commit does, and that no listener calls back. Nothing here can fail.

import { assert } from "../../base/assert.ts";
import { LimitKeeper } from "../limit_keeper.ts";
import { MessageSearch } from "../message_search.ts";
import { PublishPlan } from "../publish_plan.ts";
import { OP, StagedGroups, type StagedOp } from "../staged_groups.ts";
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
import { NO_SUBJECT, type SubjectTree } from "../subject_tree.ts";
import { CommittedMessages, messageSize } from "./committed_messages.ts";
import { MOST_ROWS } from "./memory_block.ts";

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

export class MemoryStore extends StoreReads implements StreamStore {
  readonly #later: (fire: () => void) => void;
  readonly #events: StoreEvents;
  readonly #messages: CommittedMessages;
  readonly #tree: SubjectTree;
  readonly #search: MessageSearch;
  readonly #keeper: LimitKeeper;
  readonly #staged = new StagedSubjects();
  readonly #groups = new StagedGroups();
  readonly #plan: PublishPlan;
  #busy = false;
  readonly readFailures = 0;

  constructor(options: MemoryStoreOptions) {
    super();
    this.#later = options.later;
    this.#events = options.events;
    this.#messages = new CommittedMessages({
      seed: options.seed,
      rowsPerBlock: options.rowsPerBlock ?? MOST_ROWS,
      staged: this.#staged,
      events: this.#guarded(options.events),
    });
    this.#tree = this.#messages.tree;
    this.#search = new MessageSearch(this.#messages);
    this.#keeper = new LimitKeeper(this.#messages, options.limits);
    this.#plan = new PublishPlan(this.#messages, this.#staged);
  }

  get failure(): string | undefined {
    return undefined;
  }
  get stagedLastSeq(): number {
    return this.#groups.lastSeq;
  }
  get stagedBytes(): number {
    return this.#groups.bytes;
  }
  /** Memory held for messages and subjects, in bytes. */
  get heldBytes(): number {
    return this.#messages.log.heldBytes + this.#tree.heldBytes;
  }

  stage(msg: StoredMsg, rule: StageRule): number {
    this.#enter();
    const seq = this.#groups.lastSeq + 1;
    if (seq > Number.MAX_SAFE_INTEGER) return REFUSED.sequences;
    const { limits } = this.#keeper;
    const size = this.sizeOf(msg.subjectTo - msg.subjectFrom, msg.headerTo - msg.headerFrom, msg.bodyTo - msg.bodyFrom);
    let subject = this.#tree.find(msg.subject, msg.subjectFrom, msg.subjectTo);
    if (limits.discardNew && rule !== "replicated") {
      const refused = this.#plan.refusal(subject, size, rule, limits);
      if (refused !== 0) return refused;
    }
    if (subject === NO_SUBJECT) subject = this.#tree.enter(msg.subject, msg.subjectFrom, msg.subjectTo);
    this.#messages.append(seq, subject, msg);
    this.#plan.add(seq, subject, size, rule, limits);
    this.#groups.addMessage(size);
    if (rule === "rollupSubject") this.#groups.addOp(OP.rollupSubject, subject, 0, 0);
    else if (rule === "rollupAll") this.#groups.addOp(OP.rollupAll, seq, 0, 0);
    return seq;
  }

  stageSkip(seq: number, sec: number, nanos: number): void {
    this.#enter();
    if (seq <= this.#groups.lastSeq) return;
    assert(seq <= Number.MAX_SAFE_INTEGER, "sequences stay below 2^53");
    this.#groups.addOp(OP.skip, seq, sec, nanos);
    this.#groups.skipTo(seq);
  }

  stageRemove(seq: number, erase: boolean): boolean {
    this.#enter();
    if (seq > this.#messages.lastSeq || !this.#messages.log.locate(seq)) return false;
    this.#groups.addOp(erase ? OP.erase : OP.remove, seq, 0, 0);
    return true;
  }

  stageCompact(first: number): void {
    this.#enter();
    assert(first <= Number.MAX_SAFE_INTEGER, "sequences stay below 2^53");
    this.#groups.addOp(OP.compact, first, 0, 0);
    this.#groups.skipTo(first - 1);
  }

  submit(): void {
    this.#enter();
    if (!this.#groups.close()) return;
    this.#plan.close();
    this.#later(() => this.#commit());
  }

  afterCommit(done: (failure: string | undefined) => void): void {
    this.#enter();
    const flying = this.#groups.lastClosed;
    if (this.#groups.isOpen) this.#groups.addWaiter(done);
    else if (flying !== undefined) flying.waiters.push(done);
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
          if (at > last && this.#messages.matches(filter, subject)) last = at;
        });
      }
    }
    if (last > 0 || this.#plan.isEmptied) return last;
    return this.#search.last(filter);
  }

  loadStaged(seq: number, into: StoredMsg): boolean {
    this.#enter();
    return this.#messages.load(seq, this.#groups.lastSeq, into);
  }

  load(seq: number, into: StoredMsg): boolean {
    this.#enter();
    return this.#messages.load(seq, this.#messages.lastSeq, into);
  }

  loadRun(seq: number, most: number, into: StoredRun): number {
    this.#enter();
    return this.#messages.loadRun(seq, most, into);
  }

  addToRun(seq: number, into: StoredRun): boolean {
    this.#enter();
    return this.#messages.addToRun(seq, into);
  }

  state(): StoreState {
    this.#enter();
    return this.#messages.state();
  }
  get lastSeq(): number {
    return this.#messages.lastSeq;
  }
  get bytes(): number {
    return this.#messages.bytes;
  }

  sizeOf(subjectLength: number, headerLength: number, bodyLength: number): number {
    return messageSize(subjectLength, headerLength, bodyLength);
  }

  protected searching(): MessageSearch {
    this.#enter();
    return this.#search;
  }

  expire(sec: number, nanos: number, most: number): boolean {
    this.#enter();
    return this.#keeper.expire(sec, nanos, most);
  }

  setLimits(limits: StoreLimits): void {
    this.#enter();
    this.#keeper.set(limits);
  }

  enforce(most: number): boolean {
    this.#enter();
    return this.#keeper.enforce(most);
  }

  checkInvariants(): void {
    this.#messages.checkInvariants();
  }

  #enter(): void {
    assert(!this.#busy, "a listener does not call the store");
  }
  #guarded(events: StoreEvents): Pick<StoreEvents, "removed" | "compacted"> {
    return {
      removed: (seq, subject, from, to) => {
        this.#busy = true;
        events.removed(seq, subject, from, to);
        this.#busy = false;
      },
      compacted: (first, msgs) => {
        this.#busy = true;
        events.compacted(first, msgs);
        this.#busy = false;
      },
    };
  }

  #commit(): void {
    this.#enter();
    const messages = this.#messages;
    const groups = this.#groups;
    const group = groups.shift();
    let { ops } = group;
    for (;;) {
      if (ops > 0 && groups.isOpDue(messages.lastSeq)) {
        ops--;
        this.#run(groups.shiftOp());
      } else if (messages.lastSeq < group.upTo) {
        const subject = messages.advance();
        // A rollup trims before the limits do: they run after it.
        if (ops === 0 || !groups.isRollupAt(messages.lastSeq)) this.#keeper.trim(subject);
      } else break;
    }
    assert(ops === 0 && messages.lastSeq === group.upTo, "a commit ends where its group ends");
    this.#plan.land(groups.isEmpty);
    this.#busy = true;
    this.#events.committed(group.upTo);
    this.#busy = false;
    for (const waiter of group.waiters) waiter(undefined);
  }

  #run({ kind, argument, sec, nanos }: StagedOp): void {
    const messages = this.#messages;
    if (kind === OP.remove || kind === OP.erase) {
      if (messages.log.locate(argument)) messages.remove(argument, kind === OP.erase, true);
    } else if (kind === OP.compact) messages.compactTo(argument);
    else if (kind === OP.skip) messages.skip(argument, sec, nanos);
    else if (kind === OP.rollupAll) {
      if (this.#staged.total === 0) messages.keepOnly(argument);
      else messages.compactTo(argument);
      messages.log.locate(argument);
      this.#keeper.trim(messages.log.subject);
    } else {
      this.#keeper.keepLast(argument, 1);
      this.#keeper.trim(argument);
    }
  }
}
