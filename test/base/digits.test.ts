// Numbers as decimal digits, as String writes them.

import { expect, test } from "vitest";
import { DIGITS, digitsOf, putDigits, writeDigits } from "../../src/base/digits.ts";

const EMPTY = 0x2e;
const shown = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** Each number of digits at its two ends, and what is near the largest whole numbers of the machine. */
const numbers = [0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 4_294_967_300, Number.MAX_SAFE_INTEGER];
for (let power = 1; power < 2 ** 53; power *= 10) numbers.push(power, power + 1, power * 9, Math.max(0, power - 1));

test.each(numbers)("%d is written where it belongs, and nothing beside it", (value) => {
  const bytes = new Uint8Array(DIGITS + 4).fill(EMPTY);
  const digits = String(value);
  expect(digitsOf(value)).toBe(digits.length);
  expect(putDigits(bytes, 2, value)).toBe(2 + digits.length);
  expect(shown(bytes)).toBe(`..${digits}`.padEnd(bytes.length, "."));
});

test("the room for digits is enough for the largest number", () => {
  expect(digitsOf(Number.MAX_SAFE_INTEGER)).toBe(DIGITS);
});

test("a shorter number is filled up with zeros, of a longer one the last digits are written", () => {
  const bytes = new Uint8Array(8).fill(EMPTY);
  writeDigits(bytes, 1, 4, 7);
  writeDigits(bytes, 4, 7, 9_876_543_210);
  expect(shown(bytes)).toBe(".007210.");
});
