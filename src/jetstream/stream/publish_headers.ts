// The headers of a publish that mean something to a stream, found in one scan.
//
// A key counts when it is spelled exactly, begins a line behind the first one
// and is followed by its colon; the first of several counts. Blanks before the
// value do not belong to it. Owns ranges into bytes that are borrowed.

import { type ByteString, byteString, byteStringOf, bytesEqual, bytesOf } from "../../base/bytes.ts";

const NAMES = [
  "Nats-Msg-Id",
  "Nats-Expected-Stream",
  "Nats-Expected-Last-Sequence",
  "Nats-Expected-Last-Subject-Sequence",
  "Nats-Expected-Last-Subject-Sequence-Subject",
  "Nats-Expected-Last-Msg-Id",
  "Nats-Rollup",
  "Nats-TTL",
  "Nats-Incr",
  "Nats-Batch-Id",
  "Nats-Schedule",
  "Nats-Schedule-Time-Zone",
  "Nats-Schedule-Next",
  "Nats-Scheduler",
  "Nats-Request-Info",
  "Nats-Trace-Dest",
  "Nats-Trace-Only",
] as const;

/** A header by its place in the list of names. */
export const HEADER = {
  msgId: 0,
  expectedStream: 1,
  expectedLastSeq: 2,
  expectedLastSubjectSeq: 3,
  expectedLastSubjectSeqSubject: 4,
  expectedLastMsgId: 5,
  rollup: 6,
  ttl: 7,
  incr: 8,
  batchId: 9,
  schedule: 10,
  scheduleTimeZone: 11,
  scheduleNext: 12,
  scheduler: 13,
  requestInfo: 14,
  traceDest: 15,
  traceOnly: 16,
} as const;
export type Header = (typeof HEADER)[keyof typeof HEADER];

const keys = NAMES.map((name) => bytesOf(byteString(name)));
/** Which keys have a length. */
const byLength: readonly (readonly number[])[] = Array.from({ length: 64 }, (_, length) =>
  keys.flatMap((key, i) => (key.length === length ? [i] : [])),
);
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;
const N = 0x4e;
const DASH = 0x2d;
const PREFIX_LENGTH = "Nats-".length;

export class PublishHeaders {
  /** What was scanned last. */
  bytes: Uint8Array = new Uint8Array(0);
  /** How often it scanned: whether something is still known of the same headers. */
  scans = 0;
  readonly #from = new Int32Array(NAMES.length);
  readonly #to = new Int32Array(NAMES.length);
  #found = 0;

  /** No headers at all. */
  clear(): void {
    this.#found = 0;
  }

  /** Finds them in the block bytes[from, to), which is borrowed as long as it is asked about. */
  scan(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.scans++;
    this.#found = 0;
    let line = lineEnd(bytes, from, to) + 2;
    while (line < to) {
      const end = lineEnd(bytes, line, to);
      if (bytes[line] === N && bytes[line + PREFIX_LENGTH - 1] === DASH) this.#see(bytes, line, end);
      line = end + 2;
    }
  }

  /** One of those that are known is there, perhaps with an empty value. */
  get any(): boolean {
    return this.#found !== 0;
  }
  /** This one is there, and no other that is known. */
  isAlone(header: Header): boolean {
    return this.#found === 1 << header;
  }
  /** It is there, perhaps with an empty value. */
  isThere(header: Header): boolean {
    return (this.#found & (1 << header)) !== 0;
  }
  /** It is there with a value. */
  has(header: Header): boolean {
    return this.isThere(header) && this.#to[header]! > this.#from[header]!;
  }
  /** Where its value begins; only when it is there. */
  from(header: Header): number {
    return this.#from[header]!;
  }
  to(header: Header): number {
    return this.#to[header]!;
  }
  /** Its value, owned; empty when it is not there. */
  value(header: Header): ByteString {
    if (!this.isThere(header)) return "" as ByteString;
    return byteStringOf(this.bytes, this.#from[header]!, this.#to[header]!);
  }
  /** Whether it has this value. */
  is(header: Header, value: ByteString): boolean {
    return this.isThere(header) && bytesEqual(this.bytes, this.#from[header]!, this.#to[header]!, value);
  }
  /** Its value as a sequence: −1 when it is no plain number, which no sequence equals. */
  seq(header: Header): number {
    const to = this.#to[header]!;
    let value = 0;
    for (let i = this.#from[header]!; i < to; i++) {
      const digit = this.bytes[i]! - 0x30;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  #see(bytes: Uint8Array, line: number, end: number): void {
    let colon = line + PREFIX_LENGTH;
    while (colon < end && bytes[colon] !== COLON) colon++;
    if (colon === end) return;
    const candidates = byLength[colon - line];
    if (candidates === undefined) return;
    for (let i = 0; i < candidates.length; i++) {
      const header = candidates[i]!;
      if (!spells(bytes, line, keys[header]!)) continue;
      if ((this.#found & (1 << header)) !== 0) return;
      let from = colon + 1;
      while (from < end && bytes[from] === SPACE) from++;
      this.#found |= 1 << header;
      this.#from[header] = from;
      this.#to[header] = end;
      return;
    }
  }
}

/** Where the next CRLF is; `to` when there is none. */
function lineEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] !== CR || bytes[at + 1] !== LF)) at++;
  return Math.min(at, to);
}

function spells(bytes: Uint8Array, from: number, key: Uint8Array): boolean {
  for (let i = 0; i < key.length; i++) if (bytes[from + i] !== key[i]) return false;
  return true;
}
