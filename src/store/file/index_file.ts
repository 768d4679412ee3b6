// Reads and writes a stream's `index.db`: what its blocks hold, so that opening it
// needs no scan. It is believed only when it fits the files to the byte.
//
// Knows the file; `FileMessages` knows what becomes of it.

import { DiskError, type Disk, type DiskDone, type DiskFile } from "../../base/disk.ts";
import type { ByteString } from "../../base/bytes.ts";
import type { Moment } from "../../base/nanos.ts";
import { HASH_BYTES } from "../../base/highway_hash.ts";
import { ByteReader } from "../../base/varint.ts";
import { isCompressed } from "../format/compressed_block.ts";
import { Fault } from "../format/fault.ts";
import { IndexDecoder, IndexEncoder, type BlockSummary, type Costs, type StreamSummary } from "../format/index_db.ts";
import { streamHasher } from "../format/keys.ts";
import { blockFile, INDEX, MSGS } from "../format/layout.ts";
import { ALL_SUBJECTS } from "../subject_filter.ts";
import type { StreamPlace } from "./block_open.ts";
import { msgsPath, readWhole } from "./block_open_bytes.ts";
import type { FileBlock } from "./file_block.ts";
import type { FileMessages } from "./file_messages.ts";
import { Effort, type Slices } from "./sliced_job.ts";

const HEAD_BYTES = 24;
const SUBJECTS_A_STEP = 100;
/** It has 30 bytes and more for each subject. */
const MAX_FILE = 0xffff_ffff;
/** As much is written at a time. */
const PART_BYTES = 256 << 10;
// What things cost, in bytes hashed: to write down a subject, to look into a block, to read its first message.
const SUBJECT_COST = 1024;
const MEASURING_COST = 32 << 10;
const SUMMARY_COST = 128 << 10;
const TEMPORARY = ".tmp";

/** Fills `messages`, which are empty, from the index when it fits the blocks that are there; else why not, "" when there is none to miss. */
export function* readIndex(
  place: StreamPlace,
  messages: FileMessages,
  numbers: readonly number[],
): Slices<string | undefined> {
  const effort = new Effort();
  const file = yield* readWhole(place, msgsPath(place, INDEX), MAX_FILE, effort);
  if (file instanceof DiskError) return file.code === "ENOENT" ? "" : file.text;
  const decoder = new IndexDecoder(file);
  const summary = yield* paced(decoder.read(streamHasher(place.stream)), effort);
  if (summary instanceof Fault) return summary.kind === "sum" ? "its checksum is wrong" : "it is not understood";
  const distrust =
    misfit(place, summary, numbers) ??
    (decoder.subjectMsgs === summary.msgs ? undefined : "its subjects do not add up");
  if (distrust !== undefined) return distrust;
  for (const stored of summary.blocks) {
    const block = messages.table.add(stored.blockIndex, messages.lastSeq);
    const unread = measure(place, block);
    if (unread !== undefined) {
      messages.clear();
      return unread;
    }
    messages.filling.block(block, stored);
    if (effort.spend(MEASURING_COST)) yield undefined;
  }
  messages.filling.totals(summary);
  const subjects = decoder.subjects((bytes, from, to, count, firstBlock, lastBlock) => {
    messages.filling.subject(bytes, from, to, count, firstBlock, lastBlock);
  });
  yield* paced(subjects, effort);
  return undefined;
}

/** Runs work that says what it costs. */
function* paced<T>(costs: Costs<T>, effort: Effort): Slices<T> {
  for (;;) {
    const step = costs.next();
    if (step.done === true) return step.value;
    if (effort.spend(step.value)) yield undefined;
  }
}

/** Writes the index of blocks that are durable and will not change. Why it could not, if so. */
export function* writeIndex(place: StreamPlace, messages: FileMessages): Slices<DiskError | undefined> {
  const effort = new Effort();
  const blocks: BlockSummary[] = [];
  for (const block of messages.table.all) {
    const first = yield* messages.firstMomentOf(block, effort);
    blocks.push(summaryOf(block, first));
    if (effort.spend(SUMMARY_COST)) yield undefined;
  }
  const { last } = messages.table;
  const lastChecksum = new Uint8Array(HASH_BYTES);
  const failed = last === undefined ? undefined : readChecksum(place, last.number, lastChecksum);
  if (failed !== undefined) return failed;
  messages.readRemoved(false);
  const { msgs, bytes, firstSeq, lastSeq, lastSec, lastNanos } = messages;
  // Asking for it would search all of its block once more.
  const first = msgs > 0 ? blocks.find((block) => block.firstSeq === firstSeq) : undefined;
  const encoder = new IndexEncoder(
    {
      msgs,
      bytes,
      firstSeq,
      firstSec: first?.firstSec ?? 0,
      firstNanos: first?.firstNanos ?? 0,
      lastSeq,
      lastSec,
      lastNanos,
      blocks,
      lastBlock: last?.number ?? 0,
      lastChecksum,
    },
    messages.tree.size,
    streamHasher(place.stream),
  );
  return yield* put(place, encodeParts(messages, encoder));
}

/** The bytes of the index in parts; undefined where a later turn may go on. */
function* encodeParts(messages: FileMessages, encoder: IndexEncoder): Generator<Uint8Array | undefined> {
  const effort = new Effort();
  let from: ByteString | undefined = "" as ByteString;
  while (from !== undefined) {
    from = messages.tree.walk(ALL_SUBJECTS, from, SUBJECTS_A_STEP, (subject) => {
      const { name, count, firstBlock, lastBlock } = subjectSummary(messages, subject);
      encoder.subject(name, count, firstBlock, lastBlock);
      return undefined;
    });
    if (encoder.length >= PART_BYTES) yield encoder.take();
    if (effort.spend(SUBJECTS_A_STEP * SUBJECT_COST)) yield undefined;
  }
  for (let before = encoder.length; encoder.block(); before = encoder.length) {
    const cost = SUBJECT_COST + 4 * (encoder.length - before);
    if (encoder.length >= PART_BYTES) yield encoder.take();
    if (effort.spend(cost)) yield undefined;
  }
  yield encoder.finish();
}

/** What an index says of a subject. The name is borrowed. */
function subjectSummary(
  messages: FileMessages,
  subject: number,
): { name: Uint8Array; count: number; firstBlock: number; lastBlock: number } {
  const { tree, table } = messages;
  const start = tree.startOf(subject);
  const blockAt = (seq: number): number => (table.all[table.indexFrom(seq)] ?? table.last!).number;
  return {
    name: tree.bufferOf(subject).subarray(start, start + tree.lengthOf(subject)),
    count: tree.count(subject),
    firstBlock: blockAt(Math.abs(tree.first(subject))),
    lastBlock: blockAt(Math.abs(tree.last(subject))),
  };
}

function* put(
  { disk, directory }: StreamPlace,
  parts: Generator<Uint8Array | undefined>,
): Slices<DiskError | undefined> {
  const path = `${directory}/${MSGS}/${INDEX}`;
  const stale = disk.remove(path + TEMPORARY);
  if (stale !== undefined && stale.code !== "ENOENT") return stale;
  const file = disk.open(path + TEMPORARY, "create");
  if (file instanceof DiskError) return file;
  let failed: DiskError | undefined;
  let at = 0;
  for (const part of parts) {
    if (part === undefined) {
      yield undefined;
      continue;
    }
    failed = yield (done: DiskDone) => disk.commit(file, at, part, 0, part.length, "written", done);
    if (failed !== undefined) break;
    at += part.length;
  }
  failed ??= yield (done: DiskDone) => disk.sync(file, done);
  disk.close(file);
  const unnamed = failed ?? disk.rename(path + TEMPORARY, path);
  return unnamed ?? (yield (done: DiskDone) => disk.syncDirectory(`${directory}/${MSGS}`, done));
}

function summaryOf(block: FileBlock, first: Moment | undefined): BlockSummary {
  return {
    blockIndex: block.number,
    bytes: block.bytes,
    firstSeq: block.firstSeq,
    firstSec: first?.sec ?? block.lastSec,
    firstNanos: first?.nanos ?? block.lastNanos,
    lastSeq: block.lastSeq,
    lastSec: block.lastSec,
    lastNanos: block.lastNanos,
    ttlMsgs: block.ttlMsgs,
    scheduledMsgs: block.scheduledMsgs,
    deleted: block.deleted,
  };
}

/** Why a summary is not about these blocks, or contradicts itself. */
function misfit(place: StreamPlace, summary: StreamSummary, numbers: readonly number[]): string | undefined {
  const { blocks } = summary;
  const isSame = blocks.length === numbers.length && blocks.every(({ blockIndex }, i) => blockIndex === numbers[i]);
  if (!isSame) return "the blocks are others";
  let [msgs, bytes, lastSeq] = [0, 0, 0];
  for (const block of blocks) {
    const deleted = block.deleted?.size ?? 0;
    const live = block.lastSeq + 1 - block.firstSeq - deleted;
    if (live < 0 || block.lastSeq < lastSeq || (live > 0 && block.firstSeq <= lastSeq)) return "its blocks overlap";
    if (live === 0 && deleted > 0) return "a block of it is all deleted";
    msgs += live;
    bytes += block.bytes;
    lastSeq = block.lastSeq;
  }
  if (msgs !== summary.msgs || bytes !== summary.bytes || lastSeq > summary.lastSeq) return "it does not add up";
  const last = blocks.at(-1);
  // Of a stream that never had a message there is nothing to say.
  if (last === undefined) return summary.lastSeq === 0 ? "" : "it has no blocks";
  const checksum = new Uint8Array(HASH_BYTES);
  const failed = readChecksum(place, last.blockIndex, checksum);
  if (failed !== undefined) return failed.text;
  return Buffer.compare(checksum, summary.lastChecksum) === 0 ? undefined : "the last block went on";
}

/** The last 8 bytes of a block's file; zeros when it is empty. */
function readChecksum({ disk, directory }: StreamPlace, block: number, into: Uint8Array): DiskError | undefined {
  const file = disk.open(`${directory}/${MSGS}/${blockFile(block)}`, "read");
  if (file instanceof DiskError) return file;
  const size = disk.size(file);
  const got =
    typeof size === "number" && size >= HASH_BYTES ? disk.read(file, size - HASH_BYTES, into, 0, HASH_BYTES) : size;
  disk.close(file);
  return got instanceof DiskError ? got : undefined;
}

/** How long a block's records are; why that could not be read, if so. */
function measure({ disk, directory }: StreamPlace, block: FileBlock): string | undefined {
  const file = disk.open(`${directory}/${MSGS}/${blockFile(block.number)}`, "read");
  if (file instanceof DiskError) return file.text;
  const size = sizes(disk, file, block);
  disk.close(file);
  return size instanceof DiskError ? size.text : undefined;
}

function sizes(disk: Disk, file: DiskFile, block: FileBlock): DiskError | undefined {
  const size = disk.size(file);
  if (size instanceof DiskError) return size;
  const head = new Uint8Array(Math.min(size, HEAD_BYTES));
  const got = disk.read(file, 0, head, 0, head.length);
  if (got instanceof DiskError) return got;
  block.isCompressed = isCompressed(head);
  block.size = block.isCompressed ? new ByteReader(head, 4).uvarint() : size;
  return undefined;
}
