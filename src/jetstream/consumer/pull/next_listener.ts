// Where clients ask a consumer for messages. Owns the subscription, which a push
// consumer has too, to refuse.

import type { Frame, Listener, Subscription } from "../../../account/bus.ts";
import { type ByteString, byteString, byteStringOf } from "../../../base/bytes.ts";
import { readNextRequest } from "../../config/consumer_next.ts";
import { asksForHigherLevel } from "../../required_level.ts";
import type { ConsumerStream } from "../parts.ts";
import type { Statuses } from "../status.ts";
import type { PullRequests } from "./pull_requests.ts";

const SUBJECT = "$JS.API.CONSUMER.MSG.NEXT.";

export class NextListener implements Listener {
  readonly #stream: ConsumerStream;
  readonly #consumer: string;
  readonly #statuses: Statuses;
  readonly #pull: PullRequests | undefined;
  #sub: Subscription | undefined = undefined;

  /** `pull` undefined: of a push consumer. */
  constructor(stream: ConsumerStream, consumer: string, statuses: Statuses, pull: PullRequests | undefined) {
    this.#stream = stream;
    this.#consumer = consumer;
    this.#statuses = statuses;
    this.#pull = pull;
  }

  open(): void {
    const { bus, name } = this.#stream;
    this.#sub = bus.subscribe(byteString(`${SUBJECT}${name}.${this.#consumer}`), this);
  }
  close(): void {
    if (this.#sub !== undefined) this.#stream.bus.unsubscribe(this.#sub);
    this.#sub = undefined;
  }

  onMsg(frame: Frame): boolean {
    const { source, payloadFrom, payloadTo } = frame;
    if (frame.replyTo === frame.replyFrom) return true;
    const reply = byteStringOf(source, frame.replyFrom, frame.replyTo);
    const bodyFrom = payloadFrom + Math.max(0, frame.headerBytes);
    if (this.#pull !== undefined && frame.headerBytes > 0 && asksForHigherLevel(source, payloadFrom, bodyFrom)) {
      this.#statuses.send(reply, "412 Required Api Level");
    } else this.read(source.subarray(bodyFrom, payloadTo), reply);
    return true;
  }

  /** Reads a request, which may have come with an ack. */
  read(body: Uint8Array, reply: ByteString): void {
    if (this.#pull === undefined) {
      this.#statuses.send(reply, "409 Consumer is push based");
      return;
    }
    const request = readNextRequest(body);
    if (typeof request === "string") this.#statuses.send(reply, request);
    else this.#pull.add(request, reply);
  }
}
