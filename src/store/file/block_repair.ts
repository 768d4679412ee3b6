// Repairs a damaged block so that nats-server opens the directory in full, and so do we.
//
// The file is kept aside first. Then it is written anew with its good records: sequences that are missing count as
// deleted. A last record whose length can be trusted becomes a hole, so that its sequence is not used again.
// A torn tail of the last block is cut off.

import type { BlockReport, StreamPlace } from "./block_open.ts";
import type { DiskError } from "../../base/disk.ts";
import type { Slices } from "./sliced_job.ts";

export interface RepairOptions {
  /** Whether no block follows: its torn tail is cut off in place. */
  readonly isLast: boolean;
  /** For the name of the copy. */
  readonly wallSec: number;
}

export interface Repair {
  /** What was done; "nothing": the block is sound, or foreign; "removed": it had no good record, others follow. */
  readonly how: "nothing" | "cut" | "rewritten" | "removed";
  /** The path of the copy of the file as it was. */
  readonly kept: string | undefined;
  /** Ranges of sequences that may have been lost, ends included. One without an end in this block ends before the next block. */
  readonly lost: readonly { readonly first: number; readonly last: number | undefined }[];
  readonly lostBytes: number;
}

/**
 * Repairs the block that `report` tells about. Nobody has its file open. `index.db` no longer fits a repaired block: it is kept aside
 * and removed before the block changes, so nats-server scans. Read it before.
 */
export function* repairBlock(
  _place: StreamPlace,
  _report: BlockReport,
  _options: RepairOptions,
): Slices<Repair | DiskError> {
  throw new Error("soon");
}
