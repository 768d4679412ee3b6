// Opens one block file: checks each record, and tells what is in it and what is damaged. Changes nothing.
//
// The file is read and unpacked piece by piece (block_open_bytes.ts); the records of one block are in memory while it
// is open. Knows where sequences are missing, not what that means: that is repair's and the store's.

import { BlockScan } from "../format/block_scan.ts";
import { blockHasher } from "../format/keys.ts";
import { type BlockBytes, type BlockScratch, loadBlock } from "./block_open_bytes.ts";
import { DiskError, type Disk } from "../../base/disk.ts";
import { Effort, type Slices } from "./sliced_job.ts";
import { HASH_BYTES } from "../../base/highway_hash.ts";
import type { Moment } from "../../base/nanos.ts";
import type { RecordFault, RecordReader } from "../format/record.ts";

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
 * shown, as nats-server does not count it; nor is a tombstone of 0, which is no sequence. May return what it took, as
 * `BlockVisitor` says, so that slices stay short.
 */
export type OnRecord = (record: RecordReader, records: Uint8Array) => number | void;

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

/**
 * Opens a block. Never waits for the disk, so it may be run by `next()` as well as by a `SlicedJob`. With `scratch`, its memory is used
 * again; one job at a time may have it.
 */
export function* openBlock(
  place: StreamPlace,
  block: number,
  onRecord: OnRecord,
  scratch?: BlockScratch,
): Slices<BlockReport | DiskError> {
  const effort = new Effort();
  const loaded = yield* loadBlock(place, block, effort, scratch);
  if (loaded instanceof DiskError) return loaded;
  return yield* scanLoaded(place, block, loaded, onRecord, effort);
}

/** The same for a block whose bytes are there already. `onRecord` may change bytes up to the end of the record that it is shown. */
export function* scanLoaded(
  place: StreamPlace,
  block: number,
  loaded: BlockBytes,
  onRecord: OnRecord,
  effort: Effort,
): Slices<BlockReport> {
  const { records } = loaded;
  const tally = new BlockTally();
  const scan = new BlockScan(records, blockHasher(place.stream, block), {
    onRecord: (record) => (tally.add(record) ? onRecord(record, records) : 0),
    onDamage: (from, to, fault, isWhole) => tally.onDamage(from, to, fault, isWhole),
  });
  while (scan.at < records.length) {
    if (effort.spend(scan.step(effort.left))) yield undefined;
  }
  return tally.report(block, { ...loaded, bytes: records.length, end: records });
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What a report says of the block as a whole. */
type BlockForm = Pick<BlockReport, "fileBytes" | "bytes" | "isCompressed" | "isPackingDamaged"> & {
  /** Its last records, of which the last bytes are the checksum. */
  readonly end: Uint8Array;
};

/** Counts what is in a block, while its records are told in order. */
export class BlockTally {
  readonly #damaged: Mutable<DamagedRange>[] = [];
  #messages = 0;
  #holes = 0;
  #tombstones = 0;
  #firstSeq = 0;
  #lastSeq = 0;
  #first = NO_MOMENT;
  #last = NO_MOMENT;
  #tombstoneSeq = 0;
  #tombstone = NO_MOMENT;
  #isForeign = false;

  /** A record; false when it does not count. */
  add(record: RecordReader): boolean {
    const { kind, seq } = record;
    if (kind === "tombstone") {
      this.#tombstones++;
      if (seq >= this.#tombstoneSeq) {
        this.#tombstoneSeq = seq;
        this.#tombstone = momentOf(record);
      }
      return seq > 0;
    }
    if (seq <= this.#lastSeq) return false;
    if (kind === "hole") this.#holes++;
    else this.#messages++;
    if (this.#firstSeq === 0) {
      this.#firstSeq = seq;
      this.#first = momentOf(record);
    }
    this.#lastSeq = seq;
    this.#last = momentOf(record);
    for (let i = this.#damaged.length - 1; i >= 0 && this.#damaged[i]!.before === 0; i--) {
      this.#damaged[i]!.before = seq;
    }
    return true;
  }

  /** Further messages behind the last record, the last of which is given; their sequences follow each other. */
  addRun(count: number, last: RecordReader): void {
    this.#messages += count;
    this.#lastSeq = last.seq;
    this.#last = momentOf(last);
  }

  onDamage(from: number, to: number, fault: RecordFault, isWhole: boolean): void {
    if (fault === "sequence") this.#isForeign = true;
    this.#damaged.push({ from, to, fault, isWhole, after: this.#lastSeq, before: 0 });
  }

  report(block: number, { fileBytes, bytes, isCompressed, isPackingDamaged, end }: BlockForm): BlockReport {
    const last = this.#damaged.at(-1);
    const isTorn = last !== undefined && last.to === bytes && !last.isWhole;
    const checksum = new Uint8Array(HASH_BYTES);
    if (end.length >= HASH_BYTES) checksum.set(end.subarray(end.length - HASH_BYTES));
    return {
      block,
      fileBytes,
      bytes,
      isCompressed,
      messages: this.#messages,
      holes: this.#holes,
      tombstones: this.#tombstones,
      firstSeq: this.#firstSeq,
      lastSeq: this.#lastSeq,
      first: this.#first,
      last: this.#last,
      tombstoneSeq: this.#tombstoneSeq,
      tombstone: this.#tombstone,
      checksum,
      damaged: this.#damaged,
      tornAt: isTorn ? last.from : undefined,
      isPackingDamaged,
      isForeign: this.#isForeign,
    };
  }
}

const NO_MOMENT: Moment = { sec: 0, nanos: 0 };

function momentOf({ sec, nanos }: RecordReader): Moment {
  return { sec, nanos };
}
