// The committed messages of a file stream, as they are read.
//
// Which messages are there is known in memory (BlockTable); what they are is
// read from disk when it is asked for. The first and last sequence of a subject
// in the tree may be bounds, which are negative: −n stands for "the first at or
// after n" and "the last at or below n"; searches make them better.
//
// Owns who reads, and how often that failed. FileMessages owns what there is.

import { assert } from "../../base/assert.ts";
import type { Disk } from "../../base/disk.ts";
import type { SearchedMessages } from "../message_search.ts";
import { RUN_MSGS, type StoredRun } from "../stored_run.ts";
import type { StoredMsg } from "../stream_store.ts";
import type { SubjectFilter } from "../subject_filter.ts";
import { NO_SUBJECT, SubjectTree } from "../subject_tree.ts";
import { BlockReader } from "./block_reader.ts";
import { BlockTable } from "./block_table.ts";
import type { FileBlock } from "./file_block.ts";
import { walkHeaders } from "./header_walk.ts";
import { RecordFinder } from "./record_finder.ts";
import type { StoreCache } from "./store_cache.ts";
import type { WrittenRecords } from "./written_records.ts";

export interface ReadMessagesOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly stream: string;
  readonly seed: number;
  readonly cache: StoreCache;
  /** As `RecordFinder` says. */
  readonly indexedACall: number;
  readonly stagedRecords: WrittenRecords;
  /** A block could not be read. */
  readonly onUnreadable: (block: number, failure: string) => void;
}

export abstract class ReadMessages implements SearchedMessages {
  readonly tree: SubjectTree;
  readonly table = new BlockTable();
  protected readonly reader: BlockReader;
  protected readonly finder: RecordFinder;
  readonly #stagedRecords: WrittenRecords;
  readonly #onUnreadable: (block: number, failure: string) => void;
  #failures = 0;
  #readFailures = 0;
  /** Messages are damaged, so subjects may count too many: but for these, which were counted since. */
  #recounted: Set<number> | undefined = undefined;

  constructor(options: ReadMessagesOptions) {
    this.tree = new SubjectTree(options.seed);
    this.#onUnreadable = options.onUnreadable;
    const unreadable = this.unreadable.bind(this);
    const { disk, directory, stream, cache, indexedACall } = options;
    this.reader = new BlockReader(disk, directory, stream, cache, (block, failure, cause) => {
      if (cause === "disk") this.#readFailures++;
      unreadable(block, failure, cause === "damage");
    });
    this.finder = new RecordFinder(this.reader, this.table, this.tree, cache, indexedACall, unreadable);
    this.#stagedRecords = options.stagedRecords;
  }

  abstract get msgs(): number;
  abstract get firstSeq(): number;
  abstract get lastSeq(): number;
  /** How many messages that are gone a subject may still count. */
  protected abstract get overcounted(): number;

  /** How often something could not be read. */
  get failures(): number {
    return this.#failures;
  }
  /** How often that was the disk, which may tell it later. */
  get readFailures(): number {
    return this.#readFailures;
  }
  has(seq: number): boolean {
    return this.table.blockOf(seq) !== undefined;
  }

  /** Fills `into` from disk; false when there is no such message, or it is damaged. */
  load(seq: number, into: StoredMsg): boolean {
    const block = this.table.blockOf(seq);
    if (block === undefined) return false;
    if (!this.finder.find(block, seq)) {
      if (block.has(seq)) this.unreadable(block.number, `message ${seq} is not found`);
      return false;
    }
    const isIntact =
      this.reader.isIntact() || (this.finder.inspect(block) && this.finder.find(block, seq) && this.reader.isIntact());
    if (!isIntact) {
      this.unreadable(block.number, `the checksum of message ${seq} is wrong`);
      return false;
    }
    const { record, home, homeAt } = this.reader;
    into.seq = seq;
    into.sec = record.sec;
    into.nanos = record.nanos;
    into.subject = home;
    into.subjectFrom = homeAt + record.subjectFrom;
    into.subjectTo = homeAt + record.subjectTo;
    into.header = home;
    into.headerFrom = homeAt + record.headersFrom;
    into.headerTo = homeAt + record.headersTo;
    into.body = home;
    into.bodyFrom = homeAt + record.payloadFrom;
    into.bodyTo = homeAt + record.payloadTo;
    return true;
  }

  /** As `StreamStore.loadRun`. */
  loadRun(seq: number, most: number, into: StoredRun): number {
    into.count = 0;
    const block = this.table.blockOf(seq);
    if (block === undefined || most < 1 || !this.finder.findInPage(block, seq)) return 0;
    return this.reader.readRun(Math.min(most, block.runFrom(seq) - seq + 1), into);
  }

  /** As `StreamStore.addToRun`. */
  addToRun(seq: number, into: StoredRun): boolean {
    const block = this.table.blockOf(seq);
    return block !== undefined && into.count < RUN_MSGS && this.finder.addToRun(block, seq, into);
  }

  /** When a message was stored: `sec` and `nanos` of the record; false when it cannot be had. The record is borrowed. */
  peek(seq: number): { readonly sec: number; readonly nanos: number } | undefined {
    const block = this.table.blockOf(seq);
    return block !== undefined && this.finder.find(block, seq) ? this.reader.record : undefined;
  }

  /** The block of a message; undefined when it is not there. */
  blockOf(seq: number): FileBlock | undefined {
    return this.table.blockOf(seq);
  }
  /** While it runs, bytes that were loaded before stay as they are. */
  borrowing<T>(run: () => T): T {
    this.reader.isBorrowed = true;
    const result = run();
    this.reader.isBorrowed = false;
    return result;
  }

  // What searches ask.

  liveFrom(from: number): number {
    return this.table.liveFrom(from);
  }
  liveUpTo(upTo: number): number {
    return this.table.liveUpTo(upTo);
  }
  runFrom(seq: number): number {
    const block = this.table.blockOf(seq);
    assert(block !== undefined, "a run begins with a message");
    return block.runFrom(seq);
  }
  countBetween(from: number, upTo: number): number {
    return this.table.count(from, upTo);
  }
  matchesAt(filter: SubjectFilter, seq: number): boolean {
    if (filter.all) return true;
    const block = this.table.blockOf(seq)!;
    if (!this.finder.find(block, seq)) return false;
    const { record, bytes } = this.reader;
    return filter.matches(bytes, record.subjectFrom, record.subjectTo);
  }

  subjectAt(seq: number): number {
    const block = this.table.blockOf(seq);
    return block !== undefined && this.finder.find(block, seq) ? this.finder.subjectHere() : NO_SUBJECT;
  }
  firstOf(subject: number): number {
    const first = this.tree.first(subject);
    if (first > 0 && (this.failures === 0 || this.has(first))) return first;
    // One that was removed unread is a bound.
    if (first > 0) this.tree.setFirst(subject, -first);
    return this.#readAll(() => this.nextOfSubject(subject, Math.abs(first), Number.POSITIVE_INFINITY));
  }
  lastOf(subject: number): number {
    const last = this.tree.last(subject);
    if (last > 0 && (this.failures === 0 || this.has(last))) return last;
    if (last > 0) this.tree.setLast(subject, -last);
    return this.#readAll(() => this.previousOfSubject(subject, Math.abs(last), Number.POSITIVE_INFINITY));
  }

  nextOfSubject(subject: number, from: number, most: number): number {
    const before = this.failures;
    const found = this.finder.nextOfSubject(subject, from, most);
    const first = this.tree.first(subject);
    // What lies between the bound and what was found is none of its messages.
    if (first < 0 && from <= -first && found !== 0 && this.failures === before) {
      this.tree.setFirst(subject, found > 0 ? found : Math.min(first, found));
    }
    return found;
  }
  previousOfSubject(subject: number, upTo: number, most: number): number {
    const before = this.failures;
    const found = this.finder.previousOfSubject(subject, upTo, most);
    const last = this.tree.last(subject);
    if (last < 0 && upTo >= -last && found !== 0 && this.failures === before) {
      this.tree.setLast(subject, found > 0 ? found : Math.max(last, found));
    }
    return found;
  }
  withHeaders(from: number, into: number[]): number {
    return walkHeaders(this.table, this.reader, from, into);
  }
  seqAt(sec: number, nanos: number): number {
    return this.finder.seqAt(sec, nanos);
  }

  // What plans ask.

  countOf(subject: number): number {
    return this.tree.count(subject);
  }
  sureCountOf(subject: number): number {
    return this.#recount(subject) ? this.tree.count(subject) - this.overcounted : 0;
  }
  sizeAt(seq: number): number {
    if (seq > this.lastSeq) return this.#stagedRecords.sizeOf(seq);
    const block = this.table.blockOf(seq);
    return block !== undefined && this.finder.find(block, seq) ? this.reader.record.to - this.reader.record.from : 0;
  }
  nextOf(seq: number): number {
    if (seq > this.lastSeq) return this.#stagedRecords.nextOf(this.#stagedRecords.subjectOf(seq), seq);
    const block = this.table.blockOf(seq);
    if (block === undefined || !this.finder.find(block, seq)) return 0;
    const subject = this.finder.subjectHere();
    if (subject === NO_SUBJECT) return 0;
    return this.nextAfter(subject, seq);
  }
  /** The message of a subject behind `seq`, staged ones included; 0 when there is none. */
  nextAfter(subject: number, seq: number): number {
    if (seq < this.lastSeq && this.tree.count(subject) > 0 && Math.abs(this.tree.last(subject)) > seq) {
      const next = this.nextOfSubject(subject, seq + 1, Number.POSITIVE_INFINITY);
      if (next > 0) return next;
    }
    return this.#stagedRecords.nextOf(subject, Math.max(seq, this.lastSeq));
  }

  // What those who change blocks ask.

  /** Reads a block from memory until `unpin`, while its file is replaced; false when it cannot be read. */
  pin(block: FileBlock): boolean {
    return this.reader.pin(block);
  }
  unpin(block: FileBlock): void {
    this.forget(block);
  }
  /** The reader forgets a block, whose file is about to be changed or removed. */
  forget(block: FileBlock): void {
    this.finder.forget(block);
  }

  /** Something could not be read; with `isDamage` for good. */
  protected unreadable(block: number, failure: string, isDamage = false): void {
    this.#failures++;
    if (isDamage) this.#recounted = new Set();
    this.#onUnreadable(block, failure);
  }

  /** What a search found that could read all it had to; 0 when it could not, also when tried again. */
  #readAll(search: () => number): number {
    for (let tries = 0; tries < 2; tries++) {
      const before = this.failures;
      const found = search();
      if (this.failures === before) return found;
    }
    return 0;
  }

  /** Counts a subject anew, when a damaged message that nobody finds may be among its own; false when that cannot be read. */
  #recount(subject: number): boolean {
    if (this.#recounted === undefined || this.#recounted.has(subject) || this.tree.count(subject) === 0) return true;
    const before = this.failures;
    const next = (from: number): number => this.nextOfSubject(subject, from, Number.POSITIVE_INFINITY);
    const first = next(1);
    let count = 0;
    for (let seq = first; seq > 0; seq = next(seq + 1)) {
      count++;
      this.tree.setLast(subject, seq);
    }
    if (this.failures !== before) return false;
    if (count > 0) {
      this.tree.setFirst(subject, first);
      this.tree.setCount(subject, count);
      this.#recounted.add(subject);
    }
    return true;
  }
}
