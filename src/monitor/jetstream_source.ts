// What the monitoring views need to know of JetStream. The server room
// implements it; the rows of these tables are written by the views.
//
// Nothing here is made before it is asked for: the lists are walked as a page
// is written, so an implementation makes each element when its turn comes. What
// a call returns is walked once.

import type { JsonPart } from "./json_part.ts";
import type { Moment } from "./source.ts";

/** How JetStream was set up, with the limits that were found out. */
export interface JetStreamConfig {
  /** Bytes. */
  readonly maxMemory: number;
  readonly maxStorage: number;
  /** With "jetstream" at its end; empty when nothing is on a disk. */
  readonly storeDir: string;
  readonly syncIntervalNanos: number;
  /** Every write is on disk before it is acknowledged. */
  readonly syncAlways: boolean;
  /** Empty without one. */
  readonly domain: string;
  /** Shown only when both limits were given, as nats-server does. */
  readonly compressOk: boolean;
  readonly uniqueTag: string;
  readonly strict: boolean;
}

/** The block `limits` of the configuration; 0 is no limit. */
export interface JetStreamLimits {
  readonly maxRequestBatch: number;
  readonly maxAckPending: number;
  readonly maxHaAssets: number;
  readonly maxDuplicateWindowNanos: number;
  readonly maxBatchInflightPerStream: number;
  readonly maxBatchInflightTotal: number;
  readonly maxBatchSize: number;
  readonly maxBatchTimeoutNanos: number;
}

/** Of the whole server, in bytes and requests since the start. */
export interface JetStreamUsage {
  readonly memory: number;
  readonly storage: number;
  readonly reservedMemory: number;
  readonly reservedStorage: number;
  readonly apiTotal: number;
  readonly apiErrors: number;
  /** API requests being served right now. */
  readonly apiInflight: number;
}

export interface StreamStateView {
  readonly messages: number;
  readonly bytes: number;
  readonly firstSeq: number;
  /** Undefined without messages: the zero time. */
  readonly firstTime: Moment | undefined;
  readonly lastSeq: number;
  readonly lastTime: Moment | undefined;
  readonly subjectCount: number;
  readonly deletedCount: number;
  /** All of them, direct ones too. */
  readonly consumerCount: number;
}

/** One stream that is loaded. It still answers when it is deleted while its row waits to be written. */
export interface StreamView {
  readonly name: string;
  readonly created: Moment;
  state(): StreamStateView;
  /** The stream's configuration as it is stored: of the metadata only what is stored too. */
  config(): JsonPart;
  /** Undefined unless it is a mirror. */
  mirror(): JsonPart | undefined;
  sources(): Iterable<JsonPart>;
  /** How many consumers are not direct. */
  consumerCount(): number;
  /** ConsumerInfo of those, without `config` unless it is asked for. */
  consumers(withConfig: boolean): Iterable<JsonPart>;
  directConsumers(withConfig: boolean): Iterable<JsonPart>;
}

/** One account with JetStream. */
export interface JetStreamAccountView {
  readonly name: string;
  readonly memory: number;
  readonly storage: number;
  /** What its limits let it use; negative for no limit, undefined when it has tiers instead. */
  readonly memoryLimit: number | undefined;
  readonly storageLimit: number | undefined;
  readonly apiTotal: number;
  readonly apiErrors: number;
  readonly streamCount: number;
  /** By ascending name. */
  streams(): Iterable<StreamView>;
}

/** A stream as it lies in the store directory, whether it could be loaded or not. */
export interface StoredStreamView {
  readonly name: string;
  /** It is there: loaded, or known and offline. */
  readonly isRecovered: boolean;
  /** Why nothing more can be written to it; empty while all is well. */
  readonly writeError: string;
  hasConsumer(name: string): boolean;
}

/** An account as it lies in the store directory. */
export interface StoredAccountView {
  readonly name: string;
  /** The server has an account of this name. */
  readonly isResolved: boolean;
  streams(): Iterable<StoredStreamView>;
}

/** JetStream while it is running. */
export interface JetStreamView {
  readonly apiLevel: number;
  readonly config: JetStreamConfig;
  readonly limits: JetStreamLimits;
  usage(): JetStreamUsage;
  readonly accountCount: number;
  /** In any order. */
  accounts(): Iterable<JetStreamAccountView>;
  hasAccount(name: string): boolean;
  /** For /healthz: what the store directory holds, by account, in the order of a directory listing. */
  stored(): Iterable<StoredAccountView>;
}
