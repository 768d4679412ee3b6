// The end of a message's first line, as the server writes it itself: how long
// the headers are, if there are any, how long everything is, and where it begins.

import { putDigits } from "../base/digits.ts";
import type { Frame } from "../proto/frame.ts";

const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;

/** Writes it into into[at…] and the offsets into `frame`; where the headers or the payload go. Without headers `header` is 0. */
export function putSizes(frame: Frame, into: Uint8Array, at: number, header: number, total: number): number {
  let next = at;
  frame.headerBytes = header > 0 ? header : -1;
  frame.headerSizeFrom = next;
  frame.headerSizeTo = next;
  if (header > 0) {
    next = putDigits(into, next, header);
    frame.headerSizeTo = next;
    into[next++] = SPACE;
  }
  frame.sizeFrom = next;
  next = putDigits(into, next, total);
  frame.sizeTo = next;
  into[next] = CR;
  into[next + 1] = LF;
  frame.payloadFrom = next + 2;
  return next + 2;
}
