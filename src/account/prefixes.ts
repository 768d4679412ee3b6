// Heads of MSG lines, made once and copied before each message.
//
// "HMSG orders.new 7 " lies in the arena; its MSG form is the same without the
// first byte. When the region is full it starts over: `epoch` grows, and
// whoever holds older offsets drops them.

import { PREFIX, PREFIX_BYTES } from "../base/arena.ts";
import { assert } from "../base/assert.ts";

const END = PREFIX + PREFIX_BYTES - 64;
let next = PREFIX;
let currentEpoch = 1;

/** Offsets taken in an earlier epoch are void. */
export function prefixEpoch(): number {
  return currentEpoch;
}

/** Room for `length` bytes; may begin a new epoch. At most PREFIX_BYTES / 4. */
export function takePrefix(length: number): number {
  assert(length <= PREFIX_BYTES / 4, "no route takes all of the prefix region");
  if (next + length > END) {
    next = PREFIX;
    currentEpoch++;
  }
  const offset = next;
  next += length;
  return offset;
}
