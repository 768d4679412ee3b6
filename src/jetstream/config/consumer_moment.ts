// A moment in a consumer's configuration: it keeps the offset from UTC that it
// was written with, as Go's time.Time does, because responses show it again.

import { rfc3339Nano } from "../../base/gotime.ts";
import { decode, JsonError, type Kind } from "../../base/json.ts";
import { type Moment } from "../../base/nanos.ts";
import { moment, ZERO_MOMENT } from "./moment.ts";

export interface ZonedMoment extends Moment {
  /** East of UTC. */
  readonly offsetMinutes: number;
}

export const zonedMoment: Kind<ZonedMoment> = {
  zero: { ...ZERO_MOMENT, offsetMinutes: 0 },
  read: (reader, current) => {
    if (reader.start() === "null") {
      reader.null();
      return current;
    }
    const { from, to } = reader.skip();
    const written = reader.copy(from, to);
    const read = decode(moment, written);
    if (!(read instanceof JsonError)) return { ...read, offsetMinutes: offsetOf(written) };
    reader.noteText(read.message);
    return current;
  },
  write: (writer, value) => writer.put(`"${zonedText(value)}"`),
  isEmpty: () => false,
  writeSlowly: undefined,
  optional: false,
};

/** The same instant, as UTC. */
export function inUtc({ sec, nanos }: Moment): ZonedMoment {
  return { sec, nanos, offsetMinutes: 0 };
}

/** Below 0 when `a` is before `b`, 0 when they are the same instant. */
export function compareMoments(a: Moment, b: Moment): number {
  return a.sec - b.sec || a.nanos - b.nanos;
}

/** Whether nobody set it: Go's zero time. */
export function isZeroMoment(value: Moment): boolean {
  return compareMoments(value, ZERO_MOMENT) === 0;
}

/** Of a JSON string that is a moment. */
function offsetOf(written: Uint8Array): number {
  const zone = /([+-])(\d\d):(\d\d)$/.exec(JSON.parse(Buffer.from(written).toString("utf8")) as string);
  if (zone === null) return 0;
  return (zone[1] === "-" ? -1 : 1) * (60 * Number(zone[2]) + Number(zone[3]));
}

function zonedText({ sec, nanos, offsetMinutes }: ZonedMoment): string {
  const local = rfc3339Nano(sec + 60 * offsetMinutes, nanos);
  if (offsetMinutes === 0) return local;
  const away = Math.abs(offsetMinutes);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${local.slice(0, -1)}${offsetMinutes < 0 ? "-" : "+"}${two(Math.floor(away / 60))}:${two(away % 60)}`;
}
