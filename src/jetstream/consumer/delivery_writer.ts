// A stored message as it is delivered: the subject it was stored with, a reply
// that is its ack subject, its headers and what is added to them.
//
// Owns the bytes it makes; what it shows is borrowed from the store until that
// is called again.

import { OutMsg } from "../../account/bus.ts";
import { StoredMsg } from "../../store/stream_store.ts";
import type { AckSubject } from "./ack_subject.ts";

const NOTHING = new Uint8Array(0);
const LINE_END_BYTES = 2;

export class DeliveryWriter {
  /** Load the message into this one, then `prepare`. */
  readonly msg = new StoredMsg();
  /** What is sent. */
  readonly out = new OutMsg();
  readonly #ackSubject: AckSubject;

  constructor(ackSubject: AckSubject) {
    this.#ackSubject = ackSubject;
  }

  /** Makes `out` of `msg`; its size as `max_bytes` counts it. */
  prepare(deliveries: number, consumerSeq: number, pending: number, headersOnly: boolean): number {
    const { msg, out } = this;
    out.subject = msg.subject;
    out.subjectFrom = msg.subjectFrom;
    out.subjectTo = msg.subjectTo;
    const ack = this.#ackSubject;
    out.reply = ack.bytes;
    out.replyFrom = 0;
    out.replyTo = ack.write(deliveries, msg.seq, consumerSeq, msg.sec, msg.nanos, pending);
    out.header = msg.header;
    out.headerFrom = msg.headerFrom;
    out.headerTo = msg.headerTo;
    out.body = msg.body;
    out.bodyFrom = msg.bodyFrom;
    out.bodyTo = msg.bodyTo;
    if (headersOnly) {
      this.#addHeader(`Nats-Msg-Size: ${msg.bodyTo - msg.bodyFrom}`);
      out.body = NOTHING;
      out.bodyFrom = 0;
      out.bodyTo = 0;
    }
    return this.size;
  }

  /** Of what is sent, without the subject it goes to. */
  get size(): number {
    const { out } = this;
    return out.subjectTo - out.subjectFrom + this.carried;
  }
  /** Of what is sent, without subjects. */
  get carried(): number {
    const { out } = this;
    return out.replyTo - out.replyFrom + out.headerTo - out.headerFrom + out.bodyTo - out.bodyFrom;
  }

  /** Says which pin it is delivered under. */
  addPinId(id: string): void {
    this.#addHeader(`Nats-Pin-Id: ${id}`);
  }

  #addHeader(line: string): void {
    const { out } = this;
    const before =
      out.headerTo > out.headerFrom ? out.header.subarray(out.headerFrom, out.headerTo - LINE_END_BYTES) : undefined;
    const added = Buffer.from(`${before === undefined ? "NATS/1.0\r\n" : ""}${line}\r\n\r\n`, "latin1");
    const header = before === undefined ? added : Buffer.concat([before, added]);
    out.header = header;
    out.headerFrom = 0;
    out.headerTo = header.length;
  }
}
