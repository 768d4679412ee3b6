// Reads the plain acknowledgements that lie behind each other in the arena, many in one call of a kernel.
//
//     ACKS   │ beginning │ row │ row │ …      a row for each: three numbers, and where it ends
//
// Owns the arena's region for them, which is one for the process: what was read last is there until the next call.

import { ACKS, ACKS_BYTES, bytes, memory } from "../base/arena.ts";
import { wasm } from "../base/kernel/ack_scan.wasm.ts";
import { openKernel } from "../base/wasm.ts";

/** Of the beginning; shorter ones cannot be looked for. */
export const MOST_BEGINNING = 256;
const LEAST_BEGINNING = 16;
const ROWS = ACKS + MOST_BEGINNING;
const ROW_BYTES = 32;
const MOST_ROWS = (ACKS_BYTES - MOST_BEGINNING) / ROW_BYTES;

// prettier-ignore
type Scan = (at: number, to: number, beginning: number, length: number, mostLine: number, rows: number, most: number) => number;

/** The rows that were read: deliveries, stream sequence and consumer sequence in the first three numbers of each. */
export const rowNumbers = new Float64Array(bytes.buffer, bytes.byteOffset + ROWS, MOST_ROWS * 4);
export const NUMBERS_A_ROW = ROW_BYTES / 8;
/** The same rows: where each ends. */
export const rowWords = new Int32Array(bytes.buffer, bytes.byteOffset + ROWS, MOST_ROWS * 8);
export const WORDS_A_ROW = ROW_BYTES / 4;
export const END_WORD = 6;

let scan: Scan | undefined;
let isOpened = false;
/** Whose beginning lies in the region. */
let begins: Uint8Array | undefined;

/**
 * Reads acknowledgements from `at` on that are whole before `to`, begin with the first `length` bytes of `beginning` and
 * whose lines have at most `mostLine` bytes; how many. 0 also where that cannot be done: then they are read one by one.
 */
export function scanAcks(beginning: Uint8Array, length: number, at: number, to: number, mostLine: number): number {
  if (length < LEAST_BEGINNING) return 0;
  if (!isOpened) open();
  if (scan === undefined) return 0;
  if (begins !== beginning) {
    bytes.set(beginning, ACKS);
    begins = beginning;
  }
  return scan(at, to, ACKS, length, mostLine, ROWS, MOST_ROWS);
}

/** Another beginning was written where that one stood. */
export function beginningChanged(beginning: Uint8Array): void {
  if (begins === beginning) begins = undefined;
}

function open(): void {
  isOpened = true;
  if (memory === undefined) return;
  try {
    scan = openKernel(wasm, memory)["scan"] as Scan;
  } catch {
    // No SIMD.
  }
}
