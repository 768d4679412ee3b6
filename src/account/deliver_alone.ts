// One message to the one connection that gets it, written where it leaves from:
// no frame is made, each byte is copied once.
//
//     MSG subject sid [reply] size␍␊body␍␊
//     HMSG subject sid [reply] header total␍␊header body␍␊
//
// What is out of the ordinary (traces, a subscription that ends, headers that
// must go, large payloads) is left to the router.

import { bytes } from "../base/arena.ts";
import { copyIn } from "../base/arena_copy.ts";
import { putDigits } from "../base/digits.ts";
import { putLineEnd } from "../base/put_bytes.ts";
import type { OutMsg } from "./out_msg.ts";
import type { Subscription } from "./subscription.ts";

const SPACE = 0x20;
/** "HMSG ", three blanks, two line ends, and two sizes of at most five digits. */
const LINE_BYTES = 24;
/** Larger payloads take a way on which they need not be copied. */
const MOST_BYTES = 32 * 1024;

/**
 * Writes `msg`, with the subject it shows, for a subscription of a connection.
 * The bytes of header and payload; −1 when nothing was written and the long way has to be taken.
 */
export function deliverAlone(sub: Subscription, msg: OutMsg): number {
  const receiver = sub.receiver!;
  const headerBytes = msg.headerTo - msg.headerFrom;
  const size = headerBytes + msg.bodyTo - msg.bodyFrom;
  if (!receiver.isOpen || !sub.isOpen || sub.max > 0 || receiver.traces || receiver.tracksReplies) return -1;
  if (size > MOST_BYTES || (headerBytes > 0 && !receiver.headers)) return -1;
  const { outbound } = receiver;
  if (outbound.congested && receiver.dropsWhenCongested) return -1;
  const { sidBytes } = sub;
  const subjectAndReply = msg.subjectTo - msg.subjectFrom + msg.replyTo - msg.replyFrom;
  const start = outbound.claim(subjectAndReply + sidBytes.length + size + LINE_BYTES);
  if (start < 0) return -1;
  let at = start;
  if (headerBytes > 0) bytes[at++] = 0x48;
  bytes[at] = 0x4d;
  bytes[at + 1] = 0x53;
  bytes[at + 2] = 0x47;
  bytes[at + 3] = SPACE;
  at = copyIn(at + 4, msg.subject, msg.subjectFrom, msg.subjectTo);
  bytes[at++] = SPACE;
  at = copyIn(at, sidBytes, 0, sidBytes.length);
  if (msg.replyTo > msg.replyFrom) {
    at = copyIn(at, msg.reply, msg.replyFrom, msg.replyTo);
    bytes[at++] = SPACE;
  }
  if (headerBytes > 0) {
    at = putDigits(bytes, at, headerBytes);
    bytes[at++] = SPACE;
  }
  at = putLineEnd(bytes, putDigits(bytes, at, size));
  if (headerBytes > 0) at = copyIn(at, msg.header, msg.headerFrom, msg.headerTo);
  at = putLineEnd(bytes, copyIn(at, msg.body, msg.bodyFrom, msg.bodyTo));
  outbound.took(at);
  sub.delivered++;
  receiver.outMsgs++;
  receiver.outBytes += size;
  return size;
}
