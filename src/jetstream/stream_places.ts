// Where the streams of an account are kept: the interface between what a
// stream is and where its messages and its configuration lie.

import type { Moment } from "../base/nanos.ts";
import type { StoreEvents, StoreLimits, StreamStore } from "../store/stream_store.ts";
import type { ConsumerRules } from "./config/consumer_rules.ts";
import type { ConsumerPlaces } from "./consumer_places.ts";
import type { StreamConfig } from "./config/stream_config.ts";

/** What is known of a stream besides its messages. */
export interface StreamRecord {
  /** Normalised. */
  readonly config: StreamConfig;
  readonly created: Moment;
}

/** A store that was opened, with what was found to be damaged. */
export interface OpenedStore {
  readonly store: StreamStore;
  readonly lost: LostMessages | undefined;
  /** Ends it: what is staged becomes durable, then everything is closed. */
  close(done: () => void): void;
  /** Ends it at once: its place is to be removed. */
  abandon(): void;
}

/** Messages that could not be read, as `state.lost` shows them. */
export interface LostMessages {
  readonly sequences: Iterable<number>;
  readonly bytes: number;
}

/** Why a stream cannot be served: it stays as it is. */
export interface Offline {
  readonly reason: string;
  /** Undefined when it could not be read: it counts as not recovered. Else it asks for what is not here. */
  readonly record: StreamRecord | undefined;
}

/** What was found of a stream at the start. */
export interface FoundStream {
  readonly name: string;
  readonly record: StreamRecord | Offline;
}

/** Undefined: it is done, and durable. */
export type PlaceDone = (failure: string | undefined) => void;

export interface StreamPlaces {
  /** What is there already, in no order. */
  find(done: (found: readonly FoundStream[]) => void): void;
  /** Makes the place of a new stream; durable when `done`. */
  create(record: StreamRecord, done: PlaceDone): void;
  /** Replaces the configuration. */
  update(record: StreamRecord, done: PlaceDone): void;
  /** Removes everything of the stream, whose store is closed. */
  remove(name: string, done: PlaceDone): void;
  /** Opens the messages. `restored` says how far it is, for the log. */
  open(
    record: StreamRecord,
    limits: StoreLimits,
    events: StoreEvents,
    done: (opened: OpenedStore | string) => void,
  ): void;
  /** Where the consumers of a stream are kept; `rules` are what their configurations are held to. */
  consumersOf(stream: string, rules: () => ConsumerRules): ConsumerPlaces;
}
