// What a stream publishes again of what it stores: the destination and the
// headers that say where it came from.
//
//     own headers, Nats-Stream, Nats-Subject, Nats-Sequence, Nats-Time-Stamp,
//     Nats-Last-Sequence, Nats-Msg-Size (headers only)
//
// Made when the message is staged, since a limit may remove it in the group
// that commits it; sent with that group's answers. Owns the bytes it makes.

import { type ByteString, byteString, byteStringOf } from "../../base/bytes.ts";
import { rfc3339Nano } from "../../base/gotime.ts";
import { quoted } from "../../errors/protocol.ts";
import type { Random, SubjectTransform } from "../../subject/transform.ts";
import { isLiteralRange, isValidSubject } from "../../subject/subject.ts";
import type { StoredMsg } from "../../store/stream_store.ts";
import type { RareWarning } from "./rare_warning.ts";

const LINE_END_BYTES = 2;

export interface RepublishOptions {
  readonly account: string;
  readonly stream: string;
  readonly headersOnly: boolean;
  readonly random: Random;
  readonly warnings: RareWarning;
}

export class Republish {
  readonly #transform: SubjectTransform;
  readonly #options: RepublishOptions;
  #into = new Uint8Array(256);
  /** The destination of the message that was asked about last: subject[0, subjectTo). */
  subject: Uint8Array = this.#into;
  subjectTo = 0;

  constructor(transform: SubjectTransform, options: RepublishOptions) {
    this.#transform = transform;
    this.#options = options;
  }

  /** Whether messages on this subject are published again; then `subject` is where. */
  matches(subject: Uint8Array, from: number, to: number): boolean {
    const room = this.#transform.roomFor(to - from);
    if (this.#into.length < room) this.#into = new Uint8Array(room * 2);
    const end = this.#transform.apply(subject, from, to, this.#into, 0, this.#options.random);
    if (end <= 0) return false;
    this.subject = this.#into;
    this.subjectTo = end;
    const { account, stream, warnings } = this.#options;
    const destination = byteStringOf(this.#into, 0, end);
    if (isValidSubject(destination) && isLiteralRange(this.#into, 0, end)) return true;
    const where = `Stream '${account} > ${stream}'`;
    warnings.warn(`${where} suppressing republish with invalid subject ${quoted(destination)}`);
    return false;
  }

  /** Header block and payload of `msg`, staged at `seq`, when `last` was the last of its subject; and how long the header is. */
  make(msg: StoredMsg, seq: number, last: number): { readonly bytes: Uint8Array; readonly headerLength: number } {
    const subject: ByteString = byteStringOf(msg.subject, msg.subjectFrom, msg.subjectTo);
    const hasHeader = msg.headerTo > msg.headerFrom;
    const { headersOnly, stream } = this.#options;
    const size = headersOnly ? `Nats-Msg-Size: ${msg.bodyTo - msg.bodyFrom}\r\n` : "";
    const own = `${hasHeader ? "" : "NATS/1.0\r\n"}Nats-Stream: ${byteString(stream)}\r\nNats-Subject: ${subject}\r\nNats-Sequence: ${seq}\r\nNats-Time-Stamp: ${rfc3339Nano(msg.sec, msg.nanos)}\r\nNats-Last-Sequence: ${last}\r\n${size}\r\n`;
    const before = msg.header.subarray(msg.headerFrom, hasHeader ? msg.headerTo - LINE_END_BYTES : msg.headerFrom);
    const body = msg.body.subarray(msg.bodyFrom, headersOnly ? msg.bodyFrom : msg.bodyTo);
    const bytes = Buffer.concat([before, Buffer.from(own, "latin1"), body]);
    return { bytes, headerLength: bytes.length - body.length };
  }
}
