// What clients say of delivered messages, on the ack subjects of a consumer.
//
//     +ACK, +OK, empty   acked                 -NAK [delay]   again, now or later
//     +TERM [reason]     acked, with advisory  +WPI           its wait begins anew
//     +NXT [request]     acked, and a pull
//
// Owns the subscriptions. What an ack means is AckState's to know; an answer to
// one waits until it is on disk. Source: jetstream-api facts §3.

import type { Frame, Listener, Subscription } from "../../account/bus.ts";
import { type ByteString, byteString, byteStringOf, bytesEqual } from "../../base/bytes.ts";
import { type AckPayload, readAck } from "../config/consumer_ack.ts";
import type { AckState } from "./ack_state.ts";
import type { AckSubject } from "./ack_subject.ts";
import type { ConsumerAdvisories } from "./consumer_advisories.ts";
import type { ConsumerStream, ConsumerSurroundings, StateKeeper } from "./parts.ts";
import type { Statuses } from "./status.ts";

const ACK = byteString("+ACK");
const NO_REPLY = "" as ByteString;
const plainAck: AckPayload = { kind: "ack" };

/** What acks ask of their consumer. */
export interface AckOwner {
  /** An ack of any kind came. */
  onActivity(): void;
  /** Something became due earlier, or may be delivered now. */
  onFreed(): void;
  /** Of something that was pending. */
  onAcked(): void;
  /** A pull request came with an ack. */
  onNext(body: Uint8Array, reply: ByteString): void;
}

export interface AckParts {
  readonly state: AckState;
  readonly keeper: StateKeeper;
  readonly subject: AckSubject;
  readonly advisories: ConsumerAdvisories;
  readonly statuses: Statuses;
  readonly owner: AckOwner;
}

export class AckListener implements Listener {
  readonly #surroundings: ConsumerSurroundings;
  readonly #stream: ConsumerStream;
  readonly #consumer: string;
  readonly #parts: AckParts;
  #subs: readonly Subscription[] = [];
  /** Of 100 acks, how many are measured: 0 unless each message is acked by itself. */
  samplePercent = 0;

  constructor(surroundings: ConsumerSurroundings, stream: ConsumerStream, consumer: string, parts: AckParts) {
    this.#surroundings = surroundings;
    this.#stream = stream;
    this.#consumer = consumer;
    this.#parts = parts;
  }

  open(): void {
    this.#subs = this.#parts.subject.subjects.map((subject) => this.#stream.bus.subscribe(subject, this));
  }
  close(): void {
    for (const sub of this.#subs) this.#stream.bus.unsubscribe(sub);
    this.#subs = [];
  }

  onMsg(frame: Frame, sub: Subscription): boolean {
    const { subject, owner } = this.#parts;
    const { source } = frame;
    owner.onActivity();
    if (!subject.read(source, frame.subjectFrom, frame.subjectTo, sub === this.#subs[1])) return true;
    // Most have none: nothing is made for it.
    const hasReply = frame.replyTo > frame.replyFrom;
    const reply = hasReply ? byteStringOf(source, frame.replyFrom, frame.replyTo) : NO_REPLY;
    const bodyFrom = frame.payloadFrom + Math.max(0, frame.headerBytes);
    // Nearly every ack is this word: no view of the bytes is made for it.
    if (bytesEqual(source, bodyFrom, frame.payloadTo, ACK)) this.#onAck(plainAck, reply);
    else this.#onAck(readAck(source.subarray(bodyFrom, frame.payloadTo)), reply);
    return true;
  }

  onAck(deliveries: number, streamSeq: number, consumerSeq: number): void {
    const { subject, state, owner } = this.#parts;
    owner.onActivity();
    if (this.samplePercent > 0) {
      subject.deliveries = deliveries;
      subject.streamSeq = streamSeq;
      subject.consumerSeq = consumerSeq;
      this.#sample();
    }
    if (state.ack(streamSeq, consumerSeq, this.#finished) === "acked") this.#acked();
  }

  #onAck(ack: AckPayload, reply: ByteString): void {
    const { subject, statuses, owner } = this.#parts;
    const { streamSeq } = subject;
    switch (ack.kind) {
      case "ack":
        this.#sample();
        this.#settle(reply);
        return;
      case "next":
        this.#sample();
        this.#settle(NO_REPLY);
        owner.onNext(ack.request, reply);
        return;
      case "term": {
        const { deliveries, consumerSeq } = subject;
        this.#settle(reply);
        this.#parts.advisories.terminated({ streamSeq, consumerSeq, deliveries }, ack.reason);
        return;
      }
      case "nak":
        this.#onNak(ack);
        break;
      case "progress":
        this.#onProgress();
        break;
      case "unknown":
        break;
    }
    if (streamSeq !== 0) statuses.empty(reply);
  }

  /** Acknowledged: answered when that survives a power cut, here and in the stream. */
  #settle(reply: ByteString): void {
    const { state, keeper, subject, statuses, owner } = this.#parts;
    const { streamSeq, consumerSeq } = subject;
    if (reply === NO_REPLY) {
      const result = state.ack(streamSeq, consumerSeq, this.#finished);
      if (result === "acked") this.#acked();
      return;
    }
    let waits = 1;
    const done = (): void => {
      waits--;
      if (waits === 0) statuses.empty(reply);
    };
    const result = state.ack(streamSeq, consumerSeq, (finished) => {
      waits++;
      this.#stream.finished(this.#consumer, finished, done);
    });
    if (result === "acked") this.#acked();
    else owner.onFreed();
    if (result !== "undelivered") keeper.confirm(done);
  }

  readonly #finished = (streamSeq: number): void => this.#stream.finished(this.#consumer, streamSeq, undefined);

  #acked(): void {
    this.#parts.keeper.touch();
    this.#parts.owner.onAcked();
  }

  #onNak({ delayMs, badDelay }: Extract<AckPayload, { kind: "nak" }>): void {
    const { state, keeper, subject, advisories, owner } = this.#parts;
    const { streamSeq, consumerSeq, deliveries } = subject;
    if (badDelay !== undefined) {
      const { account, name } = this.#stream;
      const whose = `'${account} > ${name} > ${this.#consumer}'`;
      this.#surroundings.log.warn(`JetStream consumer ${whose} bad NAK delay value: ${badDelay}`);
    }
    const nowMs = this.#surroundings.wallTimer.nowMs();
    const isNaked =
      delayMs === undefined
        ? state.nak(streamSeq, consumerSeq)
        : state.nakLater(streamSeq, consumerSeq, delayMs, nowMs);
    if (!isNaked) return;
    keeper.touch();
    advisories.nak({ streamSeq, consumerSeq, deliveries });
    owner.onFreed();
  }

  #onProgress(): void {
    const { state, keeper, subject } = this.#parts;
    if (state.progress(subject.streamSeq, this.#surroundings.wallTimer.nowMs())) keeper.touch();
  }

  /** Some acks are measured: of what is pending, one by one. */
  #sample(): void {
    if (this.samplePercent <= 0) return;
    const { state, subject, advisories } = this.#parts;
    const { world, wallTimer } = this.#surroundings;
    const { streamSeq, consumerSeq, deliveries } = subject;
    if (!state.isPending(streamSeq)) return;
    if (this.samplePercent < 100 && world.random(100) > this.samplePercent) return;
    const tookMs = wallTimer.nowMs() - state.pendingSinceMs(streamSeq);
    advisories.ackMetric({ streamSeq, consumerSeq, deliveries }, Math.round(tookMs * 1e6));
  }
}
