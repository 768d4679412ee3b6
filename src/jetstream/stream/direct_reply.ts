// What DIRECT.GET answers with: messages with headers that say where they are
// from, and statuses. Owns the spelling; sends on the bus.

import { type Bus, type Delivery, OutMsg } from "../../account/bus.ts";
import { type ByteString, byteString, bytesOf } from "../../base/bytes.ts";
import type { StoredMsg } from "../../store/stream_store.ts";
import { DirectHeader, type InBatch } from "./direct_header.ts";
import type { Status } from "./direct_request.ts";

const NOTHING = new Uint8Array(0);

export class DirectReply {
  readonly #bus: Bus;
  readonly #header: DirectHeader;
  readonly #out = new OutMsg();
  /** Where the last message went, and that as bytes: a batch goes to one place. */
  #reply = "" as ByteString;
  #replyBytes: Uint8Array = NOTHING;
  #inbox: Delivery | undefined = undefined;

  constructor(bus: Bus, stream: string) {
    this.#bus = bus;
    this.#header = new DirectHeader(byteString(stream));
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
    if (reply !== this.#reply) {
      this.#reply = reply;
      this.#replyBytes = bytesOf(reply);
      this.#inbox = this.#bus.open(reply);
    }
    const out = this.#outOf(this.#replyBytes, 0, this.#replyBytes.length, msg, batch, bare);
    if (this.#inbox!.isHere) this.#inbox!.put(out);
    else this.#bus.answer(out);
  }

  /** The same to the subject source[from, to), which is borrowed for the call. */
  answer(
    source: Uint8Array,
    from: number,
    to: number,
    msg: StoredMsg,
    batch: InBatch | undefined,
    bare: boolean,
  ): void {
    this.#bus.answer(this.#outOf(source, from, to, msg, batch, bare));
  }

  #outOf(
    source: Uint8Array,
    from: number,
    to: number,
    msg: StoredMsg,
    batch: InBatch | undefined,
    bare: boolean,
  ): OutMsg {
    const out = this.#out;
    const header = this.#header;
    out.subject = source;
    out.subjectFrom = from;
    out.subjectTo = to;
    if (bare) {
      out.headerFrom = 0;
      out.headerTo = 0;
    } else {
      header.write(msg, batch);
      out.header = header.bytes;
      out.headerFrom = header.from;
      out.headerTo = header.to;
    }
    out.body = msg.body;
    out.bodyFrom = msg.bodyFrom;
    out.bodyTo = msg.bodyTo;
    return out;
  }
}
