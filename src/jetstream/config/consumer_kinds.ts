// The JSON of requests and responses about consumers, in nats-server's order:
// all but CONSUMER.CREATE's request (consumer_config.ts) and the bodies of
// CONSUMER.MSG.NEXT and of acks (consumer_next.ts, consumer_ack.ts).

import {
  bigUint64,
  bool,
  type Decoded,
  type Encodable,
  int,
  type Kind,
  list,
  map,
  nullable,
  omitEmpty,
  record,
  text,
  uint64,
} from "../../base/json.ts";
import { apiErrorKind } from "./api_error_kind.ts";
import { consumerConfigKind, duration } from "./consumer_config.ts";
import { moment } from "./moment.ts";

/** What every response begins with. */
const head = { type: text, error: omitEmpty(nullable(apiErrorKind)) };
const page = { total: int, offset: int, limit: int };
/** Fields of a struct that Go embeds by pointer: all there, or none. */
const maybe = <D, E>(kind: Kind<D, E>) => omitEmpty(nullable(kind));

// ---- requests

/** The body of CONSUMER.PAUSE; the zero time resumes. */
export const consumerPauseRequest = record({ pause_until: moment }, "server.JSApiConsumerPauseRequest");
/** The body of CONSUMER.RESET; 0 is behind the ack floor. Read leniently, as a whole. */
export const consumerResetRequest = record({ seq: bigUint64 }, "server.JSApiConsumerResetRequest");
/** The body of CONSUMER.UNPIN. Read leniently, as a whole. */
export const consumerUnpinRequest = record({ group: text }, "server.JSApiConsumerUnpinRequest");

// ---- responses

const sequenceInfo = record(
  { consumer_seq: uint64, stream_seq: uint64, last_active: maybe(moment) },
  "server.SequenceInfo",
);
const priorityGroupState = record(
  { group: text, pinned_client_id: omitEmpty(text), pinned_ts: moment },
  "server.PriorityGroupState",
);
const consumerInfo = {
  stream_name: maybe(text),
  name: maybe(text),
  created: maybe(moment),
  config: maybe(consumerConfigKind),
  delivered: maybe(sequenceInfo),
  ack_floor: maybe(sequenceInfo),
  num_ack_pending: maybe(int),
  num_redelivered: maybe(int),
  num_waiting: maybe(int),
  num_pending: maybe(uint64),
  push_bound: omitEmpty(bool),
  paused: omitEmpty(bool),
  pause_remaining: omitEmpty(duration),
  ts: maybe(moment),
  priority_groups: omitEmpty(list(priorityGroupState, "[]server.PriorityGroupState")),
};
export const consumerInfoKind = record(consumerInfo, "server.ConsumerInfo");
export type ConsumerInfo = Encodable<typeof consumerInfoKind>;
export type SequenceInfo = Decoded<typeof sequenceInfo>;

export const consumerCreateResponse = record({ ...head, ...consumerInfo });
export const consumerInfoResponse = record({ ...head, ...consumerInfo });
export const consumerResetResponse = record({ ...head, ...consumerInfo, reset_seq: uint64 });
export const consumerNamesResponse = record({ ...head, ...page, consumers: list(text) });
export const consumerListResponse = record({
  ...head,
  ...page,
  consumers: list(consumerInfoKind, "[]*server.ConsumerInfo"),
  missing: omitEmpty(list(text)),
  offline: omitEmpty(map(text)),
});
export const consumerDeleteResponse = record({ ...head, success: omitEmpty(bool) });
export const consumerPauseResponse = record({
  ...head,
  paused: bool,
  pause_until: moment,
  pause_remaining: omitEmpty(duration),
});
export const consumerUnpinResponse = record(head);
