// Pieces of bytes put one behind the other. Into the arena `copyIn` is faster.

import { viewOf } from "./views.ts";

/** Below this byte by byte, above `LONG` as a whole, between them four bytes at a time: measured. */
const SHORT = 12;
const LONG = 256;
const CR = 0x0d;
const LF = 0x0a;

/** Copies source[from, to) to into[at…]; where it ends there. The two do not overlap. */
export function putBytes(into: Uint8Array, at: number, source: Uint8Array, from: number, to: number): number {
  const count = to - from;
  if (count < SHORT) for (let i = 0; i < count; i++) into[at + i] = source[from + i]!;
  else if (count > LONG) into.set(source.subarray(from, to), at);
  else {
    const target = viewOf(into);
    const view = viewOf(source);
    const last = count - 4;
    for (let i = 0; i < last; i += 4) target.setInt32(at + i, view.getInt32(from + i, true), true);
    // The last four, whichever of them are there already.
    target.setInt32(at + last, view.getInt32(to - 4, true), true);
  }
  return at + count;
}

/** Ends a line; where what follows begins. */
export function putLineEnd(into: Uint8Array, at: number): number {
  into[at] = CR;
  into[at + 1] = LF;
  return at + 2;
}
