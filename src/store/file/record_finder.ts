// Finds the records of messages in their blocks: by sequence, by subject, by time.
//
//     in order      from where a window stopped reading
//     anywhere      by the block's index, which is made when it is needed first
//
// The record that was found last is the reader's. Owns the indexes; which messages
// are live is the table's.

import type { SubjectTree } from "../subject_tree.ts";
import { BlockIndex, NO_ENTRY_SUBJECT, SAMPLE } from "./block_index.ts";
import type { BlockReader } from "./block_reader.ts";
import type { BlockTable } from "./block_table.ts";
import type { FileBlock } from "./file_block.ts";
import type { StoreCache } from "./store_cache.ts";

export class RecordFinder {
  readonly reader: BlockReader;
  readonly #table: BlockTable;
  readonly #tree: SubjectTree;
  readonly #cache: StoreCache;
  readonly #onUnreadable: (block: number, failure: string) => void;

  constructor(
    reader: BlockReader,
    table: BlockTable,
    tree: SubjectTree,
    cache: StoreCache,
    onUnreadable: (block: number, failure: string) => void,
  ) {
    this.reader = reader;
    this.#table = table;
    this.#tree = tree;
    this.#cache = cache;
    this.#onUnreadable = onUnreadable;
  }

  /** A block that has just begun: its index grows with it. */
  begin(block: FileBlock, before: FileBlock | undefined): void {
    block.index = new BlockIndex(() => (block.index = undefined));
    if (before?.index?.hasSubjects === true) block.index.keepSubjects();
    this.#cache.use(block.index);
    if (before?.index !== undefined) this.#cache.use(before.index);
  }

  /** A block is read anew, or not any more: its file is about to be changed or removed. */
  forget(block: FileBlock): void {
    this.reader.forget(block);
    this.dropIndex(block);
  }
  /** Numbers of subjects mean something else now. */
  dropIndex(block: FileBlock): void {
    if (block.index !== undefined) this.#cache.forget(block.index);
    block.index = undefined;
  }

  /** As `SearchedMessages`. */
  nextOfSubject(subject: number, from: number, most: number): number {
    if (this.#tree.size === 1) return this.#table.liveFrom(from);
    const blocks = this.#table.all;
    let left = most;
    let start = from;
    for (let at = this.#table.indexFrom(from); at < blocks.length; at++) {
      const block = blocks[at]!;
      if (block.msgs === 0) continue;
      if (left <= 0 && start > from) return -start;
      left -= SAMPLE;
      const found = this.#nextInBlock(block, subject, start);
      if (found > 0) return found;
      start = Math.max(start, block.lastSeq + 1);
    }
    return 0;
  }

  /** As `SearchedMessages`. */
  previousOfSubject(subject: number, upTo: number, most: number): number {
    if (this.#tree.size === 1) return this.#table.liveUpTo(upTo);
    const blocks = this.#table.all;
    let left = most;
    let end = upTo;
    for (let at = Math.min(this.#table.indexFrom(upTo), blocks.length - 1); at >= 0; at--) {
      const block = blocks[at]!;
      if (block.msgs === 0 || block.firstSeq > end) continue;
      if (left <= 0 && end < upTo) return -end;
      left -= SAMPLE;
      const found = this.#previousInBlock(block, subject, end);
      if (found > 0) return found;
      end = Math.min(end, block.firstSeq - 1);
    }
    return 0;
  }

  /** As `SearchedMessages`. */
  seqAt(sec: number, nanos: number): number {
    const blocks = this.#table.all;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { lastSec, lastNanos } = blocks[middle]!;
      if (lastSec < sec || (lastSec === sec && lastNanos < nanos)) low = middle + 1;
      else high = middle;
    }
    const block = blocks[low];
    if (block === undefined) return 0;
    const index = this.#indexOf(block, false);
    let first = 0;
    let end = index.samples;
    while (end - first > 1) {
      const middle = (first + end) >> 1;
      if (this.#isOlder(block, index.offsetOf(middle), sec, nanos)) first = middle;
      else end = middle;
    }
    if (index.samples === 0) return block.firstSeq;
    for (let at = index.offsetOf(first); this.reader.read(block, at); at = this.reader.end) {
      const { record } = this.reader;
      if (record.kind === "tombstone") continue;
      if (record.sec > sec || (record.sec === sec && record.nanos >= nanos)) return record.seq;
    }
    return block.lastSeq + 1;
  }

  #isOlder(block: FileBlock, at: number, sec: number, nanos: number): boolean {
    if (!this.reader.read(block, at)) return false;
    const { record } = this.reader;
    return record.sec < sec || (record.sec === sec && record.nanos < nanos);
  }

  /** The subject of the record read last; `NO_SUBJECT` when it has no number. */
  subjectHere(): number {
    const { record, bytes } = this.reader;
    return this.#tree.find(bytes, record.subjectFrom, record.subjectTo);
  }

  /** Reads the record of a live message of a block. */
  find(block: FileBlock, seq: number): boolean {
    const reader = this.reader;
    const cursor = reader.cursorFor(block, seq);
    let at: number;
    if (cursor !== undefined && seq - cursor.seq <= SAMPLE) at = cursor.seq === seq ? cursor.at : cursor.next;
    else if (block.index === undefined && this.#isAtStart(block, seq)) return true;
    else {
      const index = this.#indexOf(block, false);
      const sample = index.sampleFor(seq);
      if (sample < 0) return false;
      at = index.offsetOf(sample);
    }
    for (; reader.read(block, at); at = reader.end) {
      const { record } = reader;
      if (record.kind === "tombstone" || record.seq < seq) continue;
      return record.seq === seq && record.kind === "message";
    }
    return false;
  }

  /** Whether a message is one of the first of its block; who reads all in order needs no index. */
  #isAtStart(block: FileBlock, seq: number): boolean {
    const reader = this.reader;
    let left = SAMPLE;
    for (let at = 0; left > 0 && reader.read(block, at); at = reader.end, left--) {
      const { record } = reader;
      if (record.kind === "tombstone" || record.seq < seq) continue;
      return record.seq === seq && record.kind === "message";
    }
    return false;
  }

  #nextInBlock(block: FileBlock, subject: number, from: number): number {
    const index = this.#indexOf(block, true);
    if (!index.mayHave(subject)) return 0;
    let entry = index.nextOf(subject, Math.max(0, index.sampleFor(from)) * SAMPLE);
    for (; entry >= 0; entry = index.nextOf(subject, entry + 1)) {
      const seq = this.#seqOfEntry(block, index, entry);
      if (seq >= from && block.has(seq)) return seq;
    }
    return 0;
  }

  #previousInBlock(block: FileBlock, subject: number, upTo: number): number {
    const index = this.#indexOf(block, true);
    if (!index.mayHave(subject)) return 0;
    const sample = index.sampleFor(upTo);
    let entry = index.previousOf(subject, (sample + 1) * SAMPLE - 1);
    for (; entry >= 0; entry = index.previousOf(subject, entry - 1)) {
      const seq = this.#seqOfEntry(block, index, entry);
      if (seq <= upTo && block.has(seq)) return seq;
    }
    return 0;
  }

  #seqOfEntry(block: FileBlock, index: BlockIndex, entry: number): number {
    const sample = Math.floor(entry / SAMPLE);
    const into = entry - sample * SAMPLE;
    const seq = index.seqOf(sample);
    if (into === 0) return seq;
    if (sample + 1 < index.samples && index.seqOf(sample + 1) - seq === SAMPLE) return seq + into;
    let left = into;
    for (let at = index.offsetOf(sample); this.reader.read(block, at); at = this.reader.end) {
      if (this.reader.record.kind === "tombstone") continue;
      if (left-- === 0) return this.reader.record.seq;
    }
    return 0;
  }

  /** Where the records of a block are; reads all of it the first time. */
  #indexOf(block: FileBlock, withSubjects: boolean): BlockIndex {
    let { index } = block;
    if (index !== undefined && (!withSubjects || index.hasSubjects)) {
      this.#cache.use(index);
      return index;
    }
    if (index !== undefined) this.#cache.forget(index);
    block.index = undefined;
    index = new BlockIndex(() => (block.index = undefined));
    if (withSubjects) index.keepSubjects();
    const reader = this.reader;
    let last = 0;
    let isHiding = false;
    let at = 0;
    for (; reader.read(block, at); at = reader.end) {
      const { record } = reader;
      if (record.kind === "tombstone") continue;
      if (record.seq <= last) {
        // Behind a sequence that is wrong and too high, those that follow would be hidden.
        isHiding ||= record.seq < last && record.kind === "message" && block.has(record.seq);
        continue;
      }
      last = record.seq;
      const isLive = withSubjects && record.kind === "message" && block.has(record.seq);
      index.add(record.seq, reader.at, isLive ? this.subjectHere() : NO_ENTRY_SUBJECT);
    }
    if (at < block.size) {
      this.#onUnreadable(block.number, `nothing can be read from byte ${at} on`);
      return index;
    }
    if (isHiding) {
      this.#onUnreadable(block.number, "its sequences do not ascend");
      return index;
    }
    block.index = index;
    this.#cache.use(index);
    return index;
  }
}
