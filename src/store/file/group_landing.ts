// Makes a group that is durable visible: entry by entry, in the blocks its
// pieces went to.
//
//     begin ─→ advance (a message) … advanceRun (some of one subject) … skip (a hole) … ─→ end
//
// Owns how far the group got. What limits take between two entries is the
// store's; which blocks are needed, FileMessages's.

import { assert } from "../../base/assert.ts";
import type { StagedSubjects } from "../staged_subjects.ts";
import type { StreamTotals } from "../stream_totals.ts";
import type { SubjectTree } from "../subject_tree.ts";
import { NO_ENTRY_SUBJECT } from "./block_index.ts";
import type { BlockTable } from "./block_table.ts";
import type { FileBlock } from "./file_block.ts";
import { headerMarks, MARK } from "./header_marks.ts";
import type { RecordFinder } from "./record_finder.ts";
import { HOLE_ENTRY, type Piece, type WriteGroup } from "./write_group.ts";

/** What drops blocks that are not needed any more. */
export interface SettledBlocks {
  /** Looks at all of them. */
  settle(): void;
  /** Looks at one, and at those that waited for it. */
  settleBlock(block: FileBlock): void;
}

export class GroupLanding {
  readonly #tree: SubjectTree;
  readonly #table: BlockTable;
  readonly #totals: StreamTotals;
  readonly #staged: StagedSubjects;
  readonly #finder: RecordFinder;
  readonly #blocks: SettledBlocks;
  /** The piece the next entry is in, and the next entry. */
  #piece = 0;
  #entry = 0;

  constructor(
    { tree, table }: { readonly tree: SubjectTree; readonly table: BlockTable },
    totals: StreamTotals,
    staged: StagedSubjects,
    finder: RecordFinder,
    blocks: SettledBlocks,
  ) {
    this.#tree = tree;
    this.#table = table;
    this.#totals = totals;
    this.#staged = staged;
    this.#finder = finder;
    this.#blocks = blocks;
  }

  /** The entries of a group that is durable come next. */
  begin(): void {
    this.#piece = 0;
    this.#entry = 0;
  }

  /** Makes the next message of the landing group visible; its subject. */
  advance(group: WriteGroup): number {
    const seq = this.#totals.lastSeq + 1;
    const entry = this.#entry;
    const start = group.startOf(entry);
    const subject = group.tagOf(entry);
    const length = group.lengthOf(entry);
    const offset = this.#place(group, start);
    const block = this.#table.last!;
    const { sec, nanos } = group.momentOf(entry);
    const isBeginning = !block.hasEntries;
    block.add(seq, length, sec, nanos);
    if (group.hasHeaders(entry)) this.#markHeaders(block, group, start);
    block.index?.add(seq, offset, subject);
    block.size = offset + length;
    this.#tree.addMessage(subject, seq);
    this.#totals.add(seq, length, sec, nanos);
    this.#staged.drop(subject);
    if (isBeginning) this.#blocks.settle();
    return subject;
  }

  /** Makes the next messages visible, as far as they are of one subject and in one block. Nothing else is between them. */
  advanceRun(group: WriteGroup): void {
    const seq = this.#totals.lastSeq + 1;
    const entry = this.#entry;
    const start = group.startOf(entry);
    const subject = group.tagOf(entry);
    const offset = this.#place(group, start);
    const piece = group.pieces[this.#piece]!;
    // With a tombstone among them they do not lie behind each other.
    const end = piece.hasTombstones ? entry + 1 : group.runEnd(entry, piece.to);
    const count = end - entry;
    const lastStart = group.startOf(end - 1);
    const length = lastStart + group.lengthOf(end - 1) - start;
    const block = this.#table.last!;
    const { sec, nanos } = group.momentOf(end - 1);
    const isBeginning = !block.hasEntries;
    const last = seq + count - 1;
    block.addRun(count, last, length, sec, nanos);
    if (group.hasAnyHeaders) this.#markHeadersOf(block, group, entry, end);
    const { index } = block;
    if (index !== undefined) {
      for (let i = 0; i < count; i++) index.add(seq + i, offset + group.startOf(entry + i) - start, subject);
    }
    block.size = offset + length;
    this.#tree.addMessages(subject, seq, count);
    this.#totals.addRun(count, last, length, sec, nanos);
    this.#staged.drop(subject, count);
    this.#entry = end;
    if (isBeginning) this.#blocks.settle();
  }

  /** The sequences up to `seq` are used without messages; the landing group has a hole for the last of them. */
  skip(group: WriteGroup, seq: number, sec: number, nanos: number): void {
    const entry = this.#entry;
    assert(group.tagOf(entry) === HOLE_ENTRY && group.seqOf(entry) === seq, "a skip has a hole in its group");
    const offset = this.#place(group, group.startOf(entry));
    const block = this.#table.last!;
    const isBeginning = !block.hasEntries;
    block.skip(seq, sec, nanos);
    block.index?.add(seq, offset, NO_ENTRY_SUBJECT);
    block.size = offset + group.lengthOf(entry);
    this.#totals.skip(seq, sec, nanos);
    if (isBeginning) this.#blocks.settle();
  }

  /** All entries of the landing group were taken. */
  end(group: WriteGroup): void {
    assert(this.#entry === group.entries, "a group lands as a whole");
    for (; this.#piece < group.pieces.length; this.#piece++) this.#enter(group.pieces[this.#piece]!);
  }

  /** Where in its block the entry is that starts at `start` of the landing group; makes the block known. */
  #place(group: WriteGroup, start: number): number {
    let piece = group.pieces[this.#piece]!;
    while (start >= piece.to) {
      this.#enter(piece);
      piece = group.pieces[++this.#piece]!;
    }
    this.#entry++;
    this.#blockOfPiece(piece);
    return piece.at + start - piece.from;
  }

  /** All of a piece is in its block. */
  #enter(piece: Piece): void {
    const block = this.#blockOfPiece(piece);
    block.size = piece.at + piece.to - piece.from;
    if (!piece.hasTombstones) return;
    block.hasTombstones = true;
    if (piece.buried < this.#totals.lastSeq || block.hasEntries) return;
    // When all is gone, this says what was used.
    block.hasEntries = true;
    this.#blocks.settle();
  }

  #blockOfPiece(piece: Piece): FileBlock {
    const { last } = this.#table;
    if (last?.number === piece.block) return last;
    const block = this.#table.add(piece.block, this.#totals.lastSeq);
    block.lastSec = this.#totals.lastSec;
    block.lastNanos = this.#totals.lastNanos;
    this.#finder.begin(block, last);
    if (last !== undefined) this.#blocks.settleBlock(last);
    return block;
  }

  #markHeadersOf(block: FileBlock, group: WriteGroup, from: number, to: number): void {
    for (let entry = from; entry < to; entry++) {
      if (group.hasHeaders(entry)) this.#markHeaders(block, group, group.startOf(entry));
    }
  }

  #markHeaders(block: FileBlock, group: WriteGroup, start: number): void {
    const { bytes } = group;
    const at = start + 22 + (bytes[start + 20]! | (bytes[start + 21]! << 8));
    const length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const marks = headerMarks(bytes, at + 4, at + 4 + length);
    if ((marks & MARK.ttl) !== 0) block.ttlMsgs++;
    if ((marks & MARK.schedule) !== 0) block.scheduledMsgs++;
  }
}
