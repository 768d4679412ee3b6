// The subjects that acks and flow control go to: what a delivered message has
// as its reply, in two forms, and what is read from one that comes back.
//
//     $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>
//     $JS.ACK.<domain or _>.<account hash>.<stream>.<consumer>.…the same five[.…]
//
// Owns the bytes it writes. Source: jetstream-api facts §3.

import { type ByteString, byteString, bytesOf } from "../../base/bytes.ts";
import { ACK_NUMBER_BYTES, AckDigits } from "./ack_digits.ts";

const ZERO = 0x30;
const DOT = 0x2e;
const NUMBERS = 5;
/** What a number is that is none, or too large to be one: above every sequence. */
const NO_NUMBER = Number.MAX_SAFE_INTEGER;
/** The number of an ack that is the last one anybody looks at, counted from 0. */
const LAST_READ = 2;

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
  /** What comes before the numbers: bytes[0, prefixLength). */
  readonly prefixLength: number;
  // Of the ack read last.
  deliveries = 0;
  streamSeq = 0;
  consumerSeq = 0;
  readonly #digits: AckDigits;
  readonly #first: number;
  readonly #second: number;

  constructor({ stream, consumer, domain, accountHash, version2 }: AckNames) {
    const one = byteString(`${stream}.${consumer}.`);
    const two = byteString(`${domain === "" ? "_" : domain}.${accountHash}.${one}`);
    this.subjects = [`$JS.ACK.${one}*.*.*.*.*` as ByteString, `$JS.ACK.${two}*.*.*.*.>` as ByteString];
    this.flowSubjects = [`$JS.FC.${one}*` as ByteString, `$JS.FC.${two}*` as ByteString];
    this.flowPrefix = `$JS.FC.${version2 ? two : one}` as ByteString;
    const prefix = bytesOf(`$JS.ACK.${version2 ? two : one}` as ByteString);
    this.bytes = new Uint8Array(prefix.length + ACK_NUMBER_BYTES);
    this.bytes.set(prefix);
    this.#digits = new AckDigits(this.bytes);
    this.prefixLength = prefix.length;
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
    const digits = this.#digits;
    if (!digits.change(deliveries, streamSeq, consumerSeq, sec, nanos, pending)) {
      this.end = digits.write(this.prefixLength, deliveries, streamSeq, consumerSeq, sec, nanos, pending);
    }
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
}
