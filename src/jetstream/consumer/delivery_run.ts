// Messages that a consumer delivers together, and the replies they have: its ack
// subject, with numbers that count.
//
// One per server: good from `begin` until the next one begins.

import { RunSent, type RunReplies } from "../../account/bus.ts";
import { bytes } from "../../base/arena.ts";
import { copyIn } from "../../base/arena_copy.ts";
import { StoredRun } from "../../store/stored_run.ts";
import { ACK_NUMBER_BYTES, AckDigits } from "./ack_digits.ts";
import type { AckSubject } from "./ack_subject.ts";

export class DeliveryRun implements RunReplies {
  /** Load the messages into this one, then `begin`. */
  readonly msgs = new StoredRun();
  /** How far it went. */
  readonly sent = new RunSent();
  roomFor = 0;
  readonly #digits = new AckDigits(bytes);
  #prefix: Uint8Array = bytes;
  #prefixLength = 0;
  #consumerSeq = 0;
  #pending = 0;

  /** All are delivered for the first time: the first as `consumerSeq`, with `pending` messages to come behind it. */
  begin({ bytes: prefix, prefixLength }: AckSubject, consumerSeq: number, pending: number): void {
    this.#prefix = prefix;
    this.#prefixLength = prefixLength;
    this.roomFor = prefixLength + ACK_NUMBER_BYTES;
    this.#consumerSeq = consumerSeq;
    this.#pending = pending;
  }

  write(i: number, at: number): number {
    const { msgs } = this;
    const to = copyIn(at, this.#prefix, 0, this.#prefixLength);
    return this.#digits.write(
      to,
      1,
      msgs.seq[i]!,
      this.#consumerSeq + i,
      msgs.sec[i]!,
      msgs.nanos[i]!,
      this.#pending - i,
    );
  }

  change(i: number): boolean {
    const { msgs } = this;
    return this.#digits.change(1, msgs.seq[i]!, this.#consumerSeq + i, msgs.sec[i]!, msgs.nanos[i]!, this.#pending - i);
  }
}
