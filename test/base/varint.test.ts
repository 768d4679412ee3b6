// Variable-length integers against bigint, and the reader on bytes that lie.

import {
  array,
  assert,
  bigInt,
  constantFrom,
  integer,
  maxSafeInteger,
  maxSafeNat,
  property,
  uint8Array,
} from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../../src/base/varint.ts";

const RUNS = { numRuns: 1500 };
const sized = bigInt({ min: 0n, max: 63n }).chain((bits) => bigInt({ min: 0n, max: 2n ** (bits + 1n) - 1n }));

function uvarintOf(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
  return Uint8Array.from(out);
}
const zigzag = (value: bigint): bigint => (value < 0n ? -2n * value - 1n : 2n * value);

describe("unsigned", () => {
  test("is read to 2^53 − 1 and refused above", () => {
    assert(
      property(sized, (value) => {
        const bytes = uvarintOf(value);
        const reader = new ByteReader(bytes);
        const found = reader.uvarint();
        if (value > BigInt(Number.MAX_SAFE_INTEGER)) expect(reader.failed).toBe(true);
        else expect([BigInt(found), reader.failed, reader.at]).toEqual([value, false, bytes.length]);
      }),
      RUNS,
    );
  });

  test("is written as Go does", () => {
    assert(
      property(maxSafeNat(), (value) => {
        const writer = new ByteWriter(1);
        writer.uvarint(value);
        expect(writer.written).toEqual(uvarintOf(BigInt(value)));
      }),
      RUNS,
    );
  });
});

test("signed goes both ways", () => {
  assert(
    property(integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }), (value) => {
      const writer = new ByteWriter(1);
      writer.varint(value);
      expect(writer.written).toEqual(uvarintOf(zigzag(BigInt(value))));
      expect(new ByteReader(writer.written).varint()).toBe(value);
    }),
    RUNS,
  );
  assert(
    property(maxSafeInteger(), (value) => {
      expect(new ByteReader(uvarintOf(zigzag(BigInt(value)))).varint()).toBe(value);
    }),
    RUNS,
  );
});

test("a wrapped difference goes both ways", () => {
  assert(
    property(maxSafeInteger(), (value) => {
      const writer = new ByteWriter(1);
      writer.uvarintWrapped(value);
      expect(writer.written).toEqual(uvarintOf(BigInt.asUintN(64, BigInt(value))));
      expect(new ByteReader(writer.written).uvarintWrapped()).toBe(value);
    }),
    RUNS,
  );
});

test("moments go both ways, signed and in eight bytes", () => {
  assert(
    property(bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (total) => {
      const sec = Number(total / 1_000_000_000n) - (total % 1_000_000_000n < 0n ? 1 : 0);
      const nanos = Number(total - BigInt(sec) * 1_000_000_000n);
      const writer = new ByteWriter(1);
      writer.varintMoment(sec, nanos);
      expect(writer.written).toEqual(uvarintOf(zigzag(total)));
      writer.moment(sec, nanos);
      const reader = new ByteReader(writer.written);
      reader.varintMoment();
      expect([reader.sec, reader.nanos]).toEqual([sec, nanos]);
      reader.moment();
      expect([reader.sec, reader.nanos, reader.left, reader.failed]).toEqual([sec, nanos, 0, false]);
    }),
    RUNS,
  );
});

test.each([
  ["nothing", ""],
  ["an end in the middle", "80"],
  ["ten bytes without an end", "80808080808080808080"],
  ["a tenth byte above 1", "ffffffffffffffffff02"],
])("a varint fails on %s", (_, hex) => {
  for (const read of ["uvarint", "varint", "varintMoment"] as const) {
    const reader = new ByteReader(Buffer.from(hex, "hex"));
    reader[read]();
    expect(reader.failed).toBe(true);
  }
});

test("the longest one is read", () => {
  const reader = new ByteReader(Buffer.from("ffffffffffffffffff01", "hex"));
  reader.varintMoment();
  expect([reader.failed, reader.sec, reader.nanos]).toEqual([false, -9_223_372_037, 145_224_192]);
});

test("fixed sizes go both ways", () => {
  assert(
    property(integer({ min: 0, max: 0xffff }), integer({ min: 0, max: 0xffff_ffff }), maxSafeNat(), (a, b, c) => {
      const writer = new ByteWriter(1);
      writer.uint16(a);
      writer.uint32(b);
      writer.uint64(c);
      writer.put(Uint8Array.of(1, 2));
      const reader = new ByteReader(writer.written);
      expect([reader.uint16(), reader.uint32(), reader.uint64()]).toEqual([a, b, c]);
      expect([[...reader.take(2)], reader.left, reader.failed]).toEqual([[1, 2], 0, false]);
    }),
  );
});

test("a reader of any bytes stays within them, and fails for good", () => {
  const reads = ["byte", "uint16", "uint32", "uint64", "uvarint", "varint", "moment", "varintMoment"] as const;
  assert(
    property(uint8Array({ maxLength: 40 }), array(constantFrom(...reads), { maxLength: 20 }), (bytes, calls) => {
      const reader = new ByteReader(bytes, 1, Math.max(1, bytes.length - 1));
      for (const call of calls) {
        const failed = reader.failed;
        const found = reader[call]();
        if (failed) expect([reader.failed, found ?? 0]).toEqual([true, 0]);
        expect(reader.at).toBeLessThanOrEqual(reader.end);
        expect(Number.isSafeInteger(found ?? 0)).toBe(true);
      }
      expect(reader.take(reader.left + 1).length).toBe(0);
      expect(reader.failed).toBe(true);
    }),
    RUNS,
  );
});
