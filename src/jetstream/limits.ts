// What an account may use of JetStream, and whether a stream still fits.

import { type ApiError, apiError } from "../errors/api.ts";
import type { StreamConfig } from "./config/stream_config.ts";

/** Negative is no limit; bytes and counts. */
export interface AccountLimits {
  readonly maxMemory: number;
  readonly maxStore: number;
  readonly maxStreams: number;
  readonly maxConsumers: number;
  readonly maxAckPending: number;
  readonly memoryMaxStreamBytes: number;
  readonly storeMaxStreamBytes: number;
  /** Every stream must say its max_bytes. */
  readonly maxBytesRequired: boolean;
}

export const NO_ACCOUNT_LIMITS: AccountLimits = {
  maxMemory: -1,
  maxStore: -1,
  maxStreams: -1,
  maxConsumers: -1,
  maxAckPending: -1,
  memoryMaxStreamBytes: -1,
  storeMaxStreamBytes: -1,
  maxBytesRequired: false,
};

/** Bytes of a kind of storage: what there is at most, and what streams have reserved by max_bytes. */
export interface Space {
  readonly most: number;
  readonly reserved: number;
}

/** What a configuration reserves. */
export function reservedBy(config: StreamConfig): number {
  return Math.max(0, Number(config.max_bytes));
}

/** The bytes a new stream takes. Without a bound it counts as one: it does not fit where there is nothing left. */
export function bytesFor({ max_bytes }: StreamConfig): number {
  return max_bytes < 0n ? 1 : Number(max_bytes);
}

/**
 * Why `bytes` more for a stream with this configuration do not fit: the
 * account's limits, with what is reserved in the same storage, then the server's.
 */
export function misfit(
  config: StreamConfig,
  bytes: number,
  limits: AccountLimits,
  accountReserved: number,
  server: Space,
): ApiError | undefined {
  return (
    consumersMisfit(config, limits) ?? bytesMisfit(config.storage === "memory", bytes, limits, accountReserved, server)
  );
}

/** Why the consumers a configuration admits are too many for the account. */
export function consumersMisfit(
  { max_consumers }: StreamConfig,
  { maxConsumers }: AccountLimits,
): ApiError | undefined {
  const isTooMuch = max_consumers > 0n && maxConsumers > 0 && max_consumers > maxConsumers;
  return isTooMuch ? apiError("maximumConsumersLimit") : undefined;
}

function bytesMisfit(
  isMemory: boolean,
  bytes: number,
  limits: AccountLimits,
  accountReserved: number,
  server: Space,
): ApiError | undefined {
  const most = isMemory ? limits.maxMemory : limits.maxStore;
  const isTooMuch = (most >= 0 && accountReserved + bytes > most) || server.reserved + bytes > server.most;
  if (!isTooMuch) return undefined;
  return apiError(isMemory ? "memoryResourcesExceeded" : "storageResourcesExceeded");
}
