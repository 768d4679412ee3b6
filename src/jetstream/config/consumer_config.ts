// The configuration of a consumer: its type and its JSON, in requests,
// responses and `obs/<consumer>/meta.inf`.
//
// Fields have the names of the wire and stand in the order nats-server writes
// them in. Whole numbers of 64 bits are bigint, as in stream_config.ts. An empty
// list is no list. Knows nothing of what makes sense: see consumer_checks.ts.

import {
  bigInteger,
  bigUint64,
  bool,
  type Decoded,
  embedded,
  type Kind,
  list,
  map,
  nullable,
  omitEmpty,
  record,
  text,
  via,
} from "../../base/json.ts";
import { zonedMoment } from "./consumer_moment.ts";
import { moment } from "./moment.ts";
import { word } from "./words.ts";

const MAX_INT64 = 2n ** 63n - 1n;
/** Nanoseconds. */
export const duration: Kind<bigint> = bigInteger("time.Duration", -MAX_INT64 - 1n, MAX_INT64);
export const bigInt: Kind<bigint> = bigInteger("int", -MAX_INT64 - 1n, MAX_INT64);
/** A number of which only small values are ever accepted: rounded above 2^53. */
const count: Kind<number> = via(bigInt, 0, Number, BigInt);

const fields = {
  durable_name: omitEmpty(text),
  name: omitEmpty(text),
  description: omitEmpty(text),
  deliver_policy: word(["all", "last", "new", "by_start_sequence", "by_start_time", "last_per_subject"], {
    alias: "undefined",
  }),
  opt_start_seq: omitEmpty(bigUint64),
  opt_start_time: omitEmpty(nullable(zonedMoment)),
  ack_policy: word(["none", "all", "explicit", "flow_control"]),
  ack_wait: omitEmpty(duration),
  max_deliver: omitEmpty(bigInt),
  backoff: omitEmpty(list(duration, "[]time.Duration")),
  filter_subject: omitEmpty(text),
  filter_subjects: omitEmpty(list(text)),
  replay_policy: word(["instant", "original"]),
  rate_limit_bps: omitEmpty(bigUint64),
  sample_freq: omitEmpty(text),
  max_waiting: omitEmpty(bigInt),
  max_ack_pending: omitEmpty(bigInt),
  flow_control: omitEmpty(bool),
  headers_only: omitEmpty(bool),
  max_batch: omitEmpty(bigInt),
  max_expires: omitEmpty(duration),
  max_bytes: omitEmpty(bigInt),
  deliver_subject: omitEmpty(text),
  deliver_group: omitEmpty(text),
  idle_heartbeat: omitEmpty(duration),
  inactive_threshold: omitEmpty(duration),
  num_replicas: count,
  mem_storage: omitEmpty(bool),
  direct: omitEmpty(bool),
  sourcing: omitEmpty(bool),
  metadata: omitEmpty(map(text)),
  pause_until: omitEmpty(nullable(zonedMoment)),
  priority_groups: omitEmpty(list(text)),
  priority_policy: omitEmpty(
    word(["none", "overflow", "pinned_client", "prioritized"], {
      refusal: (written) => `unknown priority policy: ${written}`,
    }),
  ),
  priority_timeout: omitEmpty(duration),
};

/** As responses hold it, and nats-server's bytes for it. */
export const consumerConfigKind = record(fields, "server.ConsumerConfig");
export type ConsumerConfig = Decoded<typeof consumerConfigKind>;

/** A configuration while it is checked: its fields may still change. */
export type ConsumerDraft = { -readonly [Field in keyof ConsumerConfig]: ConsumerConfig[Field] };

/** The body of CONSUMER.CREATE in all its forms. */
export const consumerCreateRequestKind = record(
  {
    stream_name: text,
    config: consumerConfigKind,
    // The first is what a request means that says nothing; it is spelled as an empty string.
    action: word(["", "update", "create"], { refusal: (written) => `unknown consumer action: ${written}` }),
    pedantic: omitEmpty(bool),
  },
  "server.CreateConsumerRequest",
);
export type ConsumerCreateRequest = Decoded<typeof consumerCreateRequestKind>;
/** What a request may find: a consumer or not (""), only one ("update"), none but the same ("create"). */
export type ConsumerAction = ConsumerCreateRequest["action"];

/** The content of `meta.inf`. */
export const consumerFileKind = record(
  { Created: moment, Name: text, ...embedded("ConsumerConfig", fields) },
  "server.FileConsumerInfo",
);

/** Everything a request can leave out, left out. */
export const NO_CONSUMER_CONFIG: ConsumerConfig = consumerConfigKind.zero;

/** Every subject a consumer filters by; none means all. */
export function filtersOf({ filter_subject: one, filter_subjects: several }: ConsumerConfig): readonly string[] {
  return one === "" ? several : [...several, one];
}

/** Whether messages are asked for, instead of sent to a subject. */
export function isPull({ deliver_subject: subject }: ConsumerConfig): boolean {
  return subject === "";
}

/** The copies kept of a consumer on a stream with `streamReplicas`. */
export function replicasOf(config: ConsumerConfig, streamReplicas: number, isLimits: boolean): number {
  const { num_replicas: replicas, durable_name: durable } = config;
  if (replicas !== 0 && replicas <= streamReplicas) return replicas;
  return replicas === 0 && durable === "" && isLimits ? 1 : streamReplicas;
}
