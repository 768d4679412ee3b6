// Copies bytes from anywhere into the arena: for messages that are written where
// they leave from.
//
// A short piece goes four bytes at a time through a view of its source.

import { bytes, copy1 } from "./arena.ts";
import { viewOf } from "./views.ts";

/** Below this byte by byte, above that as a whole: measured. */
const SHORT = 12;
const LONG = 128;

const arena = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Copies source[from, to) to `at`; the end. From the arena itself it may scribble up to 63 bytes past that. */
export function copyIn(at: number, source: Uint8Array, from: number, to: number): number {
  const count = to - from;
  if (count < SHORT) for (let i = 0; i < count; i++) bytes[at + i] = source[from + i]!;
  else if (source === bytes) copy1(at, from, count);
  else if (count > LONG) bytes.set(source.subarray(from, to), at);
  else {
    const view = viewOf(source);
    const whole = count & ~3;
    for (let i = 0; i < whole; i += 4) arena.setUint32(at + i, view.getUint32(from + i, true), true);
    for (let i = whole; i < count; i++) bytes[at + i] = source[from + i]!;
  }
  return at + count;
}
