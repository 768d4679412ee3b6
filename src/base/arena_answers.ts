// Messages of the arena that differ in their subject and in a number that counts up: written by a kernel,
// or by its plain twin where WebAssembly cannot be had. Knows nothing of what they answer.

import { bytes, copy1, memory } from "./arena.ts";
import { wasm } from "./kernel/answers.wasm.ts";
import { openKernel } from "./wasm.ts";

/**
 * Writes "MSG ", a subject and the line, up to `count` times at `to`. The subjects, each `length` long, lie behind each
 * other; in the line, before `digits`, stands a number, which is one more each time; when it would get longer the byte
 * before it is spoiled. How many were written: it ends before a subject that does not begin
 * with the first's `prefix` bytes (8 or more, fewer than `length`), or has a dot behind them. All are offsets into the arena.
 */
export type Answers = (
  to: number,
  subjects: number,
  length: number,
  prefix: number,
  count: number,
  line: number,
  lineLength: number,
  digits: number,
) => number;

const MSG = Buffer.from("MSG ");
const DOT = 0x2e;
const NINE = 0x39;
const ZERO = 0x30;

/** The plain twin; runs the same tests. */
export const plainAnswers: Answers = (to, subjects, length, prefix, count, line, lineLength, digits) => {
  let at = to;
  for (let i = 0; i < count; i++) {
    const subject = subjects + i * length;
    for (let k = 0; k < length; k++) {
      if (k < prefix ? bytes[subject + k] !== bytes[subjects + k] : bytes[subject + k] === DOT) return i;
    }
    bytes.set(MSG, at);
    copy1(at + MSG.length, subject, length);
    copy1(at + MSG.length + length, line, lineLength);
    at += MSG.length + length + lineLength;
    let digit = digits - 1;
    for (; bytes[digit] === NINE; digit--) bytes[digit] = ZERO;
    bytes[digit]!++;
  }
  return count;
};

function openAnswers(): Answers {
  if (memory === undefined) return plainAnswers;
  try {
    return openKernel(wasm, memory, { copy: { copy1 } })["answers"] as Answers;
  } catch {
    return plainAnswers;
  }
}

let opened: Answers | undefined;

/** The kernel, made when it is first asked for. */
export function answersKernel(): Answers {
  return (opened ??= openAnswers());
}
