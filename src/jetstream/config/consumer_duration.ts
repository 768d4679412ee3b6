// A duration as Go's time package reads it: "10s", "1h2m3.5s", "-1ms", "0".

const nanosOf: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  "\u00b5s": 1000n,
  "\u03bcs": 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const part = /(\d*)(?:\.(\d*))?([^\d.]+)/gy;
const MAX = 2n ** 63n;
/** Digits of a number of nanoseconds that can not be one; more are not looked at. */
const MOST_DIGITS = 20;

/** Nanoseconds, exact; undefined for what Go refuses. */
export function goDurationNanos(text: string): bigint | undefined {
  const isNegative = text.startsWith("-");
  const rest = isNegative || text.startsWith("+") ? text.slice(1) : text;
  if (rest === "0") return 0n;
  let total = 0n;
  let at = 0;
  while (at < rest.length) {
    part.lastIndex = at;
    const found = part.exec(rest);
    if (found === null) return undefined;
    const [, whole = "", fraction = "", unitName = ""] = found;
    const unit = Object.hasOwn(nanosOf, unitName) ? nanosOf[unitName] : undefined;
    if (unit === undefined || (whole === "" && fraction === "")) return undefined;
    const digits = whole.replace(/^0+/, "");
    if (digits.length > MOST_DIGITS) return undefined;
    // No unit has more than 13 digits: what is behind them is less than a nanosecond.
    const seen = fraction.slice(0, 15);
    total += BigInt(digits === "" ? "0" : digits) * unit;
    if (seen !== "") total += (BigInt(seen) * unit) / 10n ** BigInt(seen.length);
    if (total > MAX) return undefined;
    at = part.lastIndex;
  }
  if (at === 0 || (total === MAX && !isNegative)) return undefined;
  return isNegative ? -total : total;
}
