// What a client says to an ack subject: what kind of ack it is, and what comes
// with it. Bytes are borrowed, and nothing is kept of them.

import { decode, JsonError, record } from "../../base/json.ts";
import { goText } from "../../base/json_reader.ts";
import { duration } from "./consumer_config.ts";
import { goDurationNanos } from "./consumer_duration.ts";

/** `unknown` is no ack, but answered. */
export type AckKind = "ack" | "nak" | "progress" | "next" | "term" | "unknown";

const [NAK, PROGRESS, NEXT, TERM] = ["-NAK", "+WPI", "+NXT", "+TERM"].map((word) => Buffer.from(word)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];
const plain = ["+ACK", "+OK"].map((word) => Buffer.from(word));
/** Behind these words their arguments begin. */
export const NEXT_LENGTH = NEXT.length;

/** Of payload [from, to), without headers. */
export function ackKind(bytes: Uint8Array, from: number, to: number): AckKind {
  const size = to - from;
  if (size === 0) return "ack";
  for (const word of plain) if (size === word.length && begins(bytes, from, to, word)) return "ack";
  if (begins(bytes, from, to, NEXT)) return "next";
  if (begins(bytes, from, to, NAK)) return "nak";
  if (size === PROGRESS.length && begins(bytes, from, to, PROGRESS)) return "progress";
  return begins(bytes, from, to, TERM) ? "term" : "unknown";
}

/** When to deliver again: nanoseconds from now, undefined for at once. Text that is no delay, for a warning, means at once, too. */
export interface NakDelay {
  readonly nanos: number | undefined;
  /** Bytes as characters; undefined when all is well. */
  readonly bad: string | undefined;
}
const AT_ONCE: NakDelay = { nanos: undefined, bad: undefined };
const nakOptions = record({ delay: duration }, "server.ConsumerNakOptions");

/** Of a payload that is a `nak`. */
export function nakDelay(bytes: Uint8Array, from: number, to: number): NakDelay {
  const [start, end] = trimmed(bytes, from + NAK.length, to);
  if (start === end) return AT_ONCE;
  let nanos: bigint | undefined;
  if (bytes[start] === 0x7b) {
    const options = decode(nakOptions, bytes, start, end);
    if (!(options instanceof JsonError)) nanos = options.delay;
  } else nanos = goDurationNanos(goText(bytes, start, end));
  if (nanos !== undefined) return { nanos: Number(nanos), bad: undefined };
  return { nanos: undefined, bad: Buffer.from(bytes.subarray(start, end)).toString("latin1") };
}

/** Why delivery ends: of a payload that is a `term`; empty when it does not say. */
export function termReason(bytes: Uint8Array, from: number, to: number): string {
  const [start, end] = trimmed(bytes, from + TERM.length, to);
  return goText(bytes, start, end);
}

/** The range within [from, to) without blanks at its ends: Go's TrimSpace, for which NEL and NBSP are blanks, too. */
export function trimmed(bytes: Uint8Array, from: number, to: number): readonly [from: number, to: number] {
  let [start, end] = [from, to];
  for (let wide = blankAt(bytes, start, end); wide > 0; wide = blankAt(bytes, start, end)) start += wide;
  for (let wide = blankBefore(bytes, start, end); wide > 0; wide = blankBefore(bytes, start, end)) end -= wide;
  return [start, end];
}

function begins(bytes: Uint8Array, from: number, to: number, word: Buffer): boolean {
  if (to - from < word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word[i]) return false;
  return true;
}

const blank = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** How many bytes the blank takes that starts at `at`; 0 when none does. */
function blankAt(bytes: Uint8Array, at: number, to: number): number {
  if (at >= to) return 0;
  const first = bytes[at]!;
  if (first < 0x80) return (first >= 9 && first <= 13) || first === 32 ? 1 : 0;
  for (const wide of [2, 3]) {
    if (at + wide <= to && blank.test(goText(bytes, at, at + wide))) return wide;
  }
  return 0;
}

function blankBefore(bytes: Uint8Array, from: number, to: number): number {
  for (const wide of [1, 2, 3]) {
    if (to - wide >= from && blankAt(bytes, to - wide, to) === wide) return wide;
  }
  return 0;
}
