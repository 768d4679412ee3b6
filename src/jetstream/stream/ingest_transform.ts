// `subject_transform` of a stream: what a message's subject becomes before
// anything else looks at it. One that does not match stays as it is.

import type { Random, SubjectTransform } from "../../subject/transform.ts";
import type { StoredMsg } from "../../store/stream_store.ts";

export class IngestTransform {
  readonly #transform: SubjectTransform;
  readonly #random: Random;
  #into = new Uint8Array(256);

  constructor(transform: SubjectTransform, random: Random) {
    this.#transform = transform;
    this.#random = random;
  }

  /** Gives `msg` its subject, which is good until the next call. */
  apply(msg: StoredMsg): void {
    const room = this.#transform.roomFor(msg.subjectTo - msg.subjectFrom);
    if (this.#into.length < room) this.#into = new Uint8Array(room * 2);
    const end = this.#transform.apply(msg.subject, msg.subjectFrom, msg.subjectTo, this.#into, 0, this.#random);
    if (end < 0) return;
    msg.subject = this.#into;
    msg.subjectFrom = 0;
    msg.subjectTo = end;
  }
}
