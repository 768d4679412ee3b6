import { expect, test } from "vitest";
import { TimeZones } from "../../src/io/time_zones.ts";

const zones = new TimeZones();
const at = (iso: string): number => Date.parse(iso);

test("a zone's clock changes when the zone says so", () => {
  const berlin = (iso: string): number | undefined => zones.offsetSec("Europe/Berlin", at(iso));
  expect([berlin("2026-03-29T00:59:59.999Z"), berlin("2026-03-29T01:00:00Z")]).toEqual([3600, 7200]);
  expect([berlin("2026-10-25T00:59:59Z"), berlin("2026-10-25T01:00:00Z")]).toEqual([7200, 3600]);
});

test("zones of half hours, of the far side, and without summer", () => {
  const january = at("2026-01-15T12:00:00Z");
  const offsets = ["Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"].map((zone) =>
    zones.offsetSec(zone, january),
  );
  expect(offsets).toEqual([19_800, -12_600, 50_400, -39_600, 0]);
});

test("no zone has no clock", () => {
  expect([zones.offsetSec("Mars/X", 0), zones.offsetSec("Not a zone", 0)]).toEqual([undefined, undefined]);
});

test("the empty name is the process's own zone", () => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const now = at("2026-07-01T00:00:00Z");
  expect(zones.offsetSec("", now)).toBe(zones.offsetSec(own, now));
});

test("before 1970 and far ahead", () => {
  expect(zones.offsetSec("UTC", at("1960-01-01T00:00:00.500Z"))).toBe(0);
  expect(zones.offsetSec("UTC", at("2400-01-01T00:00:00Z"))).toBe(0);
});
