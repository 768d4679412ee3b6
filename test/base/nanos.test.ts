// Moments in bytes and as text, against bigint.

import { assert, bigInt, integer, nat, property } from "fast-check";
import { expect, test } from "vitest";
import { GO_ZERO, momentNanos, momentSec, nanosHigh, nanosLow, parseRfc3339, putMoment } from "../../src/base/nanos.ts";
import { rfc3339Nano } from "../../src/base/gotime.ts";

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;
const SECOND = 1_000_000_000n;
const RUNS = { numRuns: 4000 };
const buffer = Buffer.alloc(16);

function there(total: bigint): void {
  buffer.writeBigInt64LE(total, 4);
  const sec = momentSec(buffer, 4);
  const nanos = momentNanos(buffer, 4, sec);
  expect(BigInt(sec) * SECOND + BigInt(nanos)).toBe(total);
  expect(nanos).toBeGreaterThanOrEqual(0);
  expect(nanos).toBeLessThan(1e9);
  buffer.fill(0);
  putMoment(buffer, 4, sec, nanos);
  expect(buffer.readBigInt64LE(4)).toBe(total);
  const low = nanosLow(sec, nanos);
  expect(BigInt(nanosHigh(sec, nanos, low)) * 2n ** 32n + BigInt(low)).toBe(total);
}

test("every int64 goes both ways", () => {
  assert(property(bigInt({ min: LOWEST, max: HIGHEST }), there), RUNS);
});

test("so do those next to a whole second, and the ends", () => {
  const seconds = integer({ min: -9_223_372_036, max: 9_223_372_035 });
  assert(
    property(seconds, integer({ min: -2, max: 2 }), (sec, off) => there(BigInt(sec) * SECOND + BigInt(off))),
    RUNS,
  );
  for (const total of [LOWEST, LOWEST + 1n, -1n, 0n, 1n, HIGHEST - 1n, HIGHEST]) there(total);
});

test("Go's zero time is year 1 wrapped around", () => {
  const total = BigInt.asIntN(64, BigInt(parseRfc3339("0001-01-01T00:00:00Z")!.sec) * SECOND);
  expect(BigInt(GO_ZERO.sec) * SECOND + BigInt(GO_ZERO.nanos)).toBe(total);
});

test("every moment goes through RFC 3339 and back", () => {
  assert(
    property(integer({ min: -62_135_596_800, max: 253_402_300_799 }), nat(999_999_999), (sec, nanos) => {
      expect(parseRfc3339(rfc3339Nano(sec, nanos))).toEqual({ sec, nanos });
    }),
    RUNS,
  );
});

test.each([
  ["1970-01-01T00:00:00Z", 0, 0],
  ["0001-01-01T00:00:00Z", -62_135_596_800, 0],
  ["2026-11-21T04:45:38.77402602Z", 1_795_236_338, 774_026_020],
  ["2026-11-21T04:45:38.1234567899+02:30", 1_795_227_338, 123_456_789],
  ["2024-02-29T23:59:59-00:01", 1_709_251_259, 0],
])("%s is %d and %d", (text, sec, nanos) => {
  expect(parseRfc3339(text)).toEqual({ sec, nanos });
});

test.each([
  "",
  "2026-11-21",
  "2026-11-21 04:45:38Z",
  "2026-11-21T04:45:38",
  "2026-11-21T04:45:38.Z",
  "2026-11-21T04:45:38,5Z",
  "2026-11-21T24:00:00Z",
  "2026-11-21T04:60:00Z",
  "2026-11-21T04:00:60Z",
  "2026-13-01T00:00:00Z",
  "2026-00-01T00:00:00Z",
  "2026-02-29T00:00:00Z",
  "2100-02-29T00:00:00Z",
  "2026-04-31T00:00:00Z",
  "2026-04-00T00:00:00Z",
  "2026-11-21T04:45:38+24:00",
  "2026-11-21T04:45:38+2:00",
  "2026-11-21t04:45:38z",
  "2026-11-21T04:45:38Z ",
])("%j is not a moment", (text) => {
  expect(parseRfc3339(text)).toBeUndefined();
});
