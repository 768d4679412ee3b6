// Messages of a stream that follow each other, as they are read together: for
// consumers, who mostly want the next one and the one behind it.
//
//     seq, seq + 1, …, seq + count − 1
//     data     │ … header body … header body …    in the arena
//     subject  │ … subject … subject …            there or anywhere
//
// Owns nothing but the offsets: the bytes are the store's, and good until its next call.

import { bytes } from "../base/arena.ts";

/** Messages of one run, at most. */
export const RUN_MSGS = 256;

export class StoredRun {
  /** The sequence of the first. */
  seq = 0;
  count = 0;
  /** What headers and bodies are offsets into: always the arena. */
  readonly data = bytes;
  /** The same for subjects. */
  subject: Uint8Array = bytes;
  readonly subjectFrom = new Int32Array(RUN_MSGS);
  readonly subjectTo = new Int32Array(RUN_MSGS);
  /** The body begins where the header ends; an empty header means no headers. */
  readonly headerFrom = new Int32Array(RUN_MSGS);
  readonly bodyFrom = new Int32Array(RUN_MSGS);
  readonly bodyTo = new Int32Array(RUN_MSGS);
  readonly sec = new Float64Array(RUN_MSGS);
  readonly nanos = new Int32Array(RUN_MSGS);
}
