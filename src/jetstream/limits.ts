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

/**
 * Why a stream with this configuration does not fit: the account's limit, with
 * what its other streams reserve in the same storage, then the server's.
 */
export function misfit(
  config: StreamConfig,
  limits: AccountLimits,
  accountReserved: number,
  server: Space,
): ApiError | undefined {
  const { maxConsumers } = limits;
  if (config.max_consumers > 0 && maxConsumers > 0 && config.max_consumers > maxConsumers) {
    return apiError("maximumConsumersLimit");
  }
  const isMemory = config.storage === "memory";
  const most = isMemory ? limits.maxMemory : limits.maxStore;
  // A stream without a bound counts as one byte: it does not fit where there is nothing left.
  const bytes = config.max_bytes < 0 ? 1 : Number(config.max_bytes);
  const isTooMuch = (most >= 0 && accountReserved + bytes > most) || server.reserved + bytes > server.most;
  if (!isTooMuch) return undefined;
  return apiError(isMemory ? "memoryResourcesExceeded" : "storageResourcesExceeded");
}
