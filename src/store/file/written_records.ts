// What plans and rollups ask of messages that are staged and not durable: they are
// in the groups of the writer.
//
// Owns nothing.

import { NO_SUBJECT } from "../subject_tree.ts";
import type { WriteGroup } from "./write_group.ts";

export class WrittenRecords {
  readonly #groups: () => Iterable<WriteGroup>;

  /** `groups` gives those on their way, the oldest first, and the open one. */
  constructor(groups: () => Iterable<WriteGroup>) {
    this.#groups = groups;
  }

  /** The bytes that a staged message counts as; 0 when it is not there. */
  sizeOf(seq: number): number {
    for (const group of this.#groups()) {
      const entry = group.find(seq);
      if (entry >= 0) return group.lengthOf(entry);
    }
    return 0;
  }

  /** The subject of a staged message; `NO_SUBJECT` when it is not there. */
  subjectOf(seq: number): number {
    for (const group of this.#groups()) {
      const entry = group.find(seq);
      if (entry >= 0) return group.tagOf(entry);
    }
    return NO_SUBJECT;
  }

  /** The first staged message of a subject behind `seq`; 0 when there is none. */
  nextOf(subject: number, seq: number): number {
    for (const group of this.#groups()) {
      for (let entry = group.firstBehind(seq); entry < group.entries; entry++) {
        if (group.tagOf(entry) === subject) return group.seqOf(entry);
      }
    }
    return 0;
  }
}
