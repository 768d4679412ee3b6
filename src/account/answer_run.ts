// Answers that follow each other to the one connection that gets them all: each to an inbox of its own below the same
// beginning, each with a number that is one more than that of the one before.
//
//     INNER   │ sid size␍␊head 17tail␍␊ │ inbox inbox inbox …      the line, whose digits count up, and copies of the inboxes
//     slot    │ MSG inbox line │ MSG inbox line │ …               some at a time, by a kernel
//
// What is out of the ordinary is left to deliver_alone.ts, message by message.

import { bytes, INNER, INNER_BYTES } from "../base/arena.ts";
import { answersKernel } from "../base/arena_answers.ts";
import { copyIn } from "../base/arena_copy.ts";
import { digitsOf, putDigits } from "../base/digits.ts";
import { putBytes, putLineEnd } from "../base/put_bytes.ts";
import type { Subscription } from "./subscription.ts";

const SPACE = 0x20;
const MSG_BYTES = 4;
const NOTHING = new Uint8Array(0);
/** Of the line: it must fit in front of the inboxes. */
const LINE_BYTES = 4096;
const INBOXES = INNER + LINE_BYTES;
/** Some is left for what the kernel reads too much. */
const INBOXES_BYTES = INNER_BYTES - LINE_BYTES - 64;
/** A blank after the sid is one of its own; two line ends and two numbers. */
const OTHER_BYTES = 48;
/** So many bytes are claimed at once: a small part of a slot, so that little is left unused at its end. */
const MOST_CLAIMED = 4096;
/** The kernel compares eight bytes at a time. */
const LEAST_PREFIX = 8;

/** Answers: inbox i, in bytes[from + i * length, …), gets `head`, the number `first` + i, and `tail`. */
export class AnswerRun {
  inboxes: Uint8Array = NOTHING;
  from = 0;
  length = 0;
  count = 0;
  head: Uint8Array = NOTHING;
  headTo = 0;
  first = 0;
  tail: Uint8Array = NOTHING;
}

/**
 * Writes the first answers of a run for a subscription of a connection which alone gets what goes to any inbox that
 * begins with the first `prefix` bytes of the first one and has one token more. How many were written: the
 * others have to be sent one by one, or tried again.
 */
export function deliverAnswers(sub: Subscription, run: AnswerRun, prefix: number): number {
  const receiver = sub.receiver!;
  if (!receiver.isOpen || !sub.isOpen || sub.max > 0 || receiver.traces || receiver.tracksReplies) return 0;
  const { outbound } = receiver;
  const { length, headTo, tail } = run;
  const { sidBytes } = sub;
  if (prefix < LEAST_PREFIX || prefix >= length) return 0;
  if (sidBytes.length + headTo + tail.length + OTHER_BYTES > LINE_BYTES) return 0;
  const most = Math.min(run.count, Math.floor(INBOXES_BYTES / length));
  putBytes(bytes, INBOXES, run.inboxes, run.from, run.from + most * length);
  const write = answersKernel();
  let sent = 0;
  // Of the line that stands there: the first number that has more digits.
  let longer = 0;
  let lineEnd = 0;
  let digitsEnd = 0;
  let size = 0;
  while (sent < most) {
    // The kernel compares with the first one that it is given.
    if (sent > 0 && !beginsAlike(INBOXES, INBOXES + sent * length, prefix)) break;
    if (outbound.congested && receiver.dropsWhenCongested) break;
    const number = run.first + sent;
    if (number >= longer) {
      const digits = digitsOf(number);
      longer = 10 ** digits;
      size = headTo + digits + tail.length;
      bytes[INNER] = SPACE;
      const head = putLineEnd(bytes, putDigits(bytes, copyIn(INNER + 1, sidBytes, 0, sidBytes.length), size));
      digitsEnd = putDigits(bytes, copyIn(head, run.head, 0, headTo), number);
      lineEnd = putLineEnd(bytes, copyIn(digitsEnd, tail, 0, tail.length));
    }
    const each = MSG_BYTES + length + lineEnd - INNER;
    const some = Math.min(most - sent, longer - number, Math.max(1, Math.floor(MOST_CLAIMED / each)));
    const at = outbound.claim(some * each);
    if (at < 0) break;
    const written = write(at, INBOXES + sent * length, length, prefix, some, INNER, lineEnd - INNER, digitsEnd);
    outbound.took(at + written * each);
    sub.delivered += written;
    receiver.outMsgs += written;
    receiver.outBytes += written * size;
    sent += written;
    if (written < some) break;
  }
  return sent;
}

/** Whether what lies at two places of the arena has the same first `count` bytes. */
function beginsAlike(a: number, b: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}
