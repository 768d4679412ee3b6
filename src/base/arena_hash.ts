// Where checksums of what is stored are worked out: in the arena, so that bytes
// which lie there are hashed in place.
//
// Owns the arena's hash region. The kernel is made when it is first asked for: a
// server without JetStream never does.

import { bytes, HASH, HASH_REGION_BYTES, memory } from "./arena.ts";
import { assert } from "./assert.ts";
import { HashArea, plainHashKernel, wasmHashKernel, type HashKernel } from "./highway_hash.ts";
import { wasm } from "./kernel/record_check.wasm.ts";

/** What of WebAssembly is used; Node's types have it as a name space only. */
declare const WebAssembly: {
  Module: new (binary: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

/**
 * Checks up to `most` records that lie behind each other in the arena, the first at `at`, with the key that was lent
 * (`Hasher.lendKey`, which says where); how many are good before one that is not.
 */
export type RecordCheck = (key: number, at: number, most: number) => number;

let area: HashArea | undefined;

/** The one area for hashers over the arena; see `HashArea`. */
export function arenaHashArea(): HashArea {
  area ??= new HashArea(openKernel(), HASH);
  return area;
}

function openKernel(): HashKernel {
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
  if (check !== undefined || memory === undefined) return check;
  const { run, two } = arenaHashArea().kernel;
  try {
    const module = new WebAssembly.Module(Buffer.from(wasm, "base64"));
    const { exports } = new WebAssembly.Instance(module, { arena: { memory }, hash: { run, two } });
    check = exports["check"] as RecordCheck;
  } catch {
    return undefined; // no SIMD
  }
  return check;
}
