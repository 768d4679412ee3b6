// Snappy streams: read by a decoder of this test's own, and one that klauspost/compress read back, byte for byte.

import { createHash } from "node:crypto";
import { array, assert, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { snappy } from "../../src/system/encoding.ts";

/** CRC-32C, bit by bit. */
function crcOf(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0);
  }
  const sum = ~crc >>> 0;
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

function block(bytes: Uint8Array): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    length |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  const out: number[] = [];
  const take = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value += bytes[at++]! * 256 ** i;
    return value;
  };
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    if ((tag & 3) === 0) {
      const size = tag >> 2 < 60 ? (tag >> 2) + 1 : take((tag >> 2) - 59) + 1;
      for (let i = 0; i < size; i++) out.push(bytes[at++]!);
      continue;
    }
    const isShort = (tag & 3) === 1;
    const size = isShort ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = isShort ? ((tag >> 5) << 8) | take(1) : take((tag & 3) === 2 ? 2 : 4);
    // Snappy has no "same offset again", unlike S2.
    if (offset === 0 || offset > out.length) throw new Error(`a copy from ${offset} before ${out.length}`);
    for (let i = 0; i < size; i++) out.push(out[out.length - offset]!);
  }
  if (out.length !== length) throw new Error(`${out.length} bytes instead of ${length}`);
  return Buffer.from(out);
}

function unpacked(stream: Uint8Array): Buffer {
  const bytes = Buffer.from(stream);
  expect(bytes.subarray(0, 10).toString("latin1")).toBe("\xff\x06\0\0sNaPpY");
  const parts: Buffer[] = [];
  for (let at = 10; at < bytes.length;) {
    const [kind, size] = [bytes[at]!, bytes.readUIntLE(at + 1, 3)];
    const body = bytes.subarray(at + 8, at + 4 + size);
    const plain = kind === 0 ? block(body) : body;
    expect(kind).toBeLessThan(2);
    expect(plain.length).toBeLessThanOrEqual(65_536);
    expect(bytes.readUInt32LE(at + 4)).toBe(crcOf(plain));
    parts.push(plain);
    at += 4 + size;
  }
  return Buffer.concat(parts);
}

test("what is packed comes out again", () => {
  assert(
    property(array(uint8Array({ maxLength: 60 }), { maxLength: 6 }), (parts) => {
      const bytes = Buffer.concat([...parts, ...parts, Buffer.alloc(200, "ab"), ...parts.toReversed()]);
      expect(unpacked(snappy(bytes))).toEqual(bytes);
    }),
    { numRuns: 60 },
  );
});

test.each([0, 1, 65_535, 65_536, 65_537, 200_000])("%i bytes, in blocks of 64 KB", (size) => {
  const bytes = Buffer.alloc(size, `{"connections":[{"cid":1,"kind":"Client"}]}`);
  const stream = snappy(bytes);
  expect(unpacked(stream).equals(bytes)).toBe(true);
  if (size > 1000) expect(stream.length).toBeLessThan(size / 10);
});

test("the stream that the reader of Go read back is still this one", () => {
  const text = Array.from({ length: 4000 }, (_, i) => `{"cid":${i},"name":"c${i % 7}"}`).join(",");
  const stream = snappy(Buffer.from(text));
  expect(createHash("sha256").update(stream).digest("hex").slice(0, 16)).toBe("19af35526025a8a6");
});
