// What a client is told it did wrong without being sent away, and what the
// operator reads of it.

import { type ByteString, byteStringOf } from "../base/bytes.ts";
import { protocolErrors, protocolErrorText, quoted } from "../errors/protocol.ts";
import type { Frame } from "../proto/frame.ts";

export class Complaints {
  readonly #say: (text: string) => void;
  readonly #log: (text: string) => void;

  /** `say` sends the text in -ERR, `log` writes an error that names the connection. */
  constructor(say: (text: string) => void, log: (text: string) => void) {
    this.#say = say;
    this.#log = log;
  }

  publishSubject(): void {
    this.#say(protocolErrors.invalidPublishSubject.text);
  }
  subject(): void {
    this.#say(protocolErrors.invalidSubject.text);
  }
  subscriptions(): void {
    this.#say(protocolErrors.maximumSubscriptions.text);
    this.#log(protocolErrors.maximumSubscriptions.text);
  }
  tokens(subject: ByteString): void {
    const text = protocolErrorText("subscriptionTokens", { subject });
    this.#say(text);
    this.#log(text);
  }
  /** What it is told. */
  publish(subject: ByteString): string {
    const text = protocolErrorText("publishPermission", { subject });
    this.#say(text);
    this.#log(`Publish Violation - Subject ${quoted(subject)}`);
    return text;
  }
  /** What it is told. */
  reply(frame: Frame): string {
    const reply = byteStringOf(frame.source, frame.replyFrom, frame.replyTo);
    const text = protocolErrorText("replyPermission", { subject: reply });
    this.#say(text);
    this.#log(`Publish Violation - Reply ${quoted(reply)}`);
    return text;
  }
  /** A reload has taken a subscription away. */
  removed(subject: ByteString, queue: ByteString | undefined, sid: ByteString): void {
    if (queue === undefined) this.#say(protocolErrorText("removedSubscription", { subject, sid }));
    else this.#say(protocolErrorText("removedQueueSubscription", { subject, queue, sid }));
  }
  subscribe(subject: ByteString, queue: ByteString | undefined, sid: ByteString): void {
    if (queue === undefined) {
      this.#say(protocolErrorText("subscribePermission", { subject }));
      this.#log(`Subscription Violation - Subject ${quoted(subject)}, SID ${sid}`);
    } else {
      this.#say(protocolErrorText("queuePermission", { subject, queue }));
      this.#log(`Subscription Violation - Subject ${quoted(subject)}, Queue: ${quoted(queue)}, SID ${sid}`);
    }
  }
}
