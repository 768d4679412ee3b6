// From the options of JetStream to what it runs with: where its files are and
// how much it may use. What the options leave open is 75 % of what the machine
// has, as in nats-server.

import { mkdirSync, statfsSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import type { JetStreamOptions } from "../config/options.ts";
import type { JetStreamConfig, JetStreamLimits } from "../monitor/jetstream_source.ts";

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
  /** Bytes free on the disk of `dir`, which is made when it is not there; undefined when nobody knows. */
  freeDisk(dir: string): number | undefined;
}

/** Embedded without a directory, files are kept in memory. */
export const IN_MEMORY = "in memory";

export interface JetStreamSetup {
  readonly config: JetStreamConfig;
  readonly limits: JetStreamLimits;
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

/** The machine this process runs on. In a container its limit counts, not what the host has. */
export const thisMachine: Machine = {
  // Not tmpdir() alone: it would also look at TMP and TEMP, where nats-server left nothing.
  tmpDir: process.platform === "win32" ? tmpdir() : (process.env["TMPDIR"] ?? "") || "/tmp",
  memory: () => {
    const constrained = process.constrainedMemory();
    return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  },
  freeDisk: (dir) => {
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = statfsSync(dir);
      return bavail * bsize;
    } catch {
      return undefined;
    }
  },
};
