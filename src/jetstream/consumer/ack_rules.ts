// What of a consumer's configuration bears on its acks, in the units they are kept in.

import type { ConsumerConfig } from "../config/consumer_config.ts";
import type { AckRules } from "./ack_state.ts";

const NANOS_PER_MS = 1e6;

export function ackRules(config: ConsumerConfig): AckRules {
  return {
    ackPolicy: config.ack_policy,
    ackWaitMs: Number(config.ack_wait) / NANOS_PER_MS,
    backoffMs: config.backoff.map((wait) => Number(wait) / NANOS_PER_MS),
    maxDeliver: Number(config.max_deliver),
  };
}
