// Looks for one message, as STREAM.MSG.GET asks for it, in slices over turns.

import type { ByteString } from "../../base/bytes.ts";
import type { Moment } from "../../base/nanos.ts";
import { StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import { ALL_SUBJECTS, SubjectFilter } from "../../store/subject_filter.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import { LastSearch } from "./last_search.ts";

/** One of `seq`, `last`, or `next` and `start`; 0, empty and undefined are not given. */
export interface MessageQuery {
  readonly seq: number;
  /** The last message whose subject matches. */
  readonly last: ByteString;
  /** The first message whose subject matches, at or after `seq` or `start`. */
  readonly next: ByteString;
  readonly start: Moment | undefined;
}

/** Messages looked at in one turn. */
const SLICE = 8000;

export class MessageGet {
  readonly #surroundings: Pick<JetStreamSurroundings, "nextTurn">;
  readonly #store: StreamStore;
  readonly #msg = new StoredMsg();
  #isClosed = false;

  constructor(surroundings: Pick<JetStreamSurroundings, "nextTurn">, store: StreamStore) {
    this.#surroundings = surroundings;
    this.#store = store;
  }

  /** Calls `found` with the message, borrowed for the call, or undefined; at once unless the search takes long. */
  find(query: MessageQuery, found: (msg: StoredMsg | undefined) => void): void {
    const { seq, last, next, start } = query;
    if (last !== "") this.#last(new LastSearch(this.#store, last), found);
    else if (next === "" && start === undefined) this.#give(seq, found);
    else {
      const from = start === undefined ? Math.max(1, seq) : this.#store.seqAt(start.sec, start.nanos);
      this.#next(next === "" ? ALL_SUBJECTS : new SubjectFilter([next]), from, found);
    }
  }

  /** The store may not be used any more: searches find nothing. */
  close(): void {
    this.#isClosed = true;
  }

  #last(search: LastSearch, found: (msg: StoredMsg | undefined) => void): void {
    if (this.#isClosed) {
      found(undefined);
      return;
    }
    const seq = search.step();
    if (seq === undefined) this.#surroundings.nextTurn(() => this.#last(search, found));
    else this.#give(seq, found);
  }

  #next(filter: SubjectFilter, from: number, found: (msg: StoredMsg | undefined) => void): void {
    if (this.#isClosed) {
      found(undefined);
      return;
    }
    const seq = this.#store.next(filter, from, SLICE);
    if (seq < 0) this.#surroundings.nextTurn(() => this.#next(filter, -seq, found));
    else this.#give(seq, found);
  }

  #give(seq: number, found: (msg: StoredMsg | undefined) => void): void {
    found(seq > 0 && this.#store.load(seq, this.#msg) ? this.#msg : undefined);
  }
}
