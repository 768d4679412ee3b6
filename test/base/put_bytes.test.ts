// Pieces of bytes, short and long ones, put one behind the other.

import { expect, test } from "vitest";
import { putBytes } from "../../src/base/put_bytes.ts";

test.each([0, 1, 47, 48, 49, 500])("a piece of %d bytes is all that is written", (length) => {
  const source = Uint8Array.from({ length: length + 6 }, (_, i) => i + 1);
  const into = new Uint8Array(length + 4);
  expect(putBytes(into, 2, source, 3, 3 + length)).toBe(2 + length);
  expect([...into]).toEqual([0, 0, ...source.subarray(3, 3 + length), 0, 0]);
});

test("a piece is copied to another place of the same bytes", () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, i) => i);
  putBytes(bytes, 100, bytes, 0, 60);
  expect([...bytes.subarray(100, 160)]).toEqual([...bytes.subarray(0, 60)]);
});
