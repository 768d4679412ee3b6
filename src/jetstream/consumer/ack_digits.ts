// The numbers of an ack subject as they stand in bytes, behind its prefix. From
// one message to the next little changes: only those digits are written.
//
//     <deliveries>.<stream seq>.<consumer seq>.<time>.<pending>
//
// Owns where they stand; the bytes are its maker's.

import { digitsOf, writeDigits } from "../../base/digits.ts";
import { WrittenNumber } from "./written_number.ts";

const DOT = 0x2e;
const NANO_DIGITS = 9;
/** Five numbers of at most 19 digits, and their dots. */
export const ACK_NUMBER_BYTES = 100;

export class AckDigits {
  readonly #bytes: Uint8Array;
  readonly #deliveries: WrittenNumber;
  readonly #streamSeq: WrittenNumber;
  readonly #consumerSeq: WrittenNumber;
  readonly #pending: WrittenNumber;
  #timeTo = 0;
  /** Not a number: nothing is written yet, or the digits of the time are not those of its parts. */
  #sec = Number.NaN;
  #nanos = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#deliveries = new WrittenNumber(bytes);
    this.#streamSeq = new WrittenNumber(bytes);
    this.#consumerSeq = new WrittenNumber(bytes);
    this.#pending = new WrittenNumber(bytes);
  }

  /** Writes them at `at`; their end. The time is that of the message. */
  write(
    at: number,
    deliveries: number,
    streamSeq: number,
    consumerSeq: number,
    sec: number,
    nanos: number,
    pending: number,
  ): number {
    // prettier-ignore
    let to = this.#deliveries.write(at, deliveries);
    to = this.#streamSeq.write(this.#dot(to), streamSeq);
    to = this.#consumerSeq.write(this.#dot(to), consumerSeq);
    to = this.#time(this.#dot(to), sec, nanos);
    this.#timeTo = to;
    // Before 1970 the digits are not those of the parts.
    this.#sec = sec > 0 ? sec : Number.NaN;
    this.#nanos = nanos;
    return this.#pending.write(this.#dot(to), pending);
  }

  /** Makes those of another message of what stands there. False when that has another length: then what stands there is void. */
  change(
    deliveries: number,
    streamSeq: number,
    consumerSeq: number,
    sec: number,
    nanos: number,
    pending: number,
  ): boolean {
    // prettier-ignore
    if (
      sec !== this.#sec ||
      !this.#deliveries.change(deliveries) ||
      !this.#streamSeq.change(streamSeq) ||
      !this.#consumerSeq.change(consumerSeq) ||
      !this.#pending.change(pending)
    )
      return false;
    if (nanos !== this.#nanos) writeDigits(this.#bytes, this.#timeTo - NANO_DIGITS, this.#timeTo, nanos);
    this.#nanos = nanos;
    return true;
  }

  #dot(at: number): number {
    this.#bytes[at] = DOT;
    return at + 1;
  }

  /** Nanoseconds since 1970. */
  #time(at: number, sec: number, nanos: number): number {
    if (sec <= 0) return this.#text(at, String(BigInt(sec) * 1_000_000_000n + BigInt(nanos)));
    const end = at + digitsOf(sec) + NANO_DIGITS;
    writeDigits(this.#bytes, at, end - NANO_DIGITS, sec);
    writeDigits(this.#bytes, end - NANO_DIGITS, end, nanos);
    return end;
  }

  #text(at: number, text: string): number {
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i);
    return at + text.length;
  }
}
