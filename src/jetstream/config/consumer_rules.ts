// What the checks of a consumer's configuration have to know from outside.

import { type AccountLimits } from "../limits.ts";
import { type ConsumerConfig } from "./consumer_config.ts";
import { type StreamConfig } from "./stream_config.ts";

/** The stream a consumer is to read, and limits around it; one of 0 or less is none. */
export interface ConsumerRules {
  readonly stream: StreamConfig;
  /** `limits.max_ack_pending` of the server. */
  readonly maxAckPending: number;
  /** `limits.max_request_batch` of the server. */
  readonly maxRequestBatch: number;
  readonly account: Pick<AccountLimits, "maxAckPending" | "maxConsumers">;
}

/** The consumers that a stream has. */
export interface StreamConsumers {
  configOf(name: string): ConsumerConfig | undefined;
  /** How many there are, without those that serve mirrors and sources. */
  readonly limitable: number;
  /**
   * Whether another consumer than `name`, of those that count as limitable,
   * may want a message with a subject that one of `filters` matches. Without filters: no.
   */
  overlaps(name: string, filters: readonly string[]): boolean;
  /** Whether anybody listens to a subject of the account. */
  hasInterest(subject: string): boolean;
}
