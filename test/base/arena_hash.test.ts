// Checksums over the arena are those over any memory, and its regions do not meet.

import { expect, test } from "vitest";
import { bytes, HASH, HASH_REGION_BYTES, INNER, INNER_BYTES, READ, TOTAL } from "../../src/base/arena.ts";
import { arenaHashArea } from "../../src/base/arena_hash.ts";
import { HashArea, Hasher } from "../../src/base/highway_hash.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => i);

test("bytes in the arena are hashed where they lie, others as well", () => {
  const text = Buffer.from("a message of some length, longer than one packet of the hash");
  bytes.set(text, READ);
  const expected = new Hasher(key).of(text);
  const hasher = new Hasher(key, arenaHashArea());
  const sum = new Uint8Array(8);
  hasher
    .start()
    .add(bytes, READ, READ + 20)
    .add(text, 20, text.length)
    .sum(sum, 0);
  expect(sum).toEqual(expected);
  expect(hasher.of(text)).toEqual(expected);
});

test("the hash region lies behind the others, in an arena below 64 MB", () => {
  expect(HASH).toBeGreaterThanOrEqual(INNER + INNER_BYTES);
  expect(HASH_REGION_BYTES).toBeGreaterThanOrEqual(HashArea.BYTES);
  expect(TOTAL).toBeGreaterThanOrEqual(HASH + HASH_REGION_BYTES);
  expect(TOTAL).toBeLessThan(64 << 20);
  expect(bytes.length).toBe(TOTAL);
});
