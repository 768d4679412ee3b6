// How much may be on its way to a push consumer that answers flow control: a
// window that doubles with each answer.
//
// Owns the window, what is outstanding and the request that waits for its
// answer. Source: jetstream-api facts §5.

import type { ByteString } from "../../../base/bytes.ts";

/** The window at the most, and at first. */
const MOST_BYTES = 32 * 1024 * 1024;
const FIRST_BYTES = MOST_BYTES / 16;
const TOKEN = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOKEN_LENGTH = 4;

export class FlowControl {
  readonly #prefix: ByteString;
  readonly #random: (below: number) => number;
  #window = FIRST_BYTES;
  #outstanding = 0;
  /** What the answer that is waited for stands for. */
  #asked = 0;
  /** The reply of the request that waits for its answer; empty when none does. */
  reply = "" as ByteString;

  constructor(prefix: ByteString, random: (below: number) => number) {
    this.#prefix = prefix;
    this.#random = random;
  }

  /** More would be too much before there is an answer. */
  get isStalled(): boolean {
    return this.#outstanding > this.#window;
  }

  /** So many bytes may be sent before anything has to be done. */
  get room(): number {
    return (this.reply === "" ? this.#window / 2 : this.#window - 1) - this.#outstanding;
  }

  /** A message of `bytes` is sent, or some within `room`. Whether to ask now. */
  sent(bytes: number): boolean {
    this.#outstanding += bytes;
    if (this.reply === "") return this.#outstanding > this.#window / 2;
    if (this.#outstanding - this.#asked >= this.#window) this.#asked += bytes;
    return false;
  }

  /** Asks; gives the reply that is waited for. */
  ask(): ByteString {
    let token = "";
    for (let i = 0; i < TOKEN_LENGTH; i++) token += TOKEN[this.#random(TOKEN.length)]!;
    this.reply = (this.#prefix + token) as ByteString;
    this.#asked = this.#outstanding;
    return this.reply;
  }

  /** An answer came on this subject; false when it is not the one that is waited for. */
  answered(subject: ByteString): boolean {
    if (this.reply === "" || subject !== this.reply) return false;
    this.#window = Math.min(2 * this.#window, MOST_BYTES);
    this.#outstanding = Math.max(0, this.#outstanding - this.#asked);
    this.#asked = 0;
    this.reply = "" as ByteString;
    return true;
  }
}
