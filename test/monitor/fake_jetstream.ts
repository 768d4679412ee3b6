// A JetStream that is only values, for the monitoring views.

import { text } from "../../src/base/json.ts";
import {
  type JetStreamAccountView,
  type JetStreamView,
  partOf,
  type StoredAccountView,
  type StoredStreamView,
  type StreamView,
} from "../../src/monitor/jetstream_source.ts";

interface Given extends Partial<Omit<JetStreamView, "accounts" | "accountCount" | "hasAccount" | "stored">> {
  readonly accounts?: readonly JetStreamAccountView[];
  readonly stored?: readonly StoredAccountView[];
}

export function fakeJetStream(given: Given = {}): JetStreamView {
  const { accounts = [], stored = [], ...more } = given;
  return {
    apiLevel: 4,
    config: { maxMemory: 1, maxStorage: 2, storeDir: "/js", syncIntervalNanos: 0, syncAlways: true, domain: "", compressOk: false, uniqueTag: "", strict: true }, // prettier-ignore
    limits: { maxRequestBatch: 0, maxAckPending: 0, maxHaAssets: 0, maxDuplicateWindowNanos: 0, maxBatchInflightPerStream: 0, maxBatchInflightTotal: 0, maxBatchSize: 0, maxBatchTimeoutNanos: 0 }, // prettier-ignore
    usage: () => ({ memory: 0, storage: 0, reservedMemory: 0, reservedStorage: 0, apiTotal: 0, apiErrors: 0, apiInflight: 0 }), // prettier-ignore
    accountCount: accounts.length,
    accounts: () => accounts,
    hasAccount: (name) => accounts.some((account) => account.name === name),
    stored: () => stored,
    ...more,
  };
}

export function fakeAccount(
  name: string,
  streams: readonly StreamView[] = [],
  more: Partial<JetStreamAccountView> = {},
): JetStreamAccountView {
  return { name, memory: 0, storage: 0, memoryLimit: -1, storageLimit: -1, apiTotal: 0, apiErrors: 0, streamCount: streams.length, streams: () => streams, ...more }; // prettier-ignore
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
  return { name, isResolved, streams: () => streams };
}
