// How much of a stream may wait for the disk, messages or answers: beyond,
// publishes are answered 429 at once, and nothing of them is kept.
//
// Owns the bounds (`max_buffered_msgs`, `max_buffered_size`) and how often the
// log hears of them.

import { byteString, bytesOf } from "../../base/bytes.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import type { AckQueue } from "./ack_queue.ts";
import { RareWarning } from "./rare_warning.ts";
import type { StoreGroup } from "./store_group.ts";

/** The header of the answer. */
export const TOO_MANY = bytesOf(byteString("NATS/1.0 429 Too Many Requests\r\n\r\n"));

export class IngestGate {
  readonly #surroundings: JetStreamSurroundings;
  readonly #group: StoreGroup;
  /** Also of publishes that were refused, or are duplicates, behind those that wait for the disk. */
  readonly #answers: Pick<AckQueue, "replies" | "usedBytes">;
  /** `'account' > 'stream'`, as the log names it. */
  readonly #where: string;
  readonly #warning: RareWarning;

  constructor(
    surroundings: JetStreamSurroundings,
    group: StoreGroup,
    answers: Pick<AckQueue, "replies" | "usedBytes">,
    where: string,
  ) {
    this.#surroundings = surroundings;
    this.#group = group;
    this.#answers = answers;
    this.#where = where;
    this.#warning = new RareWarning(surroundings);
  }

  /** Whether a message of `bytes` is one too many; then it was said in the log, once in a while. */
  isClosed(bytes: number): boolean {
    const { maxBufferedMsgs, maxBufferedBytes } = this.#surroundings;
    const msgs = Math.max(this.#group.waitingMsgs, this.#answers.replies);
    if (msgs >= maxBufferedMsgs && maxBufferedMsgs > 0) return this.#warn("len");
    const waiting = Math.max(this.#group.waitingBytes, this.#answers.usedBytes);
    if (waiting + bytes > maxBufferedBytes && maxBufferedBytes > 0) return this.#warn("size");
    return false;
  }

  #warn(limit: "len" | "size"): true {
    const why = `IPQ ${limit} limit reached`;
    this.#warning.warn(`Dropping messages due to excessive stream ingest rate on ${this.#where}: ${why}`);
    return true;
  }
}
