// Blanks at both ends of text in bytes, as Go's TrimSpace has them: those of
// Unicode, too.

import { goText } from "../../base/json_reader.ts";

/** The range within [from, to) without the blanks at its ends. */
export function trimmed(bytes: Uint8Array, from: number, to: number): readonly [from: number, to: number] {
  let [start, end] = [from, to];
  for (let wide = blankAt(bytes, start, end); wide > 0; wide = blankAt(bytes, start, end)) start += wide;
  for (let wide = blankBefore(bytes, start, end); wide > 0; wide = blankBefore(bytes, start, end)) end -= wide;
  return [start, end];
}

const wideBlank = /^[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** How many bytes the blank takes that starts at `at`; 0 when none does. */
function blankAt(bytes: Uint8Array, at: number, to: number): number {
  if (at >= to) return 0;
  const first = bytes[at]!;
  if (first < 0x80) return (first >= 0x09 && first <= 0x0d) || first === 0x20 ? 1 : 0;
  for (const wide of [2, 3]) {
    if (at + wide <= to && wideBlank.test(goText(bytes, at, at + wide))) return wide;
  }
  return 0;
}

/** The same for the blank that ends at `to`. */
function blankBefore(bytes: Uint8Array, from: number, to: number): number {
  for (const wide of [1, 2, 3]) {
    if (to - wide >= from && blankAt(bytes, to - wide, to) === wide) return wide;
  }
  return 0;
}
