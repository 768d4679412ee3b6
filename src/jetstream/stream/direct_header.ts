// The headers of an answer to DIRECT.GET, as bytes: those the message has, and
// where it is from.
//
//     NATS/1.0 … │ Nats-Stream │ Nats-Subject │ Nats-Sequence │ Nats-Time-Stamp │ (Nats-Num-Pending, Nats-Last-Sequence)
//
// Owns one buffer: of the message before, what is the same and in the same place
// stays.

import { bytesOf, type ByteString } from "../../base/bytes.ts";
import { DIGITS, putDigits } from "../../base/digits.ts";
import { rfc3339Nano } from "../../base/gotime.ts";
import { putBytes } from "../../base/put_bytes.ts";
import type { StoredMsg } from "../../store/stream_store.ts";

/** Where a message stands in a batch. */
export interface InBatch {
  readonly pending: number;
  /** The sequence sent before; 0 for the first. */
  readonly lastSeq: number;
}

const text = (ascii: string): Uint8Array => bytesOf(ascii as ByteString);
const SEQUENCE = text("\r\nNats-Sequence: ");
const TIME = text("\r\nNats-Time-Stamp: ");
const PENDING = text("\r\nNats-Num-Pending: ");
const LAST = text("\r\nNats-Last-Sequence: ");
const END = text("\r\n\r\n");
const LINE_END_BYTES = 2;
const ZERO = 0x30;
const DOT = 0x2e;
const ZULU = 0x5a;
const COLON = 0x3a;
const FRACTION_DIGITS = 9;
/** Seconds, and minutes. */
const MINUTE = 60;
const DAY = 86_400;
const DAYS = 32;
const MIDNIGHT = "00:00:00Z";
const NOTHING = new Uint8Array(0);
/** What all but the message's own headers, the stream's name and the subject may need. */
const MOST_ADDED = 256 + 3 * DIGITS;

export class DirectHeader {
  readonly #stream: Uint8Array;
  /** What was written last: [0, length). */
  bytes = new Uint8Array(1024);
  length = 0;
  /** The same behind a version. */
  readonly #begin: Uint8Array;
  /** Whether that is what the buffer begins with; and where the label of the sequence is, 0 when nobody knows. */
  #hasBegin = false;
  #sequenceAt = 0;
  /** Days that were written, by the number of each, modulo their count; and how each begins. */
  readonly #days = new Float64Array(DAYS).fill(Number.NaN);
  readonly #dates: Uint8Array[] = Array.from({ length: DAYS }, () => NOTHING);

  constructor(stream: ByteString) {
    const lines = `Nats-Stream: ${stream}\r\nNats-Subject: `;
    this.#stream = text(lines);
    this.#begin = text(`NATS/1.0\r\n${lines}`);
  }

  write(msg: StoredMsg, batch: InBatch | undefined): void {
    const own = msg.headerTo - msg.headerFrom;
    const subjectLength = msg.subjectTo - msg.subjectFrom;
    const most = own + this.#stream.length + subjectLength + MOST_ADDED;
    if (this.bytes.length < most) {
      this.bytes = new Uint8Array(most * 2);
      this.#hasBegin = false;
      this.#sequenceAt = 0;
    }
    const into = this.bytes;
    let at = this.#begin.length;
    if (own > 0) {
      at = putAll(into, putBytes(into, 0, msg.header, msg.headerFrom, msg.headerTo - LINE_END_BYTES), this.#stream);
      this.#sequenceAt = 0;
    } else if (!this.#hasBegin) {
      putAll(into, 0, this.#begin);
      this.#sequenceAt = 0;
    }
    this.#hasBegin = own === 0;
    at = putBytes(into, at, msg.subject, msg.subjectFrom, msg.subjectTo);
    if (at !== this.#sequenceAt) putAll(into, at, SEQUENCE);
    this.#sequenceAt = at;
    at = putDigits(into, at + SEQUENCE.length, msg.seq);
    at = this.#putTime(into, putAll(into, at, TIME), msg.sec, msg.nanos);
    if (batch !== undefined) {
      at = putDigits(into, putAll(into, at, PENDING), batch.pending);
      at = putDigits(into, putAll(into, at, LAST), batch.lastSeq);
    }
    this.length = putAll(into, at, END);
  }

  /** As Go's RFC 3339 with nanoseconds: without zeros at the end. */
  #putTime(into: Uint8Array, from: number, sec: number, nanos: number): number {
    const day = Math.floor(sec / DAY);
    const slot = day & (DAYS - 1);
    if (this.#days[slot] !== day) {
      this.#days[slot] = day;
      this.#dates[slot] = text(rfc3339Nano(day * DAY, 0).slice(0, -MIDNIGHT.length));
    }
    let at = putAll(into, from, this.#dates[slot]!);
    const second = sec - day * DAY;
    const minute = (second / MINUTE) | 0;
    const hour = (minute / MINUTE) | 0;
    at = putTwo(into, at, hour);
    into[at] = COLON;
    at = putTwo(into, at + 1, minute - hour * MINUTE);
    into[at] = COLON;
    at = putTwo(into, at + 1, second - minute * MINUTE);
    if (nanos > 0) {
      into[at++] = DOT;
      let rest = nanos;
      let end = at;
      for (let i = at + FRACTION_DIGITS - 1; i >= at; i--) {
        const tenth = (rest / 10) | 0;
        const digit = rest - tenth * 10;
        into[i] = ZERO + digit;
        if (digit > 0 && end === at) end = i + 1;
        rest = tenth;
      }
      at = end;
    }
    into[at] = ZULU;
    return at + 1;
  }
}

function putTwo(into: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0;
  into[at] = ZERO + tens;
  into[at + 1] = ZERO + value - tens * 10;
  return at + 2;
}

function putAll(into: Uint8Array, at: number, from: Uint8Array): number {
  for (let i = 0; i < from.length; i++) into[at + i] = from[i]!;
  return at + from.length;
}
