// The headers of an answer to DIRECT.GET, as bytes: those the message has, and
// where it is from.
//
//     NATS/1.0 … │ Nats-Stream │ Nats-Subject │ Nats-Sequence │ Nats-Time-Stamp │ (Nats-Num-Pending, Nats-Last-Sequence)
//
// Written in the arena's region for headers when there is room: of the header
// before, what is the same and in the same place stays.

import { bytes as arena, HEADER, HEADER_BYTES } from "../../base/arena.ts";
import { bytesOf, type ByteString } from "../../base/bytes.ts";
import { DIGITS, putDigits, writeDigits } from "../../base/digits.ts";
import { rfc3339Nano } from "../../base/gotime.ts";
import { putBytes } from "../../base/put_bytes.ts";
import type { StoredMsg } from "../../store/stream_store.ts";
import { WrittenNumber } from "../consumer/written_number.ts";

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

/** How many there are, and the number of the one whose header lies in the arena. */
let made = 0;
let user = 0;

export class DirectHeader {
  readonly #number = ++made;
  readonly #stream: Uint8Array;
  /** What was written last: bytes[from, to). */
  bytes: Uint8Array = arena;
  from = HEADER;
  to = HEADER;
  /** The same behind a version. */
  readonly #begin: Uint8Array;
  // Of the header in the arena: whether it begins with that, where the subject ends, the numbers and the time behind it.
  #hasBegin = false;
  #subjectTo = 0;
  readonly #seq = new WrittenNumber(arena);
  readonly #pending = new WrittenNumber(arena);
  readonly #lastSeq = new WrittenNumber(arena);
  #inBatch = false;
  #timeTo = 0;
  #sec = Number.NaN;
  /** Digits behind the dot. */
  #fraction = 0;
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
    const most = own + this.#begin.length + msg.subjectTo - msg.subjectFrom + MOST_ADDED;
    if (own > 0 || most > HEADER_BYTES) this.#writeOwn(msg, batch, most);
    else this.#writeHere(msg, batch);
  }

  /** A header that is all added, in the arena: writes what differs from the one before. */
  #writeHere(msg: StoredMsg, batch: InBatch | undefined): void {
    const { subject, subjectFrom, subjectTo } = msg;
    const subjectAt = HEADER + this.#begin.length;
    const isOwn = user === this.#number && this.#hasBegin;
    if (!isOwn) putAll(arena, HEADER, this.#begin);
    user = this.#number;
    this.#hasBegin = true;
    let at = subjectAt + subjectTo - subjectFrom;
    // From the first part on that has another length all is written anew.
    let isMoved = !isOwn || at !== this.#subjectTo;
    if (isMoved || !isSame(subject, subjectFrom, subjectTo, subjectAt)) {
      putBytes(arena, subjectAt, subject, subjectFrom, subjectTo);
    }
    this.#subjectTo = at;
    if (isMoved) putAll(arena, at, SEQUENCE);
    at += SEQUENCE.length;
    if (isMoved || !this.#seq.change(msg.seq)) {
      this.#seq.write(at, msg.seq);
      isMoved = true;
    }
    at = this.#seq.to;
    if (isMoved) putAll(arena, at, TIME);
    at += TIME.length;
    if (!isMoved && msg.sec === this.#sec && this.#fraction === FRACTION_DIGITS && msg.nanos % 10 !== 0) {
      writeDigits(arena, this.#timeTo - 1 - FRACTION_DIGITS, this.#timeTo - 1, msg.nanos);
    } else {
      // It writes zeros at its end before it takes them away.
      this.#timeTo = this.#putTime(arena, at, msg.sec, msg.nanos);
      this.#sec = msg.sec;
      isMoved = true;
    }
    at = this.#timeTo;
    isMoved ||= this.#inBatch !== (batch !== undefined);
    this.#inBatch = batch !== undefined;
    if (batch !== undefined) {
      if (isMoved) putAll(arena, at, PENDING);
      at += PENDING.length;
      if (isMoved || !this.#pending.change(batch.pending)) {
        this.#pending.write(at, batch.pending);
        isMoved = true;
      }
      at = this.#pending.to;
      if (isMoved) putAll(arena, at, LAST);
      at += LAST.length;
      if (isMoved || !this.#lastSeq.change(batch.lastSeq)) {
        this.#lastSeq.write(at, batch.lastSeq);
        isMoved = true;
      }
      at = this.#lastSeq.to;
    }
    if (isMoved) putAll(arena, at, END);
    this.bytes = arena;
    this.from = HEADER;
    this.to = at + END.length;
  }

  /** A header that begins with that of the message, or is too long for the arena's region. */
  #writeOwn(msg: StoredMsg, batch: InBatch | undefined, most: number): void {
    const into = this.bytes === arena || this.bytes.length < most ? new Uint8Array(most * 2) : this.bytes;
    let at = 0;
    if (msg.headerTo > msg.headerFrom) {
      at = putBytes(into, 0, msg.header, msg.headerFrom, msg.headerTo - LINE_END_BYTES);
      at = putAll(into, at, this.#stream);
    } else at = putAll(into, 0, this.#begin);
    at = putBytes(into, at, msg.subject, msg.subjectFrom, msg.subjectTo);
    at = putDigits(into, putAll(into, at, SEQUENCE), msg.seq);
    at = this.#putTime(into, putAll(into, at, TIME), msg.sec, msg.nanos);
    if (batch !== undefined) {
      at = putDigits(into, putAll(into, at, PENDING), batch.pending);
      at = putDigits(into, putAll(into, at, LAST), batch.lastSeq);
    }
    this.bytes = into;
    this.from = 0;
    this.to = putAll(into, at, END);
    // What #putTime notes is of another buffer.
    this.#hasBegin = false;
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
    this.#fraction = 0;
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
      this.#fraction = end - at;
      at = end;
    }
    into[at] = ZULU;
    return at + 1;
  }
}

/** Whether a subject stands in the arena. They differ at their ends. */
function isSame(subject: Uint8Array, from: number, to: number, at: number): boolean {
  for (let i = to - from - 1; i >= 0; i--) if (subject[from + i] !== arena[at + i]) return false;
  return true;
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
