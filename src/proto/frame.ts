// One PUB or HPUB, as ranges of bytes.
//
// A parser owns one Frame and fills it anew for each message: whoever is given
// it reads it before returning. All ranges are into `source`, which is the
// arena (borrowed until the read callback returns) or, for a large message, an
// owned buffer.
//
//     PUB orders.new _INBOX.1 5␍␊hello␍␊
//         └ subject  └ reply  │ └ payload
//                    └ tail, up to the end: what a MSG has after its sid

import type { ByteString } from "../base/bytes.ts";

/** FNV-1a, 32 bits: hashes a subject while it is scanned. */
export const FNV_BASE = 0x811c9dc5 | 0;
export const FNV_PRIME = 0x01000193;

/** Notes what becomes of one message in streams. */
export interface FrameTrace {
  stream(name: string): StreamTrace;
}

/** What a stream does with a traced message. */
export interface StreamTrace {
  /** Nothing is to be stored: the checks alone. */
  readonly isOnly: boolean;
  /** The checks are passed; `subject` is the one it is stored under. */
  passed(subject: ByteString, isWanted: boolean): void;
  refused(text: string): void;
}

/** What a router found for a subject. */
export interface Remembered {
  readonly generation: number;
}

export class Frame {
  source: Uint8Array = new Uint8Array(0);
  /** `source` is the arena. */
  inArena = true;
  subjectFrom = 0;
  subjectTo = 0;
  /** FNV-1a of the subject's bytes. */
  subjectHash = 0;
  /** The message before had the same subject: what a router remembered of it may still be so. */
  repeats = false;
  remembered: Remembered | undefined = undefined;
  /** Equal when there is no reply. */
  replyFrom = 0;
  replyTo = 0;
  /** Bytes of the header block within the payload range; −1 for a PUB. */
  headerBytes = -1;
  /** The sizes as the publisher wrote them: of the header (empty for PUB), and in total. */
  headerSizeFrom = 0;
  headerSizeTo = 0;
  sizeFrom = 0;
  sizeTo = 0;
  /** Header block and payload, without the closing line end. */
  payloadFrom = 0;
  payloadTo = 0;
  /** Single spaces and CRLF only: [tailFrom, payloadTo + 2) can follow "MSG subject sid " as it is. */
  canonical = false;
  tailFrom = 0;
  /** Of a traced message: whoever notes what becomes of it. */
  trace: FrameTrace | undefined = undefined;
}
