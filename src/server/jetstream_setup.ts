// From the options of JetStream to what it runs with: where its files are and
// how much it may use. What the options leave open is 75 % of what the machine
// has, as in nats-server.

import { statfsSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { AccountJetStreamOptions, JetStreamOptions, ServerOptions } from "../config/options.ts";
import { GLOBAL_ACCOUNT } from "../config/options/accounts.ts";
import { jetstreamRows } from "../config/options/jetstream.ts";
import { apiErrors } from "../errors/api.ts";
import { type AccountLimits, NO_ACCOUNT_LIMITS } from "../jetstream/limits.ts";
import type { JetStreamConfig, JetStreamLimits } from "../monitor/jetstream_source.ts";
import { IN_MEMORY } from "./jetstream_names.ts";

const GB = 2 ** 30;
/** Where nothing can be found out. */
const UNKNOWN_MEMORY = GB / 4;
const UNKNOWN_STORAGE = 1024 * GB;
const NANOS_PER_MS = 1_000_000;

/** What the machine has; a test gives numbers. */
export interface Machine {
  /** Directory for temporary files. */
  readonly tmpDir: string;
  /** Bytes this process may use, undefined when nobody knows. */
  memory(): number | undefined;
  /** Bytes free on the disk that `dir` is on, or would be on; undefined when nobody knows. */
  freeDisk(dir: string): number | undefined;
}

/** How much may wait before it is refused. */
export interface JetStreamQueues {
  /** Of one stream, published and not stored yet. */
  readonly maxBufferedMsgs: number;
  readonly maxBufferedBytes: number;
  /** API requests that change something, and those that only ask. */
  readonly requests: number;
  readonly infoRequests: number;
}

export interface JetStreamSetup {
  readonly config: JetStreamConfig;
  readonly limits: JetStreamLimits;
  readonly queues: JetStreamQueues;
  /** No directory was given: its place may be wiped at the next boot. */
  readonly isTemporary: boolean;
}

/**
 * Resolves `options`. Without store_dir the command takes a temporary
 * directory (`"temporary"`); an embedded server stays in memory.
 */
export function setUpJetStream(
  options: JetStreamOptions,
  machine: Machine,
  withoutDir: "temporary" | typeof IN_MEMORY,
): JetStreamSetup {
  const isTemporary = options.store_dir === undefined && withoutDir === "temporary";
  const storeDir = storeDirOf(options, machine, withoutDir);
  return {
    config: {
      maxMemory: given(options.max_memory_store) ?? dynamicMemory(machine, storeDir),
      maxStorage: given(options.max_file_store) ?? dynamicStorage(machine, storeDir),
      storeDir,
      syncAlways: options.sync_interval === "always",
      // What nats-server shows beside sync_always: its default.
      syncIntervalNanos: (options.sync_interval === "always" ? DEFAULT_SYNC_MS : options.sync_interval) * NANOS_PER_MS,
      domain: options.domain ?? "",
      compressOk: hasBothLimits(options),
      uniqueTag: options.unique_tag ?? "",
      strict: options.strict,
    },
    limits: limitsOf(options),
    queues: queuesOf(options),
    isTemporary,
  };
}

const DEFAULT_SYNC_MS = 120_000;

/** A limit that was given; a negative one is none. */
function given(limit: number | undefined): number | undefined {
  return limit === undefined || limit < 0 ? undefined : limit;
}

function storeDirOf(
  options: JetStreamOptions,
  { tmpDir }: Machine,
  withoutDir: "temporary" | typeof IN_MEMORY,
): string {
  if (options.store_dir !== undefined) return join(options.store_dir, "jetstream");
  if (withoutDir === IN_MEMORY) return "";
  // nats-server leaves "nats" out when it has both limits: what was stored there must be found.
  return hasBothLimits(options) ? join(tmpDir, "jetstream") : join(tmpDir, "nats", "jetstream");
}

function hasBothLimits(options: JetStreamOptions): boolean {
  return (options.max_memory_store ?? 0) > 0 && (options.max_file_store ?? 0) > 0;
}

function dynamicMemory(machine: Machine, storeDir: string): number {
  const bytes = threeQuarters(machine.memory()) ?? UNKNOWN_MEMORY;
  // Files that are kept in memory need the other half.
  return storeDir === "" ? Math.floor(bytes / 2) : bytes;
}

function dynamicStorage(machine: Machine, storeDir: string): number {
  if (storeDir === "") return dynamicMemory(machine, storeDir);
  return threeQuarters(machine.freeDisk(storeDir)) ?? UNKNOWN_STORAGE;
}

function threeQuarters(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.floor(bytes / 4) * 3;
}

function limitsOf({ limits }: JetStreamOptions): JetStreamLimits {
  const { batch } = limits ?? {};
  return {
    maxRequestBatch: limits?.max_request_batch ?? 0,
    maxAckPending: limits?.max_ack_pending ?? 0,
    maxHaAssets: limits?.max_ha_assets ?? 0,
    maxDuplicateWindowNanos: (limits?.duplicate_window ?? 0) * NANOS_PER_MS,
    maxBatchInflightPerStream: batch?.max_inflight_per_stream ?? 0,
    maxBatchInflightTotal: batch?.max_inflight_total ?? 0,
    maxBatchSize: batch?.max_msgs ?? 0,
    maxBatchTimeoutNanos: (batch?.timeout ?? 0) * NANOS_PER_MS,
  };
}

function queuesOf(options: JetStreamOptions): JetStreamQueues {
  const requests = positive(options.request_queue_limit) ?? jetstreamRows.request_queue_limit.fallback;
  return {
    maxBufferedMsgs: positive(options.max_buffered_msgs) ?? jetstreamRows.max_buffered_msgs.fallback,
    maxBufferedBytes: positive(options.max_buffered_size) ?? jetstreamRows.max_buffered_size.fallback ?? Infinity,
    requests,
    infoRequests: positive(options.info_queue_limit) ?? requests,
  };
}

/** nats-server takes 0 and less for "not given". */
function positive(limit: number | undefined): number | undefined {
  return limit === undefined || limit <= 0 ? undefined : limit;
}

/** What each account that has JetStream may use. Alone, the global account has it without limits. */
export function jetStreamAccounts(options: ServerOptions): ReadonlyMap<string, AccountLimits> {
  const system = options.system_account ?? "$SYS";
  const others = options.accounts.filter((account) => account.name !== system);
  if (others.length === 0) return new Map([[GLOBAL_ACCOUNT, NO_ACCOUNT_LIMITS]]);
  return new Map(
    others.flatMap(({ name, jetstream }) => (jetstream === undefined ? [] : [[name, accountLimitsOf(jetstream)]])),
  );
}

function accountLimitsOf(options: AccountJetStreamOptions): AccountLimits {
  return {
    maxMemory: options.max_memory,
    maxStore: options.max_store,
    maxStreams: options.max_streams,
    maxConsumers: options.max_consumers,
    maxAckPending: options.max_ack_pending,
    memoryMaxStreamBytes: options.memory_max_stream_bytes,
    storeMaxStreamBytes: options.store_max_stream_bytes,
    maxBytesRequired: options.max_bytes_required,
  };
}

/** Why the start fails: `config` is less than all accounts together are promised; undefined when it is enough. */
export function overcommitted(
  accounts: ReadonlyMap<string, AccountLimits>,
  { maxMemory, maxStorage }: JetStreamConfig,
): string | undefined {
  const before = "Can't start JetStream: Error enabling jetstream on configured accounts:";
  const { memoryResourcesExceeded, storageResourcesExceeded } = apiErrors;
  let memory = 0;
  let storage = 0;
  for (const limits of accounts.values()) {
    memory += Math.max(0, limits.maxMemory);
    storage += Math.max(0, limits.maxStore);
    if (memory > maxMemory) return `${before} ${memoryResourcesExceeded.text} (${memoryResourcesExceeded.errCode})`;
    if (storage > maxStorage) return `${before} ${storageResourcesExceeded.text} (${storageResourcesExceeded.errCode})`;
  }
  return undefined;
}

/** The machine this process runs on. In a container its limit counts, not what the host has. */
export const thisMachine: Machine = {
  // Not tmpdir() alone: it would also look at TMP and TEMP, where nats-server left nothing.
  tmpDir: process.platform === "win32" ? tmpdir() : (process.env["TMPDIR"] ?? "") || "/tmp",
  memory: () => {
    const constrained = process.constrainedMemory();
    return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  },
  freeDisk: (dir) => {
    // The directory may not be there yet: then it will be on the disk of the nearest one above.
    for (let at = resolve(dir); ; at = dirname(at)) {
      try {
        const { bavail, bsize } = statfsSync(at);
        return bavail * bsize;
      } catch (error) {
        const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
        if (!isMissing || at === dirname(at)) return undefined;
      }
    }
  },
};
