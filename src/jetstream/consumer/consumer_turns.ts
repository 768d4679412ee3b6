// Whose turn it is: consumers that may have something to deliver, one slice
// each in rising order of who asked, at the end of the turn.
//
//     signal ─→ queue ─→ beforeFlush ─→ slice, slice, … ─→ budget spent: next turn
//
// One per server. A consumer with more to do goes to the end of the queue, so
// none holds the others, and a turn has an end however much there is.

import type { JetStreamSurroundings } from "../surroundings.ts";
import { DeliveryRun } from "./delivery_run.ts";

/** Messages, and bytes, of one slice. */
const SLICE_MSGS = 256;
const SLICE_BYTES = 256 * 1024;
/** The same of one turn. */
const TURN_MSGS = 4096;
const TURN_BYTES = 4 * 1024 * 1024;
/** What a message counts more that is read alone, and with what lies around it; and how many are looked at for one. */
const FAR_MSGS = 3;
const AROUND_MSGS = 8;
const LOOKS_A_MSG = 4;
/** What long work counts as. */
const LONG_MSGS = TURN_MSGS / 4;

/** What is left to do in one slice. */
export class Slice {
  msgs = 0;
  bytes = 0;
  /** Nobody else waits for a slice: what is made is the connection's to read while more is made for it. */
  isOnly = false;
  /** What is used in each, for messages that go together. */
  readonly run = new DeliveryRun();

  get isSpent(): boolean {
    return this.msgs <= 0 || this.bytes <= 0;
  }
  /** A message of that size was delivered. */
  spend(bytes: number): void {
    this.msgs--;
    this.bytes -= bytes;
  }
  /**
   * So many messages were read alone, each from another place, some of them with what lies around them; or looked at in
   * vain. Less than that is as if it were none.
   */
  readFar(msgs: number, around: number): void {
    this.msgs -= msgs * FAR_MSGS + around * AROUND_MSGS;
  }
  looked(msgs: number): void {
    this.msgs -= Math.floor(msgs / LOOKS_A_MSG);
  }
  /** Work that is no message, and takes long: searching, counting. A turn has room for a few of these. */
  exhaust(): void {
    this.msgs = SLICE_MSGS - LONG_MSGS;
  }
}

export interface Pumped {
  /** Does what it can within the slice; whether there is more. */
  pump(slice: Slice): boolean;
}

export class ConsumerTurns {
  readonly #surroundings: Pick<JetStreamSurroundings, "beforeFlush" | "nextTurn">;
  readonly #queued = new Set<Pumped>();
  readonly #slice = new Slice();
  #isScheduled = false;

  constructor(surroundings: Pick<JetStreamSurroundings, "beforeFlush" | "nextTurn">) {
    this.#surroundings = surroundings;
  }

  /** It has its slice before this turn ends, or as soon as the others had theirs. */
  signal(consumer: Pumped): void {
    this.#queued.add(consumer);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#surroundings.beforeFlush(this.#run);
  }

  /** It wants no slice any more. */
  forget(consumer: Pumped): void {
    this.#queued.delete(consumer);
  }

  readonly #run = (): void => {
    const slice = this.#slice;
    let msgs = TURN_MSGS;
    let bytes = TURN_BYTES;
    for (const consumer of this.#queued) {
      if (msgs <= 0 || bytes <= 0) break;
      this.#queued.delete(consumer);
      slice.isOnly = this.#queued.size === 0;
      slice.msgs = SLICE_MSGS;
      slice.bytes = SLICE_BYTES;
      if (consumer.pump(slice)) this.#queued.add(consumer);
      // Looking at nothing is work, too.
      msgs -= Math.max(1, SLICE_MSGS - slice.msgs);
      bytes -= SLICE_BYTES - slice.bytes;
    }
    this.#isScheduled = this.#queued.size > 0;
    if (this.#isScheduled) this.#surroundings.nextTurn(this.#run);
  };
}
