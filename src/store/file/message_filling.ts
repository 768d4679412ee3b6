// Fills the messages of a file stream when it is opened: record by record from a
// scan of its blocks, or from what an index says of them.
//
// Owns nothing: what it fills is FileMessages's.

import { GO_ZERO } from "../../base/nanos.ts";
import type { BlockSummary, StreamSummary } from "../format/index_db.ts";
import type { RecordReader } from "../format/record.ts";
import type { RecordScan } from "../format/record_scan.ts";
import { ZERO_SEC } from "../stream_store.ts";
import type { StreamTotals } from "../stream_totals.ts";
import type { SubjectTree } from "../subject_tree.ts";
import type { BlockTable } from "./block_table.ts";
import type { FileBlock } from "./file_block.ts";
import { headerMarks, MARK } from "./header_marks.ts";

export class MessageFilling {
  readonly #tree: SubjectTree;
  readonly #table: BlockTable;
  readonly #totals: StreamTotals;

  constructor(tree: SubjectTree, table: BlockTable, totals: StreamTotals) {
    this.#tree = tree;
    this.#table = table;
    this.#totals = totals;
  }

  /** The record of a message that is live. With `scan` it counts the message by subject, until `count` is told. */
  message(block: FileBlock, record: RecordReader, bytes: Uint8Array, scan?: RecordScan): void {
    const { seq, sec, nanos, subjectFrom, subjectTo } = record;
    if (seq <= this.#totals.lastSeq) return;
    const size = record.to - record.from;
    block.add(seq, size, sec, nanos);
    if (record.headersTo > record.headersFrom) {
      const marks = headerMarks(bytes, record.headersFrom, record.headersTo);
      if ((marks & MARK.ttl) !== 0) block.ttlMsgs++;
      if ((marks & MARK.schedule) !== 0) block.scheduledMsgs++;
    }
    if (scan === undefined) this.#tree.addMessage(this.#tree.intern(bytes, subjectFrom, subjectTo), seq);
    else scan.add(record, this.#tree);
    this.#totals.add(seq, size, sec, nanos);
  }

  /** Messages that are live and were counted by subject; `bytes` are their records, `last` is the last of them. */
  run(block: FileBlock, count: number, bytes: number, { seq, sec, nanos }: RecordReader): void {
    block.addRun(count, seq, bytes, sec, nanos);
    this.#totals.addRun(count, seq, bytes, sec, nanos);
  }

  /** Messages of a subject, behind those that were counted of it before. */
  count(subject: number, count: number, first: number, last: number): void {
    const before = this.#tree.count(subject);
    if (before === 0) this.#tree.setFirst(subject, first);
    this.#tree.setLast(subject, last);
    this.#tree.setCount(subject, before + count);
  }

  /** Sequences up to `seq` are used without messages. */
  hole(block: FileBlock, seq: number, sec: number, nanos: number): void {
    if (seq <= this.#totals.lastSeq) return;
    block.skip(seq, sec, nanos);
    this.#totals.skip(seq, sec, nanos);
  }

  /** A block without messages says that the sequences up to `seq` are used. */
  mark(block: FileBlock, seq: number, sec: number, nanos: number): void {
    // It tells the same as a block before, which is not needed for that any more.
    if (seq === this.#totals.lastSeq && sec === this.#totals.lastSec && nanos === this.#totals.lastNanos)
      block.hasEntries = true;
    if (seq <= this.#totals.lastSeq) return;
    const isZero = sec === GO_ZERO.sec && nanos === GO_ZERO.nanos;
    block.skip(seq, isZero ? ZERO_SEC : sec, isZero ? 0 : nanos);
    this.#totals.skip(seq, block.lastSec, block.lastNanos);
  }

  /** A block, as an index tells of it. */
  block(block: FileBlock, stored: BlockSummary): void {
    block.restore(stored.firstSeq, stored.lastSeq, stored.bytes, stored.deleted);
    block.lastSec = stored.lastSec;
    block.lastNanos = stored.lastNanos;
    block.ttlMsgs = stored.ttlMsgs;
    block.scheduledMsgs = stored.scheduledMsgs;
    block.hasTombstones = true; // it may
    block.hasEntries = block.lastSeq > this.#totals.lastSeq;
    block.hasDead = block.bytes < block.size;
    this.#totals.lastSeq = block.lastSeq;
  }

  /** All blocks are there. */
  totals(summary: StreamSummary): void {
    this.#totals.msgs = summary.msgs;
    this.#totals.bytes = summary.bytes;
    this.#totals.lastSeq = summary.lastSeq;
    this.#totals.firstSeq =
      this.#totals.msgs > 0 ? this.#table.liveFrom(1) : summary.lastSeq === 0 ? 0 : summary.lastSeq + 1;
    const isZero = summary.lastSec === GO_ZERO.sec && summary.lastNanos === GO_ZERO.nanos;
    this.#totals.lastSec = isZero || summary.lastSeq === 0 ? ZERO_SEC : summary.lastSec;
    this.#totals.lastNanos = isZero || summary.lastSeq === 0 ? 0 : summary.lastNanos;
  }

  /** A subject, bytes [from, to), whose messages lie in these blocks. */
  subject(bytes: Uint8Array, from: number, to: number, count: number, firstBlock: number, lastBlock: number): void {
    const subject = this.#tree.intern(bytes, from, to);
    const blocks = this.#table.all;
    const first = blocks[this.#table.indexOfNumber(firstBlock)];
    const last = blocks[this.#table.indexOfNumber(lastBlock + 1) - 1];
    this.#tree.setFirst(subject, -(first?.firstSeq ?? this.#totals.firstSeq));
    this.#tree.setLast(subject, -(last?.lastSeq ?? this.#totals.lastSeq));
    this.#tree.setCount(subject, count);
  }
}
