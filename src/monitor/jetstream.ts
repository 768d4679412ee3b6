// The rows about JetStream that /varz and /jsz share.

import { bool, type Encodable, int, int64, omitEmpty, record, text } from "../base/json.ts";
import type { JetStreamView } from "./jetstream_source.ts";

export const jetstreamConfig = record({
  max_memory: int64,
  max_storage: int64,
  store_dir: omitEmpty(text),
  sync_interval: omitEmpty(int64),
  sync_always: omitEmpty(bool),
  domain: omitEmpty(text),
  compress_ok: omitEmpty(bool),
  unique_tag: omitEmpty(text),
  strict: omitEmpty(bool),
});

export const jetstreamLimits = record({
  max_request_batch: omitEmpty(int),
  max_ack_pending: omitEmpty(int),
  max_ha_assets: omitEmpty(int),
  max_duplicate_window: omitEmpty(int64),
  max_batch_inflight_per_stream: omitEmpty(int),
  max_batch_inflight_total: omitEmpty(int),
  max_batch_size: omitEmpty(int),
  max_batch_timeout: omitEmpty(int64),
});

export const apiStats = record({ level: int, total: int64, errors: int64, inflight: omitEmpty(int64) });

/** Fields of the server's stats: a part of /jsz, a block of /varz. */
export const jetstreamStats = {
  memory: int64,
  storage: int64,
  reserved_memory: int64,
  reserved_storage: int64,
  accounts: int,
  ha_assets: int,
  api: apiStats,
};
const stats = record(jetstreamStats);

/** JetStream's block of /varz; an empty object without it. */
export const jetstreamVarz = record({
  config: omitEmpty(jetstreamConfig),
  stats: omitEmpty(stats),
  limits: omitEmpty(jetstreamLimits),
});

/** The block of /varz. */
export function jetstreamVarzOf(jetstream: JetStreamView | undefined): Encodable<typeof jetstreamVarz> {
  if (jetstream === undefined) return {};
  return { config: configOf(jetstream), stats: statsOf(jetstream), limits: limitsOf(jetstream) };
}

export function configOf({ config }: JetStreamView): Encodable<typeof jetstreamConfig> {
  return {
    max_memory: config.maxMemory,
    max_storage: config.maxStorage,
    store_dir: config.storeDir,
    sync_interval: config.syncIntervalNanos,
    sync_always: config.syncAlways,
    domain: config.domain,
    compress_ok: config.compressOk,
    unique_tag: config.uniqueTag,
    strict: config.strict,
  };
}

export function limitsOf({ limits }: JetStreamView): Encodable<typeof jetstreamLimits> {
  return {
    max_request_batch: limits.maxRequestBatch,
    max_ack_pending: limits.maxAckPending,
    max_ha_assets: limits.maxHaAssets,
    max_duplicate_window: limits.maxDuplicateWindowNanos,
    max_batch_inflight_per_stream: limits.maxBatchInflightPerStream,
    max_batch_inflight_total: limits.maxBatchInflightTotal,
    max_batch_size: limits.maxBatchSize,
    max_batch_timeout: limits.maxBatchTimeoutNanos,
  };
}

export function statsOf(jetstream: JetStreamView): Encodable<typeof stats> {
  const usage = jetstream.usage();
  return {
    memory: usage.memory,
    storage: usage.storage,
    reserved_memory: usage.reservedMemory,
    reserved_storage: usage.reservedStorage,
    accounts: jetstream.accountCount,
    // Replicas are counted here, and there are none.
    ha_assets: 0,
    api: { level: jetstream.apiLevel, total: usage.apiTotal, errors: usage.apiErrors, inflight: usage.apiInflight },
  };
}
