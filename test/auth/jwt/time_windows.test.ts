import { describe, expect, test } from "vitest";
import { parseClockTime } from "../../../src/auth/jwt/clock_time.ts";
import { isKnownZone, windowAt, type Zones } from "../../../src/auth/jwt/time_windows.ts";
import { times } from "./vectors.ts";
import { intlZones } from "./zones.ts";

describe("a window of the day is open when nats-server says so", () => {
  // Twelve zones, the days on which their clocks change among them.
  test.each(times().map((vector, i) => [`${vector.Zone} ${i}`, vector] as const))("%s", (_, vector) => {
    const found = vector.Nows.map((now) => {
      const window = windowAt({ times: vector.Times, times_location: vector.Zone }, now, intlZones);
      return window.open ? (window.forMs ?? 0) : -1;
    });
    expect(found).toEqual(vector.For);
  });

  test("in the server's own zone when the token names none", () => {
    const twoEast: Zones = { offsetSec: (zone) => (zone === "" ? 7200 : undefined) };
    const at = (hour: number): unknown =>
      windowAt({ times: [{ start: "08:00:00", end: "10:00:00" }], times_location: "" }, hour * 3_600_000, twoEast);
    expect([at(5.5), at(6.5), at(8)]).toEqual([{ open: false }, { open: true, forMs: 5_400_000 }, { open: false }]);
  });
});

test("names of zones", () => {
  const known = ["UTC", "Local", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"];
  const unknown = ["+01:00", "../etc", "/UTC", "Mars/X", "Europe/", "a b", "é"];
  expect(known.filter((name) => !isKnownZone(name, intlZones))).toEqual([]);
  expect(unknown.filter((name) => isKnownZone(name, intlZones))).toEqual([]);
});

test("times of day", () => {
  expect(parseClockTime("7:05:09")).toEqual({ hour: 7, minute: 5, second: 9 });
  expect(parseClockTime("23:59:59.999")).toEqual({ hour: 23, minute: 59, second: 59 });
  for (const bad of ["", "24:00:00", "1:60:00", "1:00:60", "1:0:00", "01:00", "001:00:00", "1:00:00 ", "-1:00:00"]) {
    expect(parseClockTime(bad)).toBeUndefined();
  }
});
