// INFO: what the account uses and may use.

import { API_LEVEL } from "./request.ts";
import type { ApiCall } from "./call.ts";
import { accountInfoResponse } from "./kinds.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";

export function accountInfo(call: ApiCall, { domain }: JetStreamSurroundings): void {
  const { account } = call.request;
  const { limits } = account;
  call.answer(accountInfoResponse, {
    memory: account.memoryUsed,
    storage: account.fileUsed,
    reserved_memory: account.reserved("memory"),
    reserved_storage: account.reserved("file"),
    streams: account.streamCount,
    consumers: account.consumerCount,
    limits: {
      max_memory: limits.maxMemory,
      max_storage: limits.maxStore,
      max_streams: limits.maxStreams,
      max_consumers: limits.maxConsumers,
      max_ack_pending: limits.maxAckPending,
      memory_max_stream_bytes: limits.memoryMaxStreamBytes,
      storage_max_stream_bytes: limits.storeMaxStreamBytes,
      max_bytes_required: limits.maxBytesRequired,
    },
    domain,
    api: { level: API_LEVEL, total: account.apiTotal, errors: account.apiErrors },
  });
}
