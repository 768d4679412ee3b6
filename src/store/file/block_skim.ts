// Opens one block that is as it should be, faster than block_open.ts: piece by piece through the kernel of
// record_scan.ts. Where anything is wrong, or compressed, it leaves the block to the careful scan, which judges it as a
// whole; what was told of it until then is true.

import { DiskError, type DiskFile } from "../../base/disk.ts";
import { wasCompressed } from "../format/compressed_block.ts";
import { blockHasher, blockKey } from "../format/keys.ts";
import { blockFile } from "../format/layout.ts";
import { RecordReader } from "../format/record.ts";
import { type RecordScan, SCANNED_BYTES } from "../format/record_scan.ts";
import { type BlockReport, BlockTally, type OnRecord, type StreamPlace } from "./block_open.ts";
import { MAX_FILE, msgsPath } from "./block_open_bytes.ts";
import type { Effort, Slices } from "./sliced_job.ts";

const HEAD_BYTES = 24;
/** Read at a time, where no record is longer. */
const PIECE_BYTES = 512 << 10;
/** What scanning a byte costs, in bytes hashed: in the kernel nothing is done beyond that, so a slice may have more of them. */
const BYTE_COST = 0.25;
const RECORD_COST = 256;
/** Before no sequence that there is. */
const NO_SEQUENCE = -2;

/** Learns what is in a block. */
export interface SkimVisitor {
  /** The last sequence that was used: messages are counted together from the next one on. Undefined: the next record is to be told. */
  readonly lastSeq: number | undefined;
  /** Messages in a row, the last of which is given; `bytes` are their records. They were counted by subject. */
  onRun(count: number, bytes: number, last: RecordReader): void;
  /** As `OnRecord`; a message is to be counted by subject in the scan. */
  readonly onRecord: OnRecord;
}

/** What is in a block; undefined when it is for the careful scan to say. */
export function* skimBlock(
  place: StreamPlace,
  block: number,
  scan: RecordScan,
  visitor: SkimVisitor,
  effort: Effort,
): Slices<BlockReport | DiskError | undefined> {
  const file = place.disk.open(msgsPath(place, blockFile(block)), "read");
  if (file instanceof DiskError) return file;
  try {
    return yield* new Skim(place, block, file, scan, visitor).all(effort);
  } finally {
    place.disk.close(file);
  }
}

class Skim {
  readonly #place: StreamPlace;
  readonly #block: number;
  readonly #file: DiskFile;
  readonly #scan: RecordScan;
  readonly #visitor: SkimVisitor;
  readonly #record: RecordReader;
  readonly #tally: BlockTally;

  constructor(place: StreamPlace, block: number, file: DiskFile, scan: RecordScan, visitor: SkimVisitor) {
    this.#place = place;
    this.#block = block;
    this.#file = file;
    this.#scan = scan;
    this.#visitor = visitor;
    this.#record = new RecordReader(blockHasher(place.stream, block));
    this.#tally = new BlockTally();
  }

  *all(effort: Effort): Slices<BlockReport | DiskError | undefined> {
    const { disk, stream } = this.#place;
    const { bytes, from } = this.#scan;
    this.#scan.key = blockKey(stream, this.#block);
    const size = disk.size(this.#file);
    if (size instanceof DiskError) return size;
    if (size > MAX_FILE) return undefined;
    let at = 0;
    // What is in the scan's memory: up to `end`, and told up to `next`.
    let end = from;
    let next = from;
    while (at < size) {
      bytes.copyWithin(from, next, end);
      end = from + end - next;
      const room = from + SCANNED_BYTES - end;
      const got = disk.read(this.#file, at, bytes, end, end + Math.min(size - at, PIECE_BYTES, room));
      if (got instanceof DiskError) return got;
      if (got === 0) return undefined;
      if (at === 0 && wasCompressed(bytes.subarray(from, from + Math.min(got, HEAD_BYTES)))) return undefined;
      at += got;
      end += got;
      if (effort.spend(got * BYTE_COST)) yield undefined;
      if (!(yield* this.#piece(end, effort))) return undefined;
      next = this.#scan.at;
    }
    if (next !== end || size === 0) return undefined;
    const form = { fileBytes: size, bytes: size, isCompressed: false, isPackingDamaged: false };
    return this.#tally.report(this.#block, { ...form, end: bytes.subarray(from, end) });
  }

  /** Tells the records in front of `end`; false when they are no good. */
  *#piece(end: number, effort: Effort): Slices<boolean> {
    const scan = this.#scan;
    const { bytes } = scan;
    for (let at = scan.from; ; at = this.#record.to) {
      const stop = scan.scan(at, end, this.#visitor.lastSeq ?? NO_SEQUENCE);
      if (scan.count > 0) this.#run(at);
      if (stop === "end") return true;
      if (stop === "fault" || this.#record.readUnchecked(bytes, scan.at, end) !== undefined) return false;
      const cost = this.#tally.add(this.#record) ? (this.#visitor.onRecord(this.#record, bytes) ?? 0) : 0;
      if (effort.spend(RECORD_COST + cost)) yield undefined;
    }
  }

  /** The messages from `at` on that the scan has counted. */
  #run(at: number): void {
    const { bytes, count, lastAt } = this.#scan;
    const record = this.#record;
    record.readUnchecked(bytes, at, bytes.length);
    this.#tally.add(record);
    record.readUnchecked(bytes, lastAt, bytes.length);
    this.#tally.addRun(count - 1, record);
    this.#visitor.onRun(count, record.to - at, record);
  }
}
