// The subjects that acks and flow control go to: what a delivered message has
// as its reply, in two forms, and what is read from one that comes back.
//
//     $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>
//     $JS.ACK.<domain or _>.<account hash>.<stream>.<consumer>.…the same five[.…]
//
// Owns the bytes it writes. Source: jetstream-api facts §3.

import { type ByteString, byteString, bytesOf } from "../../base/bytes.ts";

const ZERO = 0x30;
const DOT = 0x2e;
const NUMBERS = 5;
/** Five numbers of at most 19 digits, and their dots. */
const NUMBER_BYTES = 100;
/** What a number is that is none, or too large to be one: above every sequence. */
const NO_NUMBER = Number.MAX_SAFE_INTEGER;
/** The number of an ack that is the last one anybody looks at, counted from 0. */
const LAST_READ = 2;
/** The largest number that the processor divides as a whole one. */
const MOST_WHOLE = 0x7fffffff;

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
    let at = this.#number(this.#prefixLength, deliveries);
    at = this.#number(this.#dot(at), streamSeq);
    at = this.#number(this.#dot(at), consumerSeq);
    at = this.#time(this.#dot(at), sec, nanos);
    this.end = this.#number(this.#dot(at), pending);
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

  #number(at: number, value: number): number {
    const { bytes } = this;
    if (value < 10) {
      bytes[at] = ZERO + value;
      return at + 1;
    }
    let end = at + 1;
    for (let power = 10; value >= power; power *= 10) end++;
    this.#digits(at, end, value);
    return end;
  }

  /** Fills bytes[at, end) with the last digits of a number: in whole numbers of the machine when it is one. */
  #digits(at: number, end: number, value: number): void {
    const { bytes } = this;
    let i = end - 1;
    let rest = value;
    for (; rest > MOST_WHOLE && i >= at; i--) {
      const next = Math.floor(rest / 10);
      bytes[i] = ZERO + (rest - next * 10);
      rest = next;
    }
    for (let whole = rest | 0; i >= at; i--) {
      const next = (whole / 10) | 0;
      bytes[i] = ZERO + (whole - next * 10);
      whole = next;
    }
  }

  /** Nanoseconds since 1970. */
  #time(at: number, sec: number, nanos: number): number {
    if (sec <= 0) return this.#text(at, String(BigInt(sec) * 1_000_000_000n + BigInt(nanos)));
    const end = this.#number(at, sec) + 9;
    this.#digits(end - 9, end, nanos);
    return end;
  }

  #text(at: number, text: string): number {
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
    return at + text.length;
  }
}
