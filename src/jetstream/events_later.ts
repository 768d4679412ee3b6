// What a store tells before and after its stream is there.

import type { StoreEvents } from "../store/stream_store.ts";

/** Passes events on; what comes before there is a listener is of no interest to anybody. */
export class EventsLater implements StoreEvents {
  listener: StoreEvents | undefined = undefined;

  committed(upTo: number): void {
    this.listener?.committed(upTo);
  }
  refused(from: number, upTo: number, failure: string): void {
    this.listener?.refused(from, upTo, failure);
  }
  removed(seq: number, subject: Uint8Array, from: number, to: number): void {
    this.listener?.removed(seq, subject, from, to);
  }
  compacted(first: number, msgs: number): void {
    this.listener?.compacted(first, msgs);
  }
}
