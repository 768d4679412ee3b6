// Moments as nats-server stores them: nanoseconds since 1970 in a little-endian int64.
//
// Here a moment is two numbers: whole seconds (negative before 1970) and the
// nanoseconds within, 0 to 999,999,999. Everything is exact without bigint.

const TWO32 = 4_294_967_296;
const TWO31 = 2_147_483_648;
const SECOND = 1_000_000_000;

/** Whole seconds since 1970, and the nanoseconds within. */
export interface Moment {
  readonly sec: number;
  readonly nanos: number;
}

/** What Go's zero time (year 1) becomes as an int64 of nanoseconds: it wraps around. */
export const GO_ZERO: Moment = { sec: -6_795_364_579, nanos: 128_654_848 };

/** The lower 32 bits of the nanoseconds since 1970. */
export function nanosLow(sec: number, nanos: number): number {
  return (Math.imul(sec | 0, SECOND) + nanos) >>> 0;
}

/** The upper 32 bits, signed; `low` is what `nanosLow` gave. Right for moments that int64 can hold (1677 to 2262). */
export function nanosHigh(sec: number, nanos: number, low: number): number {
  return Math.round((sec * SECOND + nanos - low) / TWO32);
}

/** The whole seconds of `high` * 2^32 + `low` nanoseconds. */
export function secOf(low: number, high: number): number {
  const sec = Math.floor(high * (TWO32 / SECOND) + low / SECOND);
  const nanos = (low - Math.imul(sec | 0, SECOND)) >>> 0;
  if (nanos < SECOND) return sec;
  return nanos >= TWO31 ? sec - 1 : sec + 1;
}

/** The nanoseconds within; `sec` is what `secOf` gave. */
export function nanosOf(low: number, sec: number): number {
  return (low - Math.imul(sec | 0, SECOND)) >>> 0;
}

/** Writes a moment as 8 bytes. */
export function putMoment(bytes: Uint8Array, at: number, sec: number, nanos: number): void {
  const low = nanosLow(sec, nanos);
  putUint32(bytes, at, low);
  putUint32(bytes, at + 4, nanosHigh(sec, nanos, low) >>> 0);
}

/** The whole seconds of a moment of 8 bytes. */
export function momentSec(bytes: Uint8Array, at: number): number {
  return secOf(uint32(bytes, at), uint32(bytes, at + 4) | 0);
}

/** The nanoseconds within; `sec` is what `momentSec` gave for the same bytes. */
export function momentNanos(bytes: Uint8Array, at: number, sec: number): number {
  return nanosOf(uint32(bytes, at), sec);
}

/** Little-endian, 4 bytes. */
export function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * Reads RFC 3339 with up to nanoseconds, as Go's JSON does (further digits are cut off); undefined when it is not one.
 * Its inverse is `rfc3339Nano` in gotime.ts.
 */
export function parseRfc3339(text: string): Moment | undefined {
  const found = RFC3339.exec(text);
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [number, number, number, number, number, number]; // prettier-ignore
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const offsetHour = Number(found[9] ?? 0);
  const offsetMinute = Number(found[10] ?? 0);
  if (offsetHour > 23 || offsetMinute > 59) return undefined;
  const offset = (found[8] === "-" ? -60 : 60) * (60 * offsetHour + offsetMinute);
  // Date.UTC takes years below 100 as 19xx; 400 years are always as long.
  const days = Date.UTC(year + 400, month - 1, day) / 86_400_000 - 146_097;
  const nanos = Number((found[7] ?? "").slice(0, 9).padEnd(9, "0"));
  return { sec: days * 86_400 + hour * 3600 + minute * 60 + second - offset, nanos };
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
