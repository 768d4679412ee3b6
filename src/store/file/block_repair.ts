// Repairs a damaged block so that nats-server opens the directory in full, and so do we.
//
// A torn tail of the last block, which is what a crash leaves, is kept aside and cut off. Of any other damage the whole
// file is kept aside, then written anew with its good records: sequences that are missing count as deleted. A damaged
// record at the end whose length can be trusted becomes a hole, so that its sequence is not used again.

import { type BlockReport, isSound, scanLoaded, type StreamPlace } from "./block_open.ts";
import { type BlockBytes, loadBlock, msgsPath } from "./block_open_bytes.ts";
import { blockFile, INDEX, MSGS } from "../format/layout.ts";
import { type DiskDone, DiskError } from "../../base/disk.ts";
import { EMPTY_RECORD, RecordReader, writeMark } from "../format/record.ts";
import { Effort, type Slices } from "./sliced_job.ts";
import { blockHasher } from "../format/keys.ts";
import { keepAside } from "./damage.ts";
import { replaceBlock } from "./block_rewrite.ts";

export interface RepairOptions {
  /** Whether no block follows. */
  readonly isLast: boolean;
  /** The highest sequence in the blocks before it; 0 for none. */
  readonly after: number;
  /** For the names of the copies. */
  readonly wallSec: number;
}

export interface Repair {
  /**
   * What was done. "nothing": the block is sound, or foreign. "cut": bytes at its end were taken off. "rewritten": without what
   * was damaged. "removed": it had no good record, and others follow.
   */
  readonly how: "nothing" | "cut" | "rewritten" | "removed";
  /** The path of the copy of the file as it was, or of what was cut off. */
  readonly kept: string | undefined;
  /** Ranges of sequences that may have been lost, ends included; a last one of 0: up to the next block. */
  readonly lost: readonly LostRange[];
  /** Damaged bytes, unpacked. */
  readonly lostBytes: number;
}
export interface LostRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Repairs the block that `report` tells about, which nobody has open. Not to be cancelled. Why it failed, if so: the
 * block then is as it was, or repaired but not durably so; to repair it again is harmless. Where more than a tail is
 * damaged `index.db` of nats-server would no longer be true: it is kept aside as well and removed before the block
 * changes, so read it before.
 */
export function* repairBlock(
  place: StreamPlace,
  report: BlockReport,
  { isLast, after, wallSec }: RepairOptions,
): Slices<Repair | DiskError> {
  if (isSound(report) || report.isForeign) return { how: "nothing", kept: undefined, lost: [], lostBytes: 0 };
  const { tornAt, damaged } = report;
  const isTail = isLast && !report.isCompressed && damaged.length === 1 && tornAt !== undefined;
  const file = blockFile(report.block);
  const kept = yield* keepAside(place, file, wallSec, isTail ? tornAt : 0);
  if (kept instanceof DiskError) return kept;
  const how = isTail ? yield* cut(place, file, tornAt) : yield* rewrite(place, report.block, wallSec, isLast, after);
  if (how instanceof DiskError) return how;
  return { how, kept, ...lossOf(report, after) };
}

/** What the damage in a block costs. */
export function lossOf({ damaged }: BlockReport, after: number): Pick<Repair, "lost" | "lostBytes"> {
  const lost = damaged.map((range) => ({
    first: Math.max(after, range.after) + 1,
    last: Math.max(0, range.before - 1),
  }));
  const lostBytes = damaged.reduce((sum, { from, to }) => sum + to - from, 0);
  return { lost: lost.filter(({ first, last }) => last === 0 || first <= last), lostBytes };
}

function* removeIndex(place: StreamPlace, wallSec: number): Slices<DiskError | undefined> {
  const kept = yield* keepAside(place, INDEX, wallSec);
  if (kept instanceof DiskError) return kept.code === "ENOENT" ? undefined : kept;
  const failed = place.disk.remove(msgsPath(place, INDEX));
  return failed ?? (yield* syncMsgs(place));
}

function* syncMsgs({ disk, directory }: StreamPlace): Slices<DiskError | undefined> {
  return yield (done: DiskDone) => disk.syncDirectory(`${directory}/${MSGS}`, done);
}

function* cut(place: StreamPlace, name: string, at: number): Slices<"cut" | DiskError> {
  const { disk } = place;
  const file = disk.open(msgsPath(place, name), "write");
  if (file instanceof DiskError) return file;
  try {
    const failed = disk.truncate(file, at) ?? (yield (done: DiskDone) => disk.sync(file, done));
    return failed ?? "cut";
  } finally {
    disk.close(file);
  }
}

function* rewrite(
  place: StreamPlace,
  block: number,
  wallSec: number,
  isLast: boolean,
  after: number,
): Slices<Repair["how"] | DiskError> {
  const untrue = yield* removeIndex(place, wallSec);
  if (untrue !== undefined) return untrue;
  const effort = new Effort();
  const loaded = yield* loadBlock(place, block, effort);
  if (loaded instanceof DiskError) return loaded;
  const good = yield* goodRecords(place, block, after, loaded, effort);
  if (good.length > 0) {
    const { failed } = yield* replaceBlock(place, block, good);
    return failed ?? "rewritten";
  }
  if (isLast) return yield* cut(place, blockFile(block), 0);
  const failed = place.disk.remove(msgsPath(place, blockFile(block))) ?? (yield* syncMsgs(place));
  return failed ?? "removed";
}

/** The good records, moved to the front; behind them a hole for a whole record that ended the block. */
function* goodRecords(
  place: StreamPlace,
  block: number,
  after: number,
  loaded: BlockBytes,
  effort: Effort,
): Slices<Uint8Array> {
  const { records } = loaded;
  let end = 0;
  const report = yield* scanLoaded(
    place,
    block,
    loaded,
    ({ from, to }) => {
      records.copyWithin(end, from, to);
      end += to - from;
    },
    effort,
  );
  const last = report.damaged.at(-1);
  if (last === undefined || !last.isWhole || last.to !== records.length) return records.subarray(0, end);
  const hasher = blockHasher(place.stream, block);
  const record = new RecordReader(hasher);
  const isRead = record.readUnchecked(records, last.from, last.to) === undefined;
  if (!isRead || record.kind === "tombstone" || record.seq !== Math.max(after, report.lastSeq) + 1)
    return records.subarray(0, end);
  // Its time is as doubtful as the rest of it: that of the sequence before must do.
  writeMark(records, end, "hole", record.seq, report.last.sec, report.last.nanos, hasher);
  return records.subarray(0, end + EMPTY_RECORD);
}
