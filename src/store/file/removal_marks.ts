// What a group writes down of the messages that it removes.
//
//     removed           a tombstone, where the removal was staged: torn before
//                       a message behind it, nothing else has to go for that one
//     rolled up         a tombstone for each, behind the rollup's message: a power
//                       cut between them leaves the old ones or the new one
//     compacted         a tombstone for each in a block that stays
//     taken by limits   nothing while they are the first; but a group that removes
//                       something else marks where the stream begins by then,
//                       before all that: torn between them, nothing makes room
//                       for what limits took; what they take while it is on its
//                       way is marked as soon as it has landed
//
// Owns what the open group still has to write. Knows the messages and the writer;
// when what happens is the store's.

import { NumberQueue } from "../chunks.ts";
import { NO_SUBJECT } from "../subject_tree.ts";
import { Hasher } from "../../base/highway_hash.ts";
import { EMPTY_RECORD, RecordReader } from "../format/record.ts";
import type { FileMessages } from "./file_messages.ts";
import { FLOOR_MARK, isFloorMark } from "./floor_mark.ts";
import type { GroupWriter } from "./group_writer.ts";
import type { WriteGroup } from "./write_group.ts";

const NO_KEY = new Uint8Array(32);
const NO_MOMENT = { sec: 0, nanos: 0 };

export class RemovalMarks {
  readonly #messages: FileMessages;
  readonly #writer: GroupWriter;
  // What the rollups of the open group remove: sequence and time of each.
  readonly #rolledUp = new NumberQueue();
  /** Up to where that is noted already, by subject. */
  readonly #notedUpTo = new Map<number, number>();
  #rolledAllAt = 0;
  // What limits took and could not be marked: sequence and time of each.
  readonly #owed = new NumberQueue();
  /** Where the stream begins, as the last floor mark says, and as the last one before this start did; and whether the open group needs one. */
  #floor = 0;
  #startFloor = 0;
  /** The sequence that the last record named at the start, a tombstone; and in which block. */
  #startBuried = 0;
  #startBlock = 0;
  /** Everything up to here was removed at once. */
  #emptiedUpTo = 0;
  #needsFloor = false;
  /** The last group on its way that removes something, and whether limits took something since it was closed. */
  #removing: WriteGroup | undefined = undefined;
  #isTrimmed = false;
  /** The open group has tombstones of what limits took; and marks that should not wait. */
  #hasTrimmed = false;
  #isUrgent = false;

  constructor(messages: FileMessages, writer: GroupWriter) {
    this.#messages = messages;
    this.#writer = writer;
  }

  /** Whether the open group has marks that should not wait until something is staged. */
  get isUrgent(): boolean {
    return this.#isUrgent && this.#writer.failed === undefined;
  }

  /**
   * Where the stream begins, as the blocks say, and what the last of them ends with. That is not said again: a last record
   * like the one before would let an index, which knows it by its checksum, take the block for one that did not go on.
   */
  begin({ floor, lastBuried }: { readonly floor: number; readonly lastBuried: number }): void {
    this.#startFloor = floor;
    this.#floor = floor;
    this.#startBuried = lastBuried;
    this.#startBlock = this.#writer.block;
  }

  /** A message that is there is removed. */
  remove(seq: number): void {
    const { sec, nanos } = this.#messages.peek(seq) ?? NO_MOMENT;
    this.#markFloor(this.#messages.firstSeq);
    this.#writer.appendMark("tombstone", seq, sec, nanos);
    // Limits may take more until the group is closed.
    this.#needsFloor = true;
  }

  /** Everything below `first` is removed; all that was given out, when a block was begun for that. */
  compact(first: number, isAll: boolean): void {
    if (isAll) this.#emptiedUpTo = first - 1;
    else {
      this.#markFloor(this.#messages.firstSeq);
      this.#buryBelow(first);
    }
    // Behind the tombstones: torn between them, nats-server would not know what this alone tells.
    this.#floor = this.#startFloor;
    this.#markFloor(first);
  }

  /** Notes everything on a subject, which may be none, staged messages too; false when not all of it could be read. */
  rollUp(subject: number): boolean {
    const messages = this.#messages;
    const before = this.#rolledUp.size;
    const { failures } = messages;
    // Also when limits took all there was: it must not come back, now that there is one more.
    this.#needsFloor = true;
    if (subject === NO_SUBJECT) return true;
    return messages.borrowing(() => {
      let upTo = this.#notedUpTo.get(subject) ?? 0;
      let at = upTo === 0 && messages.countOf(subject) > 0 ? messages.firstOf(subject) : 0;
      if (at === 0) at = messages.nextAfter(subject, upTo === 0 ? messages.lastSeq : upTo);
      for (; at > 0; at = messages.nextAfter(subject, at)) {
        const { sec, nanos } = messages.peek(at) ?? NO_MOMENT;
        push(this.#rolledUp, at, sec, nanos);
        upTo = at;
      }
      if (messages.failures === failures) {
        if (upTo > 0) this.#notedUpTo.set(subject, upTo);
        return true;
      }
      this.#rolledUp.cutTo(before);
      return false;
    });
  }

  /** Everything before message `seq`, which begins a block, is rolled up. */
  rollUpAll(seq: number): void {
    this.#rolledAllAt = seq;
  }

  /** The open group is about to be submitted. While the writer has failed there is none. */
  close(): void {
    if (this.#writer.failed !== undefined) return;
    const isRemoving = this.#needsFloor;
    this.#needsFloor = false;
    if (isRemoving) this.#markFloor(this.#messages.firstSeq);
    if (this.#rolledUp.size > 0 || this.#rolledAllAt > 0) this.#buryRolledUp();
    this.#tellLast();
    this.#hasTrimmed = false;
    this.#isUrgent = false;
    if (!isRemoving) return;
    for (const group of this.#writer.groups()) this.#removing = group;
    this.#isTrimmed = false;
  }

  /** A group has landed. What limits took since it was closed would come back when it made room. */
  land(group: WriteGroup): void {
    if (group !== this.#removing) return;
    this.#removing = undefined;
    if (!this.#isTrimmed) return;
    const isMarked = this.#markFloor(this.#messages.firstSeq);
    this.#isUrgent = isMarked || this.#hasTrimmed;
  }

  /**
   * A limit took a message. One that was not the first is marked before what is removed next, else it would come back
   * when that makes room.
   */
  trimmed(seq: number, sec: number, nanos: number, isFirst: boolean): void {
    this.#isTrimmed = true;
    if (isFirst) return;
    if (this.#writer.failed !== undefined) push(this.#owed, seq, sec, nanos);
    else {
      this.#writer.appendMark("tombstone", seq, sec, nanos);
      this.#hasTrimmed = true;
    }
  }

  /** Writes what limits took while nothing could be written. */
  repeat(): void {
    this.#bury(this.#owed);
  }

  /** Groups were refused: the last marks may be among what is lost. What was removed all the same has to be marked again. */
  refuse(groups: readonly WriteGroup[]): void {
    for (const { seq, sec, nanos } of tombstonesOf(groups)) {
      if (seq <= this.#messages.lastSeq && !this.#messages.has(seq)) push(this.#owed, seq, sec, nanos);
    }
    this.#rolledUp.cutTo(0);
    this.#notedUpTo.clear();
    this.#rolledAllAt = 0;
    this.#removing = undefined;
    this.#hasTrimmed = false;
    this.#isUrgent = false;
    // Where the stream begins may have been in them.
    this.#needsFloor = this.#floor > this.#startFloor;
    this.#floor = this.#startFloor;
    this.#emptiedUpTo = 0;
  }

  /** A group has landed while something could not be read: a rollup may not have found all that its tombstones name. */
  bury(group: WriteGroup): void {
    for (const { seq } of tombstonesOf([group])) if (this.#messages.has(seq)) this.#messages.remove(seq, true);
  }

  /** Writes a tombstone for each. */
  #bury(queue: NumberQueue): void {
    while (queue.size > 0) this.#writer.appendMark("tombstone", queue.shift(), queue.shift(), queue.shift());
  }

  #buryRolledUp(): void {
    this.#writer.setApart();
    this.#bury(this.#rolledUp);
    this.#notedUpTo.clear();
    if (this.#rolledAllAt > 0) this.#markFloor(this.#rolledAllAt);
    this.#rolledAllAt = 0;
  }

  /** Tombstones for the messages below `first` in blocks that stay, and for the staged ones. */
  #buryBelow(first: number): void {
    const messages = this.#messages;
    const { all, last } = messages.table;
    for (const block of all) {
      if (block.firstSeq >= first) break;
      if (block.lastSeq < first && block !== last) continue;
      for (let seq = block.liveFrom(1); seq > 0 && seq < first; seq = block.liveFrom(seq + 1)) {
        const { sec, nanos } = messages.peek(seq) ?? NO_MOMENT;
        this.#writer.appendMark("tombstone", seq, sec, nanos);
      }
    }
    for (const group of this.#writer.groups()) {
      for (let entry = 0; entry < group.entries; entry++) {
        const seq = group.seqOf(entry);
        if (seq >= first) break;
        if (group.tagOf(entry) >= 0) this.#writer.appendMark("tombstone", seq, 0, 0);
      }
    }
  }

  /** False when that is no news. */
  #markFloor(first: number): boolean {
    if (first <= Math.max(1, this.#floor)) return false;
    this.#floor = first;
    const { sec, nanos } = this.#lastMoment();
    this.#writer.appendMark("tombstone", first - 1, sec, nanos, FLOOR_MARK);
    return true;
  }

  /**
   * Of an empty stream nats-server takes for the last sequence what the last block tells. So when that may have nothing
   * but tombstones of lower ones, the last sequence is said again; not in the block that ended with it at the start.
   */
  #tellLast(): void {
    const messages = this.#messages;
    let [lastSeq, bytes, buried] = [Math.max(messages.lastSeq, this.#emptiedUpTo), 0, 0];
    let open: WriteGroup | undefined;
    for (const group of this.#writer.groups()) {
      open = group;
      bytes += group.used;
      for (const piece of group.pieces) buried = Math.max(buried, piece.buried);
      if (group.entries > 0) lastSeq = Math.max(lastSeq, group.seqOf(group.entries - 1));
    }
    const piece = open?.pieces.at(-1);
    if (piece?.hasTombstones !== true || piece.buried >= lastSeq) return;
    if (piece.block === this.#startBlock && this.#startBuried >= lastSeq) return;
    const isGone = buried >= lastSeq || !messages.has(lastSeq);
    const mayBeEmpty = lastSeq === messages.lastSeq && isGone && messages.msgs <= bytes / EMPTY_RECORD;
    if (!mayBeEmpty && lastSeq !== this.#emptiedUpTo) return;
    const { sec, nanos } = this.#lastMoment();
    this.#writer.appendMark("tombstone", lastSeq, sec, nanos);
  }

  /** When the last sequence was used, staged ones included: a mark may be all that is left to tell. */
  #lastMoment(): { readonly sec: number; readonly nanos: number } {
    let last: WriteGroup | undefined;
    for (const group of this.#writer.groups()) if (group.entries > 0) last = group;
    if (last !== undefined) return last.momentOf(last.entries - 1);
    return { sec: this.#messages.lastSec, nanos: this.#messages.lastNanos };
  }
}

function push(queue: NumberQueue, seq: number, sec: number, nanos: number): void {
  queue.push(seq);
  queue.push(sec);
  queue.push(nanos);
}

/** The tombstones of messages in groups. The record is borrowed. */
function* tombstonesOf(groups: readonly WriteGroup[]): Generator<RecordReader> {
  const record = new RecordReader(new Hasher(NO_KEY));
  for (const { bytes, used } of groups) {
    for (let at = 0; at < used && record.readUnchecked(bytes, at, used) === undefined; at = record.to) {
      if (record.kind === "tombstone" && !isFloorMark(bytes, record.subjectFrom, record.subjectTo)) yield record;
    }
  }
}
