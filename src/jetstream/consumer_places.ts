// Where the consumers of a stream are kept: the interface between what a
// consumer is and where its configuration and its state lie.

import { AckState } from "./consumer/ack_state.ts";
import { ackRules } from "./consumer/ack_rules.ts";
import type { ConsumerRecord, StateKeeper } from "./consumer/parts.ts";
import type { PlaceDone } from "./stream_places.ts";

/** A consumer that was found at the start. */
export interface FoundConsumer {
  readonly name: string;
  /** Its record and its state, or why it cannot be served: it stays as it is. */
  readonly found: { readonly record: ConsumerRecord; readonly state: AckState } | string;
}

export interface ConsumerPlaces {
  /** What is there already, in no order. */
  find(done: (found: readonly FoundConsumer[]) => void): void;
  /** Makes the place of a new consumer; durable when `done`, if it is to last. */
  create(record: ConsumerRecord, done: PlaceDone): void;
  /** Replaces the configuration. */
  update(record: ConsumerRecord, done: PlaceDone): void;
  /** Removes everything of the consumer; nothing of it is kept any more. */
  remove(record: ConsumerRecord, done: PlaceDone): void;
  /** Keeps the state of a consumer from now on. `isNew`: it was made just now, not found. */
  keep(record: ConsumerRecord, state: AckState, isNew: boolean): StateKeeper;
  /** Writes what is not written; nothing is kept afterwards. */
  close(done: () => void): void;
  /** The stream is removed: nothing is written any more; `done` when no file is open. */
  abandon(done: () => void): void;
}

/** The state of a consumer that has delivered nothing, and does not know yet where to begin. */
export function newAckState(record: ConsumerRecord): AckState {
  return new AckState(ackRules(record.config), 0);
}

const nothing: StateKeeper = { touch: () => undefined, confirm: (done) => done() };

/** Consumers in memory: nothing is kept. */
export const noConsumerPlaces: ConsumerPlaces = {
  find: (done) => done([]),
  create: (_, done) => done(undefined),
  update: (_, done) => done(undefined),
  remove: (_, done) => done(undefined),
  keep: () => nothing,
  close: (done) => done(),
  abandon: (done) => done(),
};
