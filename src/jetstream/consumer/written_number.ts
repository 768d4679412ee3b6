// A number that stands in bytes as decimal digits, and is changed where it
// stands: one more or one less mostly means one other digit.

const ZERO = 0x30;
const NINE = 0x39;
/** The largest number that the processor divides as a whole one. */
const MOST_WHOLE = 0x7fffffff;

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

/** How many digits a number has. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let power = 10; value >= power; power *= 10) digits++;
  return digits;
}

/** Fills bytes[at, end) with the last digits of a number: in whole numbers of the machine when it is one. */
export function writeDigits(bytes: Uint8Array, at: number, end: number, value: number): void {
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
