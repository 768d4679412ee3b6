// Texts as Go's library reads and prints them, where they show in nats-server's errors.

export type Go = "string" | "int64" | "float64" | "bool" | "time.Time" | "[]interface {}" | "map[string]interface {}";

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3, // micro sign
  "\u03bcs": 1e-3, // Greek mu
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const LARGEST_MS = 9_223_372_036_854.775; // 2^63 - 1 nanoseconds

/** Milliseconds of a Go duration such as "1h30m" or "-1.5s", or Go's complaint about it. */
export function goDuration(text: string): number | { readonly complaint: string } {
  const invalid = { complaint: `time: invalid duration ${JSON.stringify(text)}` };
  const signed = /^[+-]/.test(text);
  const negative = text.startsWith("-");
  let rest = signed ? text.slice(1) : text;
  if (rest === "0") return 0;
  if (rest === "") return invalid;
  let total = 0;
  while (rest !== "") {
    const [whole = "", digits = "", fraction] = /^(\d*)(?:\.(\d*))?/.exec(rest) ?? [];
    if (digits === "" && (fraction ?? "") === "") return invalid;
    rest = rest.slice(whole.length);
    const unit = /^[^\d.]*/.exec(rest)![0];
    if (unit === "") return { complaint: `time: missing unit in duration ${JSON.stringify(text)}` };
    if (!Object.hasOwn(unitMs, unit)) {
      return { complaint: `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}` };
    }
    rest = rest.slice(unit.length);
    total += Number(`${digits || "0"}.${fraction || "0"}`) * unitMs[unit]!;
    if (total > LARGEST_MS) return invalid;
  }
  return negative ? -total : total;
}
