// The keys of the checksums on disk: SHA-256 of a name. Names are UTF-8.

import { arenaHashArea } from "../../base/arena_hash.ts";
import { Hasher } from "../../base/highway_hash.ts";
import { createHash } from "node:crypto";

/** For `meta.sum` and `index.db` of a stream. */
export function streamHasher(stream: string): Hasher {
  return hasherOf(stream);
}

/** For the records of one block of a stream. */
export function blockHasher(stream: string, blockIndex: number): Hasher {
  return hasherOf(`${stream}-${blockIndex}`);
}

/** For `meta.sum` of a consumer. */
export function consumerHasher(stream: string, consumer: string): Hasher {
  return hasherOf(`${stream}/${consumer}`);
}

/** The 32 bytes themselves, for a kernel that hashes in the arena. */
export function blockKey(stream: string, blockIndex: number): Uint8Array {
  return keyOf(`${stream}-${blockIndex}`);
}

function keyOf(name: string): Uint8Array {
  return createHash("sha256").update(name, "utf8").digest();
}

function hasherOf(name: string): Hasher {
  return new Hasher(keyOf(name), arenaHashArea());
}
