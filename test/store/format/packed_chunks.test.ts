// A compressed block is unpacked in parts.

import { array, assert, integer, nat, property, tuple } from "fast-check";
import { expect, test } from "vitest";
import { compressBlock } from "../../../src/store/format/compressed_block.ts";
import { PackedChunks, type ReadFile } from "../../../src/store/format/packed_chunks.ts";

/** Bytes that can be compressed in part. */
function records(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (i % 1000 < 500 ? i % 7 : (i * 2_654_435_761) >>> 13));
}
const size = 700_001; // six chunks
const plain = records(size);
const packed = compressBlock(plain);

function reading(file: Uint8Array): { read: ReadFile; sizes: number[] } {
  const sizes: number[] = [];
  const read = (from: number, to: number): Uint8Array | undefined => {
    sizes.push(to - from);
    return to <= file.length ? file.slice(from, to) : undefined;
  };
  return { read, sizes };
}

test("any part is what it is in the whole", () => {
  const { read } = reading(packed);
  const chunks = PackedChunks.open(packed.length, read)!;
  expect(chunks.size).toBe(size);
  const ends = [0, 1, 7, 8, 9, 131_071, 131_072, 131_073];
  const anyAt = integer({ min: 0, max: size - 1 });
  const anyPart = tuple(anyAt, integer({ min: 1, max: 300_000 }));
  const check = (at: number, length: number): void => {
    const start = chunks.startOf(at);
    const to = Math.min(size, at + length);
    const part = chunks.unpack(start, to, packed.length, read)!;
    expect(start).toBeLessThanOrEqual(at);
    expect(start + part.length).toBeGreaterThanOrEqual(to);
    expect(Buffer.compare(part, plain.subarray(start, start + part.length))).toBe(0);
  };
  for (const end of ends) check(size - 1 - end, end + 1);
  for (const end of ends) check(end, 1);
  assert(
    property(anyPart, ([at, length]) => check(at, length)),
    { numRuns: 100 },
  );
});

test("one byte costs one chunk", () => {
  const { read, sizes } = reading(packed);
  const chunks = PackedChunks.open(packed.length, read)!;
  expect(Math.max(...sizes)).toBeLessThan(64);
  sizes.length = 0;
  chunks.unpack(chunks.startOf(400_000), 400_001, packed.length, read);
  expect(sizes.length).toBe(1);
});

test("a block that is cut or damaged gives no bytes that are not its own", () => {
  for (const end of [0, 3, 10, 24, 40, 1000, packed.length - 9, packed.length - 1]) {
    const cut = packed.subarray(0, end);
    expect(PackedChunks.open(cut.length, reading(cut).read)).toBeUndefined();
  }
  assert(
    property(
      nat(packed.length - 9),
      nat(7),
      array(nat(size - 1), { minLength: 1, maxLength: 3 }),
      (at, bit, wanted) => {
        const bad = Uint8Array.from(packed);
        bad[at]! ^= 1 << bit;
        const { read } = reading(bad);
        const chunks = PackedChunks.open(bad.length, read);
        if (chunks === undefined || chunks.size !== size) return;
        for (const from of wanted) {
          const start = chunks.startOf(from);
          const part = chunks.unpack(start, from + 1, bad.length, read);
          if (part !== undefined) expect(Buffer.compare(part, plain.subarray(start, start + part.length))).toBe(0);
        }
      },
    ),
    { numRuns: 300 },
  );
});
