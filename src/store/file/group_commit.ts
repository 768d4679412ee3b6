// What a commit does with a group that is durable: its messages become visible
// one after another, the operations between them happen in their places, and
// limits take what is too much after each.
//
//     message ─→ landing ─→ limits          operation ─→ messages removed, a hole, a rollup ─→ limits
//
// Owns the order of these. Knows nothing of the disk, nor of who waits:
// `GroupReports` tells them, when bytes are erased and blocks removed.

import { assert } from "../../base/assert.ts";
import type { LimitKeeper } from "../limit_keeper.ts";
import type { PublishPlan } from "../publish_plan.ts";
import { OP, type StagedGroups, type StagedOp } from "../staged_groups.ts";
import type { StagedSubjects } from "../staged_subjects.ts";
import type { FileMessages } from "./file_messages.ts";
import type { GroupReports } from "./group_reports.ts";
import type { RecordEraser } from "./record_eraser.ts";
import type { RemovalMarks } from "./removal_marks.ts";
import type { WriteGroup } from "./write_group.ts";

export interface GroupCommitOptions {
  readonly messages: FileMessages;
  readonly limits: LimitKeeper;
  readonly staged: StagedSubjects;
  readonly groups: StagedGroups;
  readonly plan: PublishPlan;
  readonly marks: RemovalMarks;
  readonly eraser: RecordEraser;
  readonly reports: GroupReports;
}

export class GroupCommit {
  readonly #messages: FileMessages;
  readonly #limits: LimitKeeper;
  readonly #staged: StagedSubjects;
  readonly #groups: StagedGroups;
  readonly #plan: PublishPlan;
  readonly #marks: RemovalMarks;
  readonly #eraser: RecordEraser;
  readonly #reports: GroupReports;
  #isRollingUp = false;

  constructor(options: GroupCommitOptions) {
    this.#messages = options.messages;
    this.#limits = options.limits;
    this.#staged = options.staged;
    this.#groups = options.groups;
    this.#plan = options.plan;
    this.#marks = options.marks;
    this.#eraser = options.eraser;
    this.#reports = options.reports;
  }

  /** What goes just now is rolled up: its tombstones are in the group. */
  get isRollingUp(): boolean {
    return this.#isRollingUp;
  }

  /** The oldest closed group is durable, as `written`: makes it visible and has it reported. */
  land(written: WriteGroup): void {
    const messages = this.#messages;
    const groups = this.#groups;
    const group = groups.shift();
    let { ops } = group;
    let mustFlush = false;
    const { failures } = messages;
    messages.readRemoved(true);
    messages.landing.begin();
    // All of it leaves the limits as they are: then nothing has to be looked at between two messages.
    const isRoom = this.#limits.hasRoomFor(group.upTo - messages.lastSeq, group.bytes);
    for (;;) {
      if (ops > 0 && groups.isOpDue(messages.lastSeq)) {
        ops--;
        const op = groups.shiftOp();
        if (op.kind === OP.compact || op.kind === OP.erase || op.kind === OP.rollupAll) mustFlush = true;
        this.#run(op, written);
      } else if (messages.lastSeq < group.upTo && ops === 0 && isRoom) {
        messages.landing.advanceRun(written);
      } else if (messages.lastSeq < group.upTo) {
        const subject = messages.landing.advance(written);
        // A rollup trims before the limits do: they run after it.
        if (ops === 0 || !groups.isRollupAt(messages.lastSeq)) this.#limits.trim(subject);
      } else break;
    }
    assert(ops === 0 && messages.lastSeq === group.upTo, "a commit ends where its group ends");
    // Before the blocks are looked at that got tombstones alone: they are needed once what they name is gone.
    if (messages.failures !== failures || messages.hasUnread) this.#marks.bury(written);
    messages.landing.end(written);
    this.#marks.land(written);
    this.#plan.land(groups.isEmpty);
    this.#reports.add(group.upTo, group.waiters, mustFlush);
  }

  #run({ kind, argument, sec, nanos }: StagedOp, written: WriteGroup): void {
    const messages = this.#messages;
    if (kind === OP.remove || kind === OP.erase) {
      if (!messages.has(argument)) return;
      if (kind === OP.erase) this.#erase(argument);
      messages.remove(argument, true);
    } else if (kind === OP.compact) messages.compactTo(argument);
    else if (kind === OP.skip) messages.landing.skip(written, argument, sec, nanos);
    else if (kind === OP.rollupAll) {
      const subject = written.tagOf(written.find(argument));
      if (this.#staged.total === 0) this.#limits.trim(messages.keepOnly(argument, subject));
      else {
        messages.compactTo(argument);
        this.#limits.trim(subject);
      }
    } else {
      this.#isRollingUp = true;
      this.#limits.keepLast(argument, 1);
      this.#isRollingUp = false;
      this.#limits.trim(argument);
    }
  }

  #erase(seq: number): void {
    const block = this.#messages.blockOf(seq);
    if (block !== undefined) this.#eraser.add(block, seq);
  }
}
