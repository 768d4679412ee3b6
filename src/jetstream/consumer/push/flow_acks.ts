// Answers to flow control of one push consumer, and how far they say it has
// come. Owns the subscriptions.

import type { Frame, Listener, Subscription } from "../../../account/bus.ts";
import { type ByteString, byteStringOf } from "../../../base/bytes.ts";
import { headerValue } from "../../header_value.ts";
import type { ConsumerStream } from "../parts.ts";

/** An answer on `subject`; the sequences are 0 where it does not say. */
export type OnFlowAck = (subject: ByteString, consumerSeq: number, streamSeq: number) => void;

export class FlowAcks implements Listener {
  readonly #stream: ConsumerStream;
  readonly #subjects: readonly ByteString[];
  readonly #onAck: OnFlowAck;
  #subs: readonly Subscription[] = [];

  constructor(stream: ConsumerStream, subjects: readonly ByteString[], onAck: OnFlowAck) {
    this.#stream = stream;
    this.#subjects = subjects;
    this.#onAck = onAck;
  }

  open(): void {
    this.#subs = this.#subjects.map((subject) => this.#stream.bus.subscribe(subject, this));
  }
  close(): void {
    for (const sub of this.#subs) this.#stream.bus.unsubscribe(sub);
    this.#subs = [];
  }

  onMsg(frame: Frame): boolean {
    const { source, payloadFrom, headerBytes } = frame;
    const number = (key: string): number => {
      if (headerBytes <= 0) return 0;
      const written = headerValue(source, key, payloadFrom, payloadFrom + headerBytes) ?? "";
      return /^\d{1,15}$/.test(written) ? Number(written) : 0;
    };
    const subject = byteStringOf(source, frame.subjectFrom, frame.subjectTo);
    this.#onAck(subject, number("Nats-Last-Consumer"), number("Nats-Last-Stream"));
    return true;
  }
}
