// JetStream as monitoring sees it.

import { DiskError, type Disk } from "../base/disk.ts";
import type { JetStreamAccount } from "../jetstream/account.ts";
import { consumerInfoOf } from "../jetstream/api/consumer_info.ts";
import { consumerInfoKind } from "../jetstream/config/consumer_kinds.ts";
import { streamConfigKind } from "../jetstream/config/stream_config.ts";
import type { JetStream } from "../jetstream/jetstream.ts";
import type { Stream } from "../jetstream/stream.ts";
import type { JetStreamSurroundings } from "../jetstream/surroundings.ts";
import type { StreamRecord } from "../jetstream/stream_places.ts";
import {
  type JetStreamAccountView,
  type JetStreamConfig,
  type JetStreamLimits,
  type JetStreamUsage,
  type JetStreamView,
  type StoredAccountView,
  type StoredStreamView,
  type StreamStateView,
  type StreamView,
} from "../monitor/jetstream_source.ts";
import { type JsonPart, partOf } from "../monitor/json_part.ts";
import { storedAccounts } from "../store/catalog.ts";
import { STREAMS } from "../store/format/layout.ts";
import type { JetStreamSetup } from "./jetstream_setup.ts";
import { API_LEVEL } from "./version.ts";

export class JetStreamViews implements JetStreamView {
  readonly apiLevel = API_LEVEL;
  config: JetStreamConfig;
  readonly limits: JetStreamLimits;
  readonly #jetstream: JetStream;
  readonly #disk: Disk;
  readonly #surroundings: JetStreamSurroundings;
  readonly #hasAccount: (name: string) => boolean;

  /** `hasAccount` tells of any account, also those without JetStream. */
  constructor(
    jetstream: JetStream,
    { config, limits }: JetStreamSetup,
    disk: Disk,
    surroundings: JetStreamSurroundings,
    hasAccount: (name: string) => boolean,
  ) {
    this.#surroundings = surroundings;
    this.#jetstream = jetstream;
    this.#hasAccount = hasAccount;
    this.config = config;
    this.limits = limits;
    this.#disk = disk;
  }

  /** The server has another limit. */
  setMost(storage: "memory" | "file", bytes: number): void {
    this.config = { ...this.config, ...(storage === "memory" ? { maxMemory: bytes } : { maxStorage: bytes }) };
  }

  usage(): JetStreamUsage {
    const { space, api } = this.#jetstream;
    return {
      memory: space.used("memory"),
      storage: space.used("file"),
      reservedMemory: space.reserved("memory"),
      reservedStorage: space.reserved("file"),
      apiTotal: api.total,
      apiErrors: api.errors,
      apiInflight: api.inflight,
    };
  }

  get accountCount(): number {
    return this.#jetstream.accounts.size;
  }
  *accounts(): Iterable<JetStreamAccountView> {
    for (const account of this.#jetstream.accounts.values()) yield accountView(account, this.#surroundings);
  }
  hasAccount(name: string): boolean {
    return this.#jetstream.accounts.has(name);
  }

  *stored(): Iterable<StoredAccountView> {
    const names = storedAccounts(this.#disk);
    if (names instanceof DiskError) return;
    for (const name of names.sort()) {
      const account = this.#jetstream.accounts.get(name);
      yield {
        name,
        isResolved: this.#hasAccount(name),
        streams: () => (account === undefined ? strandedStreams(this.#disk, name) : storedStreams(account)),
      };
    }
  }
}

function* storedStreams(account: JetStreamAccount): Generator<StoredStreamView> {
  for (const stream of account.streams()) {
    if (stream.config.storage !== "file") continue;
    const hasConsumer = (name: string): boolean => account.consumersOf(stream.name)?.consumers.get(name) !== undefined;
    yield { name: stream.name, isRecovered: true, writeError: stream.failure ?? "", hasConsumer };
  }
  for (const [name] of account.offline()) {
    yield { name, isRecovered: account.offlineRecord(name) !== undefined, writeError: "", hasConsumer: () => false };
  }
}

/** Those of an account that has no JetStream any more. */
function* strandedStreams(disk: Disk, account: string): Generator<StoredStreamView> {
  const names = disk.list(`${account}/${STREAMS}`);
  if (names instanceof DiskError) return;
  for (const name of names.sort()) {
    if (!name.endsWith("/") || name.startsWith(".")) continue;
    yield { name: name.slice(0, -1), isRecovered: false, writeError: "", hasConsumer: () => false };
  }
}

function accountView(account: JetStreamAccount, surroundings: JetStreamSurroundings): JetStreamAccountView {
  return {
    name: account.name,
    memory: account.memoryUsed,
    storage: account.fileUsed,
    memoryLimit: account.limits.maxMemory,
    storageLimit: account.limits.maxStore,
    apiTotal: account.apiTotal,
    apiErrors: account.apiErrors,
    get streamCount() {
      return account.streams().length + offlineRecords(account).length;
    },
    *streams() {
      const offline = offlineRecords(account);
      for (const stream of account.streams()) {
        while (offline.length > 0 && offline[0]!.config.name < stream.name) yield offlineView(offline.shift()!);
        yield streamView(stream, account, surroundings);
      }
      yield* offline.map((record) => offlineView(record));
    },
  };
}

/** Streams that are known and not served, by ascending name. */
function offlineRecords(account: JetStreamAccount): StreamRecord[] {
  return [...account.offline()]
    .map(([name]) => account.offlineRecord(name))
    .filter((record) => record !== undefined)
    .toSorted((a, b) => (a.config.name < b.config.name ? -1 : 1));
}

/** As nats-server shows it: without its messages. */
function offlineView({ config, created }: StreamRecord): StreamView {
  return {
    name: config.name,
    created,
    state: () => nothing,
    config: () => partOf(streamConfigKind, config),
    mirror: () => undefined,
    sources: () => [],
    consumerCount: () => 0,
    consumers: () => [],
    directConsumers: () => [],
  };
}

const nothing: StreamStateView = {
  messages: 0,
  bytes: 0,
  firstSeq: 0,
  firstTime: undefined,
  lastSeq: 0,
  lastTime: undefined,
  subjectCount: 0,
  deletedCount: 0,
  consumerCount: 0,
};

function streamView(stream: Stream, account: JetStreamAccount, surroundings: JetStreamSurroundings): StreamView {
  const consumers = account.consumersOf(stream.name)!.consumers;
  function* details(direct: boolean, withConfig: boolean): Generator<JsonPart> {
    for (const consumer of consumers.list()) {
      if (consumer.config.direct !== direct) continue;
      const info = consumerInfoOf(consumer, stream.name, surroundings, "list");
      yield partOf(consumerInfoKind, withConfig ? info : { ...info, config: undefined });
    }
  }
  return {
    name: stream.name,
    created: stream.created,
    state: () => stateView(stream),
    config: () => partOf(streamConfigKind, stream.config),
    mirror: () => undefined,
    sources: () => [],
    consumerCount: () => stream.consumerCount,
    consumers: (withConfig) => details(false, withConfig),
    directConsumers: (withConfig) => details(true, withConfig),
  };
}

function stateView(stream: Stream): StreamStateView {
  const state = stream.state();
  const isEmpty = state.msgs === 0;
  return {
    messages: state.msgs,
    bytes: state.bytes,
    firstSeq: state.firstSeq,
    firstTime: isEmpty ? undefined : { sec: state.firstSec, nanos: state.firstNanos },
    lastSeq: state.lastSeq,
    lastTime: state.lastSeq === 0 ? undefined : { sec: state.lastSec, nanos: state.lastNanos },
    subjectCount: state.subjects,
    deletedCount: state.deleted,
    consumerCount: stream.consumerCount,
  };
}
