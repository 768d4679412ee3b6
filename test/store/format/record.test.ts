// One record: both ways, against the file of the reference, and when its bytes lie.

import {
  EMPTY_RECORD,
  RecordReader,
  eraseRecord,
  recordLength,
  writeMark,
  writeRecord,
} from "../../../src/store/format/record.ts";
import { anyRecord, anySec } from "./arbitraries.ts";
import { assert, integer, nat, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { blockHasher } from "../../../src/store/format/keys.ts";

const hasher = blockHasher("S", 1);
const reader = new RecordReader(hasher);
const RUNS = { numRuns: 2000 };

/** Everything the reader found, with owned bytes. */
function found(bytes: Uint8Array): unknown {
  const { kind, seq, sec, nanos } = reader;
  const subject = bytes.slice(reader.subjectFrom, reader.subjectTo);
  const headers = bytes.slice(reader.headersFrom, reader.headersTo);
  const payload = bytes.slice(reader.payloadFrom, reader.payloadTo);
  return { kind, seq, sec, nanos, subject, headers, payload };
}

const first = "2600000001000000000000005854fc9f0ef0e9180300666f6f68656c6c6fb83651a0fd71b566";
const second =
  "390000800200000000000000334f04a00ef0e9180300666f6f120000004e4154532f312e300d0a413a20620d0a0d0a68691ee09262b7390491";

test("the records of the reference", () => {
  const block = Uint8Array.from(Buffer.from(first + second, "hex"));
  const text = (from: number, to: number): string => Buffer.from(block).toString("latin1", from, to);
  expect(reader.read(block, 0, block.length)).toBeUndefined();
  expect(found(block)).toMatchObject({ kind: "message", seq: 1, headers: new Uint8Array() });
  expect(text(reader.payloadFrom, reader.payloadTo)).toBe("hello");
  expect(reader.read(block, reader.to, block.length)).toBeUndefined();
  expect(reader.to).toBe(block.length);
  expect(text(reader.headersFrom, reader.payloadTo)).toBe("NATS/1.0\r\nA: b\r\n\r\nhi");
  const out = Buffer.alloc(57);
  expect(writeRecord(out, 0, found(block) as never, hasher)).toBe(57);
  expect(out.toString("hex")).toBe(second);
});

test("every record goes both ways, in the middle of other bytes", () => {
  assert(
    property(anyRecord, nat(9), (parts, before) => {
      const length = recordLength(parts.subject.length, parts.headers.length, parts.payload.length);
      const out = new Uint8Array(before + length + 3).fill(0xee);
      expect(writeRecord(out, before, parts, hasher)).toBe(before + length);
      expect(reader.read(out, before, out.length)).toBeUndefined();
      expect([reader.from, reader.to]).toEqual([before, before + length]);
      expect(found(out)).toEqual(parts);
      expect(out.subarray(before + length)).toEqual(Uint8Array.of(0xee, 0xee, 0xee));
    }),
    RUNS,
  );
});

test("marks have neither subject nor payload", () => {
  assert(
    property(nat(), anySec, (seq, sec) => {
      const out = new Uint8Array(2 * EMPTY_RECORD);
      const end = writeMark(out, 0, "tombstone", seq, sec, 5, hasher);
      expect(writeMark(out, end, "hole", seq + 1, sec, 6, hasher)).toBe(out.length);
      expect(reader.read(out, 0, out.length)).toBeUndefined();
      expect([reader.kind, reader.seq, reader.sec, reader.nanos]).toEqual(["tombstone", seq, sec, 5]);
      expect(reader.read(out, end, out.length)).toBeUndefined();
      expect([reader.kind, reader.seq, reader.payloadFrom]).toEqual(["hole", seq + 1, reader.payloadTo]);
    }),
  );
});

test("an erased record keeps its sequence, time and length and nothing else", () => {
  assert(
    property(anyRecord, integer({ min: 1, max: 255 }), (parts, chance) => {
      const length = recordLength(parts.subject.length, parts.headers.length, parts.payload.length);
      const out = new Uint8Array(length);
      writeRecord(out, 0, parts, hasher);
      eraseRecord(out, 0, length, parts, new Uint8Array(length).fill(chance), hasher);
      expect(reader.read(out, 0, length)).toBeUndefined();
      expect([reader.kind, reader.seq, reader.sec, reader.nanos]).toEqual(["hole", parts.seq, parts.sec, parts.nanos]);
      expect(out.subarray(22, -8).every((byte) => byte === chance)).toBe(true);
    }),
  );
});

test("any flipped bit is noticed, but for a headers length that moves the border", () => {
  const bytes = Buffer.from(second, "hex");
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const bad = Uint8Array.from(bytes);
    bad[bit >>> 3]! ^= 1 << (bit & 7);
    const fault = reader.read(bad, 0, bad.length);
    // The checksum covers headers and payload as one piece, not the number between subject and headers.
    const isHeadersLength = bit >= 8 * 25 && bit < 8 * 29;
    if (fault === undefined) expect(isHeadersLength).toBe(true);
  }
});

test("a record cut anywhere is short", () => {
  const bytes = Buffer.from(second, "hex");
  for (let end = 0; end < bytes.length; end++) expect(reader.read(bytes, 0, end)).toBe("short");
});

test("a sequence this program cannot hold is said so, when the record is whole", () => {
  const bytes = Buffer.from(first, "hex");
  bytes[10] = 0x20;
  expect(reader.readUnchecked(bytes, 0, bytes.length)).toBe("sequence");
  expect(reader.read(bytes, 0, bytes.length)).toBe("sum");
  hasher.start().add(bytes, 4, 20).add(bytes, 22, 30).sum(bytes, 30);
  expect(reader.read(bytes, 0, bytes.length)).toBe("sequence");
});

test("any bytes give a fault or a record within them", () => {
  const heads = uint8Array({ maxLength: 90 }).map((bytes) => {
    const made = Uint8Array.from(bytes);
    if (made.length > 24) made.set([made.length, 0, 0], 0);
    if (made.length > 24) made.set([made[20]! & 31, 0], 20);
    return made;
  });
  assert(
    property(heads, (bytes) => {
      if (reader.readUnchecked(bytes, 0, bytes.length) !== undefined) return;
      const { subjectFrom, subjectTo, headersFrom, headersTo, payloadFrom, payloadTo, to } = reader;
      const order = [0, 22, subjectFrom, subjectTo, headersFrom, headersTo, payloadFrom, payloadTo, to, bytes.length];
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }),
    { numRuns: 8000 },
  );
});
