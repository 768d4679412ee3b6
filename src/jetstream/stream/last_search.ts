// Looks for the last message whose subject matches, in slices: among the last
// messages of the stream, then among the subjects.
//
// What it finds was the last one at some moment between its beginning and its
// end. One that is removed while it looks is looked for anew. Owns where it is.

import type { ByteString } from "../../base/bytes.ts";
import type { StreamStore } from "../../store/stream_store.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";

/** Messages looked at, and subjects shown, in one slice. */
const ROWS = 1024;
const SUBJECTS = 1024;
/** A stream whose messages go faster than they are found has, so far, none. */
const MOST_TRIES = 16;

type SearchedStore = Pick<StreamStore, "state" | "last" | "previous" | "next" | "subjects">;

export class LastSearch {
  readonly #store: SearchedStore;
  readonly #filter: SubjectFilter;
  #tries = 0;
  /** Where to go on among the subjects; undefined before. */
  #from: ByteString | undefined = undefined;
  #found = 0;

  constructor(store: SearchedStore, subject: ByteString) {
    this.#store = store;
    this.#filter = new SubjectFilter([subject]);
  }

  /** Does one slice: the sequence, 0 when there is none; undefined when there is more to do. */
  step(): number | undefined {
    const store = this.#store;
    const filter = this.#filter;
    // Of all subjects only the last sequence counts, which may be gone, as in nats-server.
    if (filter.all) return store.state().lastSeq;
    if (filter.literal !== undefined) return store.last(filter);
    if (this.#from === undefined) {
      const seq = store.previous(filter, store.state().lastSeq, ROWS);
      if (seq >= 0) return seq;
      this.#from = "" as ByteString;
      this.#found = 0;
    }
    const next = store.subjects(filter, this.#from, SUBJECTS, ({ last }) => {
      this.#found = Math.max(this.#found, last);
    });
    this.#from = next;
    if (next !== undefined) return undefined;
    if (this.#found === 0 || store.next(filter, this.#found, 1) === this.#found) return this.#found;
    return ++this.#tries < MOST_TRIES ? undefined : 0;
  }
}
