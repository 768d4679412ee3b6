// Writes a block anew beside the old one and puts it in its place.
//
//     <n>.blk.tmp   written, synced   →   rename   →   directory synced
//
// So the block is the old one or the new one, whatever fails. A temporary that is left over is removed at the next start.
//
// Nobody has the block's file open meanwhile: whoever had it open would go on with the old one. Not the block a
// writer appends to: let it begin another one first.

import { type BlockBytes, type BlockScratch, inSteps, loadBlock, msgsPath } from "./block_open_bytes.ts";
import { type DiskDone, DiskError } from "../../base/disk.ts";
import { EMPTY_RECORD, eraseRecord, type RecordKind, type RecordReader } from "../format/record.ts";
import { isSound, scanLoaded, type StreamPlace } from "./block_open.ts";
import { HASH_BYTES, type Hasher } from "../../base/highway_hash.ts";
import { blockFile, MSGS } from "../format/layout.ts";
import { Effort, type Slices } from "./sliced_job.ts";
import { blockHasher } from "../format/keys.ts";
import { BlockPacker } from "../format/compressed_block.ts";
import { writeWhole } from "./damage.ts";

/** How a rewrite ended. */
export interface Rewrite {
  /**
   * "replaced": the new block is there, durably. "kept": the old one is there, as it was. "unsure": the new block is
   * there, but a power cut may bring the old one back; `failed` says why. "empty": no record would be left, so the old
   * block was left as it was, for the caller to remove. "damaged": it is not sound, so it was left for a repair.
   */
  readonly how: "replaced" | "kept" | "unsure" | "empty" | "damaged";
  readonly failed: DiskError | undefined;
  /** Of the file and the records that are there now; zeros when it could not be read. */
  readonly fileBytes: number;
  readonly bytes: number;
  readonly isCompressed: boolean;
  /** Its last 8 bytes. */
  readonly checksum: Uint8Array;
}

/** What becomes of a record: dropped from the block, left as it is, or a message erased (random bytes in its place). */
export type Fate = "keep" | "drop" | "erase";

export interface RewriteOptions {
  /** Asked once for each record, in the order of the file. A tombstone must be kept while its message is in an earlier block. */
  readonly fateOf: (kind: RecordKind, seq: number) => Fate;
  /** Whether the new block is compressed. Never the last one. */
  readonly compress: boolean;
  /** Unpredictable bytes, for what is erased. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Memory for the old block, which one job at a time may have. */
  readonly scratch?: BlockScratch;
}

/**
 * Rewrites a block: compaction, secure erase and compression, each or together. "kept" without a failure when nothing
 * would change. When it was cancelled (`SlicedJob.cancel`) the old block is there as it was.
 */
export function* rewriteBlock(place: StreamPlace, block: number, options: RewriteOptions): Slices<Rewrite> {
  const effort = new Effort();
  const loaded = yield* loadBlock(place, block, effort, options.scratch);
  if (loaded instanceof DiskError) return ended("kept", NOTHING, loaded);
  const changes = new Changes(loaded.records, blockHasher(place.stream, block), options);
  const report = yield* scanLoaded(place, block, loaded, (record) => changes.take(record), effort);
  const old = { ...loaded, checksum: report.checksum };
  if (!isSound(report)) return ended("damaged", old);
  if (changes.kept === 0) return ended("empty", old);
  if (changes.isSame && options.compress === loaded.isCompressed) return ended("kept", old);
  const records = loaded.records.subarray(0, changes.kept);
  const file = options.compress ? yield* pack(records, effort) : records;
  const made = { records, fileBytes: file.length, isCompressed: options.compress, checksum: file.slice(-HASH_BYTES) };
  const replaced = yield* replaceBlock(place, block, file);
  return ended(replaced.how, replaced.how === "kept" ? old : made, replaced.failed);
}

/**
 * Puts `file` in the place of a block. Cancelled or failed, the old block is there, and no temporary; but when only the sync of the
 * directory failed the new one is.
 */
export function* replaceBlock(
  place: StreamPlace,
  block: number,
  file: Uint8Array,
): Slices<{ readonly how: "replaced" | "kept" | "unsure"; readonly failed: DiskError | undefined }> {
  const { disk } = place;
  const path = msgsPath(place, blockFile(block));
  const temporary = path + TEMPORARY;
  const failed = yield* writeWhole(place, temporary, file);
  if (failed !== undefined) return { how: "kept", failed };
  let isThere = false;
  try {
    yield undefined; // the last moment to cancel
    const unnamed = disk.rename(temporary, path);
    isThere = unnamed === undefined;
    if (!isThere) return { how: "kept", failed: unnamed };
  } finally {
    if (!isThere) disk.remove(temporary);
  }
  const unsynced = yield (done: DiskDone) => disk.syncDirectory(`${place.directory}/${MSGS}`, done);
  return { how: unsynced === undefined ? "replaced" : "unsure", failed: unsynced };
}

/** Files of `msgs` that are not needed: temporaries, of nats-server too, and indexes of its older versions. */
const LEFT_OVER = /^(?:(?:\d+\.blk|(?:index|thw|sched)\.db)\.tmp|.*\.(?:idx|fss))$/;

/** Removes what was left over in `msgs`; for the start of a stream. Why it could not, if so. */
export function removeTemporaries(place: StreamPlace): DiskError | undefined {
  const names = place.disk.list(`${place.directory}/${MSGS}`);
  if (names instanceof DiskError) return names;
  for (const name of names) {
    if (!LEFT_OVER.test(name)) continue;
    const failed = place.disk.remove(msgsPath(place, name));
    if (failed !== undefined) return failed;
  }
  return undefined;
}

const TEMPORARY = ".tmp";

type Shown = Pick<BlockBytes, "records" | "fileBytes" | "isCompressed"> & { readonly checksum: Uint8Array };
const NOTHING: Shown = { records: new Uint8Array(), fileBytes: 0, isCompressed: false, checksum: new Uint8Array(HASH_BYTES) }; // prettier-ignore

function ended(
  how: Rewrite["how"],
  { records, fileBytes, isCompressed, checksum }: Shown,
  failed?: DiskError,
): Rewrite {
  return { how, failed, fileBytes, bytes: records.length, isCompressed, checksum };
}

function* pack(records: Uint8Array, effort: Effort): Slices<Uint8Array> {
  const packer = new BlockPacker(records);
  yield* inSteps(packer, effort);
  return packer.file;
}

/** Moves what is kept to the front of the block's own bytes, while they are scanned. */
class Changes {
  readonly #records: Uint8Array;
  readonly #hasher: Hasher;
  readonly #options: RewriteOptions;
  #kept: number;
  #isSame: boolean;

  constructor(records: Uint8Array, hasher: Hasher, options: RewriteOptions) {
    this.#records = records;
    this.#hasher = hasher;
    this.#options = options;
    this.#kept = 0;
    this.#isSame = true;
  }

  /** The bytes of the new block. */
  get kept(): number {
    return this.#kept;
  }
  get isSame(): boolean {
    return this.#isSame && this.#kept === this.#records.length;
  }

  take({ kind, seq, sec, nanos, from, to }: RecordReader): void {
    const fate = this.#options.fateOf(kind, seq);
    if (fate === "drop") return;
    if (fate === "erase" && kind === "message") {
      const chance = this.#options.randomBytes(to - from - EMPTY_RECORD);
      eraseRecord(this.#records, from, to, { seq, sec, nanos }, chance, this.#hasher);
      this.#isSame = false;
    }
    if (from !== this.#kept) this.#records.copyWithin(this.#kept, from, to);
    this.#kept += to - from;
  }
}
