// The configuration of a stream: its type and its JSON, in requests, responses
// and `meta.inf`.
//
// Fields have the names of the wire and stand in the order nats-server writes
// them in. Whole numbers of 64 bits are bigint (a duration of 105 days in
// nanoseconds, or the largest int64 that clients send for "no limit", does not
// fit a number); whoever works with them takes numbers from stream_limits.ts.
// Knows nothing of what makes sense: see stream_checks.ts.

import {
  bigInt64,
  bigInteger,
  bigUint64,
  bool,
  type Decoded,
  embedded,
  int32,
  type Kind,
  list,
  map,
  nullable,
  omitEmpty,
  record,
  text,
  via,
} from "../../base/json.ts";
import { moment } from "./moment.ts";
import { streamSourceKind, transformKind } from "./stream_source.ts";
import { compressionWord, word } from "./words.ts";

const MAX_INT64 = 2n ** 63n - 1n;
/** Nanoseconds. */
const duration: Kind<bigint> = bigInteger("time.Duration", -MAX_INT64 - 1n, MAX_INT64);
const bigInt: Kind<bigint> = bigInteger("int", -MAX_INT64 - 1n, MAX_INT64);
/** A number of which only small values are ever accepted: rounded above 2^53. */
const count: Kind<number> = via(bigInt, 0, Number, BigInt);

/** No tags and an empty list are two things, though neither is written. */
const someTags = nullable(list(text));
const tags: typeof someTags = { ...someTags, isEmpty: (value) => value === undefined || [...value].length === 0 };
const placement = record(
  { cluster: omitEmpty(text), tags: omitEmpty(tags), preferred: omitEmpty(text) },
  "server.Placement",
);
const republish = record({ src: omitEmpty(text), dest: text, headers_only: omitEmpty(bool) }, "server.RePublish");
const consumerLimits = record(
  { inactive_threshold: omitEmpty(duration), max_ack_pending: omitEmpty(bigInt) },
  "server.StreamConsumerLimits",
);

const fields = {
  name: text,
  description: omitEmpty(text),
  subjects: omitEmpty(list(text)),
  retention: word(["limits", "interest", "workqueue"]),
  max_consumers: bigInt,
  max_msgs: bigInt64,
  max_bytes: bigInt64,
  max_age: duration,
  max_msgs_per_subject: bigInt64,
  max_msg_size: omitEmpty(int32),
  discard: word(["old", "new"], { anyCase: true }),
  storage: word(["file", "memory"]),
  num_replicas: count,
  no_ack: omitEmpty(bool),
  duplicate_window: omitEmpty(duration),
  placement: omitEmpty(nullable(placement)),
  mirror: omitEmpty(nullable(streamSourceKind)),
  sources: omitEmpty(list(nullable(streamSourceKind), "[]*server.StreamSource")),
  compression: compressionWord,
  first_seq: omitEmpty(bigUint64),
  subject_transform: omitEmpty(nullable(transformKind)),
  republish: omitEmpty(nullable(republish)),
  allow_direct: bool,
  mirror_direct: bool,
  discard_new_per_subject: omitEmpty(bool),
  sealed: bool,
  deny_delete: bool,
  deny_purge: bool,
  allow_rollup_hdrs: bool,
  consumer_limits: consumerLimits,
  allow_msg_ttl: bool,
  subject_delete_marker_ttl: omitEmpty(duration),
  allow_msg_counter: omitEmpty(bool),
  allow_atomic: omitEmpty(bool),
  allow_msg_schedules: omitEmpty(bool),
  persist_mode: omitEmpty(word(["default", "async"], { empty: true })),
  allow_batched: omitEmpty(bool),
  metadata: omitEmpty(map(text)),
};

const inOther = embedded("StreamConfig", fields);

/** As responses hold it, and nats-server's bytes for it. */
export const streamConfigKind = record(fields, "server.StreamConfig");
export type StreamConfig = Decoded<typeof streamConfigKind>;

/** The body of STREAM.CREATE and STREAM.UPDATE. */
export const streamConfigRequestKind = record({ ...inOther, pedantic: omitEmpty(bool) }, "server.StreamConfigRequest");
export type StreamConfigRequest = Decoded<typeof streamConfigRequestKind>;

/** The content of `meta.inf`. */
export const streamFileKind = record({ Created: moment, ...inOther }, "server.FileStreamInfo");

/** What a request says that names a stream and nothing else. */
export function emptyStreamConfig(name: string): StreamConfig {
  return { ...streamConfigKind.zero, name };
}
