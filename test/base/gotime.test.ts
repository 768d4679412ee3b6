import { expect, test } from "vitest";
import { goDuration, rfc3339Nano, uptimeText } from "../../src/base/gotime.ts";

test.each([
  [0, "0s"],
  [1, "1ns"],
  [1_500, "1.5µs"],
  [621_000, "621µs"],
  [2_000_000, "2ms"],
  [14_066_628, "14.066628ms"],
  [1_000_000_000, "1s"],
  [1_500_000_000, "1.5s"],
  [90_000_000_000, "1m30s"],
  [120_000_000_000, "2m0s"],
  [3_600_000_000_000, "1h0m0s"],
  [90_061_000_000_001, "25h1m1.000000001s"],
  [-2_000_000, "-2ms"],
])("%d ns is %s", (nanos, text) => {
  expect(goDuration(nanos)).toBe(text);
});
test("moments to the nanosecond, trailing zeros trimmed", () => {
  expect(rfc3339Nano(1795236338, 774026020)).toBe("2026-11-21T04:45:38.77402602Z");
  expect(rfc3339Nano(1795236338, 0)).toBe("2026-11-21T04:45:38Z");
  expect(rfc3339Nano(1795236338, 1)).toBe("2026-11-21T04:45:38.000000001Z");
  expect(rfc3339Nano(0, 500_000_000)).toBe("1970-01-01T00:00:00.5Z");
  expect(rfc3339Nano(-62135596800, 0)).toBe("0001-01-01T00:00:00Z");
});
test("uptime starts at its largest unit", () => {
  expect([0, 59, 60, 3661, 86_400, 90_061, 365 * 86_400 + 5].map(uptimeText)).toEqual(
    ["0s", "59s", "1m0s", "1h1m1s", "1d0h0m0s", "1d1h1m1s", "1y0d0h0m5s"], // prettier-ignore
  );
});
