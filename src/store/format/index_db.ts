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

/** Reads a file; subjects are told before it is known whether the rest is good. */
export function decodeIndex(file: Uint8Array, hasher: Hasher, onSubject: OnSubject): StreamSummary | Fault {
  if (file.length < MIN_BYTES) return new Fault("short");
  const end = file.length - HASH_BYTES;
  if (!hasher.start().add(file, 0, end).matches(file, end)) return new Fault("sum");
  const reader = new ByteReader(file, 0, end);
  const isMagic = reader.byte() === MAGIC;
  const version = reader.byte();
  if (!isMagic || version < 1 || version > VERSION) return new Fault("version");
  const msgs = reader.uvarint();
  const bytes = reader.uvarint();
  const firstSeq = reader.uvarint();
  reader.varintMoment();
  const { sec: firstSec, nanos: firstNanos } = reader;
  const lastSeq = reader.uvarint();
  reader.varintMoment();
  const { sec: lastSec, nanos: lastNanos } = reader;
  decodeSubjects(reader, version, onSubject);
  const blocks = decodeBlocks(reader, version, firstSec, firstNanos);
  const lastBlock = reader.uvarint();
  const lastChecksum = reader.take(HASH_BYTES).slice();
  if (reader.failed || reader.left > 0) return new Fault("form");
  return { msgs, bytes, firstSeq, firstSec, firstNanos, lastSeq, lastSec, lastNanos, blocks, lastBlock, lastChecksum };
}

function decodeSubjects(reader: ByteReader, version: number, onSubject: OnSubject): void {
  const count = reader.uvarint();
  for (let i = 0; i < count && !reader.failed; i++) {
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

function decodeBlocks(reader: ByteReader, version: number, baseSec: number, baseNanos: number): BlockSummary[] {
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
    const deleted = deletedCount > 0 ? decodeSequences(reader) : undefined;
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
 * Writes a file: the head, then each subject, then the rest. Subjects are handed over one by one because
 * there may be millions; their number is said first.
 */
export class IndexEncoder {
  readonly #writer: ByteWriter;
  readonly #summary: StreamSummary;
  #subjectsLeft: number;

  constructor(summary: StreamSummary, subjectCount: number) {
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
    this.#subjectsLeft = subjectCount;
  }

  subject(subject: Uint8Array, msgs: number, firstBlock: number, lastBlock: number): void {
    this.#subjectsLeft--;
    this.#writer.uvarint(subject.length);
    this.#writer.put(subject);
    this.#writer.uvarint(msgs);
    this.#writer.uvarint(firstBlock);
    this.#writer.uvarint(lastBlock);
  }

  /** The whole file. */
  finish(hasher: Hasher): Uint8Array {
    assert(this.#subjectsLeft === 0, "as many subjects came as were announced");
    const writer = this.#writer;
    const { blocks, firstSec, firstNanos, lastBlock, lastChecksum } = this.#summary;
    writer.uvarint(blocks.length);
    for (const block of blocks) encodeBlock(writer, block, firstSec, firstNanos);
    writer.uvarint(lastBlock);
    assert(lastChecksum.length === HASH_BYTES, "a checksum has 8 bytes");
    writer.put(lastChecksum);
    writer.put(hasher.of(writer.written));
    return writer.written;
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
