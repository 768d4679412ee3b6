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
  const shown = quoteBytes(text);
  const invalid = { complaint: `time: invalid duration ${shown}` };
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
    if (unit === "") return { complaint: `time: missing unit in duration ${shown}` };
    if (!Object.hasOwn(unitMs, unit)) {
      return { complaint: `time: unknown unit ${quoteBytes(unit)} in duration ${shown}` };
    }
    rest = rest.slice(unit.length);
    total += Number(`${digits || "0"}.${fraction || "0"}`) * unitMs[unit]!;
    if (total > LARGEST_MS) return invalid;
  }
  return negative ? -total : total;
}

/** A text in quotes with every byte that is not plain ASCII in hex. */
function quoteBytes(text: string): string {
  const inner = text.replaceAll(/["\\]|[^\x20-\x7e]/gu, (c) =>
    c === '"' || c === "\\" ? `\\${c}` : Buffer.from(c).toString("hex").replaceAll(/../g, "\\x$&"),
  );
  return `"${inner}"`;
}

/** A duration as Go prints it: 2m0s, 1.5s, 300ms, 0s. */
export function goDurationText(ms: number): string {
  if (ms === 0) return "0s";
  const sign = ms < 0 ? "-" : "";
  const left = Math.abs(ms);
  const trim = (value: number): string => String(Number(value.toFixed(6)));
  if (left < 0.001) return `${sign}${trim(left * 1e6)}ns`;
  if (left < 1) return `${sign}${trim(left * 1000)}\u00b5s`;
  if (left < 1000) return `${sign}${trim(left)}ms`;
  const minutes = Math.floor(left / 60_000);
  const seconds = trim((left - minutes * 60_000) / 1000);
  if (minutes === 0) return `${sign}${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return `${sign}${hours === 0 ? "" : `${hours}h`}${minutes % 60}m${seconds}s`;
}

/** The message of whatever was thrown. */
export function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
