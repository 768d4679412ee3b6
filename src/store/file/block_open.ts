// Opens one block file: reads it piece by piece, unpacks it when it is compressed, checks each record, and tells what
// is in it and what is damaged. Changes nothing.
//
// The records of one block are in memory while it is open, which is what a block's size bounds.

import type { Disk, DiskError } from "../../base/disk.ts";
import type { RecordFault, RecordReader } from "../format/record.ts";
import type { Moment } from "../../base/nanos.ts";
import type { Slices } from "./sliced_job.ts";

/** Where the blocks of a stream are. */
export interface StreamPlace {
  readonly disk: Disk;
  /** Of the stream; its blocks are in `msgs` below. */
  readonly directory: string;
  /** Its name, which is in the checksums. */
  readonly stream: string;
}

/**
 * Sees each good record in the order of the file; its offsets are into `records`, the unpacked block. Both are
 * borrowed for the call. A message or hole whose sequence is not above the ones before it does not count and is not
 * shown, as nats-server does not count it.
 */
export type OnRecord = (record: RecordReader, records: Uint8Array) => void;

/** Bytes [from, to) of the unpacked block that are no good. */
export interface DamagedRange {
  readonly from: number;
  readonly to: number;
  readonly fault: RecordFault;
  /** They are one record whose length can be trusted. */
  readonly isWhole: boolean;
  /** The highest sequence before it, 0 for none, and the first one behind it, 0 for none: what is between may be lost. */
  readonly after: number;
  readonly before: number;
}

/** What is in a block. */
export interface BlockReport {
  readonly block: number;
  /** Of the file. */
  readonly fileBytes: number;
  /** Of the records, unpacked: where the next one would go in a block that is not compressed. */
  readonly bytes: number;
  readonly isCompressed: boolean;
  readonly messages: number;
  readonly holes: number;
  readonly tombstones: number;
  /** Of messages and holes; both 0 when there are none. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Of those records. */
  readonly first: Moment;
  readonly last: Moment;
  /** The highest sequence of a tombstone, 0 for none, and its time: it carries the last sequence of an empty stream. */
  readonly tombstoneSeq: number;
  readonly tombstone: Moment;
  /** The last 8 bytes of the file, which `index.db` of nats-server names; zeros when it has no record. */
  readonly checksum: Uint8Array;
  readonly damaged: readonly DamagedRange[];
  /** Where the file may be cut when this is the last block: nothing good is behind. Undefined when it ends well, or in a whole record. */
  readonly tornAt: number | undefined;
  /** The packing itself is damaged; what could be had of the records was looked at. */
  readonly isPackingDamaged: boolean;
  /** A good record has a sequence above 2^53 − 1: the block belongs to a stream this program cannot hold. It must not be repaired. */
  readonly isForeign: boolean;
}

/** Nothing is wrong with the block. */
export function isSound(report: BlockReport): boolean {
  return report.damaged.length === 0 && !report.isPackingDamaged && !report.isForeign;
}

/** Opens a block. Never waits for the disk, so it may be run by `next()` as well as by a `SlicedJob`. */
export function* openBlock(_place: StreamPlace, _block: number, _onRecord: OnRecord): Slices<BlockReport | DiskError> {
  throw new Error("soon");
}
