// Where JetStream's files are and what it may use.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JetStreamOptions } from "../../src/config/options.ts";
import { fromObject } from "../../src/config/object.ts";
import type { ObjectOptions } from "../../src/config/object_types.ts";
import { noSource } from "../../src/config/source.ts";
import { NO_ACCOUNT_LIMITS } from "../../src/jetstream/limits.ts";
import { IN_MEMORY } from "../../src/server/jetstream_names.ts";
import {
  jetStreamAccounts,
  type Machine,
  overcommitted,
  setUpJetStream,
  thisMachine,
} from "../../src/server/jetstream_setup.ts";

const asked: string[] = [];
const machine: Machine = {
  tmpDir: "/tmp",
  memory: () => 1003,
  freeDisk: (dir) => {
    asked.push(dir);
    return 4007;
  },
};

function optionsOf(jetstream: ObjectOptions["jetstream"]): JetStreamOptions {
  return fromObject({ jetstream }, noSource).options.jetstream!;
}

test("what is left open is three quarters of what the machine has", () => {
  asked.length = 0;
  expect(setUpJetStream(optionsOf({ store_dir: "/d" }), machine, "temporary")).toMatchObject({
    config: { maxMemory: 750, maxStorage: 3003, storeDir: "/d/jetstream" },
    isTemporary: false,
  });
  expect(asked).toEqual(["/d/jetstream"]);
});

test.each([
  [{ max_memory_store: 5, max_file_store: 6 }, 5, 6],
  [{ max_memory_store: 0, max_file_store: 0 }, 0, 0],
  [{ max_memory_store: -1, max_file_store: -1 }, 750, 3003],
  [{ max_memory_store: "1K", max_file_store: 0 }, 1024, 0],
])("%j", (given, maxMemory, maxStorage) => {
  const { config } = setUpJetStream(optionsOf({ store_dir: "/d", ...given } as never), machine, "temporary");
  expect(config).toMatchObject({ maxMemory, maxStorage });
});

test("a machine that tells nothing", () => {
  const mute: Machine = { tmpDir: "/tmp", memory: () => undefined, freeDisk: () => undefined };
  expect(setUpJetStream(optionsOf(true), mute, "temporary").config).toMatchObject({
    maxMemory: 256 * 2 ** 20,
    maxStorage: 2 ** 40,
  });
});

test("without store_dir", () => {
  const of = (jetstream: object, kind: "temporary" | typeof IN_MEMORY) => {
    const { config, isTemporary } = setUpJetStream(optionsOf(jetstream as never), machine, kind);
    return [config.storeDir, isTemporary];
  };
  expect(of({}, "temporary")).toEqual(["/tmp/nats/jetstream", true]);
  expect(of({ max_memory_store: 1 }, "temporary")).toEqual(["/tmp/nats/jetstream", true]);
  expect(of({ max_memory_store: 1, max_file_store: 1 }, "temporary")).toEqual(["/tmp/jetstream", true]);
  asked.length = 0;
  expect(of({}, IN_MEMORY)).toEqual(["", false]);
  expect(setUpJetStream(optionsOf({}), machine, IN_MEMORY).config).toMatchObject({ maxMemory: 375, maxStorage: 375 });
  expect(asked).toEqual([]);
  expect(of({ store_dir: "/d" }, IN_MEMORY)).toEqual(["/d/jetstream", false]);
});

test("how and what else", () => {
  const { config, limits } = setUpJetStream(
    optionsOf({
      store_dir: "/d",
      max_memory_store: 1,
      max_file_store: 1,
      sync_interval: "10s",
      domain: "hub",
      unique_tag: "az:",
      strict: false,
      limits: { max_ack_pending: 5, duplicate_window: "1s", max_request_batch: 6, max_ha_assets: 7 },
    }),
    machine,
    "temporary",
  );
  expect(config).toEqual({
    maxMemory: 1,
    maxStorage: 1,
    storeDir: "/d/jetstream",
    syncAlways: false,
    syncIntervalNanos: 10e9,
    domain: "hub",
    compressOk: true,
    uniqueTag: "az:",
    strict: false,
  });
  expect(limits).toEqual({
    maxRequestBatch: 6,
    maxAckPending: 5,
    maxHaAssets: 7,
    maxDuplicateWindowNanos: 1e9,
    maxBatchInflightPerStream: 0,
    maxBatchInflightTotal: 0,
    maxBatchSize: 0,
    maxBatchTimeoutNanos: 0,
  });
  expect(setUpJetStream(optionsOf({ store_dir: "/d" }), machine, "temporary").config).toMatchObject({
    syncAlways: true,
    syncIntervalNanos: 120e9,
    compressOk: false,
    strict: true,
  });
});

test("the queues have defaults, also for 0 and less", () => {
  const queuesOf = (given: object) => setUpJetStream(optionsOf(given as never), machine, IN_MEMORY).queues;
  const defaults = {
    maxBufferedMsgs: 100_000,
    maxBufferedBytes: 128 * 2 ** 20,
    requests: 10_000,
    infoRequests: 10_000,
  };
  expect(queuesOf({})).toEqual(defaults);
  expect(
    queuesOf({ max_buffered_msgs: 0, max_buffered_size: -1, request_queue_limit: -1, info_queue_limit: 0 }),
  ).toEqual(defaults);
  expect(queuesOf({ request_queue_limit: 5 })).toMatchObject({ requests: 5, infoRequests: 5 });
  expect(
    queuesOf({ max_buffered_msgs: 1, max_buffered_size: "1K", request_queue_limit: 3, info_queue_limit: 4 }),
  ).toEqual({ maxBufferedMsgs: 1, maxBufferedBytes: 1024, requests: 3, infoRequests: 4 });
});

const accountsOf = (options: ObjectOptions) => jetStreamAccounts(fromObject(options, noSource).options);

test("alone, the global account has JetStream; beside others only those that say so", () => {
  expect([...accountsOf({})]).toEqual([["$G", NO_ACCOUNT_LIMITS]]);
  expect([...accountsOf({ accounts: { S: {} }, system_account: "S" })]).toEqual([["$G", NO_ACCOUNT_LIMITS]]);
  expect([...accountsOf({ accounts: { A: {}, B: { jetstream: "disabled" } } })]).toEqual([]);
  expect([...accountsOf({ accounts: { A: { jetstream: true }, B: {} } })]).toEqual([["A", NO_ACCOUNT_LIMITS]]);
});

test("the limits of an account", () => {
  const jetstream = {
    max_memory: 1,
    max_store: 2,
    max_streams: 3,
    max_consumers: 4,
    max_ack_pending: 5,
    memory_max_stream_bytes: 6,
    store_max_stream_bytes: 7,
    max_bytes_required: true,
  };
  expect(accountsOf({ accounts: { A: { jetstream } } }).get("A")).toEqual({
    maxMemory: 1,
    maxStore: 2,
    maxStreams: 3,
    maxConsumers: 4,
    maxAckPending: 5,
    memoryMaxStreamBytes: 6,
    storeMaxStreamBytes: 7,
    maxBytesRequired: true,
  });
});

test.each([
  [{ A: { max_memory: 600 }, B: { max_memory: 400, max_store: 1000 } }, undefined],
  [{ A: { max_memory: -1 }, B: { max_memory: 1001 } }, "insufficient memory resources available (10028)"],
  [{ A: { max_memory: 600 }, B: { max_memory: 600 } }, "insufficient memory resources available (10028)"],
  [{ A: { max_store: 600 }, B: { max_store: 600 } }, "insufficient storage resources available (10047)"],
])("1000 bytes for %j", (limits, complaint) => {
  const accounts = Object.fromEntries(Object.entries(limits).map(([name, jetstream]) => [name, { jetstream }]));
  const { config } = setUpJetStream(optionsOf({ max_memory_store: 1000, max_file_store: 1000 }), machine, IN_MEMORY);
  const before = "Can't start JetStream: Error enabling jetstream on configured accounts: ";
  expect(overcommitted(accountsOf({ accounts }), config)).toBe(complaint && before + complaint);
});

test("this machine has memory and a disk, also for a directory that is not there yet", () => {
  expect(thisMachine.memory()).toBeGreaterThan(2 ** 20);
  const dir = mkdtempSync(join(tmpdir(), "setup-"));
  try {
    expect(thisMachine.freeDisk(join(dir, "a/b/jetstream"))).toBeGreaterThan(0);
    expect(readdirSync(dir)).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true });
  }
  expect(thisMachine.freeDisk("/dev/null/x")).toBe(undefined);
});
