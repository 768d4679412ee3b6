// Numbers as decimal digits in bytes. They are whole, from 0 to 2^53−1.

const ZERO = 0x30;
/** The largest number that the processor divides as a whole one. */
const MOST_WHOLE = 0x7fffffff;

/** Room that a number may need. */
export const DIGITS = 16;

/** Writes a number at `at`; where it ends. */
export function putDigits(into: Uint8Array, at: number, value: number): number {
  const end = at + digitsOf(value);
  writeDigits(into, at, end, value);
  return end;
}

/** How many digits a number has. */
export function digitsOf(value: number): number {
  if (value < 10_000) return value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : 4;
  let digits = 5;
  for (let power = 100_000; value >= power; power *= 10) digits++;
  return digits;
}

/** Fills into[at, end) with the last digits of a number: in whole numbers of the machine when it is one. */
export function writeDigits(into: Uint8Array, at: number, end: number, value: number): void {
  let i = end - 1;
  let rest = value;
  for (; rest > MOST_WHOLE && i >= at; i--) {
    const next = Math.floor(rest / 10);
    into[i] = ZERO + (rest - next * 10);
    rest = next;
  }
  for (let whole = rest | 0; i >= at; i--) {
    const next = (whole / 10) | 0;
    into[i] = ZERO + (whole - next * 10);
    whole = next;
  }
}
