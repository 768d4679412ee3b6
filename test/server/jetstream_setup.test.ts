// Where JetStream's files are and what it may use.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JetStreamOptions } from "../../src/config/options.ts";
import { fromObject } from "../../src/config/object.ts";
import type { ObjectOptions } from "../../src/config/object_types.ts";
import { noSource } from "../../src/config/source.ts";
import { IN_MEMORY, type Machine, setUpJetStream, thisMachine } from "../../src/server/jetstream_setup.ts";

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

test("this machine has memory and a disk, and makes the directory it is asked about", () => {
  const dir = mkdtempSync(join(tmpdir(), "setup-"));
  try {
    expect(thisMachine.memory()).toBeGreaterThan(2 ** 20);
    expect(thisMachine.freeDisk(join(dir, "a/jetstream"))).toBeGreaterThan(0);
    expect(statSync(join(dir, "a/jetstream")).mode & 0o777).toBe(0o700);
    expect(thisMachine.freeDisk("/dev/null/x")).toBe(undefined);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
