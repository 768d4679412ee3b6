// The arguments of a control line: tokens between spaces and tabs.

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
/** More tokens than any operation takes: enough to know that there are too many. */
const MOST = 6;

/** Where the arguments are. Reused by the next `splitArguments`. */
class Arguments {
  /** How many there are; counts no further than MOST. */
  count = 0;
  readonly #ranges = new Int32Array(2 * MOST);

  from(i: number): number {
    return this.#ranges[2 * i]!;
  }
  to(i: number): number {
    return this.#ranges[2 * i + 1]!;
  }
  add(from: number, to: number): void {
    this.#ranges[2 * this.count] = from;
    this.#ranges[2 * this.count + 1] = to;
    this.count++;
  }
}

const args = new Arguments();

/** Splits source[from, to). The result is good until the next call. */
export function splitArguments(source: Uint8Array, from: number, to: number): Arguments {
  args.count = 0;
  let start = -1;
  for (let i = from; i <= to; i++) {
    const byte = i === to ? SPACE : source[i]!;
    if (byte === SPACE || byte === TAB || byte === CR || byte === LF) {
      if (start >= 0) args.add(start, i);
      start = -1;
      if (args.count === MOST) return args;
    } else if (start < 0) start = i;
  }
  return args;
}

/** Value of 1 to 9 decimal digits, else −1. */
export function parseSize(source: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > 9) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = source[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
