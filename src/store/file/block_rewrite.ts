// Writes a block anew beside the old one and puts it in its place.
//
//     <n>.blk.tmp   written, synced   →   rename   →   directory synced
//
// So the block is the old one or the new one, whatever fails. A temporary that is left over is removed at the next start.
//
// Nobody has the block's file open meanwhile: whoever had it open would go on with the old one. Not the block a
// writer appends to: let it begin another one first.

import type { DiskError } from "../../base/disk.ts";
import type { Slices } from "./sliced_job.ts";
import type { StreamPlace } from "./block_open.ts";
import type { RecordKind } from "../format/record.ts";

/** How a rewrite ended. */
export interface Rewrite {
  /**
   * "replaced": the new block is there, durably. "kept": the old one is there, as it was. "unsure": the new block is
   * there, but a power cut may bring the old one back; `failed` says why. "empty": no record would be left, so the old block was
   * left as it was, for the caller to remove. "damaged": it is not sound, so it was left for a repair.
   */
  readonly how: "replaced" | "kept" | "unsure" | "empty" | "damaged";
  readonly failed: DiskError | undefined;
  /** Of the file and the records that are there now. */
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
}

/**
 * Rewrites a block: compaction, secure erase and compression, each or together. "kept" without a failure when nothing would change.
 * May be cancelled (`SlicedJob.cancel`): the old block stays unless it was already replaced.
 */
export function* rewriteBlock(_place: StreamPlace, _block: number, _options: RewriteOptions): Slices<Rewrite> {
  throw new Error("soon");
}

/** Removes what rewrites left over in `msgs`; for the start of a stream. Why it could not, if so. */
export function removeTemporaries(_place: StreamPlace): DiskError | undefined {
  throw new Error("soon");
}
