// Where checksums of what is stored are worked out: in the arena, so that bytes
// which lie there are hashed in place.
//
// Owns the arena's hash region. The kernel is made when it is first asked for: a
// server without JetStream never does.

import { bytes, copy1, HASH, HASH_REGION_BYTES, memory } from "./arena.ts";
import { assert } from "./assert.ts";
import { HashArea, plainHashKernel, wasmHashKernel, type HashKernel } from "./highway_hash.ts";
import { wasm as checkWasm } from "./kernel/record_check.wasm.ts";
import { wasm as encodeWasm } from "./kernel/record_encode.wasm.ts";
import { openKernel } from "./wasm.ts";

/**
 * Checks up to `most` records that lie behind each other in the arena, the first at `at`, with the key that was lent
 * (`Hasher.lendKey`, which says where); how many are good before one that is not.
 */
export type RecordCheck = (key: number, at: number, most: number) => number;

let area: HashArea | undefined;

/** The one area for hashers over the arena; see `HashArea`. */
export function arenaHashArea(): HashArea {
  area ??= new HashArea(openHash(), HASH);
  return area;
}

function openHash(): HashKernel {
  assert(HashArea.BYTES <= HASH_REGION_BYTES, "the hash region holds what hashers need");
  if (memory === undefined) return plainHashKernel(bytes);
  try {
    return { ...wasmHashKernel(memory), bytes };
  } catch {
    return plainHashKernel(bytes); // no SIMD
  }
}

let check: RecordCheck | undefined;

/** The kernel that checks records; undefined where WebAssembly cannot be had: then they are hashed one by one. */
export function recordCheck(): RecordCheck | undefined {
  return (check ??= kernelOver(checkWasm, "check") as RecordCheck | undefined);
}

/**
 * Writes the record of a message at `at` of the arena with the key that was lent (`Hasher.lendKey`, which says where).
 * `first` is its length, with bit 31 set when it has headers; sequence and time are given in halves, its parts by where
 * they lie in the arena. Up to 63 bytes behind it may be scribbled on.
 */
export type RecordEncode = (
  key: number,
  at: number,
  first: number,
  seqLow: number,
  seqHigh: number,
  timeLow: number,
  timeHigh: number,
  subject: number,
  subjectLength: number,
  header: number,
  headerLength: number,
  body: number,
  bodyLength: number,
) => void;

let encode: RecordEncode | undefined;

/** The kernel that writes records; undefined where WebAssembly cannot be had: then they are written piece by piece. */
export function recordEncode(): RecordEncode | undefined {
  return (encode ??= kernelOver(encodeWasm, "encode") as RecordEncode | undefined);
}

function kernelOver(wasm: string, name: string): unknown {
  if (memory === undefined) return undefined;
  const { run, two } = arenaHashArea().kernel;
  try {
    return openKernel(wasm, memory, { copy: { copy1 }, hash: { run, two } })[name];
  } catch {
    return undefined; // no SIMD
  }
}
