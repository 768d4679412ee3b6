// The subjects that acks and flow control go to: what a delivered message has
// as its reply, in two forms, and what is read from one that comes back.
//
//     $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>
//     $JS.ACK.<domain or _>.<account hash>.<stream>.<consumer>.…the same five[.…]
//
// Owns the bytes it writes. Source: jetstream-api facts §3.

import { type ByteString, byteString, bytesOf } from "../../base/bytes.ts";
import { digitsOf, writeDigits, WrittenNumber } from "./written_number.ts";

const ZERO = 0x30;
const DOT = 0x2e;
const NUMBERS = 5;
/** Five numbers of at most 19 digits, and their dots. */
const NUMBER_BYTES = 100;
/** What a number is that is none, or too large to be one: above every sequence. */
const NO_NUMBER = Number.MAX_SAFE_INTEGER;
/** The number of an ack that is the last one anybody looks at, counted from 0. */
const LAST_READ = 2;
const NANO_DIGITS = 9;

/** Whose messages they are. */
export interface AckNames {
  readonly stream: string;
  readonly consumer: string;
  /** Empty without one. */
  readonly domain: string;
  readonly accountHash: string;
  /** Which form is written; both are read. */
  readonly version2: boolean;
}

export class AckSubject {
  /** What acks are listened for on, in both forms. */
  readonly subjects: readonly [ByteString, ByteString];
  /** The same for answers to flow control. */
  readonly flowSubjects: readonly [ByteString, ByteString];
  /** The beginning of a flow control reply. */
  readonly flowPrefix: ByteString;
  /** The reply written last: bytes[0, end). */
  readonly bytes: Uint8Array;
  end = 0;
  // Of the ack read last.
  deliveries = 0;
  streamSeq = 0;
  consumerSeq = 0;
  readonly #last: WrittenReply;
  readonly #prefixLength: number;
  readonly #first: number;
  readonly #second: number;

  constructor({ stream, consumer, domain, accountHash, version2 }: AckNames) {
    const one = byteString(`${stream}.${consumer}.`);
    const two = byteString(`${domain === "" ? "_" : domain}.${accountHash}.${one}`);
    this.subjects = [`$JS.ACK.${one}*.*.*.*.*` as ByteString, `$JS.ACK.${two}*.*.*.*.>` as ByteString];
    this.flowSubjects = [`$JS.FC.${one}*` as ByteString, `$JS.FC.${two}*` as ByteString];
    this.flowPrefix = `$JS.FC.${version2 ? two : one}` as ByteString;
    const prefix = bytesOf(`$JS.ACK.${version2 ? two : one}` as ByteString);
    this.bytes = new Uint8Array(prefix.length + NUMBER_BYTES);
    this.bytes.set(prefix);
    this.#last = new WrittenReply(this.bytes);
    this.#prefixLength = prefix.length;
    this.#first = "$JS.ACK.".length + one.length;
    this.#second = "$JS.ACK.".length + two.length;
  }

  /** Writes the reply of a delivery; its length. The time is that of the message. */
  write(
    deliveries: number,
    streamSeq: number,
    consumerSeq: number,
    sec: number,
    nanos: number,
    pending: number,
  ): number {
    const last = this.#last;
    // From one message to the next little changes: only those digits are written.
    if (
      sec === last.sec &&
      last.deliveries.change(deliveries) &&
      last.streamSeq.change(streamSeq) &&
      last.consumerSeq.change(consumerSeq) &&
      last.pending.change(pending)
    ) {
      if (nanos !== last.nanos) writeDigits(this.bytes, last.timeTo - NANO_DIGITS, last.timeTo, nanos);
      last.nanos = nanos;
      return this.end;
    }
    let at = last.deliveries.write(this.#prefixLength, deliveries);
    at = last.streamSeq.write(this.#dot(at), streamSeq);
    at = last.consumerSeq.write(this.#dot(at), consumerSeq);
    at = this.#time(this.#dot(at), sec, nanos);
    last.timeTo = at;
    // Before 1970 the digits are not those of the parts.
    last.sec = sec > 0 ? sec : Number.NaN;
    last.nanos = nanos;
    this.end = last.pending.write(this.#dot(at), pending);
    return this.end;
  }

  /** Reads source[from, to), the subject of an ack: `deliveries`, `streamSeq` and `consumerSeq`. False when it is none. */
  read(source: Uint8Array, from: number, to: number, version2: boolean): boolean {
    let at = from + (version2 ? this.#second : this.#first);
    for (let i = 0; i < NUMBERS; i++) {
      const start = at;
      let value = 0;
      // Of the time and what was pending, only that they are there matters: nineteen digits to skip for each ack.
      if (i > LAST_READ) while (at < to && source[at] !== DOT) at++;
      else
        for (; at < to && source[at] !== DOT; at++) {
          const digit = source[at]! - ZERO;
          value = digit < 0 || digit > 9 ? NO_NUMBER : Math.min(NO_NUMBER, value * 10 + digit);
        }
      if (at === start) value = NO_NUMBER;
      if (i === 0) this.deliveries = value;
      else if (i === 1) this.streamSeq = value;
      else if (i === 2) this.consumerSeq = value;
      if (at === to) return i === NUMBERS - 1;
      at++;
    }
    return version2;
  }

  #dot(at: number): number {
    this.bytes[at] = DOT;
    return at + 1;
  }

  /** Nanoseconds since 1970. */
  #time(at: number, sec: number, nanos: number): number {
    if (sec <= 0) return this.#text(at, String(BigInt(sec) * 1_000_000_000n + BigInt(nanos)));
    const end = at + digitsOf(sec) + NANO_DIGITS;
    writeDigits(this.bytes, at, end - NANO_DIGITS, sec);
    writeDigits(this.bytes, end - NANO_DIGITS, end, nanos);
    return end;
  }

  #text(at: number, text: string): number {
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
    return at + text.length;
  }
}

/** Where the numbers of the reply written last are. */
class WrittenReply {
  readonly deliveries: WrittenNumber;
  readonly streamSeq: WrittenNumber;
  readonly consumerSeq: WrittenNumber;
  readonly pending: WrittenNumber;
  timeTo = 0;
  sec = Number.NaN;
  nanos = 0;

  constructor(bytes: Uint8Array) {
    this.deliveries = new WrittenNumber(bytes);
    this.streamSeq = new WrittenNumber(bytes);
    this.consumerSeq = new WrittenNumber(bytes);
    this.pending = new WrittenNumber(bytes);
  }
}
