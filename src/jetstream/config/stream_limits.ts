// The limits of a stream as its store takes them: numbers instead of the
// integers of the configuration.

import { type StoreLimits } from "../../store/stream_store.ts";
import { type StreamConfig } from "./stream_config.ts";

const SECOND = 1_000_000_000n;

/** What the store of a stream with this configuration keeps to. Counts above 2^53 lose digits nobody will reach. */
export function storeLimits(config: StreamConfig): StoreLimits {
  return {
    maxMsgs: Number(config.max_msgs),
    maxBytes: Number(config.max_bytes),
    maxMsgsPerSubject: Number(config.max_msgs_per_subject),
    maxAgeSec: Number(config.max_age / SECOND),
    maxAgeNanos: Number(config.max_age % SECOND),
    discardNew: config.discard === "new",
    discardNewPerSubject: config.discard_new_per_subject,
  };
}

/** A duration of a configuration in milliseconds, rounded up. */
export function milliseconds(nanos: bigint): number {
  return Number((nanos + 999_999n) / 1_000_000n);
}
