// Walks over the records of blocks faster than one by one (block_scan.ts): checks them in a kernel, and stops only at
// those about which there is something to say. Messages without headers, whose sequences follow each other and whose
// subjects were seen before, are counted there.
//
//     state │ table of subjects │ bytes of a block
//
// A message that is not counted by the kernel is `add`ed: so the counts of a subject are all in the table until `settle`.
// Owns its memory, which it reads at what it finds damaged, too; what it does not like is for the careful scan to judge.

import { assert } from "../../base/assert.ts";
import { HASH_STATE_BYTES, wasmHashKernel } from "../../base/highway_hash.ts";
import { wasm } from "../../base/kernel/record_scan.wasm.ts";
import { openKernel, openMemory } from "../../base/wasm.ts";
import type { RecordReader } from "./record.ts";

type ScanRun = (base: number, at: number, end: number, last: number, table: number, buckets: number) => number;

const KB = 1024;
const PAGE = 64 * KB;
// In words of 4 bytes behind the state of the hash.
const BASE = 64;
const TOLD = (BASE + 32 + HASH_STATE_BYTES + 32) >> 2;
const SLOT_BYTES = 128;
const SLOTS_A_BUCKET = 4;
const BUCKETS = 1024;
const NAME_AT = 32;
const MOST_NAME = SLOT_BYTES - NAME_AT;
const TABLE = PAGE;
const TABLE_BYTES = BUCKETS * SLOTS_A_BUCKET * SLOT_BYTES;
/** More than the kernels read behind what is there. */
const SLACK = 64;
/** Of a block, at a time: a record that is longer is for the careful scan. */
export const SCANNED_BYTES = 1024 * KB - SLACK;
const AREA = TABLE + TABLE_BYTES;
const PAGES = (AREA + SCANNED_BYTES + SLACK) / PAGE;
/** What the kernel says, in its order. */
const STOPS = ["end", "fault", "record"] as const;

/** Why a scan stopped: at the `end` of the bytes, or at a record that does not end there; at bytes that are no good; or at a good record. */
export type ScanStop = (typeof STOPS)[number];

/** What of one store the table has is told to it alone. */
let spare: WeakRef<RecordScan> | undefined;

/** Is told what the table has of a subject: its number, how many messages, and their first and last sequence. */
export type OnCount = (subject: number, count: number, first: number, last: number) => void;

/** Gives subjects numbers. */
export interface SubjectNumbers {
  intern(bytes: Uint8Array, from: number, to: number): number;
}

export class RecordScan {
  /** Where blocks are put, from `from` on: `SCANNED_BYTES` at most. */
  readonly bytes: Uint8Array;
  readonly from = AREA;
  readonly #words: Uint32Array;
  readonly #numbers: Float64Array;
  readonly #run: ScanRun;
  #onCount: OnCount;
  /** Slots of the table that have a subject. */
  readonly #taken: number[] = [];

  /** One that is not in use, or a new one; undefined where WebAssembly or SIMD cannot be had. */
  static open(onCount: OnCount): RecordScan | undefined {
    const found = spare?.deref();
    spare = undefined;
    try {
      const scan = found ?? new RecordScan();
      scan.#onCount = onCount;
      return scan;
    } catch {
      return undefined;
    }
  }

  private constructor() {
    const memory = openMemory(PAGES);
    const { run, two } = wasmHashKernel(memory);
    const { scan } = openKernel(wasm, memory, { hash: { run, two } });
    this.#run = scan as ScanRun;
    this.bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#numbers = new Float64Array(memory.buffer);
    this.#onCount = () => {};
  }

  /** The 32 bytes that checksums are made with from here on. */
  set key(key: Uint8Array) {
    this.bytes.set(key, BASE);
  }

  /** Goes over the records in [at, end); `lastSeq` is the sequence before. */
  scan(at: number, end: number, lastSeq: number): ScanStop {
    assert(at >= this.from && end <= this.from + SCANNED_BYTES, "what is scanned lies in the area");
    return STOPS[this.#run(BASE, at, end, lastSeq, TABLE, BUCKETS)]!;
  }
  /** Where the scan stopped: what is before was counted. */
  get at(): number {
    return this.#words[TOLD]!;
  }
  /** Messages that were counted, and where the last of them is. */
  get count(): number {
    return this.#words[TOLD + 2]!;
  }
  get lastAt(): number {
    return this.#words[TOLD + 1]!;
  }

  /** Counts the message at which the scan stopped. `names` are asked for the number of its subject, when the table does not have it. */
  add({ subjectFrom, subjectTo, seq }: RecordReader, names: SubjectNumbers): void {
    const [words, numbers] = [this.#words, this.#numbers];
    const slot = words[TOLD + 3]! >> 2;
    if (slot === 0) {
      this.#onCount(names.intern(this.bytes, subjectFrom, subjectTo), 1, seq, seq);
      return;
    }
    if (words[TOLD + 4] === 0) {
      this.#settle(slot);
      const length = subjectTo - subjectFrom;
      assert(length > 0 && length <= MOST_NAME, "a subject fits its slot");
      if (words[slot] === 0) this.#taken.push(slot);
      words[slot] = length;
      words[slot + 1] = names.intern(this.bytes, subjectFrom, subjectTo);
      words[slot + 3] = words[TOLD + 5]!;
      this.bytes.copyWithin((slot << 2) + NAME_AT, subjectFrom, subjectTo);
    }
    if (words[slot + 2]!++ === 0) numbers[(slot >> 1) + 2] = seq;
    numbers[(slot >> 1) + 3] = seq;
  }

  /** Tells all counts. */
  settle(): void {
    for (const slot of this.#taken) this.#settle(slot);
  }

  /** Tells all counts and forgets the subjects; it is not used again by who opened it. */
  close(): void {
    this.settle();
    for (const slot of this.#taken) this.#words[slot] = 0;
    this.#taken.length = 0;
    this.#onCount = () => {};
    spare = new WeakRef(this);
  }

  #settle(slot: number): void {
    const count = this.#words[slot + 2]!;
    if (count === 0) return;
    this.#words[slot + 2] = 0;
    this.#onCount(this.#words[slot + 1]!, count, this.#numbers[(slot >> 1) + 2]!, this.#numbers[(slot >> 1) + 3]!);
  }
}
