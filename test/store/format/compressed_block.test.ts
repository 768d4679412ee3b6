// Compressed block files: both ways, and when their bytes lie.

import { array, assert, nat, property, uint8Array } from "fast-check";
import {
  blockRecords,
  compressBlock,
  isCompressed,
  salvageRecords,
} from "../../../src/store/format/compressed_block.ts";
import { expect, test } from "vitest";
import { Fault } from "../../../src/store/format/fault.ts";

const records = Buffer.from("some bytes of records, some bytes of records, and a sum");

test("they go both ways, and end as the records do", () => {
  assert(
    property(array(uint8Array({ minLength: 8, maxLength: 100 }), { minLength: 1, maxLength: 20 }), (pieces) => {
      const bytes = Uint8Array.from(Buffer.concat(pieces));
      const file = compressBlock(bytes);
      expect([isCompressed(file), file.slice(-8)]).toEqual([true, bytes.slice(-8)]);
      expect(blockRecords(file)).toEqual(bytes);
    }),
  );
});

test("other files are taken as they are", () => {
  for (const file of [new Uint8Array(), Buffer.from("cmp"), Buffer.from("cmp\u0001"), records]) {
    expect(blockRecords(file)).toBe(file);
  }
});

test("another algorithm is said so", () => {
  const file = compressBlock(records);
  file[3] = 2;
  expect(blockRecords(file)).toEqual(new Fault("version"));
});

test("a file cut anywhere has no records", () => {
  const file = compressBlock(records);
  for (let end = 5; end < file.length; end++) expect(blockRecords(file.subarray(0, end))).toEqual(new Fault("form"));
});

test("a size that lies has no records, and costs no memory", () => {
  const file = compressBlock(records);
  for (const size of [
    [0],
    [1],
    [54],
    [56],
    [0xff, 0xff, 0xff, 0x7f],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  ]) {
    const bad = Uint8Array.of(...file.subarray(0, 4), ...size, ...file.subarray(5));
    expect(blockRecords(bad)).toEqual(new Fault("form"));
  }
});

test("a good file is salvaged whole, another not at all", () => {
  expect(Buffer.from(salvageRecords(compressBlock(records))!)).toEqual(records);
  expect(salvageRecords(records)).toBeUndefined();
  expect(salvageRecords(new Uint8Array())).toBeUndefined();
});

test("a damaged head does not keep the rest from being salvaged", () => {
  const file = compressBlock(records);
  for (let at = 0; at < 15; at++) {
    const bad = Uint8Array.from(file);
    bad[at]! ^= 1;
    expect(Buffer.from(salvageRecords(bad)!)).toEqual(records);
  }
});

test("any bytes give records or a fault", () => {
  const file = compressBlock(records);
  assert(
    property(nat(file.length - 1), uint8Array({ minLength: 1, maxLength: 10 }), (at, noise) => {
      const bad = Uint8Array.from(file);
      bad.set(noise.subarray(0, file.length - at), at);
      const found = blockRecords(bad);
      expect(salvageRecords(bad)?.length ?? 0).toBeLessThanOrEqual(64 << 20);
      if (!(found instanceof Fault)) expect(found.length).toBeLessThanOrEqual(file.length + records.length);
    }),
    { numRuns: 5000 },
  );
});
