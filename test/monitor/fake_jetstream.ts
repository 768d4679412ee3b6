// A JetStream that is only values, for the monitoring views.

import { type JsonPart, partOf } from "../../src/monitor/json_part.ts";
import { text } from "../../src/base/json.ts";
import { type JsonWriter, quoted } from "../../src/base/json_writer.ts";
import {
  type JetStreamAccountView,
  type JetStreamView,
  type StoredAccountView,
  type StoredStreamView,
  type StreamView,
} from "../../src/monitor/jetstream_source.ts";
import { momentOf } from "./fake_source.ts";

interface Given extends Partial<Omit<JetStreamView, "accounts" | "accountCount" | "hasAccount" | "stored">> {
  readonly accounts?: readonly JetStreamAccountView[];
  readonly stored?: readonly StoredAccountView[];
}

/** As the real ones: what is asked for can be walked once. */
function* once<T>(all: readonly T[]): Generator<T> {
  yield* all;
}

export function fakeJetStream(given: Given = {}): JetStreamView {
  const { accounts = [], stored = [], ...more } = given;
  return {
    apiLevel: 4,
    config: { maxMemory: 1, maxStorage: 2, storeDir: "/js", syncIntervalNanos: 0, syncAlways: true, domain: "", compressOk: false, uniqueTag: "", strict: true }, // prettier-ignore
    limits: { maxRequestBatch: 0, maxAckPending: 0, maxHaAssets: 0, maxDuplicateWindowNanos: 0, maxBatchInflightPerStream: 0, maxBatchInflightTotal: 0, maxBatchSize: 0, maxBatchTimeoutNanos: 0 }, // prettier-ignore
    usage: () => ({ memory: 0, storage: 0, reservedMemory: 0, reservedStorage: 0, apiTotal: 0, apiErrors: 0, apiInflight: 0 }), // prettier-ignore
    accountCount: accounts.length,
    accounts: () => once(accounts),
    hasAccount: (name) => accounts.some((account) => account.name === name),
    stored: () => once(stored),
    ...more,
  };
}

export function fakeAccount(
  name: string,
  streams: readonly StreamView[] = [],
  more: Partial<JetStreamAccountView> = {},
): JetStreamAccountView {
  return { name, memory: 0, storage: 0, memoryLimit: -1, storageLimit: -1, apiTotal: 0, apiErrors: 0, streamCount: streams.length, streams: () => once(streams), ...more }; // prettier-ignore
}

export function fakeStream(name: string, more: Partial<StreamView> = {}): StreamView {
  return {
    name,
    created: { sec: 1, nanos: 0 },
    state: () => ({ messages: 0, bytes: 0, firstSeq: 0, firstTime: undefined, lastSeq: 0, lastTime: undefined, subjectCount: 0, deletedCount: 0, consumerCount: 0 }), // prettier-ignore
    config: () => partOf(text, `config of ${name}`),
    mirror: () => undefined,
    sources: () => [],
    consumerCount: () => 0,
    consumers: () => [],
    directConsumers: () => [],
    ...more,
  };
}

export function storedStream(name: string, more: Partial<StoredStreamView> = {}): StoredStreamView {
  return { name, isRecovered: true, writeError: "", hasConsumer: () => false, ...more };
}

export function storedAccount(
  name: string,
  streams: readonly StoredStreamView[],
  isResolved = true,
): StoredAccountView {
  return { name, isResolved, streams: () => once(streams) };
}

// ---- from what the reference answered back to the values behind it

type Json = Readonly<Record<string, unknown>>;
type Rows = readonly Json[];

const num = (row: Json, name: string): number => (row[name] as number | undefined) ?? 0;
const str = (row: Json, name: string): string => (row[name] as string | undefined) ?? "";
const listOf = (row: Json, name: string): Rows => (row[name] as Rows | undefined) ?? [];

/** Any JSON as it is, keys in their order. */
function partOfJson(value: unknown): JsonPart {
  return { write: (writer) => writeJson(writer, value) };
}

function writeJson(writer: JsonWriter, value: unknown): void {
  if (typeof value === "string") writer.put(quoted(value));
  else if (typeof value !== "object" || value === null) writer.put(String(value));
  else if (Array.isArray(value)) {
    writer.open("[");
    value.forEach((each, i) => {
      writer.element(i === 0);
      writeJson(writer, each);
    });
    writer.close("]", value.length === 0);
  } else {
    const members = Object.entries(value);
    writer.open("{");
    members.forEach(([key, each], i) => {
      writer.member(i === 0, `${quoted(key)}:`);
      writeJson(writer, each);
    });
    writer.close("}", members.length === 0);
  }
}

/** The config, limits and stats of a block of /varz. */
export function jetstreamOfVarz(block: {
  readonly config: Json;
  readonly stats: Json;
  readonly limits: Json;
}): JetStreamView {
  const { config, stats, limits } = block;
  const api = stats["api"] as Json;
  return fakeJetStream({
    apiLevel: num(api, "level"),
    config: {
      maxMemory: num(config, "max_memory"),
      maxStorage: num(config, "max_storage"),
      storeDir: str(config, "store_dir"),
      syncIntervalNanos: num(config, "sync_interval"),
      syncAlways: config["sync_always"] === true,
      domain: str(config, "domain"),
      compressOk: config["compress_ok"] === true,
      uniqueTag: str(config, "unique_tag"),
      strict: config["strict"] === true,
    },
    limits: {
      maxRequestBatch: num(limits, "max_request_batch"),
      maxAckPending: num(limits, "max_ack_pending"),
      maxHaAssets: num(limits, "max_ha_assets"),
      maxDuplicateWindowNanos: num(limits, "max_duplicate_window"),
      maxBatchInflightPerStream: num(limits, "max_batch_inflight_per_stream"),
      maxBatchInflightTotal: num(limits, "max_batch_inflight_total"),
      maxBatchSize: num(limits, "max_batch_size"),
      maxBatchTimeoutNanos: num(limits, "max_batch_timeout"),
    },
    usage: () => ({
      memory: num(stats, "memory"),
      storage: num(stats, "storage"),
      reservedMemory: num(stats, "reserved_memory"),
      reservedStorage: num(stats, "reserved_storage"),
      apiTotal: num(api, "total"),
      apiErrors: num(api, "errors"),
      apiInflight: num(api, "inflight"),
    }),
    accounts: Array.from({ length: num(stats, "accounts") }, (_, i) => fakeAccount(`account ${i}`)),
  });
}

/** What a /jsz with all accounts and streams shows. */
export function jetstreamOfJsz(shown: Json, accounts = listOf(shown, "account_details")): JetStreamView {
  const view = jetstreamOfVarz({ config: shown["config"] as Json, stats: shown, limits: shown["limits"] as Json });
  const all = accounts.map((account) => accountOf(account));
  // The reference has no order among streams and accounts; let ours come as they like, too.
  return { ...view, accounts: () => once([...all].reverse()), accountCount: num(shown, "accounts") };
}

function accountOf(row: Json): JetStreamAccountView {
  const limit = (name: string): number => (num(row, name) === 2 ** 64 ? -1 : num(row, name));
  const api = row["api"] as Json;
  return fakeAccount(
    str(row, "name"),
    listOf(row, "stream_detail").map((stream) => streamOf(stream)),
    {
      memory: num(row, "memory"),
      storage: num(row, "storage"),
      memoryLimit: limit("reserved_memory"),
      storageLimit: limit("reserved_storage"),
      apiTotal: num(api, "total"),
      apiErrors: num(api, "errors"),
    },
  );
}

function streamOf(row: Json): StreamView {
  const state = row["state"] as Json;
  const partsOf = (name: string): JsonPart[] => listOf(row, name).map((each) => partOfJson(each));
  return fakeStream(str(row, "name"), {
    created: momentOf(str(row, "created")),
    state: () => ({
      messages: num(state, "messages"),
      bytes: num(state, "bytes"),
      firstSeq: num(state, "first_seq"),
      firstTime: momentOf(str(state, "first_ts")),
      lastSeq: num(state, "last_seq"),
      lastTime: momentOf(str(state, "last_ts")),
      subjectCount: num(state, "num_subjects"),
      deletedCount: num(state, "num_deleted"),
      consumerCount: num(state, "consumer_count"),
    }),
    config: () => partOfJson(row["config"]),
    mirror: () => (row["mirror"] === undefined ? undefined : partOfJson(row["mirror"])),
    sources: () => once(partsOf("sources")),
    consumerCount: () => listOf(row, "consumer_detail").length,
    consumers: () => once(partsOf("consumer_detail")),
    directConsumers: () => once(partsOf("direct_consumer_detail")),
  });
}
