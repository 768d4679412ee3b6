// Sets of sequences on disk.

import { ByteReader, ByteWriter } from "../../../src/base/varint.ts";
import { array, assert, integer, nat, oneof, property, tuple, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { SequenceSet } from "../../../src/store/sequence_set.ts";
import { decodeSequences, encodeSequences } from "../../../src/store/format/sequence_set.ts";
import { anySeq } from "./arbitraries.ts";

const run = tuple(integer({ min: 1, max: 9000 }), nat(5000)).map(([first, length]) =>
  Array.from({ length }, (_, i) => first + i),
);
const one = oneof(nat(200), nat(20_000), anySeq).map((seq) => [Math.max(1, seq)]);
const seqs = array(oneof({ weight: 4, arbitrary: one }, { weight: 1, arbitrary: run })).map((all) => all.flat());
function setOf(all: Iterable<number>): SequenceSet {
  const set = new SequenceSet();
  for (const seq of all) set.add(seq);
  return set;
}
const ascending = (all: Iterable<number>): number[] => [...new Set(all)].sort((a, b) => a - b);
const decode = (bytes: Uint8Array): SequenceSet | undefined => decodeSequences(new ByteReader(bytes));

test("it goes both ways", () => {
  assert(
    property(seqs, (all) => {
      const writer = new ByteWriter();
      encodeSequences(setOf(all), writer);
      const reader = new ByteReader(writer.written);
      const back = decodeSequences(reader)!;
      expect([...back]).toEqual(ascending(all));
      back.checkInvariants();
      expect([reader.left, back.size]).toEqual([0, new Set(all).size]);
    }),
  );
});

test("version 1, with nodes twice as large, is read", () => {
  const writer = new ByteWriter();
  writer.byte(22);
  writer.byte(1);
  writer.uint32(1);
  writer.uint32(2);
  writer.uint64(4096);
  for (let w = 0; w < 128; w++) writer.uint32(w === 0 ? 2 : w === 127 ? 0x8000_0000 : 0);
  writer.uint16(1);
  expect([...decode(writer.written)!]).toEqual([4097, 8191]);
});

test("0 is no sequence", () => {
  const writer = new ByteWriter();
  encodeSequences(setOf([1]), writer);
  const bytes = writer.written;
  expect([...decode(bytes)!]).toEqual([1]);
  bytes[18] = 3;
  bytes[6] = 2;
  expect(decode(bytes)).toBeUndefined();
  bytes[18] = 6;
  expect([...decode(bytes)!]).toEqual([1, 2]);
});

test("any bytes give a set or nothing", () => {
  const writer = new ByteWriter();
  encodeSequences(setOf([5, 3000, 9000]), writer);
  const good = writer.written;
  for (let end = 0; end < good.length; end++) expect(decode(good.subarray(0, end))).toBeUndefined();
  for (let bit = 0; bit < 8 * good.length; bit++) {
    const bad = Uint8Array.from(good);
    bad[bit >>> 3]! ^= 1 << (bit & 7);
    const set = decode(bad);
    if (set !== undefined) expect(set.size).toBe(3); // a base or a height
  }
  assert(
    property(uint8Array({ maxLength: 300 }), (bytes) => decode(bytes) === undefined || [...decode(bytes)!].length >= 0),
  );
});
