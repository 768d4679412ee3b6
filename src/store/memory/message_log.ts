// The messages of a memory stream in the order of their sequences, staged ones
// behind the committed ones, and how to get to one of them.
//
//     blocks   rising by sequence; only the last one is appended to
//     links    from each message to its neighbours on the same subject
//     cursor   the message that was found last; `subject`, `sec` … are of it
//
// Owns the blocks, the links and the cursor. Knows subjects as numbers, and
// nothing of counts, limits or of what is committed.

import { assert } from "../../base/assert.ts";
import type { StoredRun } from "../stored_run.ts";
import type { StoredMsg } from "../stream_store.ts";
import { FAR, MemoryBlock } from "./memory_block.ts";

export class MessageLog {
  readonly #mostRows: number;
  readonly #blocks: MemoryBlock[] = [];
  // The cursor: a row of a block, and where that block probably is.
  #hint = 0;
  #block: MemoryBlock;
  #row = 0;

  /** At most `mostRows` messages go into a block. */
  constructor(mostRows: number) {
    this.#mostRows = mostRows;
    this.#block = new MemoryBlock(1, 0, undefined, 0);
  }

  /** Memory held, in bytes. */
  get heldBytes(): number {
    return this.#blocks.reduce((sum, block) => sum + block.heldBytes, 0);
  }

  // Of the message at the cursor.

  get subject(): number {
    return this.#block.subjectOf(this.#row);
  }
  get sec(): number {
    return this.#block.secOf(this.#row);
  }
  get nanos(): number {
    return this.#block.nanosOf(this.#row);
  }
  get headerLength(): number {
    return this.#block.headerLengthOf(this.#row);
  }
  get bodyLength(): number {
    return this.#block.bodyLengthOf(this.#row);
  }
  /** Points `into` at its header, body and time. */
  loadHere(into: StoredMsg): void {
    this.#block.load(this.#row, into);
  }
  /** Fills a run with it and those that follow it, but for their subjects; how many, `most` at most. */
  loadRunHere(most: number, into: StoredRun): number {
    return this.#block.loadRun(this.#row, most, into);
  }
  /** Adds it to a run, but for its subject; false when there is no room. */
  addHere(into: StoredRun): boolean {
    return this.#block.addTo(this.#row, into);
  }
  /** The subject of a message so many rows behind it, in a run. */
  subjectBehind(rows: number): number {
    return this.#block.subjectOf(this.#row + rows);
  }
  /** The last sequence of an unbroken run that begins at `seq`, which is at the cursor. It may go on behind. */
  runFrom(seq: number): number {
    return this.#block.gapless ? this.#block.lastSeq : seq;
  }

  // Finding.

  /** Points at a message; false when there is none. */
  locate(seq: number): boolean {
    const blocks = this.#blocks;
    let at = this.#hint;
    if (at >= blocks.length || blocks[at]!.first > seq || (at + 1 < blocks.length && blocks[at + 1]!.first <= seq)) {
      at = this.#blockFor(seq);
      if (at < 0) return false;
      this.#hint = at;
    }
    this.#block = blocks[at]!;
    this.#row = this.#block.rowOf(seq);
    return this.#row >= 0;
  }

  /** Points at the first message in the sequences from..upTo; its sequence, or 0. */
  liveFrom(from: number, upTo: number): number {
    let at = this.#hint;
    if (at >= this.#blocks.length || this.#blocks[at]!.first > from || this.#blocks[at]!.lastSeq < from) {
      at = Math.max(0, this.#blockFor(from));
    }
    for (; at < this.#blocks.length; at++) {
      const block = this.#blocks[at]!;
      const row = block.liveFrom(block.rowFrom(from));
      if (row === block.count) continue;
      const seq = block.seqOf(row);
      if (seq > upTo) return 0;
      this.#point(at, row);
      return seq;
    }
    return 0;
  }

  /** Points at the last message at or below `upTo`; its sequence, or 0. */
  liveUpTo(upTo: number): number {
    for (let at = this.#blockFor(upTo); at >= 0; at--) {
      const block = this.#blocks[at]!;
      for (let row = Math.min(block.rowFrom(upTo + 1), block.count) - 1; row >= 0; row--) {
        if (!block.isLive(row)) continue;
        this.#point(at, row);
        return block.seqOf(row);
      }
    }
    return 0;
  }

  /** The first sequence, of a removed message perhaps, stored at or after a time; 0 when all are older. */
  seqAt(sec: number, nanos: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = this.#blocks[middle]!;
      if (isBefore(block, block.count - 1, sec, nanos)) low = middle + 1;
      else high = middle;
    }
    const block = this.#blocks[low];
    if (block === undefined) return 0;
    let row = 0;
    let rows = block.count;
    while (row < rows) {
      const middle = (row + rows) >>> 1;
      if (isBefore(block, middle, sec, nanos)) row = middle + 1;
      else rows = middle;
    }
    return block.seqOf(row);
  }

  /** The message after (1) or before (−1) this one on its subject; 0 when there is none. Moves the cursor. */
  neighbour(seq: number, direction: 1 | -1): number {
    if (!this.locate(seq)) return 0;
    const distance = direction > 0 ? this.#block.nextOf(this.#row) : this.#block.previousOf(this.#row);
    if (distance !== FAR) return distance === 0 ? 0 : seq + direction * distance;
    return this.#farNeighbour(seq, this.subject, direction);
  }

  // Changing.

  /** Appends a message and links it to the one `before` it on its subject, 0 for none. Copies its bytes. */
  append(seq: number, subject: number, msg: StoredMsg, before: number): void {
    const bytes = MemoryBlock.bytesOf(msg);
    let block = this.#blocks.at(-1);
    if (block === undefined || !block.takes(seq, msg.sec, bytes, this.#mostRows)) {
      const full = block;
      block = new MemoryBlock(seq, msg.sec, full, bytes);
      this.#blocks.push(block);
      if (full !== undefined) this.#tidy(this.#blocks.length - 2);
    }
    const row = block.append(seq, subject, msg);
    if (before === 0) return;
    block.setPrevious(row, seq - before);
    assert(this.locate(before), "the message before on a subject is there");
    this.#block.setNext(this.#row, seq - before);
  }

  /** Removes the message at the cursor, between `previous` and `next` of its subject (0: none); `erase` overwrites it. */
  remove(seq: number, previous: number, next: number, erase: boolean): void {
    const block = this.#block;
    const row = this.#row;
    const at = this.#hint;
    assert(block.seqOf(row) === seq, "the cursor is at what is removed");
    if (previous > 0 && this.locate(previous)) this.#block.setNext(this.#row, next > 0 ? next - previous : 0);
    if (next > 0 && this.locate(next)) this.#block.setPrevious(this.#row, previous > 0 ? next - previous : 0);
    block.remove(row, erase);
    this.#tidy(at);
  }

  /** Forgets all messages. What was loaded from them stays as it is. */
  clear(): void {
    this.#blocks.length = 0;
    this.#hint = 0;
  }

  checkInvariants(): void {
    for (const [i, block] of this.#blocks.entries()) {
      assert(i === 0 || this.#blocks[i - 1]!.lastSeq < block.first, "blocks rise");
      assert(block.live > 0 || i === this.#blocks.length - 1, "only the last block may be empty");
    }
  }

  #point(at: number, row: number): void {
    this.#hint = at;
    this.#block = this.#blocks[at]!;
    this.#row = row;
  }

  /** The last block that starts at or below `seq`; −1 when there is none. */
  #blockFor(seq: number): number {
    const blocks = this.#blocks;
    if (blocks.length > 0 && blocks.at(-1)!.first <= seq) return blocks.length - 1;
    let low = -1;
    let high = blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (blocks[middle]!.first <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #farNeighbour(seq: number, subject: number, direction: 1 | -1): number {
    for (let at = this.#blockFor(seq); at >= 0 && at < this.#blocks.length; at += direction) {
      const block = this.#blocks[at]!;
      const from = direction > 0 ? block.rowFrom(seq + 1) : block.rowFrom(seq) - 1;
      for (let row = from; row >= 0 && row < block.count; row += direction) {
        if (block.subjectOf(row) === subject) return block.seqOf(row);
      }
    }
    return 0;
  }

  /** Drops or compacts a block that is not the last one. */
  #tidy(at: number): void {
    if (at >= this.#blocks.length - 1) return;
    const block = this.#blocks[at]!;
    if (block.live > 0) {
      if (block.wasteful) block.compact();
      return;
    }
    if (at === 0) this.#blocks.shift();
    else this.#blocks.splice(at, 1);
    this.#hint = 0;
  }
}

function isBefore(block: MemoryBlock, row: number, sec: number, nanos: number): boolean {
  const difference = block.secOf(row) - sec;
  return difference < 0 || (difference === 0 && block.nanosOf(row) < nanos);
}
