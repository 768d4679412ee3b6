// S2 against streams the Go implementation made, against itself, and against bytes that lie.

import { array, assert, constantFrom, integer, nat, oneof, property, tuple, uint8Array } from "fast-check";
import { S2BlockEncoder, decodeS2Block, s2BlockBound, s2BlockLength } from "../../src/base/s2_block.ts";
import { S2Decoder, S2Encoder, decodeS2, encodeS2, salvageS2 } from "../../src/base/s2.ts";
import { describe, expect, test } from "vitest";
import { crc32c } from "../../src/base/s2_crc.ts";

const words = Array.from({ length: 60 }, (_, i) => `w${(i * i) % 17} `).join("");
const near = Buffer.from(words + "x".repeat(300) + words);
const far = Buffer.concat([near, Buffer.alloc(300_000), Buffer.from(words)]);
/** What Go's encoder made of them: default, better (with padding), best (with an index), a bare block. */
const theirs = {
  default:
    "/wYAAFMyc1R3TwBKAACElIE6vgVwdzAgdzEgdzQgdzkgdzE2IHc4IHcyIHcxNSB3MTMNBAA1BRMAOAkgADkFLQQxIBE5FQCAAHgRARkAHwAxvBUAgOJnAg==",
  padded:
    "/wYAAFMyc1R3TwBNAACElIE6vgVwdzAgdzEgdzQgdzkgdzE2IHc4IHcyIHcxNSB3MTMNBAA1BRMAOAkgADkFLQQxIBE5FQCAAHgRARkAHwB2SgExvBUAYuI5AP4hAADeEsnPb6VxV/zfcbSjU6N/xnfjn2nY2tiphrJ2VVXB24s=",
  indexed:
    "/wYAAFMyc1R3TwBHAACElIE6vgVwdzAgdzEgdzQgdzkgdzE2IHc4IHcyIHcxNSB3MTMNBAA1BRMAOAkgADkFLQQxIBE5FQCAAHgRARkAHwAx9RUAuZkZAABzMmlkeAD8CqoBgEACABQdAAAAAHhkaTJz",
};
const farAway =
  "/wYAAFMyc1R3TwBdAABTiex2564ScHcwIHcxIHc0IHc5IHcxNiB3OCB3MiB3MTUgdzEzDQQYNSB3MiB3OAkgHDkgdzQgdzEgETkVAIAAeBEBGQAfADH1FQC5AAARAR0A05MD/6mUBAAVAIE=";
const bareBlock = "vgVwdzAgdzEgdzQgdzkgdzE2IHc4IHcyIHcxNSB3MTMNBAA1BRMAOAkgADkFLQQxIBE5FQCAAHgRARkAHwAx9RUAuQ==";
const base64 = (text: string): Uint8Array => Buffer.from(text, "base64");
const LIMIT = 1 << 22;

test("the checksum is CRC-32C", () => {
  const digits = Buffer.from("-123456789");
  expect(crc32c(digits, 1, 10)).toBe(0xe306_9283);
  expect(crc32c(new Uint8Array(32), 0, 32)).toBe(0x8a91_36aa);
});

describe("what Go wrote is read", () => {
  test.each(Object.entries(theirs))("%s", (_, text) => {
    expect(Buffer.from(decodeS2(base64(text), LIMIT)!)).toEqual(near);
  });
  test("with a copy from far behind", () => {
    expect(Buffer.from(decodeS2(base64(farAway), LIMIT)!).equals(far)).toBe(true);
  });
  test("as a block", () => {
    const block = base64(bareBlock);
    const out = new Uint8Array(near.length);
    expect(s2BlockLength(block, 0, block.length)).toBe(near.length);
    expect(decodeS2Block(block, 0, block.length, out, 0)).toBe(true);
    expect(Buffer.from(out)).toEqual(near);
  });
});

/** Bytes with much that repeats: literals and copies of any length and distance. */
const repetitive = array(
  oneof(
    uint8Array({ maxLength: 100 }),
    tuple(nat(), oneof(nat(20), nat(300), nat(70_000))).map(([offset, length]) => ({ offset, length })),
  ),
  { maxLength: 20 },
).map((parts) => {
  let bytes = Buffer.alloc(0);
  for (const part of parts) {
    if (part instanceof Uint8Array) bytes = Buffer.concat([bytes, part]);
    else if (bytes.length > 0) {
      const source = bytes.subarray(-1 - (part.offset % bytes.length));
      bytes = Buffer.concat([bytes, Buffer.alloc(part.length, source)]);
    }
  }
  return bytes;
});

test("streams go both ways, cut anywhere", () => {
  assert(
    property(repetitive, array(integer({ min: 1, max: 5000 }), { maxLength: 8 }), (input, cuts) => {
      const stream = encodeS2(input);
      expect(input.equals(decodeS2(stream, input.length)!)).toBe(true);
      const decoder = new S2Decoder(input.length);
      const out: Uint8Array[] = [];
      let at = 0;
      for (const length of [...cuts, stream.length]) {
        out.push(decoder.push(stream.subarray(at, at + length))!);
        at += length;
      }
      expect([decoder.atEnd, Buffer.concat(out).equals(input)]).toEqual([true, true]);
    }),
    { numRuns: 300 },
  );
});

test("a large chunk in small pieces takes time in proportion", () => {
  const input = Buffer.alloc(3_000_000);
  for (let i = 0, x = 1; i < input.length; i++) input[i] = (x = Math.imul(x, 1_103_515_245) + 12_345) >>> 16;
  const stream = encodeS2(input);
  const decoder = new S2Decoder(input.length);
  const out: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += 100) out.push(decoder.push(stream.subarray(at, at + 100))!);
  expect([decoder.atEnd, Buffer.concat(out).equals(input)]).toEqual([true, true]);
});

test("blocks go both ways, in the middle of other bytes, within their bound", () => {
  const encoder = new S2BlockEncoder();
  assert(
    property(repetitive, nat(5), (input, before) => {
      const framed = Buffer.concat([Buffer.alloc(before, 1), input, Buffer.alloc(7, 1)]);
      const out = new Uint8Array(3 + s2BlockBound(input.length));
      const end = encoder.encode(framed, before, before + input.length, out, 3);
      expect(end - 3).toBeLessThanOrEqual(s2BlockBound(input.length));
      const back = new Uint8Array(input.length + 2).fill(9);
      expect(decodeS2Block(out, 3, end, back, 1)).toBe(true);
      expect(input.equals(back.subarray(1, -1))).toBe(true);
      expect([back[0], back.at(-1)]).toEqual([9, 9]);
    }),
    { numRuns: 300 },
  );
});

test("more than one block, and bytes that cannot be made smaller", () => {
  const input = Buffer.alloc(2_500_000);
  for (let i = 0, x = 1; i < 1_200_000; i++) input[i] = (x = Math.imul(x, 1_103_515_245) + 12_345) >>> 16;
  const encoder = new S2Encoder();
  encoder.write(input, 0, 1_300_000);
  const first = encoder.taken();
  encoder.write(input, 1_300_000);
  const stream = Buffer.concat([first, encoder.taken()]);
  expect(stream.length).toBeLessThan(1_400_000);
  expect(input.equals(decodeS2(stream, input.length)!)).toBe(true);
});

describe("what is refused", () => {
  const stream = base64(theirs.default);
  test("more bytes than allowed", () => {
    expect(decodeS2(stream, near.length - 1)).toBeUndefined();
  });
  test("a stream cut short, or without its head", () => {
    for (let i = 0; i < stream.length; i++) {
      const isWhole = i === 10;
      expect(decodeS2(stream.subarray(0, i), LIMIT) === undefined).toBe(!isWhole);
    }
    expect(decodeS2(stream.subarray(10), LIMIT)).toBeUndefined();
  });
  test("any flipped bit", () => {
    for (let i = 0; i < 8 * stream.length; i++) {
      const bad = Uint8Array.from(stream);
      bad[i >>> 3]! ^= 1 << (i & 7);
      const found = decodeS2(bad, LIMIT);
      // A flip in the chunk type can make a chunk skippable, which nothing can notice.
      if (found !== undefined) expect([i >>> 3, found.length]).toEqual([10, 0]);
    }
  });
  test("a chunk that must be understood", () => {
    expect(decodeS2(Buffer.concat([stream, Uint8Array.of(0x7f, 0, 0, 0)]), LIMIT)).toBeUndefined();
    expect(decodeS2(Buffer.concat([stream, Uint8Array.of(0x80, 0, 0, 0)]), LIMIT)).toBeDefined();
  });
  test("everything behind what was refused", () => {
    const decoder = new S2Decoder(LIMIT);
    expect(decoder.push(Uint8Array.of(1, 2, 3, 4))).toBeUndefined();
    expect(decoder.push(stream)).toBeUndefined();
    expect(decoder.atEnd).toBe(false);
  });
});

test("a hostile block writes nowhere but in its room", () => {
  const hostile = oneof(
    uint8Array({ maxLength: 60 }),
    tuple(nat(200), array(tuple(constantFrom(0, 1, 2, 3), nat(63), uint8Array({ maxLength: 5 })))).map(
      ([length, ops]) =>
        Uint8Array.from([length & 0x7f, ...ops.flatMap(([kind, high, more]) => [(high << 2) | kind, ...more])]),
    ),
  );
  assert(
    property(hostile, (bytes) => {
      const claimed = s2BlockLength(bytes, 0, bytes.length);
      if (claimed === undefined || claimed > 10_000) return;
      const out = new Uint8Array(claimed + 20).fill(7);
      decodeS2Block(bytes, 0, bytes.length, out, 10);
      expect(out.subarray(0, 10).every((byte) => byte === 7)).toBe(true);
      expect(out.subarray(10 + claimed).every((byte) => byte === 7)).toBe(true);
      expect(decodeS2Block(bytes, 0, bytes.length, new Uint8Array(claimed), 1)).toBe(false);
    }),
    { numRuns: 8000 },
  );
});

test("a hostile stream ends in an answer, and within the limit", () => {
  const start = encodeS2(new Uint8Array());
  const chunk = tuple(constantFrom(0, 0, 1, 2, 0x80, 0xfe, 0xff), nat(30), uint8Array({ maxLength: 30 })).map(
    ([kind, length, body]) => Uint8Array.of(kind, length, 0, 0, ...body),
  );
  assert(
    property(array(chunk, { maxLength: 6 }), (chunks) => {
      const found = decodeS2(Buffer.concat([start, ...chunks]), 100);
      expect(found?.length ?? 0).toBeLessThanOrEqual(100);
    }),
    { numRuns: 5000 },
  );
});

test("what is behind a chunk with a damaged head is salvaged, whichever bit is flipped", () => {
  const pieces = [1, 2, 3].map((seed) => Uint8Array.from({ length: 300 }, (_, i) => (seed * (i % 40) * 7) >>> (i % 3)));
  const encoder = new S2Encoder();
  const ends: number[] = [];
  let stream: Uint8Array = new Uint8Array(0);
  for (const piece of pieces) {
    encoder.write(piece);
    stream = Buffer.concat([stream, encoder.taken()]);
    ends.push(stream.length);
  }
  for (let bit = 8 * ends[0]!; bit < 8 * (ends[0]! + 8); bit++) {
    const bad = Uint8Array.from(stream);
    bad[bit >>> 3]! ^= 1 << (bit & 7);
    expect(salvageS2(bad, 10, bad.length, 1 << 20)).toEqual(Uint8Array.from(Buffer.concat(pieces)));
  }
});
