// What the prefix of a domain leads to besides the API: direct gets, pulls and
// the subjects of buckets, which streams and consumers listen to themselves.
// A message on the prefix is published again without it.
//
// Knows nothing of who listens there.

import type { Bus, Frame, Listener } from "../../account/bus.ts";
import { type ByteString, byteString, byteStringOf } from "../../base/bytes.ts";

const API = "$JS.API.";
const served = ["DIRECT.GET.>", "CONSUMER.MSG.NEXT.>"];
const buckets = ["$KV.>", "$OBJ.>"];

/** Passes on what comes on `prefix` (`$JS.<domain>.API.`) and is not served by the API. */
export class DomainPrefix {
  readonly #bus: Bus;
  readonly #prefix: string;

  constructor(bus: Bus, prefix: string) {
    this.#bus = bus;
    this.#prefix = prefix;
  }

  /** `subscribe` keeps what it makes, to end it one day. */
  listen(subscribe: (subject: ByteString, listener: Listener) => void): void {
    const pass = (part: string, instead: string, unheard: number): void =>
      subscribe(byteString(this.#prefix + part), { onMsg: (frame) => this.#passOn(frame, instead) > unheard });
    // The API hears of its own subjects too and serves none of these: it is not counted.
    for (const part of served) pass(part, API, 1);
    for (const part of buckets) pass(part, "", 0);
  }

  /** How many it reached. */
  #passOn(frame: Frame, instead: string): number {
    const { source, subjectFrom, subjectTo, replyFrom, replyTo, payloadFrom, payloadTo } = frame;
    const rest = byteStringOf(source, subjectFrom + this.#prefix.length, subjectTo);
    const bodyFrom = payloadFrom + Math.max(0, frame.headerBytes);
    // Copies: what is published may be put together where the frame is.
    const part = (from: number, to: number): Uint8Array => Uint8Array.prototype.slice.call(source, from, to);
    const reply = byteStringOf(source, replyFrom, replyTo);
    return this.#bus.publishParts(
      (instead + rest) as ByteString,
      reply,
      part(payloadFrom, bodyFrom),
      part(bodyFrom, payloadTo),
    );
  }
}
