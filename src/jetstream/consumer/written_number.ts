// A number that stands in bytes as decimal digits, and is changed where it
// stands: one more or one less mostly means one other digit.

import { digitsOf, writeDigits } from "../../base/digits.ts";

const ZERO = 0x30;
const NINE = 0x39;

export class WrittenNumber {
  readonly #bytes: Uint8Array;
  #from = 0;
  #to = 0;
  /** Not a number: nothing is written yet. */
  #value = Number.NaN;

  /** Numbers are at least 0 and whole. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Where it ends. */
  get to(): number {
    return this.#to;
  }

  /** Writes it at `from`; the end. */
  write(from: number, value: number): number {
    const to = from + digitsOf(value);
    writeDigits(this.#bytes, from, to, value);
    this.#from = from;
    this.#to = to;
    this.#value = value;
    return to;
  }

  /** Writes another number in its place. False when that has another length: what stands there is void then. */
  change(value: number): boolean {
    const last = this.#value;
    if (value === last) return true;
    this.#value = Number.NaN;
    if (value === last + 1) {
      if (!this.#raise()) return false;
    } else if (value === last - 1) {
      if (!this.#lower()) return false;
    } else {
      if (!(last >= 0) || digitsOf(value) !== this.#to - this.#from) return false;
      writeDigits(this.#bytes, this.#from, this.#to, value);
    }
    this.#value = value;
    return true;
  }

  #raise(): boolean {
    const bytes = this.#bytes;
    let at = this.#to - 1;
    for (; bytes[at] === NINE; at--) {
      if (at === this.#from) return false;
      bytes[at] = ZERO;
    }
    bytes[at] = bytes[at]! + 1;
    return true;
  }

  #lower(): boolean {
    const bytes = this.#bytes;
    let at = this.#to - 1;
    for (; bytes[at] === ZERO; at--) bytes[at] = NINE;
    bytes[at] = bytes[at]! - 1;
    return at > this.#from || bytes[at] !== ZERO || this.#to - this.#from === 1;
  }
}
