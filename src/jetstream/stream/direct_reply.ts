// What DIRECT.GET answers with: messages with headers that say where they are
// from, and statuses. Owns the spelling; sends on the bus.

import { type Bus, OutMsg } from "../../account/bus.ts";
import { type ByteString, byteString, bytesOf, byteStringOf } from "../../base/bytes.ts";
import { rfc3339Nano } from "../../base/gotime.ts";
import type { StoredMsg } from "../../store/stream_store.ts";
import type { Status } from "./direct_request.ts";

const NOTHING = new Uint8Array(0);
const LINE_END_BYTES = 2;

/** Where a message stands in a batch. */
export interface InBatch {
  readonly pending: number;
  /** The sequence sent before; 0 for the first. */
  readonly lastSeq: number;
}

export class DirectReply {
  readonly #bus: Bus;
  readonly #stream: ByteString;
  readonly #out = new OutMsg();

  constructor(bus: Bus, stream: string) {
    this.#bus = bus;
    this.#stream = byteString(stream);
  }

  /** Whether anybody hears what is sent there. */
  isWanted(reply: ByteString): boolean {
    return this.#bus.hasInterest(reply);
  }

  /** Sends a status, with more header lines. */
  status(reply: ByteString, status: Status, lines = ""): void {
    const header = bytesOf(`NATS/1.0 ${status}\r\n${lines}\r\n` as ByteString);
    this.#bus.publishParts(reply, "" as ByteString, header, NOTHING);
  }

  /** Sends a message, of a batch perhaps; `bare` without any headers. */
  message(reply: ByteString, msg: StoredMsg, batch: InBatch | undefined, bare: boolean): void {
    const out = this.#out;
    const header = bare ? NOTHING : this.#header(msg, batch);
    out.subject = bytesOf(reply);
    out.subjectFrom = 0;
    out.subjectTo = out.subject.length;
    out.header = header;
    out.headerFrom = 0;
    out.headerTo = header.length;
    out.body = msg.body;
    out.bodyFrom = msg.bodyFrom;
    out.bodyTo = msg.bodyTo;
    this.#bus.publish(out);
  }

  #header(msg: StoredMsg, batch: InBatch | undefined): Uint8Array {
    const subject = byteStringOf(msg.subject, msg.subjectFrom, msg.subjectTo);
    const hasOwn = msg.headerTo > msg.headerFrom;
    const more =
      batch === undefined ? "" : `Nats-Num-Pending: ${batch.pending}\r\nNats-Last-Sequence: ${batch.lastSeq}\r\n`;
    const own = `${hasOwn ? "" : "NATS/1.0\r\n"}Nats-Stream: ${this.#stream}\r\nNats-Subject: ${subject}\r\nNats-Sequence: ${msg.seq}\r\nNats-Time-Stamp: ${rfc3339Nano(msg.sec, msg.nanos)}\r\n${more}\r\n`;
    const added = Buffer.from(own, "latin1");
    if (!hasOwn) return added;
    return Buffer.concat([msg.header.subarray(msg.headerFrom, msg.headerTo - LINE_END_BYTES), added]);
  }
}
