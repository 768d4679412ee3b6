// `index.db`: what a stream's blocks hold, so that opening it needs no scan.
//
//   11, version
//   msgs, bytes, first seq, first time, last seq, last time
//   subjects: how many; each: length, bytes, messages, first block, last block
//   blocks: how many; each: index, bytes, first seq, first time, last seq, last time, deleted, with TTL, with schedule,
//     the deleted sequences when there are any; times are relative to the stream's first time
//   index of the last block, checksum of its last record (8)
//   checksum of all before (8)
//
// Numbers are varints; times signed ones. The file is optional: without it, or with
// one that is not believed, the blocks are scanned. Knows no blocks and no files.

import { ByteReader, ByteWriter } from "../../base/varint.ts";
import { HASH_BYTES, type Hasher } from "../../base/highway_hash.ts";
import { Fault } from "./fault.ts";
import { decodeSequences, encodeSequences } from "./sequence_set.ts";
import type { SequenceSet } from "../sequence_set.ts";
import { assert } from "../../base/assert.ts";

const MAGIC = 11;
const VERSION = 4;
const MIN_BYTES = 32;
const MIN_BLOCK_BYTES = 7;
const SECOND = 1_000_000_000;

export interface BlockSummary {
  readonly blockIndex: number;
  /** Of its live messages' records. */
  readonly bytes: number;
  /** One above `lastSeq` when it holds no message. */
  readonly firstSeq: number;
  readonly firstSec: number;
  readonly firstNanos: number;
  readonly lastSeq: number;
  readonly lastSec: number;
  readonly lastNanos: number;
  readonly ttlMsgs: number;
  readonly scheduledMsgs: number;
  /** Deleted sequences between the first and the last. */
  readonly deleted: SequenceSet | undefined;
}

export interface StreamSummary {
  readonly msgs: number;
  readonly bytes: number;
  readonly firstSeq: number;
  /** Time 0 when there is no message. */
  readonly firstSec: number;
  readonly firstNanos: number;
  readonly lastSeq: number;
  readonly lastSec: number;
  readonly lastNanos: number;
  readonly blocks: readonly BlockSummary[];
  readonly lastBlock: number;
  /** Eight bytes; zeros when that block is empty. */
  readonly lastChecksum: Uint8Array;
}

/** Learns of each subject, whose bytes [from, to) are borrowed. It decides whether a subject is believable. */
export type OnSubject = (
  bytes: Uint8Array,
  from: number,
  to: number,
  msgs: number,
  firstBlock: number,
  lastBlock: number,
) => void;

/** What long work yields: what was done since costs about as much as hashing so many bytes. */
export type Costs<T> = Generator<number, T, undefined>;

/**
 * Reads a file in steps, of which each is short: first all of it (`read`), to know whether it is good; then its
 * subjects (`subjects`), of which there may be millions.
 */
export class IndexDecoder {
  readonly #file: Uint8Array;
  /** Where the subjects are, when the file is good; and its version. */
  #subjectsAt = 0;
  #version = 0;
  #subjectMsgs = 0;

  constructor(file: Uint8Array) {
    this.#file = file;
  }

  /** The messages that the subjects add up to. */
  get subjectMsgs(): number {
    return this.#subjectMsgs;
  }

  *read(hasher: Hasher): Costs<StreamSummary | Fault> {
    const file = this.#file;
    if (file.length < MIN_BYTES) return new Fault("short");
    const end = file.length - HASH_BYTES;
    hasher.start();
    for (let at = 0; at < end; at += HASHED_A_STEP) {
      const to = Math.min(end, at + HASHED_A_STEP);
      hasher.add(file, at, to);
      if (to === end) break;
      hasher.pause();
      yield HASHED_A_STEP;
      hasher.resume();
    }
    if (!hasher.matches(file, end)) return new Fault("sum");
    const reader = new ByteReader(file, 0, end);
    const isMagic = reader.byte() === MAGIC;
    this.#version = reader.byte();
    if (!isMagic || this.#version < 1 || this.#version > VERSION) return new Fault("version");
    const msgs = reader.uvarint();
    const bytes = reader.uvarint();
    const firstSeq = reader.uvarint();
    reader.varintMoment();
    const { sec: firstSec, nanos: firstNanos } = reader;
    const lastSeq = reader.uvarint();
    reader.varintMoment();
    const { sec: lastSec, nanos: lastNanos } = reader;
    this.#subjectsAt = reader.at;
    yield* decodeSubjects(reader, this.#version, COUNTING_COST, (_bytes, _from, _to, count) => {
      this.#subjectMsgs += count;
    });
    const blocks = yield* decodeBlocks(reader, this.#version, firstSec, firstNanos);
    const lastBlock = reader.uvarint();
    const lastChecksum = reader.take(HASH_BYTES).slice();
    if (reader.failed || reader.left > 0) return new Fault("form");
    return {
      msgs,
      bytes,
      firstSeq,
      firstSec,
      firstNanos,
      lastSeq,
      lastSec,
      lastNanos,
      blocks,
      lastBlock,
      lastChecksum,
    };
  }

  /** Tells the subjects of a file that `read` found good. */
  *subjects(onSubject: OnSubject): Costs<void> {
    const reader = new ByteReader(this.#file, this.#subjectsAt, this.#file.length - HASH_BYTES);
    yield* decodeSubjects(reader, this.#version, TELLING_COST, onSubject);
  }
}

const HASHED_A_STEP = 128 << 10;
const SUBJECTS_A_STEP = 64;
// In bytes hashed: a subject, a subject and what is made of it, a block.
const COUNTING_COST = 256;
const TELLING_COST = 8192;
const BLOCK_COST = 1024;

/** The same in one go; its subjects are told when it is good. */
export function decodeIndex(file: Uint8Array, hasher: Hasher, onSubject: OnSubject): StreamSummary | Fault {
  const decoder = new IndexDecoder(file);
  const summary = finish(decoder.read(hasher));
  if (!(summary instanceof Fault)) finish(decoder.subjects(onSubject));
  return summary;
}

function finish<T>(costs: Costs<T>): T {
  for (;;) {
    const step = costs.next();
    if (step.done === true) return step.value;
  }
}

function* decodeSubjects(reader: ByteReader, version: number, cost: number, onSubject: OnSubject): Costs<void> {
  const count = reader.uvarint();
  for (let i = 0; i < count && !reader.failed; i++) {
    if (i % SUBJECTS_A_STEP === SUBJECTS_A_STEP - 1) yield SUBJECTS_A_STEP * cost;
    const length = reader.uvarint();
    const from = reader.at;
    if (length > reader.left) reader.fail();
    else reader.at += length;
    const to = reader.at;
    const msgs = reader.uvarint();
    const firstBlock = reader.uvarint();
    const lastBlock = version >= 4 || msgs > 1 ? reader.uvarint() : firstBlock;
    if (!reader.failed) onSubject(reader.bytes, from, to, msgs, firstBlock, lastBlock);
  }
}

function* decodeBlocks(reader: ByteReader, version: number, baseSec: number, baseNanos: number): Costs<BlockSummary[]> {
  const blocks: BlockSummary[] = [];
  const count = reader.uvarint();
  if (count > reader.left / MIN_BLOCK_BYTES) reader.fail();
  for (let i = 0; i < count && !reader.failed; i++) {
    const blockIndex = reader.uvarint();
    const bytes = reader.uvarint();
    const firstSeq = reader.uvarint();
    reader.varintMoment();
    const firstNanos = reader.nanos + baseNanos;
    const firstSec = reader.sec + baseSec + (firstNanos >= SECOND ? 1 : 0);
    const lastSeq = reader.uvarint();
    reader.varintMoment();
    const lastNanos = reader.nanos + baseNanos;
    const lastSec = reader.sec + baseSec + (lastNanos >= SECOND ? 1 : 0);
    const deletedCount = reader.uvarint();
    const ttlMsgs = version >= 2 ? reader.uvarint() : 0;
    const scheduledMsgs = version >= 3 ? reader.uvarint() : 0;
    const before = reader.at;
    const deleted = deletedCount > 0 ? decodeSequences(reader) : undefined;
    yield BLOCK_COST + 4 * (reader.at - before);
    if ((deleted?.size ?? 0) !== deletedCount) reader.fail();
    blocks.push({
      blockIndex,
      bytes,
      firstSeq,
      firstSec,
      firstNanos: firstNanos % SECOND,
      lastSeq,
      lastSec,
      lastNanos: lastNanos % SECOND,
      ttlMsgs,
      scheduledMsgs,
      deleted,
    });
  }
  return blocks;
}

/**
 * Writes a file: the head, each subject, each block, the end. One by one, and what was written may be taken away
 * meanwhile, because there may be millions.
 */
export class IndexEncoder {
  #writer: ByteWriter;
  readonly #summary: StreamSummary;
  readonly #hasher: Hasher;
  #hasHashed = false;
  #subjectsLeft: number;
  #hasBlocks = false; // begun
  #blocksDone = 0;

  constructor(summary: StreamSummary, subjectCount: number, hasher: Hasher) {
    const writer = new ByteWriter(1024);
    writer.byte(MAGIC);
    writer.byte(VERSION);
    writer.uvarint(summary.msgs);
    writer.uvarint(summary.bytes);
    writer.uvarint(summary.firstSeq);
    writer.varintMoment(summary.firstSec, summary.firstNanos);
    writer.uvarint(summary.lastSeq);
    writer.varintMoment(summary.lastSec, summary.lastNanos);
    writer.uvarint(subjectCount);
    this.#writer = writer;
    this.#summary = summary;
    this.#hasher = hasher;
    this.#subjectsLeft = subjectCount;
  }

  /** Bytes that `take` would give. */
  get length(): number {
    return this.#writer.length;
  }

  subject(subject: Uint8Array, msgs: number, firstBlock: number, lastBlock: number): void {
    this.#subjectsLeft--;
    this.#writer.uvarint(subject.length);
    this.#writer.put(subject);
    this.#writer.uvarint(msgs);
    this.#writer.uvarint(firstBlock);
    this.#writer.uvarint(lastBlock);
  }

  /** The next block; false when all were written. */
  block(): boolean {
    const { blocks, firstSec, firstNanos } = this.#summary;
    if (!this.#hasBlocks) {
      this.#hasBlocks = true;
      assert(this.#subjectsLeft === 0, "as many subjects came as were announced");
      this.#writer.uvarint(blocks.length);
    }
    const block = blocks[this.#blocksDone];
    if (block === undefined) return false;
    this.#blocksDone++;
    encodeBlock(this.#writer, block, firstSec, firstNanos);
    return true;
  }

  /** What was written since it was called last; the next bytes of the file. */
  take(): Uint8Array {
    const { written } = this.#writer;
    this.#hash(written);
    this.#hasher.pause();
    this.#writer = new ByteWriter(2 * written.length);
    return written;
  }

  /** All blocks that are left and the end of the file: its last bytes. */
  finish(): Uint8Array {
    while (this.block());
    const { lastBlock, lastChecksum } = this.#summary;
    this.#writer.uvarint(lastBlock);
    assert(lastChecksum.length === HASH_BYTES, "a checksum has 8 bytes");
    this.#writer.put(lastChecksum);
    const sum = new Uint8Array(HASH_BYTES);
    this.#hash(this.#writer.written).sum(sum, 0);
    this.#writer.put(sum);
    return this.#writer.written;
  }

  #hash(bytes: Uint8Array): Hasher {
    const hasher = this.#hasHashed ? this.#hasher.resume() : this.#hasher.start();
    this.#hasHashed = true;
    return hasher.add(bytes, 0, bytes.length);
  }
}

function encodeBlock(writer: ByteWriter, block: BlockSummary, baseSec: number, baseNanos: number): void {
  writer.uvarint(block.blockIndex);
  writer.uvarint(block.bytes);
  writer.uvarint(block.firstSeq);
  const firstNanos = block.firstNanos - baseNanos;
  writer.varintMoment(block.firstSec - baseSec - (firstNanos < 0 ? 1 : 0), firstNanos + (firstNanos < 0 ? SECOND : 0));
  writer.uvarint(block.lastSeq);
  const lastNanos = block.lastNanos - baseNanos;
  writer.varintMoment(block.lastSec - baseSec - (lastNanos < 0 ? 1 : 0), lastNanos + (lastNanos < 0 ? SECOND : 0));
  writer.uvarint(block.deleted?.size ?? 0);
  writer.uvarint(block.ttlMsgs);
  writer.uvarint(block.scheduledMsgs);
  if ((block.deleted?.size ?? 0) > 0) encodeSequences(block.deleted!, writer);
}
