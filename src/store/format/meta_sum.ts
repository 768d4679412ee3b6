// `meta.sum`: the checksum of `meta.inf` beside it, as 16 hexadecimal digits.

import type { Hasher } from "../../base/highway_hash.ts";

/** The content of `meta.sum` for a `meta.inf` of these bytes. */
export function metaSum(hasher: Hasher, meta: Uint8Array): string {
  return Buffer.from(hasher.of(meta)).toString("hex");
}

/** Whether the two files belong together. */
export function metaMatches(hasher: Hasher, meta: Uint8Array, sum: Uint8Array): boolean {
  return metaSum(hasher, meta) === Buffer.from(sum).toString("latin1");
}
