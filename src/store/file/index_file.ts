// Reads and writes a stream's `index.db`: what its blocks hold, so that opening it
// needs no scan. It is believed only when it fits the files to the byte.
//
// Knows the file; `FileMessages` knows what becomes of it.

import { DiskError, type Disk, type DiskDone, type DiskFile } from "../../base/disk.ts";
import type { ByteString } from "../../base/bytes.ts";
import { HASH_BYTES } from "../../base/highway_hash.ts";
import { ByteReader } from "../../base/varint.ts";
import { isCompressed } from "../format/compressed_block.ts";
import { Fault } from "../format/fault.ts";
import { decodeIndex, IndexEncoder, type BlockSummary, type StreamSummary } from "../format/index_db.ts";
import { streamHasher } from "../format/keys.ts";
import { blockFile, INDEX, MSGS } from "../format/layout.ts";
import { ALL_SUBJECTS } from "../subject_filter.ts";
import type { StreamPlace } from "./block_open.ts";
import { msgsPath } from "./block_open_bytes.ts";
import type { FileBlock } from "./file_block.ts";
import type { FileMessages } from "./file_messages.ts";
import type { Slices } from "./sliced_job.ts";

const HEAD_BYTES = 24;
const SUBJECTS_A_SLICE = 2000;
const BLOCKS_A_SLICE = 16;
const TEMPORARY = ".tmp";

/** Fills `messages`, which are empty, from the index when it fits the blocks that are there; else why not, "" when there is none. */
export function readIndex(place: StreamPlace, messages: FileMessages, numbers: readonly number[]): string | undefined {
  const file = readFile(place.disk, msgsPath(place, INDEX));
  if (file instanceof DiskError) return file.code === "ENOENT" ? "" : file.text;
  const subjects: { name: Uint8Array; msgs: number; firstBlock: number; lastBlock: number }[] = [];
  const summary = decodeIndex(file, streamHasher(place.stream), (bytes, from, to, msgs, firstBlock, lastBlock) => {
    subjects.push({ name: bytes.subarray(from, to), msgs, firstBlock, lastBlock });
  });
  if (summary instanceof Fault) return summary.kind === "sum" ? "its checksum is wrong" : "it is not understood";
  const counted = subjects.reduce((sum, { msgs }) => sum + msgs, 0);
  const distrust =
    misfit(place, summary, numbers) ?? (counted === summary.msgs ? undefined : "its subjects do not add up");
  if (distrust !== undefined) return distrust;
  for (const stored of summary.blocks) {
    const block = messages.table.add(stored.blockIndex, messages.lastSeq);
    const unread = measure(place, block);
    if (unread !== undefined) {
      messages.clear();
      return unread;
    }
    messages.restoreBlock(block, stored);
  }
  messages.restoreTotals(summary);
  for (const { name, msgs, firstBlock, lastBlock } of subjects)
    messages.restoreSubject(name, msgs, firstBlock, lastBlock);
  return undefined;
}

/** Writes the index of blocks that are durable and will not change. Why it could not, if so. */
export function* writeIndex(place: StreamPlace, messages: FileMessages): Slices<DiskError | undefined> {
  const blocks: BlockSummary[] = [];
  for (const block of messages.table.all) {
    if (blocks.length % BLOCKS_A_SLICE === BLOCKS_A_SLICE - 1) yield undefined;
    blocks.push(summaryOf(messages, block));
  }
  const { last } = messages.table;
  const lastChecksum = new Uint8Array(HASH_BYTES);
  const failed = last === undefined ? undefined : readChecksum(place, last.number, lastChecksum);
  if (failed !== undefined) return failed;
  const { msgs, bytes, firstSeq, lastSeq, lastSec, lastNanos, ...state } = messages.state();
  const encoder = new IndexEncoder(
    {
      msgs,
      bytes,
      firstSeq,
      firstSec: msgs > 0 ? state.firstSec : 0,
      firstNanos: msgs > 0 ? state.firstNanos : 0,
      lastSeq,
      lastSec,
      lastNanos,
      blocks,
      lastBlock: last?.number ?? 0,
      lastChecksum,
    },
    messages.tree.size,
  );
  let from: ByteString | undefined = "" as ByteString;
  while (from !== undefined) {
    from = messages.tree.walk(ALL_SUBJECTS, from, SUBJECTS_A_SLICE, (subject) => {
      const { name, count, firstBlock, lastBlock } = messages.subjectSummary(subject);
      encoder.subject(name, count, firstBlock, lastBlock);
      return undefined;
    });
    yield undefined;
  }
  return yield* put(place, encoder.finish(streamHasher(place.stream)));
}

function* put({ disk, directory }: StreamPlace, bytes: Uint8Array): Slices<DiskError | undefined> {
  const path = `${directory}/${MSGS}/${INDEX}`;
  const stale = disk.remove(path + TEMPORARY);
  if (stale !== undefined && stale.code !== "ENOENT") return stale;
  const file = disk.open(path + TEMPORARY, "create");
  if (file instanceof DiskError) return file;
  const failed = yield (done: DiskDone) => disk.commit(file, 0, bytes, 0, bytes.length, "synced", done);
  disk.close(file);
  const unnamed = failed ?? disk.rename(path + TEMPORARY, path);
  return unnamed ?? (yield (done: DiskDone) => disk.syncDirectory(`${directory}/${MSGS}`, done));
}

function summaryOf(messages: FileMessages, block: FileBlock): BlockSummary {
  const first = messages.peek(block.firstSeq) ?? { sec: block.lastSec, nanos: block.lastNanos };
  return {
    blockIndex: block.number,
    bytes: block.bytes,
    firstSeq: block.firstSeq,
    firstSec: first.sec,
    firstNanos: first.nanos,
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
  if (last === undefined) return "it has no blocks";
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

function readFile(disk: Disk, path: string): Uint8Array | DiskError {
  const file = disk.open(path, "read");
  if (file instanceof DiskError) return file;
  const size = disk.size(file);
  const bytes = new Uint8Array(size instanceof DiskError ? 0 : size);
  const got = size instanceof DiskError ? size : disk.read(file, 0, bytes, 0, bytes.length);
  disk.close(file);
  return got instanceof DiskError ? got : bytes.subarray(0, got);
}
