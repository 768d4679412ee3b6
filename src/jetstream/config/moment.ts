// A moment in JSON: RFC 3339 to the nanosecond, written in UTC. Read as Go's
// time package reads it, which is laxer than RFC 3339 (an hour of one digit, a
// comma before the fraction, an offset of 24 hours), and refused in its words.

import { rfc3339Nano } from "../../base/gotime.ts";
import { type Kind } from "../../base/json.ts";
import { type Moment } from "../../base/nanos.ts";
import { ZERO_SEC } from "../../store/stream_store.ts";

/** Go's zero time, which is what a moment is that nobody set. */
export const ZERO_MOMENT: Moment = { sec: ZERO_SEC, nanos: 0 };

export const moment: Kind<Moment> = {
  zero: ZERO_MOMENT,
  read: (reader, current) => {
    const start = reader.start();
    if (start === "null") {
      reader.null();
      return current;
    }
    if (start !== "string") {
      reader.skip();
      reader.noteText("Time.UnmarshalJSON: input is not a JSON string");
      return current;
    }
    const written = reader.string();
    const value = goTime(Buffer.from(written, "utf8").toString("latin1"));
    if (typeof value !== "string") return value;
    reader.noteText(value);
    return current;
  },
  write: (writer, { sec, nanos }) => writer.put(`"${rfc3339Nano(sec, nanos)}"`),
  isEmpty: () => false,
  writeSlowly: undefined,
  optional: false,
};

const LAYOUT = "2006-01-02T15:04:05Z07:00";

/** One part of the layout: what stands before it, how it looks, what it may be. */
interface Part {
  readonly name: string;
  readonly before: string;
  readonly sample: string;
  readonly looks: RegExp;
  readonly low: number;
  readonly high: number;
}
const parts: readonly Part[] = [
  { name: "year", before: "", sample: "2006", looks: /^\d{4}/, low: 0, high: 9999 },
  { name: "month", before: "-", sample: "01", looks: /^\d\d/, low: 1, high: 12 },
  // Which days there are is looked at last.
  { name: "day", before: "-", sample: "02", looks: /^\d\d/, low: 0, high: 99 },
  { name: "hour", before: "T", sample: "15", looks: /^\d\d?/, low: 0, high: 23 },
  { name: "minute", before: ":", sample: "04", looks: /^\d\d/, low: 0, high: 59 },
  { name: "second", before: ":", sample: "05", looks: /^\d\d/, low: 0, high: 59 },
];

/** The moment that `bytes` (one character each) spell, or what Go says about them. */
function goTime(bytes: string): Moment | string {
  const asPart = (rest: string, part: string): string =>
    `parsing time ${quote(bytes)} as ${quote(LAYOUT)}: cannot parse ${quote(rest)} as ${quote(part)}`;
  const outOfRange = (what: string): string => `parsing time ${quote(bytes)}: ${what} out of range`;
  const numbers: number[] = [];
  let rest = bytes;
  for (const { name, before, sample, looks, low, high } of parts) {
    if (!rest.startsWith(before)) return asPart(rest, before);
    rest = rest.slice(before.length);
    const found = looks.exec(rest)?.[0];
    if (found === undefined) return asPart(rest, sample);
    if (Number(found) < low || Number(found) > high) return outOfRange(name);
    numbers.push(Number(found));
    rest = rest.slice(found.length);
  }
  const fraction = /^[.,](\d+)/.exec(rest);
  rest = rest.slice(fraction?.[0].length ?? 0);
  let offset = 0;
  if (rest.startsWith("Z")) rest = rest.slice(1);
  else {
    const zone = /^(.)(..):(..)/s.exec(rest);
    if (zone === null) return asPart(rest, "Z07:00");
    const [hours, minutes] = [twoDigits(zone[2]!), twoDigits(zone[3]!)];
    if (hours !== undefined && minutes !== undefined && minutes > 60) return outOfRange("time zone offset minute");
    if (hours !== undefined && hours > 24) return outOfRange("time zone offset hour");
    const isSigned = zone[1] === "+" || zone[1] === "-";
    if (hours === undefined || minutes === undefined || !isSigned) return asPart(rest, "Z07:00");
    offset = (zone[1] === "-" ? -60 : 60) * (60 * hours + minutes);
    rest = rest.slice(6);
  }
  if (rest !== "") return `parsing time ${quote(bytes)}: extra text: ${quote(rest)}`;
  const [year, month, day, hour, minute, second] = numbers as [number, number, number, number, number, number];
  // Date.UTC takes years below 100 as 19xx; 400 years are always as long.
  const midnight = Date.UTC(year + 400, month - 1, day);
  if (new Date(midnight).getUTCDate() !== day) return outOfRange("day");
  const days = midnight / 86_400_000 - 146_097;
  const nanos = Number((fraction?.[1] ?? "").slice(0, 9).padEnd(9, "0"));
  return { sec: days * 86_400 + hour * 3600 + minute * 60 + second - offset, nanos };
}

function twoDigits(text: string): number | undefined {
  return /^\d\d$/.test(text) ? Number(text) : undefined;
}

/** In double quotes as the time package has it: bytes that are no plain ASCII are escaped. */
function quote(bytes: string): string {
  const hex = (byte: string): string => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `"${bytes.replace(/["\\]/g, "\\$&").replace(/[^ -\x7f]/g, hex)}"`;
}
