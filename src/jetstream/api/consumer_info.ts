// What is shown of a consumer.

import type { Moment } from "../../base/nanos.ts";
import type { ConsumerInfo } from "../config/consumer_kinds.ts";
import { withServerMetadata } from "../config/stream_metadata.ts";
import type { Consumer } from "../consumer/consumer.ts";
import type { SequencePair } from "../consumer/parts.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";

/** As responses show it now; LIST shows the metadata that is kept, INFO who leads. */
export function consumerInfoOf(
  consumer: Consumer,
  stream: string,
  { world, version }: JetStreamSurroundings,
  call: "create" | "info" | "list",
): ConsumerInfo {
  const numbers = consumer.info();
  const { config } = consumer;
  const now = { sec: world.wallSec(), nanos: world.wallNanos() };
  const left = numbers.pausedUntil === undefined ? 0n : nanosBetween(now, numbers.pausedUntil);
  return {
    stream_name: stream,
    name: consumer.name,
    created: consumer.created,
    config: call === "list" ? config : withServerMetadata(config, version),
    delivered: sequence(numbers.delivered),
    ack_floor: sequence(numbers.ackFloor),
    num_ack_pending: numbers.numAckPending,
    num_redelivered: numbers.numRedelivered,
    num_waiting: numbers.numWaiting,
    num_pending: numbers.numPending,
    push_bound: numbers.pushBound,
    paused: left > 0n,
    pause_remaining: left > 0n ? left : 0n,
    ts: now,
    priority_groups: numbers.priorityGroups.map(({ group, pinnedClientId, pinnedAt }) => ({
      group,
      pinned_client_id: pinnedClientId,
      pinned_ts: pinnedAt ?? ZERO,
    })),
  };
}

const ZERO: Moment = { sec: -62_135_596_800, nanos: 0 };

function sequence({ consumerSeq, streamSeq, lastActive }: SequencePair): ConsumerInfo["delivered"] {
  return { consumer_seq: consumerSeq, stream_seq: streamSeq, last_active: lastActive };
}

/** Nanoseconds from one moment to another. */
export function nanosBetween(from: Moment, to: Moment): bigint {
  return BigInt(to.sec - from.sec) * 1_000_000_000n + BigInt(to.nanos - from.nanos);
}
