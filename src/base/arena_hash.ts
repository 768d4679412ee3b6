// Where checksums of what is stored are worked out: in the arena, so that bytes
// which lie there are hashed in place.
//
// Owns the arena's hash region. The kernel is made when it is first asked for: a
// server without JetStream never does.

import { bytes, HASH, HASH_REGION_BYTES, memory } from "./arena.ts";
import { assert } from "./assert.ts";
import { HashArea, plainHashKernel, wasmHashKernel, type HashKernel } from "./highway_hash.ts";

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
    return { bytes, run: wasmHashKernel(memory).run };
  } catch {
    return plainHashKernel(bytes); // no SIMD
  }
}
