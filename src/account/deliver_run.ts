// Messages that follow each other to the one connection that gets them all. From
// one to the next little changes but the payload: the line before it stays in
// the arena and only the digits that differ are written anew.
//
//     line      │ MSG subject sid reply size␍␊ │         changed in place
//     slot      │ line payload␍␊ │ line payload␍␊ │ …    one copy for each message
//
// What is out of the ordinary is left to deliver_alone.ts, message by message.

import { bytes, copy2, LINE, LINE_BYTES } from "../base/arena.ts";
import { copyIn } from "../base/arena_copy.ts";
import { putDigits } from "../base/digits.ts";
import { putLineEnd } from "../base/put_bytes.ts";
import type { OutRun, RunReplies } from "./out_run.ts";
import type { Subscription } from "./subscription.ts";

const SPACE = 0x20;
/** "HMSG ", blanks, a line end, and two sizes. */
const OTHER_BYTES = 48;
/** Larger messages go by themselves. */
const MOST_BYTES = 32 * 1024;

/** How far a run came. */
export class RunSent {
  msgs = 0;
  /** Headers and payloads. */
  bytes = 0;
  /** Replies. */
  replyBytes = 0;
}

/**
 * Writes the first `count` messages of a run for a subscription of a connection: until `most` bytes of
 * payloads, headers and replies would be exceeded, or one is out of the ordinary. `sent` says how far it came.
 */
export function deliverRun(
  sub: Subscription,
  run: OutRun,
  replies: RunReplies,
  count: number,
  most: number,
  sent: RunSent,
): void {
  sent.msgs = 0;
  sent.bytes = 0;
  sent.replyBytes = 0;
  const receiver = sub.receiver!;
  if (!receiver.isOpen || !sub.isOpen || sub.max > 0 || receiver.traces || receiver.tracksReplies) return;
  const { outbound } = receiver;
  const { subject, subjectFrom, subjectTo, headerFrom, bodyFrom, bodyTo } = run;
  const room = LINE_BYTES - OTHER_BYTES - sub.sidBytes.length - replies.roomFor;
  let i = 0;
  let total = 0;
  let replyTotal = 0;
  // Of the line that stands there.
  let lineEnd = 0;
  let subjectAt = 0;
  let subjectLength = -1;
  let headerBytes = 0;
  let size = 0;
  let replyBytes = 0;
  for (; i < count; i++) {
    const dataFrom = headerFrom[i]!;
    const header = bodyFrom[i]! - dataFrom;
    const data = bodyTo[i]! - dataFrom;
    const from = subjectFrom[i]!;
    const length = subjectTo[i]! - from;
    if (data > MOST_BYTES || (header > 0 && !receiver.headers) || length > room) break;
    if (outbound.congested && receiver.dropsWhenCongested) break;
    if (
      length !== subjectLength ||
      data !== size ||
      header !== headerBytes ||
      !isSame(subject, from, subjectAt, length) ||
      !replies.change(i)
    ) {
      let at = LINE;
      if (header > 0) bytes[at++] = 0x48;
      bytes[at] = 0x4d;
      bytes[at + 1] = 0x53;
      bytes[at + 2] = 0x47;
      bytes[at + 3] = SPACE;
      subjectAt = at + 4;
      at = copyIn(subjectAt, subject, from, from + length);
      bytes[at++] = SPACE;
      at = copyIn(at, sub.sidBytes, 0, sub.sidBytes.length);
      const replyTo = replies.write(i, at);
      replyBytes = replyTo - at;
      at = replyTo;
      bytes[at++] = SPACE;
      if (header > 0) {
        at = putDigits(bytes, at, header);
        bytes[at++] = SPACE;
      }
      lineEnd = putLineEnd(bytes, putDigits(bytes, at, data));
      subjectLength = length;
      headerBytes = header;
      size = data;
    }
    if (total + replyTotal + data + replyBytes > most) break;
    const lineBytes = lineEnd - LINE;
    const at = outbound.claim(lineBytes + data + 2);
    if (at < 0) break;
    copy2(at, LINE, lineBytes, dataFrom, data);
    outbound.took(putLineEnd(bytes, at + lineBytes + data));
    total += data;
    replyTotal += replyBytes;
  }
  sub.delivered += i;
  receiver.outMsgs += i;
  receiver.outBytes += total;
  sent.msgs = i;
  sent.bytes = total;
  sent.replyBytes = replyTotal;
}

/** Whether a subject is the one that stands in the arena. They differ at their ends. */
function isSame(subject: Uint8Array, from: number, at: number, length: number): boolean {
  for (let i = length - 1; i >= 0; i--) if (subject[from + i] !== bytes[at + i]) return false;
  return true;
}
