// Numbers as decimal digits in bytes.

const ZERO = 0x30;
const INT32 = 2 ** 31;

/** Room that `putDigits` may need. */
export const DIGITS = 16;

/** Writes a whole number from 0 to 2^53−1; where it ends. */
export function putDigits(into: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let bound = 10; bound <= value; bound *= 10) end++;
  let i = end - 1;
  let rest = value;
  while (rest >= INT32) {
    const tenth = Math.floor(rest / 10);
    into[i--] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  for (let small = rest | 0; i >= at; i--) {
    const tenth = (small / 10) | 0;
    into[i] = ZERO + (small - tenth * 10);
    small = tenth;
  }
  return end;
}
