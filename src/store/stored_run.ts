// Messages of a stream as they are read together, in rising order: for consumers,
// who mostly want one and the next.
//
//     data     │ … header body … header body …    in the arena
//     subject  │ … subject … subject …            there or anywhere
//
// Owns nothing but the offsets: the bytes are the store's, and good until another run is loaded.

import { bytes } from "../base/arena.ts";
import type { StoredMsg } from "./stream_store.ts";

/** Messages of one run, at most. */
export const RUN_MSGS = 256;

export class StoredRun {
  count = 0;
  /** Of the arena's region for runs, the bytes that it takes. */
  used = 0;
  /** Of the messages that were added, how many were read with all that lies around them, which takes many times as long. */
  around = 0;
  /** What headers and bodies are offsets into: always the arena. */
  readonly data = bytes;
  /** The same for subjects. */
  subject: Uint8Array = bytes;
  readonly seq = new Float64Array(RUN_MSGS);
  readonly sec = new Float64Array(RUN_MSGS);
  readonly nanos = new Int32Array(RUN_MSGS);
  readonly subjectFrom = new Int32Array(RUN_MSGS);
  readonly subjectTo = new Int32Array(RUN_MSGS);
  /** The body begins where the header ends; an empty header means no headers. */
  readonly headerFrom = new Int32Array(RUN_MSGS);
  readonly bodyFrom = new Int32Array(RUN_MSGS);
  readonly bodyTo = new Int32Array(RUN_MSGS);

  /** Points `into` at a message of it. */
  show(i: number, into: StoredMsg): void {
    into.seq = this.seq[i]!;
    into.sec = this.sec[i]!;
    into.nanos = this.nanos[i]!;
    into.subject = this.subject;
    into.subjectFrom = this.subjectFrom[i]!;
    into.subjectTo = this.subjectTo[i]!;
    into.header = this.data;
    into.headerFrom = this.headerFrom[i]!;
    into.headerTo = this.bodyFrom[i]!;
    into.body = this.data;
    into.bodyFrom = this.bodyFrom[i]!;
    into.bodyTo = this.bodyTo[i]!;
  }

  /** There is none in it: before the first `addToRun`. */
  clear(): void {
    this.count = 0;
    this.used = 0;
    this.around = 0;
    this.subject = bytes;
  }
}
