// What one consumer tells whoever listens: on `$JS.EVENT.ADVISORY.CONSUMER.>`
// and `$JS.EVENT.METRIC.CONSUMER.ACK.>`. Owns nothing. Source: jetstream-api facts §8.

import { int64, omitEmpty, record, text, uint64, bool } from "../../base/json.ts";
import type { Kind } from "../../base/json.ts";
import type { Moment } from "../../base/nanos.ts";
import { type Advisories, eventHead } from "../advisories.ts";
import { moment } from "../config/moment.ts";
import type { ConsumerStream } from "./parts.ts";

const head = { ...eventHead, stream: text, consumer: text };
const domain = { domain: omitEmpty(text) };
const maxDeliverKind = record({ ...head, stream_seq: uint64, deliveries: uint64, ...domain });
const nakKind = record({ ...head, consumer_seq: uint64, stream_seq: uint64, deliveries: uint64, ...domain });
const terminatedKind = record({
  ...head,
  consumer_seq: uint64,
  stream_seq: uint64,
  deliveries: uint64,
  reason: omitEmpty(text),
  ...domain,
});
const ackKind = record({
  ...head,
  consumer_seq: uint64,
  stream_seq: uint64,
  ack_time: int64,
  deliveries: uint64,
  ...domain,
});
const pauseKind = record({ ...head, paused: bool, pause_until: moment, ...domain });
const group = {
  ...eventHead,
  account: omitEmpty(text),
  stream: text,
  consumer: text,
  ...domain,
  group: text,
};
const pinnedKind = record({ ...group, pinned_id: text });
const unpinnedKind = record({ ...group, reason: text });

/** Which delivery an ack was about; the numbers are from its subject. */
export interface DeliveryNumbers {
  readonly streamSeq: number;
  readonly consumerSeq: number;
  readonly deliveries: number;
}

export class ConsumerAdvisories {
  readonly #advisories: Advisories;
  readonly #stream: ConsumerStream;
  readonly #consumer: string;

  constructor(advisories: Advisories, stream: ConsumerStream, consumer: string) {
    this.#advisories = advisories;
    this.#stream = stream;
    this.#consumer = consumer;
  }

  /** A message was delivered as often as it may be. */
  maxDeliveries(streamSeq: number, deliveries: number): void {
    this.#send("MAX_DELIVERIES", "max_deliver", maxDeliverKind, { stream_seq: streamSeq, deliveries });
  }

  nak({ streamSeq, consumerSeq, deliveries }: DeliveryNumbers): void {
    const fields = { consumer_seq: consumerSeq, stream_seq: streamSeq, deliveries };
    this.#send("MSG_NAKED", "nak", nakKind, fields);
  }

  terminated({ streamSeq, consumerSeq, deliveries }: DeliveryNumbers, reason: string): void {
    const fields = { consumer_seq: consumerSeq, stream_seq: streamSeq, deliveries, reason };
    this.#send("MSG_TERMINATED", "terminated", terminatedKind, fields);
  }

  /** `paused_until` is Go's zero time for never. */
  pause(isPaused: boolean, until: Moment): void {
    this.#send("PAUSE", "consumer_pause", pauseKind, { paused: isPaused, pause_until: until });
  }

  pinned(priorityGroup: string, pinId: string): void {
    const { account } = this.#stream;
    const fields = { account, group: priorityGroup, pinned_id: pinId };
    this.#send("PINNED", "consumer_group_pinned", pinnedKind, fields);
  }

  unpinned(priorityGroup: string, reason: "admin" | "timeout"): void {
    const { account } = this.#stream;
    this.#send("UNPINNED", "consumer_group_unpinned", unpinnedKind, { account, group: priorityGroup, reason });
  }

  /** How long an ack took. */
  ackMetric({ streamSeq, consumerSeq, deliveries }: DeliveryNumbers, ackNanos: number): void {
    const fields = { consumer_seq: consumerSeq, stream_seq: streamSeq, ack_time: ackNanos, deliveries };
    const { name, bus } = this.#stream;
    const subject = `METRIC.CONSUMER.ACK.${name}.${this.#consumer}`;
    this.#advisories.event(bus, subject, "metric.v1.consumer_ack", ackKind, this.#of(fields));
  }

  #send<D, E>(what: string, type: string, kind: Kind<D, E>, fields: object): void {
    const { name, bus } = this.#stream;
    const subject = `ADVISORY.CONSUMER.${what}.${name}.${this.#consumer}`;
    this.#advisories.event(bus, subject, `advisory.v1.${type}`, kind, this.#of(fields));
  }

  #of(fields: object): object {
    return { stream: this.#stream.name, consumer: this.#consumer, domain: this.#advisories.domain, ...fields };
  }
}
