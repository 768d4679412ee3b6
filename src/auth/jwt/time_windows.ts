// When of a day a user may be connected: windows on the clock of a time zone.
//
// The clock of a zone is asked of `Zones`; what it shows in the hour that DST
// skips or repeats is decided as Go's time.Date does.

import { parseClockTime } from "./clock_time.ts";
import type { UserPermissionLimits } from "./user_claims.ts";

/** The clocks of the world. `io/time_zones.ts` has the real ones. */
export interface Zones {
  /** Seconds east of UTC at a moment in an IANA zone, or undefined where there is none of that name; "" is the server's own. */
  offsetSec(zone: string, atMs: number): number | undefined;
}

/** Whether a user may be connected now, and for how many milliseconds; undefined is without end. */
export type Window = { readonly open: false } | { readonly open: true; readonly forMs: number | undefined };

export function windowAt(
  { times, times_location }: Pick<UserPermissionLimits, "times" | "times_location">,
  nowMs: number,
  zones: Zones,
): Window {
  if (times.length === 0) return { open: true, forMs: undefined };
  const clock = clockOf(times_location, zones);
  const today = clock?.dateOf(nowMs);
  if (clock === undefined || today === undefined) return { open: false };
  let forMs: number | undefined;
  for (const { start, end } of times) {
    const [from, to] = [parseClockTime(start), parseClockTime(end)];
    if (from === undefined || to === undefined) return { open: false };
    const fromMs = clock.momentOf(today, from.hour * 3600 + from.minute * 60 + from.second);
    const toMs = clock.momentOf(today, to.hour * 3600 + to.minute * 60 + to.second);
    const leftMs = leftIn(fromMs, toMs, nowMs, clock);
    if (leftMs !== undefined && (forMs === undefined || leftMs > forMs)) forMs = leftMs;
  }
  return forMs === undefined ? { open: false } : { open: true, forMs };
}

/** Whether there is a zone of this name. Go's own names for UTC and for the server's zone are taken. */
export function isKnownZone(zone: string, zones: Zones): boolean {
  return clockOf(zone, zones) !== undefined;
}

/** Milliseconds until the window ends, undefined outside of it; its first instant is outside. */
function leftIn(fromMs: number, toMs: number, nowMs: number, clock: Clock): number | undefined {
  if (fromMs < nowMs && toMs > nowMs) return toMs - nowMs;
  if (fromMs <= toMs) return undefined;
  // It spans midnight: this is its morning, or its evening.
  if (toMs > nowMs) return toMs - nowMs;
  const tomorrow = clock.sameTimeNextDay(toMs);
  return fromMs < nowMs && tomorrow > nowMs ? tomorrow - nowMs : undefined;
}

/** The clock on the walls of one zone. A date is the moment of its midnight if the zone were UTC. */
interface Clock {
  dateOf(atMs: number): number | undefined;
  momentOf(date: number, secondOfDay: number): number;
  sameTimeNextDay(atMs: number): number;
}

const DAY_MS = 86_400_000;
// As Go refuses names that are paths, and Intl's offsets ("+01:00").
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;

function clockOf(name: string, zones: Zones): Clock | undefined {
  const zone = name === "Local" ? "" : name;
  if (zone !== "" && (!ZONE_NAME.test(zone) || zones.offsetSec(zone, 0) === undefined)) return undefined;
  const offsetMs = (atMs: number): number => (zones.offsetSec(zone, atMs) ?? 0) * 1000;
  const shown = (atMs: number): number => atMs + offsetMs(atMs);
  // The offset found for the clock's reading taken as UTC is a guess, corrected once.
  const momentOfReading = (reading: number): number => {
    const guess = offsetMs(reading);
    return guess === 0 ? reading : reading - offsetMs(reading - guess);
  };
  return {
    dateOf: (atMs) => Math.floor(shown(atMs) / DAY_MS) * DAY_MS,
    momentOf: (date, secondOfDay) => momentOfReading(date + secondOfDay * 1000),
    sameTimeNextDay: (atMs) => momentOfReading(shown(atMs) + DAY_MS),
  };
}
