// What stands between the sid and the payload of a MSG, for a message that cannot
// go out as its publisher spelled it: with its headers, and without them for who
// takes none. Made once a message, when the first receiver needs it.

import { bytes } from "../base/arena.ts";
import { putDigits } from "../base/digits.ts";
import { putBytes, putLineEnd } from "../base/put_bytes.ts";
import type { Frame } from "../proto/frame.ts";

const SPACE = 0x20;

export class MessageTails {
  /** They are those of the message at hand. */
  made = false;
  /** "[reply ][headers ]size␍␊", offset and length. */
  readonly whole: number;
  wholeLength = 0;
  /** The same for the payload alone; of a message with headers only. */
  stripped = 0;
  strippedLength = 0;

  /** They are put at `at` of the arena. */
  constructor(at: number) {
    this.whole = at;
  }

  make(frame: Frame): void {
    this.made = true;
    let at = putReply(this.whole, frame);
    if (frame.headerBytes >= 0) {
      at = putBytes(bytes, at, frame.source, frame.headerSizeFrom, frame.headerSizeTo);
      bytes[at++] = SPACE;
    }
    at = putLineEnd(bytes, putBytes(bytes, at, frame.source, frame.sizeFrom, frame.sizeTo));
    this.wholeLength = at - this.whole;
    if (frame.headerBytes < 0) return;
    this.stripped = at;
    const payloadBytes = frame.payloadTo - frame.payloadFrom - frame.headerBytes;
    this.strippedLength = putLineEnd(bytes, putDigits(bytes, putReply(at, frame), payloadBytes)) - at;
  }
}

function putReply(at: number, frame: Frame): number {
  if (frame.replyTo === frame.replyFrom) return at;
  const next = putBytes(bytes, at, frame.source, frame.replyFrom, frame.replyTo);
  bytes[next] = SPACE;
  return next + 1;
}
