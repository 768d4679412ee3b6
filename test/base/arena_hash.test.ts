// Checksums over the arena are those over any memory, and its regions do not meet.

import fc from "fast-check";
import { expect, test } from "vitest";
import { bytes, HASH, HASH_REGION_BYTES, INNER, INNER_BYTES, READ, TOTAL } from "../../src/base/arena.ts";
import { arenaHashArea, recordCheck, recordEncode } from "../../src/base/arena_hash.ts";
import { HashArea, Hasher } from "../../src/base/highway_hash.ts";
import { writeRecord } from "../../src/store/format/record.ts";

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

test("records behind each other are checked together, and stay as they are", () => {
  const hasher = new Hasher(key, arenaHashArea());
  const text = fc.string({ maxLength: 200 }).map((each) => Buffer.from(each, "latin1"));
  const parts = fc.record({ subject: text, headers: fc.oneof(fc.constant(Buffer.alloc(0)), text), payload: text });
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), fc.nat(12), fc.nat(2000), fc.nat(7), (records, most, at, bit) => {
      const starts: number[] = [];
      let end = READ;
      for (const [i, each] of records.entries()) {
        starts.push(end);
        end = writeRecord(bytes, end, { kind: "message", seq: i + 1, sec: 1, nanos: 2, ...each }, hasher);
      }
      // One byte is another one: not of a length, which whoever found the records has looked at.
      const broken = starts.findLastIndex((start) => start <= READ + at);
      const place = READ + at - (starts[broken] ?? READ);
      const isBroken = broken >= 0 && READ + at < end && (place < 20 ? place >= 4 : place >= 22) && !isHeadersLength();
      function isHeadersLength(): boolean {
        const { headers, subject } = records[broken]!;
        return headers.length > 0 && place >= 22 + subject.length && place < 26 + subject.length;
      }
      if (isBroken) bytes[READ + at]! ^= 1 << bit;
      const before = bytes.slice(READ, end);
      const good = recordCheck()!(hasher.lendKey(), READ, Math.min(most, records.length));
      expect(good).toBe(Math.min(most, records.length, isBroken ? broken : records.length));
      expect(Buffer.compare(before, bytes.subarray(READ, end))).toBe(0);
    }),
  );
});

test("a record whose parts lie in the arena is written in one call as it is piece by piece", () => {
  const hasher = new Hasher(key, arenaHashArea());
  const text = (maxLength: number): fc.Arbitrary<Buffer> =>
    fc.string({ maxLength }).map((each) => Buffer.from(each, "latin1"));
  const headers = fc.oneof(fc.constant(Buffer.alloc(0)), text(90));
  const seqs = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 2 ** 31 - 2, max: Number.MAX_SAFE_INTEGER }));
  fc.assert(
    fc.property(seqs, fc.nat(2 ** 32 - 1), text(90), headers, text(5000), (seq, time, subject, headers, payload) => {
      const [from, at] = [READ, READ + 20_000];
      bytes.set(Buffer.concat([subject, headers, payload]), from);
      const expected = new Uint8Array(8000);
      const end = writeRecord(
        expected,
        0,
        { kind: "message", seq, sec: 0, nanos: 0, subject, headers, payload },
        hasher,
      );
      new DataView(expected.buffer).setUint32(12, time, true);
      new DataView(expected.buffer).setUint32(16, ~time >>> 0, true);
      const sum = hasher.start();
      sum.add(expected, 4, 20).add(subject, 0, subject.length).add(headers, 0, headers.length);
      sum.add(payload, 0, payload.length).sum(expected, end - 8);
      const header = from + subject.length;
      const [low, high] = [seq | 0, (seq / 2 ** 32) | 0];
      const first = headers.length > 0 ? end | (1 << 31) : end;
      recordEncode()!(hasher.lendKey(), at, first, low, high, time | 0, ~time, from, subject.length, header, headers.length, header + headers.length, payload.length); // prettier-ignore
      expect(Buffer.compare(expected.subarray(0, end), bytes.subarray(at, at + end))).toBe(0);
    }),
  );
});
