// Every subject of the API, what it answers as and who handles it.

import type { Kind } from "../../base/json.ts";
import { apiError } from "../../errors/api.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import { accountInfo } from "./account_calls.ts";
import type { ApiCall } from "./call.ts";
import {
  consumerCreate,
  consumerDelete,
  consumerInfo,
  consumerList,
  consumerNames,
  consumerPause,
  consumerReset,
  consumerUnpin,
} from "./consumer_calls.ts";
import {
  consumerCreateResponse,
  consumerDeleteResponse,
  consumerInfoResponse,
  consumerListResponse,
  consumerNamesResponse,
  consumerPauseResponse,
  consumerResetResponse,
  consumerUnpinResponse,
} from "../config/consumer_kinds.ts";
import {
  accountInfoResponse,
  msgGetResponse,
  plainResponse,
  purgeResponse,
  streamCreateResponse,
  streamInfoResponse,
  streamListResponse,
  streamNamesResponse,
  streamUpdateResponse,
  successResponse,
} from "./kinds.ts";
import { msgDelete, msgGet } from "./message_calls.ts";
import {
  streamCreate,
  streamDelete,
  streamInfo,
  streamList,
  streamNames,
  streamPurge,
  streamUpdate,
} from "./stream_calls.ts";

/** Throws the ApiError that a request is refused with, or sees to it that the call is answered. */
export type Handler = (call: ApiCall, surroundings: JetStreamSurroundings) => void;

export interface ApiRow {
  /** Behind `$JS.API.`. */
  readonly pattern: string;
  /** Of the response, behind its common beginning. */
  readonly type: string;
  /** Writes a refusal: with the other fields that are there even then. */
  readonly kind: Kind<unknown, object>;
  /** Answered before the level that a request needs, and whether the account has JetStream, are looked at. */
  readonly isForAll: boolean;
  /** Only asks: waits behind requests that do something. */
  readonly isInfo: boolean;
  readonly handle: Handler;
}

const clusterOnly: Handler = () => {
  throw apiError("clusterRequired");
};
const noSnapshot: Handler = ({ request }) => {
  if (request.account.stream(request.stream) === undefined) throw apiError("streamNotFound");
  throw apiError("streamSnapshot", { err: "snapshots are not supported yet" });
};
const noRestore: Handler = () => {
  throw apiError("streamRestore", { err: "restoring is not supported yet" });
};

function row<D, E>(pattern: string, type: string, kind: Kind<D, E>, handle: Handler, isInfo = false): ApiRow {
  return {
    pattern,
    type: `${type}_response`,
    kind: kind as unknown as Kind<unknown, object>,
    isForAll: handle === clusterOnly,
    isInfo,
    handle,
  };
}

export const apiRows: readonly ApiRow[] = [
  row("INFO", "account_info", accountInfoResponse, accountInfo, true),
  row("STREAM.CREATE.*", "stream_create", streamCreateResponse, streamCreate),
  row("STREAM.UPDATE.*", "stream_update", streamUpdateResponse, streamUpdate),
  row("STREAM.NAMES", "stream_names", streamNamesResponse, streamNames, true),
  row("STREAM.LIST", "stream_list", streamListResponse, streamList, true),
  row("STREAM.INFO.*", "stream_info", streamInfoResponse, streamInfo, true),
  row("STREAM.DELETE.*", "stream_delete", successResponse, streamDelete),
  row("STREAM.PURGE.*", "stream_purge", purgeResponse, streamPurge),
  row("STREAM.MSG.DELETE.*", "stream_msg_delete", successResponse, msgDelete),
  row("STREAM.MSG.GET.*", "stream_msg_get", msgGetResponse, msgGet),
  row("STREAM.PEER.REMOVE.*", "stream_remove_peer", successResponse, clusterOnly),
  row("STREAM.LEADER.STEPDOWN.*", "stream_leader_stepdown", successResponse, clusterOnly),
  row("STREAM.SNAPSHOT.*", "stream_snapshot", plainResponse, noSnapshot),
  row("STREAM.RESTORE.*", "stream_restore", plainResponse, noRestore),
  row("CONSUMER.CREATE.*", "consumer_create", consumerCreateResponse, consumerCreate),
  row("CONSUMER.CREATE.*.>", "consumer_create", consumerCreateResponse, consumerCreate),
  row("CONSUMER.DURABLE.CREATE.*.*", "consumer_create", consumerCreateResponse, consumerCreate),
  row("CONSUMER.NAMES.*", "consumer_names", consumerNamesResponse, consumerNames, true),
  row("CONSUMER.LIST.*", "consumer_list", consumerListResponse, consumerList, true),
  row("CONSUMER.INFO.*.*", "consumer_info", consumerInfoResponse, consumerInfo, true),
  row("CONSUMER.DELETE.*.*", "consumer_delete", consumerDeleteResponse, consumerDelete),
  row("CONSUMER.PAUSE.*.*", "consumer_pause", consumerPauseResponse, consumerPause),
  row("CONSUMER.RESET.*.*", "consumer_reset", consumerResetResponse, consumerReset),
  row("CONSUMER.UNPIN.*.*", "consumer_unpin", consumerUnpinResponse, consumerUnpin),
  row("CONSUMER.LEADER.STEPDOWN.*.*", "consumer_leader_stepdown", successResponse, clusterOnly),
];
