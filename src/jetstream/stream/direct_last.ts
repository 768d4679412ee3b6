// DIRECT.GET of the last message whose subject matches a pattern.

import type { ByteString } from "../../base/bytes.ts";
import { StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import type { DirectJob } from "./direct_jobs.ts";
import type { DirectRequest } from "./direct_request.ts";
import type { DirectReply } from "./direct_reply.ts";
import { LastSearch } from "./last_search.ts";

export class LastGet implements DirectJob {
  readonly #store: StreamStore;
  readonly #reply: DirectReply;
  readonly #asked: DirectRequest;
  readonly #to: ByteString;
  readonly #search: LastSearch;
  readonly #msg = new StoredMsg();

  constructor(store: StreamStore, reply: DirectReply, asked: DirectRequest, to: ByteString) {
    this.#store = store;
    this.#reply = reply;
    this.#asked = asked;
    this.#to = to;
    this.#search = new LastSearch(store, asked.last);
  }

  get heldBytes(): number {
    return this.#asked.bytes;
  }

  isWanted(): boolean {
    return this.#reply.isWanted(this.#to);
  }

  step(): boolean {
    const seq = this.#search.step();
    if (seq === undefined) return true;
    if (seq > 0 && this.#store.load(seq, this.#msg)) {
      this.#reply.message(this.#to, this.#msg, undefined, this.#asked.noHeaders);
    } else this.#reply.status(this.#to, "404 Message Not Found");
    return false;
  }
}
