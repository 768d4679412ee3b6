// Finds the records of messages in their blocks: by sequence, by subject, by time.
//
//     anywhere      in the page that the block's index tells; the index is made when it is needed first
//     in order      from where a window stopped reading, as long as there is no index
//
// The record that was found last is the reader's. Owns the indexes; which messages
// are live is the table's.

import type { StoredRun } from "../stored_run.ts";
import type { SubjectTree } from "../subject_tree.ts";
import { BlockIndex, GrowingIndex, NO_ENTRY_SUBJECT, SAMPLE } from "./block_index.ts";
import type { BlockReader } from "./block_reader.ts";
import type { BlockTable } from "./block_table.ts";
import type { FileBlock } from "./file_block.ts";
import type { RecordPage } from "./record_page.ts";
import type { StoreCache } from "./store_cache.ts";

export class RecordFinder {
  readonly reader: BlockReader;
  readonly #table: BlockTable;
  readonly #tree: SubjectTree;
  readonly #cache: StoreCache;
  readonly #indexedACall: number;
  readonly #onUnreadable: (block: number, failure: string) => void;
  /** How far the last index that was being made had come. */
  #grownTo = 0;

  /** Of an index with subjects, `indexedACall` entries are made in one call. */
  constructor(
    reader: BlockReader,
    table: BlockTable,
    tree: SubjectTree,
    cache: StoreCache,
    indexedACall: number,
    onUnreadable: (block: number, failure: string) => void,
  ) {
    this.#indexedACall = indexedACall;
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
    if (block.growing !== undefined) this.#cache.forget(block.growing);
    block.index = undefined;
    block.growing = undefined;
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
      left -= this.#hasSubjects(block) ? SAMPLE : SCAN_COST;
      const found = this.#nextInBlock(block, subject, start, most);
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
      left -= this.#hasSubjects(block) ? SAMPLE : SCAN_COST;
      const found = this.#previousInBlock(block, subject, end, most);
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
    const index = this.#indexOf(block);
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
    return this.#find(block, seq) || (block.has(seq) && this.inspect(block) && this.#find(block, seq));
  }

  /** The same; false also where it is in no page, and none can be made. Makes the index, for who reads one after another. */
  findInPage(block: FileBlock, seq: number): boolean {
    if (block.index === undefined && !block.isPinned && block.damaged === undefined) this.#indexOf(block);
    return this.#find(block, seq) && this.reader.pageOf(block) !== undefined;
  }

  /**
   * Adds a live message to a run, as who reads few among many wants it: no page is made for it when it can be guessed where
   * it lies. Checked; false when it cannot be had so, or there is no room.
   */
  addToRun(block: FileBlock, seq: number, into: StoredRun): boolean {
    const { index } = block;
    const grownTo = block.growing?.at ?? this.#grownTo;
    // To find it a part of the index with subjects was made.
    if (grownTo !== this.#grownTo) into.around += GROWING_COST;
    this.#grownTo = grownTo;
    const isPlain = index !== undefined && !block.isCompressed && !block.isPinned && block.damaged === undefined;
    if (isPlain && this.reader.pageOf(block)?.covers(seq) !== true) {
      const sample = index.sampleFor(seq);
      if (sample >= 0 && index.isUnbroken(sample) && block.pages?.has(index.offsetOf(sample)) !== true) {
        const from = index.offsetOf(sample);
        const to = sample + 1 < index.samples ? index.offsetOf(sample + 1) : block.size;
        const length = (to - from) / (index.entryOf(sample + 1) - index.entryOf(sample));
        const at = from + (seq - index.seqOf(sample)) * length;
        index.isUsed = true;
        if (Number.isInteger(length) && this.reader.addFrom(block, at, length, seq, into)) return true;
        into.around++;
      }
    }
    return this.find(block, seq) && this.reader.isIntact() && this.reader.addToRun(into);
  }

  /** As the reader's. */
  inspect(block: FileBlock): boolean {
    const isWorthIt = this.reader.inspect(block);
    // What was behind damage, or behind a sequence that is wrong, is found now.
    if (isWorthIt) this.dropIndex(block);
    return isWorthIt;
  }

  #find(block: FileBlock, seq: number): boolean {
    const reader = this.reader;
    const near = reader.pageOf(block);
    if (near?.covers(seq) === true) {
      near.isUsed = true;
      return this.#readOf(near, seq);
    }
    if (block.index !== undefined && !block.isPinned && (block.damaged?.length ?? 0) === 0) {
      block.index.isUsed = true;
      const page = reader.pages.find(block, block.index, seq);
      if (page !== undefined) return this.#readOf(page, seq);
    }
    return this.#findByWindow(block, seq);
  }

  #readOf(page: RecordPage, seq: number): boolean {
    const entry = page.entryOf(seq);
    return entry >= 0 && this.reader.readEntry(page, entry) && this.reader.record.kind === "message";
  }

  #findByWindow(block: FileBlock, seq: number): boolean {
    const reader = this.reader;
    const cursor = reader.cursorFor(block, seq);
    let at: number;
    if (cursor !== undefined && seq - cursor.seq <= SAMPLE) at = cursor.seq === seq ? cursor.at : cursor.next;
    else if (block.index === undefined && this.#isAtStart(block, seq)) return true;
    else {
      const index = this.#indexOf(block);
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

  #nextInBlock(block: FileBlock, subject: number, from: number, most: number): number {
    const index = this.#subjectIndexOf(block, most);
    if (index === undefined) return this.#scanFor(block, subject, from, Number.POSITIVE_INFINITY, true);
    if (!index.mayHave(subject)) return 0;
    let entry = index.nextOf(subject, index.entryOf(Math.max(0, index.sampleFor(from))));
    while (entry >= 0) {
      const sample = index.sampleOf(entry);
      if (index.isUnbroken(sample)) {
        const seq = index.seqOf(sample) + entry - index.entryOf(sample);
        if (seq >= from && block.has(seq)) return seq;
        entry = index.nextOf(subject, entry + Math.max(1, from - seq));
      } else {
        const seq = this.#scanFor(block, subject, Math.max(from, index.seqOf(sample)), index.endOf(sample), true);
        if (seq > 0) return seq;
        entry = index.nextOf(subject, index.entryOf(sample + 1));
      }
    }
    return 0;
  }

  #previousInBlock(block: FileBlock, subject: number, upTo: number, most: number): number {
    const index = this.#subjectIndexOf(block, most);
    if (index === undefined) return this.#scanFor(block, subject, block.firstSeq, upTo, false);
    if (!index.mayHave(subject)) return 0;
    let entry = index.previousOf(subject, index.entryOf(index.sampleFor(upTo) + 1) - 1);
    while (entry >= 0) {
      const sample = index.sampleOf(entry);
      if (index.isUnbroken(sample)) {
        const seq = index.seqOf(sample) + entry - index.entryOf(sample);
        if (seq <= upTo && block.has(seq)) return seq;
        entry = index.previousOf(subject, entry - Math.max(1, seq - upTo));
      } else {
        const seq = this.#scanFor(block, subject, index.seqOf(sample), Math.min(upTo, index.endOf(sample)), false);
        if (seq > 0) return seq;
        entry = index.previousOf(subject, index.entryOf(sample) - 1);
      }
    }
    return 0;
  }

  /** The first or last live message of a subject in from..upTo, by its name; 0 when there is none. */
  #scanFor(block: FileBlock, subject: number, from: number, upTo: number, isFirst: boolean): number {
    const index = this.#indexOf(block);
    if (index.samples === 0) return 0;
    const sample = Math.max(0, index.sampleFor(from));
    // Who reads in order has one of them just before.
    const cursor = this.reader.cursorFor(block, from);
    const isNear = cursor !== undefined && cursor.seq >= index.seqOf(sample);
    const start = isNear ? cursor.at : index.offsetOf(sample);
    const name = this.#tree.bufferOf(subject);
    const nameFrom = this.#tree.startOf(subject);
    const nameTo = nameFrom + this.#tree.lengthOf(subject);
    let found = 0;
    this.reader.walk(block, start, (seq, _at, isHole, bytes, at, end) => {
      if (seq > upTo) return false;
      if (isHole || seq < from || !isSame(name, nameFrom, nameTo, bytes, at, end) || !block.has(seq)) return true;
      found = seq;
      return !isFirst;
    });
    return found;
  }

  /** Where the records of a block are; walks through it the first time. */
  #indexOf(block: FileBlock, isSecondTry = false): BlockIndex {
    if (block.index !== undefined) {
      this.#cache.use(block.index);
      return block.index;
    }
    const index = new BlockIndex(() => (block.index = undefined));
    let last = 0;
    const end = this.reader.walk(block, 0, (seq, at) => {
      if (seq > last) index.add(seq, at, NO_ENTRY_SUBJECT);
      last = Math.max(last, seq);
      return true;
    });
    if (end < block.size) {
      if (!isSecondTry && this.inspect(block)) return this.#indexOf(block, true);
      this.#onUnreadable(block.number, `nothing can be read from byte ${end} on`);
      return index;
    }
    block.index = index;
    this.#cache.use(index);
    return index;
  }

  /** The same with subjects, which takes long: each call does a part of the work, `most` entries or a few. Undefined until it is done. */
  #subjectIndexOf(block: FileBlock, most: number): BlockIndex | undefined {
    if (block.index?.hasSubjects === true) return this.#indexOf(block);
    block.growing ??= new GrowingIndex(() => (block.growing = undefined));
    const { growing } = block;
    let left = Math.min(this.#indexedACall, Math.max(SAMPLE, most));
    const end = this.reader.walk(block, growing.at, (seq, at, isHole, bytes, from, to) => {
      if (left-- === 0) return false;
      if (seq <= growing.lastSeq) return true;
      growing.lastSeq = seq;
      growing.index.add(seq, at, !isHole && block.has(seq) ? this.#tree.find(bytes, from, to) : NO_ENTRY_SUBJECT);
      return true;
    });
    growing.at = end;
    this.#cache.use(growing);
    if (end < block.size) {
      if (left < 0) return undefined;
      // The next call begins anew.
      if (!this.inspect(block)) this.#onUnreadable(block.number, `nothing can be read from byte ${end} on`);
      return undefined;
    }
    this.dropIndex(block);
    const index = growing.indexFor(() => (block.index = undefined));
    block.index = index;
    this.#cache.use(index);
    return index;
  }

  /** Whether finding a subject in the block is quick. */
  #hasSubjects(block: FileBlock): boolean {
    return block.index?.hasSubjects === true;
  }
}

/** A block that has to be read in search of a subject costs as much as looking at so many messages. */
const SCAN_COST = 4096;
/** As many messages that are read with what lies around them take as long as a part of an index. */
const GROWING_COST = 32;

function isSame(a: Uint8Array, aFrom: number, aTo: number, b: Uint8Array, bFrom: number, bTo: number): boolean {
  if (aTo - aFrom !== bTo - bFrom) return false;
  // Subjects differ at their ends.
  for (let i = aTo - 1, j = bTo - 1; i >= aFrom; i--, j--) if (a[i] !== b[j]) return false;
  return true;
}
