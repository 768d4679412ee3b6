// Times and durations as Go prints them.

/** A duration as Go's Duration.String: "1m30s", "2ms", "1.5µs", "0s". */
export function goDuration(nanos: number): string {
  if (nanos === 0) return "0s";
  if (nanos < 0) return `-${goDuration(-nanos)}`;
  if (nanos < 1e3) return `${nanos}ns`;
  if (nanos < 1e6) return `${decimal(nanos, 1e3)}µs`;
  if (nanos < 1e9) return `${decimal(nanos, 1e6)}ms`;
  const seconds = decimal(nanos % 60e9, 1e9);
  const minutes = Math.floor(nanos / 60e9);
  if (minutes === 0) return `${seconds}s`;
  return minutes < 60 ? `${minutes}m${seconds}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`;
}

/** `value / unit` without rounding; `unit` is a power of ten. */
function decimal(value: number, unit: number): string {
  const whole = Math.floor(value / unit);
  const rest = value - whole * unit;
  if (rest === 0) return String(whole);
  return `${whole}.${String(rest).padStart(String(unit).length - 1, "0").replace(/0+$/, "")}`; // prettier-ignore
}

let cachedSec = Number.NaN;
let cachedText = "";

/** A moment as RFC 3339 in UTC, to the nanosecond, without trailing zeros: "2026-11-21T04:45:38.77402602Z". */
export function rfc3339Nano(sec: number, nanos: number): string {
  if (sec !== cachedSec) {
    cachedSec = sec;
    cachedText = new Date(sec * 1000).toISOString().slice(0, -5);
  }
  if (nanos === 0) return `${cachedText}Z`;
  return `${cachedText}.${String(nanos).padStart(9, "0").replace(/0+$/, "")}Z`;
}

/** Go's zero time. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** How long something has been up, as monitoring shows it: "1y2d3h4m5s", from the largest unit that is not zero. */
export function uptimeText(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  let text = "";
  let rest = total;
  for (const [unit, size] of [
    ["y", YEAR],
    ["d", DAY],
    ["h", HOUR],
    ["m", MINUTE],
  ] as const) {
    if (total < size) continue;
    text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return `${text}${rest}s`;
}
