// Answers of publishes that wait, in the order of the publishes, until what
// they rest on is durable.
//
//     head ↓                         ↓ tail
//     … sent │ ack 7 │ error │ ack 8 │ room
//
// Entries and bytes (reply subjects, bodies of errors) lie in two typed arrays
// that are moved to the front when they are full, and grow when that is not
// enough. Bounded in number and bytes by ingest_gate.ts. Knows nothing of the bus.

import { putBytes } from "../../base/put_bytes.ts";

/** What an answer is. */
export const ANSWER = {
  /** `seq` was stored. */
  stored: 0,
  /** The message is a duplicate of `seq`. */
  duplicate: 1,
  /** The body is in the queue. */
  text: 2,
  /** No answer: a message to the "reply" subject, its headers as long as `seq` says. Nothing when it was refused. */
  republish: 3,
} as const;
export type AnswerKind = (typeof ANSWER)[keyof typeof ANSWER];

const RESTS_ON = 0;
const SEQ = 1;
const KIND = 2;
const REPLY_LENGTH = 3;
const BODY_LENGTH = 4;
const STRIDE = 5;
const LEAST_ENTRIES = 64;
const LEAST_BYTES = 4096;
/** What an empty queue keeps for the next turn. */
const MOST_KEPT_ENTRIES = 8192;
const MOST_KEPT_BYTES = 512 * 1024;
const NOTHING = new Uint8Array(0);

export class AckQueue {
  #entries = new Float64Array(LEAST_ENTRIES * STRIDE);
  #first = 0;
  #end = 0;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(LEAST_BYTES);
  #byteFirst = 0;
  #byteEnd = 0;
  #replies = 0;

  get length(): number {
    return (this.#end - this.#first) / STRIDE;
  }
  get isEmpty(): boolean {
    return this.#first === this.#end;
  }
  /** Answers among them: all but what is republished. */
  get replies(): number {
    return this.#replies;
  }
  /** Bytes of reply subjects and bodies. */
  get usedBytes(): number {
    return this.#byteEnd - this.#byteFirst;
  }
  /** Memory held, in bytes. */
  get heldBytes(): number {
    return this.#entries.byteLength + this.#bytes.length;
  }

  /** Adds an answer to the reply subject source[from, to), which is copied, as is `body`. */
  push(
    kind: AnswerKind,
    restsOn: number,
    seq: number,
    source: Uint8Array,
    from: number,
    to: number,
    body: Uint8Array = NOTHING,
  ): void {
    const length = to - from;
    if (this.#end === this.#entries.length) this.#makeEntry();
    if (this.#byteEnd + length + body.length > this.#bytes.length) this.#makeBytes(length + body.length);
    const entries = this.#entries;
    const at = this.#end;
    entries[at + RESTS_ON] = restsOn;
    entries[at + SEQ] = seq;
    entries[at + KIND] = kind;
    entries[at + REPLY_LENGTH] = length;
    entries[at + BODY_LENGTH] = body.length;
    this.#end = at + STRIDE;
    if (kind !== ANSWER.republish) this.#replies++;
    const end = putBytes(this.#bytes, this.#byteEnd, source, from, to);
    if (body.length > 0) this.#bytes.set(body, end);
    this.#byteEnd = end + body.length;
  }

  // The first answer; only while there is one.

  get restsOn(): number {
    return this.#entries[this.#first + RESTS_ON]!;
  }
  get seq(): number {
    return this.#entries[this.#first + SEQ]!;
  }
  get kind(): AnswerKind {
    return this.#entries[this.#first + KIND]! as AnswerKind;
  }
  /** Where its reply subject and then its body are; borrowed until the next `push`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }
  get replyFrom(): number {
    return this.#byteFirst;
  }
  get replyTo(): number {
    return this.#byteFirst + this.#entries[this.#first + REPLY_LENGTH]!;
  }
  get bodyTo(): number {
    return this.replyTo + this.#entries[this.#first + BODY_LENGTH]!;
  }

  /**
   * How many of the first answers, up to `most`, say that messages were stored one after the other, rest on nothing behind
   * `upTo` and go to replies of one length, which lie behind each other.
   */
  alike(upTo: number, most: number): number {
    const entries = this.#entries;
    const first = this.#first;
    const { seq } = this;
    const length = entries[first + REPLY_LENGTH]!;
    const many = Math.min(most, this.length);
    for (let i = 0; i < many; i++) {
      const at = first + i * STRIDE;
      if (
        entries[at + KIND] !== ANSWER.stored ||
        entries[at + SEQ] !== seq + i ||
        entries[at + RESTS_ON]! > upTo ||
        entries[at + REPLY_LENGTH] !== length
      )
        return i;
    }
    return many;
  }

  /** Removes the first answer. */
  shift(): void {
    if (this.kind !== ANSWER.republish) this.#replies--;
    this.#byteFirst = this.bodyTo;
    this.#first += STRIDE;
    this.#removed();
  }
  /** Removes the first of those that are `alike`. */
  shiftAlike(count: number): void {
    this.#replies -= count;
    this.#byteFirst += count * this.#entries[this.#first + REPLY_LENGTH]!;
    this.#first += count * STRIDE;
    this.#removed();
  }

  #removed(): void {
    if (this.#first !== this.#end) return;
    this.#first = 0;
    this.#end = 0;
    this.#byteFirst = 0;
    this.#byteEnd = 0;
    // A flood is over: its memory goes back.
    if (this.#entries.length > MOST_KEPT_ENTRIES * STRIDE) this.#entries = new Float64Array(LEAST_ENTRIES * STRIDE);
    if (this.#bytes.length > MOST_KEPT_BYTES) this.#bytes = new Uint8Array(LEAST_BYTES);
  }

  #makeEntry(): void {
    const used = this.#end - this.#first;
    const next = used * 2 > this.#entries.length ? new Float64Array(this.#entries.length * 2) : this.#entries;
    next.set(this.#entries.subarray(this.#first, this.#end));
    this.#entries = next;
    this.#first = 0;
    this.#end = used;
  }

  #makeBytes(more: number): void {
    const used = this.#byteEnd - this.#byteFirst;
    let size = this.#bytes.length;
    while ((used + more) * 2 > size) size *= 2;
    const next = size > this.#bytes.length ? new Uint8Array(size) : this.#bytes;
    next.set(this.#bytes.subarray(this.#byteFirst, this.#byteEnd));
    this.#bytes = next;
    this.#byteFirst = 0;
    this.#byteEnd = used;
  }
}
