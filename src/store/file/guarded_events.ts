// What the listener of a store is told, while the store may not be called.
//
// Owns whether that is just now. Nothing is told of the opening of a stream.

import { assert } from "../../base/assert.ts";
import type { StoreEvents } from "../stream_store.ts";

export class GuardedEvents implements StoreEvents {
  readonly #listener: StoreEvents;
  #isOpening = true;
  #isTelling = false;

  constructor(listener: StoreEvents) {
    this.#listener = listener;
  }

  /** The stream is open: from now on it is told. */
  begin(): void {
    this.#isOpening = false;
  }
  /** The store is called. */
  check(): void {
    assert(!this.#isTelling, "a listener does not call the store");
  }

  committed(upTo: number): void {
    if (this.#isOpening) return;
    this.#isTelling = true;
    this.#listener.committed(upTo);
    this.#isTelling = false;
  }
  refused(from: number, upTo: number, failure: string): void {
    this.#isTelling = true;
    this.#listener.refused(from, upTo, failure);
    this.#isTelling = false;
  }
  removed(seq: number, subject: Uint8Array, from: number, to: number): void {
    if (this.#isOpening) return;
    this.#isTelling = true;
    this.#listener.removed(seq, subject, from, to);
    this.#isTelling = false;
  }
  compacted(first: number, msgs: number): void {
    if (this.#isOpening) return;
    this.#isTelling = true;
    this.#listener.compacted(first, msgs);
    this.#isTelling = false;
  }
}
