// The bytes of one block file: read piece by piece, unpacked chunk by chunk when it is compressed, and as much as can be
// had when the packing is damaged. Does not look at records.

import { BlockSalvager, BlockUnpacker, isCompressed, wasCompressed } from "../format/compressed_block.ts";
import { blockFile, MSGS } from "../format/layout.ts";
import type { Effort, Slices } from "./sliced_job.ts";
import { DiskError, type DiskFile } from "../../base/disk.ts";
import { Fault } from "../format/fault.ts";
import { MAX_RECORD } from "../format/record.ts";
import type { StreamPlace } from "./block_open.ts";

const READ_BYTES = 256 << 10;
/** What nats-server writes is below: at most one record more than a full block. */
export const MAX_FILE = 2 * MAX_RECORD;
// What things cost, in bytes hashed: a read copies, unpacking takes time.
const READ_COST = 2;
const PACKING_COST = 10;
const STEP_COST = 1024;

export interface BlockBytes {
  /** Unpacked. Borrowed from the scratch, if one was given. */
  readonly records: Uint8Array;
  readonly fileBytes: number;
  readonly isCompressed: boolean;
  readonly isPackingDamaged: boolean;
}

/** Memory for the files of blocks, one after the other. */
export class BlockScratch {
  #bytes = new Uint8Array(0);

  /** `size` bytes with any content; what was given before is given again. */
  take(size: number): Uint8Array {
    if (this.#bytes.length < size) this.#bytes = new Uint8Array(Math.max(size, Math.min(2 * this.#bytes.length, KEPT)));
    return this.#bytes.subarray(0, size);
  }
  /** Gives the memory back. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
  }
}
const KEPT = 8 << 20;

/** Where a file of `msgs` is. */
export function msgsPath(place: StreamPlace, file: string): string {
  return `${place.directory}/${MSGS}/${file}`;
}

/** Loads a block; a compressed one whose packing is damaged gives what can be had. */
export function* loadBlock(
  place: StreamPlace,
  block: number,
  effort: Effort,
  scratch?: BlockScratch,
): Slices<BlockBytes | DiskError> {
  const file = yield* readWhole(place, msgsPath(place, blockFile(block)), MAX_FILE, effort, scratch);
  if (file instanceof DiskError) return file;
  const fileBytes = file.length;
  if (!wasCompressed(file)) return { records: file, fileBytes, isCompressed: false, isPackingDamaged: false };
  if (isCompressed(file)) {
    const unpacker = new BlockUnpacker(file);
    yield* inSteps(unpacker, effort);
    const { records } = unpacker;
    if (!(records instanceof Fault)) return { records, fileBytes, isCompressed: true, isPackingDamaged: false };
  }
  const salvager = new BlockSalvager(file);
  yield* inSteps(salvager, effort);
  return { records: salvager.records, fileBytes, isCompressed: true, isPackingDamaged: true };
}

/** Runs what packs or unpacks a block. */
export function* inSteps(work: { readonly done: number; step(): boolean }, effort: Effort): Slices<void> {
  for (let isMore = true; isMore;) {
    const before = work.done;
    isMore = work.step();
    if (effort.spend((work.done - before) * PACKING_COST + STEP_COST)) yield undefined;
  }
}

/** All bytes of a file that has no more than `most`, in pieces. */
export function* readWhole(
  { disk }: StreamPlace,
  path: string,
  most: number,
  effort: Effort,
  scratch?: BlockScratch,
): Slices<Uint8Array | DiskError> {
  const file = disk.open(path, "read");
  if (file instanceof DiskError) return file;
  try {
    return yield* readPieces(disk, file, most, effort, scratch);
  } finally {
    disk.close(file);
  }
}

function* readPieces(
  disk: StreamPlace["disk"],
  file: DiskFile,
  most: number,
  effort: Effort,
  scratch?: BlockScratch,
): Slices<Uint8Array | DiskError> {
  const size = disk.size(file);
  if (size instanceof DiskError) return size;
  if (size > most) return new DiskError("EFBIG", `${size} bytes are more than is read`);
  const bytes = scratch?.take(size) ?? new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const count = disk.read(file, at, bytes, at, Math.min(size, at + READ_BYTES));
    if (count instanceof DiskError) return count;
    if (count === 0) break;
    at += count;
    if (effort.spend(count * READ_COST)) yield undefined;
  }
  return bytes.subarray(0, at);
}
