// Takes from each subject of a stream what a limit leaves no room for, in slices.
//
//     counting   how much is too much, subject by subject, and where that begins
//     sweeping   from there along all messages, in order: of a subject with too
//                many the ones that come are its oldest
//
// In order each message is read once, from where the one before ended; subject
// by subject each one would have to be searched for. Owns how far it got.

import type { ByteString } from "../base/bytes.ts";
import type { LimitedMessages } from "./limit_keeper.ts";
import { ALL_SUBJECTS } from "./subject_filter.ts";
import { NO_SUBJECT } from "./subject_tree.ts";

export class SubjectSweep {
  readonly #messages: LimitedMessages;
  readonly #limit: number;
  /** Counting goes on from this name. */
  #name: ByteString | undefined;
  #excess = 0;
  /** Sweeping goes on from this sequence. */
  #at = Number.POSITIVE_INFINITY;
  #end = 0;

  /** A limit of 0 or less is none. */
  constructor(messages: LimitedMessages, limit: number) {
    this.#messages = messages;
    this.#limit = limit;
    this.#name = limit > 0 ? ("" as ByteString) : undefined;
  }

  /** Looks at about `most` subjects or messages; whether there is more to do. */
  step(most: number): boolean {
    if (this.#name !== undefined) this.#count(most);
    else this.#take(most);
    return this.#name !== undefined || this.#excess > 0;
  }

  #count(most: number): void {
    const { tree } = this.#messages;
    this.#name = tree.walk(ALL_SUBJECTS, this.#name!, Math.max(most, 1), (subject) => {
      const excess = tree.count(subject) - this.#limit;
      if (excess <= 0) return;
      this.#excess += excess;
      // Its first message is there or behind.
      this.#at = Math.min(this.#at, Math.abs(tree.first(subject)));
    });
    this.#end = this.#messages.lastSeq;
  }

  #take(most: number): void {
    const messages = this.#messages;
    for (let left = most; left > 0 && this.#excess > 0; left--) {
      const seq = messages.liveFrom(this.#at);
      if (seq === 0 || seq > this.#end) {
        this.#excess = 0; // others took the rest meanwhile
        return;
      }
      this.#at = seq + 1;
      const subject = messages.subjectAt(seq);
      if (subject === NO_SUBJECT || messages.tree.count(subject) <= this.#limit) continue;
      if (messages.sureCountOf(subject) > this.#limit && messages.trim(seq)) this.#excess--;
    }
  }
}
