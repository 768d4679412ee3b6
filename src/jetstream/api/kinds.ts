// The JSON of requests and responses of the API, in nats-server's order.

import {
  bigInteger,
  bigUint64,
  bool,
  byteText,
  embedded,
  int,
  type Kind,
  list,
  map,
  members,
  nullable,
  omitEmpty,
  record,
  text,
  uint64,
  via,
  int64,
} from "../../base/json.ts";
import { apiErrorKind } from "../config/api_error_kind.ts";
import { streamConfigKind } from "../config/stream_config.ts";
import { moment } from "../config/moment.ts";

/** What every response begins with. */
const head = { type: text, error: omitEmpty(nullable(apiErrorKind)) };
const page = { total: int, offset: int, limit: int };

/** Bytes as base64. */
const base64: Kind<Uint8Array> = via<Uint8Array, string, string>(
  text,
  new Uint8Array(0),
  (written) => Buffer.from(written, "base64"),
  (bytes) => Buffer.from(bytes).toString("base64"),
);
const someBase64: Kind<Uint8Array> = { ...base64, isEmpty: (bytes) => bytes.length === 0 };

// ---- requests

/** Any int of Go; those beyond 2^53 lose digits nobody will miss. */
const wideInt: Kind<number> = via(bigInteger("int", -(2n ** 63n), 2n ** 63n - 1n), 0, Number, BigInt);
const paged = embedded("ApiPagedRequest", { offset: wideInt });
export const namesRequest = record({ ...paged, subject: text }, "server.JSApiStreamNamesRequest");
export const listRequest = record({ ...paged, subject: text }, "server.JSApiStreamListRequest");
export const infoRequest = record(
  { ...paged, deleted_details: bool, subjects_filter: text },
  "server.JSApiStreamInfoRequest",
);
export const consumersRequest = record(paged, "server.JSApiConsumersRequest");
export const purgeRequest = record({ seq: bigUint64, filter: text, keep: bigUint64 }, "server.JSApiStreamPurgeRequest");
export const msgDeleteRequest = record({ seq: bigUint64, no_erase: bool }, "server.JSApiMsgDeleteRequest");
/** Whether a configuration says where it is kept. */
export const storageNamed = record({ storage: nullable(text) });
export const msgGetRequest = record(
  {
    seq: bigUint64,
    last_by_subj: text,
    next_by_subj: text,
    batch: wideInt,
    max_bytes: wideInt,
    start_time: nullable(moment),
    multi_last: list(text),
    up_to_seq: bigUint64,
    up_to_time: nullable(moment),
    no_hdr: bool,
  },
  "server.JSApiMsgGetRequest",
);

// ---- responses

const accountLimits = record({
  max_memory: int64,
  max_storage: int64,
  max_streams: int,
  max_consumers: int,
  max_ack_pending: int,
  memory_max_stream_bytes: int64,
  storage_max_stream_bytes: int64,
  max_bytes_required: bool,
});
const apiStats = record({ level: int, total: uint64, errors: uint64, inflight: omitEmpty(uint64) });

/** Fields of a struct that Go embeds by pointer: all there, or none. */
const maybe = <D, E>(kind: Kind<D, E>) => omitEmpty(nullable(kind));

export const accountInfoResponse = record({
  ...head,
  memory: maybe(uint64),
  storage: maybe(uint64),
  reserved_memory: maybe(uint64),
  reserved_storage: maybe(uint64),
  streams: maybe(int),
  consumers: maybe(int),
  limits: maybe(accountLimits),
  domain: omitEmpty(text),
  api: maybe(apiStats),
});

export const lostKind = record({ msgs: list(uint64), bytes: uint64 });
export const stateKind = record({
  messages: uint64,
  bytes: uint64,
  first_seq: uint64,
  first_ts: moment,
  last_seq: uint64,
  last_ts: moment,
  num_subjects: omitEmpty(int),
  subjects: omitEmpty(members(uint64)),
  num_deleted: omitEmpty(int),
  deleted: omitEmpty(list(uint64)),
  lost: maybe(lostKind),
  consumer_count: int,
});
const clusterKind = record({ leader: omitEmpty(text) });
const alternateKind = record({ name: text, domain: omitEmpty(text), cluster: text });
const streamInfo = {
  config: maybe(streamConfigKind),
  created: maybe(moment),
  state: maybe(stateKind),
  domain: omitEmpty(text),
  cluster: maybe(clusterKind),
  alternates: omitEmpty(list(alternateKind)),
  ts: maybe(moment),
};
export const streamInfoKind = record(streamInfo);

export const streamCreateResponse = record({ ...head, ...streamInfo, did_create: omitEmpty(bool) });
export const streamUpdateResponse = record({ ...head, ...streamInfo });
export const streamInfoResponse = record({ ...head, ...page, ...streamInfo });
export const streamNamesResponse = record({ ...head, ...page, streams: nullable(list(text)) });
export const streamListResponse = record({
  ...head,
  ...page,
  streams: list(streamInfoKind, "[]*server.StreamInfo"),
  missing: omitEmpty(list(text)),
  offline: omitEmpty(map(text)),
});
export const successResponse = record({ ...head, success: omitEmpty(bool) });
export const purgeResponse = record({ ...head, success: omitEmpty(bool), purged: uint64 });
const storedMsg = record({
  subject: byteText,
  seq: uint64,
  hdrs: omitEmpty(someBase64),
  data: omitEmpty(someBase64),
  time: moment,
});
export const msgGetResponse = record({ ...head, message: maybe(storedMsg) });
export const plainResponse = record(head);

export const accountPurgeResponse = record({ ...head, initiated: omitEmpty(bool) });
