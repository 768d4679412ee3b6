// Requests of the spelling that most clients use are read without JSON: with the same result.

import fc from "fast-check";
import { expect, test } from "vitest";
import { plainSequence, readDirectRequest } from "../../../src/jetstream/stream/direct_request.ts";

const read = (body: string): number => {
  const source = Buffer.from(`x${body}x`);
  return plainSequence(source, 1, source.length - 1);
};

test("one sequence is read, as JSON would", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999_999_999 }), (seq) => {
      const body = JSON.stringify({ seq });
      expect(read(body)).toBe(seq);
      expect(readDirectRequest(Buffer.from(body))).toMatchObject({ seq, last: "", batch: 0, noHeaders: false });
    }),
  );
});

test.each([
  "",
  "{}",
  '{"seq":',
  '{"seq":}',
  '{"seq":0}',
  '{"seq":01}',
  '{"seq":-1}',
  '{"seq":1.5}',
  '{"seq":1e3}',
  '{"seq": 1}',
  '{"seq":1 }',
  '{"seq":"1"}',
  '{"seq":1234567890123456}',
  '{"seq":1,"no_hdr":true}',
  '{"sEq":1}',
  '{"seq":1]',
])("%s is left to JSON", (body) => {
  expect(read(body)).toBe(0);
});
