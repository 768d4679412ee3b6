// Where a consumer that is reset begins again. Owns nothing.

import type { StreamStore } from "../../store/stream_store.ts";
import type { ConsumerConfig } from "../config/consumer_config.ts";

/** The sequence for a reset to `seq` (0: behind what it has finished with), or why it may not. */
export function resetSequence(
  seq: number,
  config: ConsumerConfig,
  finishedStreamSeq: number,
  store: StreamStore,
): number | string {
  if (seq === 0) return Math.max(1, finishedStreamSeq + 1);
  const { deliver_policy: policy, opt_start_seq: startSeq, opt_start_time: time } = config;
  if (policy === "all") return seq;
  if (policy === "by_start_sequence") return seq < startSeq ? "below start seq" : seq;
  if (policy !== "by_start_time") return "not allowed";
  return seq < store.seqAt(time!.sec, time!.nanos) ? "below start time" : seq;
}
