// What a consumer asks of what is around it. Types only.
//
//     stream ─→ onStored, onRemoved, onCompacted ─→ Consumer ─→ Delivery (a client's inbox)
//     account ─→ onNext, onAck, onFlowControl ─→ Consumer ─→ AckState ─→ StateKeeper (o.dat)
//
// A consumer reads the committed view of its stream's store and never changes
// it; what it has finished with it tells the stream.

import type { Bus } from "../../account/bus.ts";
import type { Moment } from "../../base/nanos.ts";
import type { StreamStore } from "../../store/stream_store.ts";
import type { Advisories } from "../advisories.ts";
import type { ConsumerConfig } from "../config/consumer_config.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import type { ConsumerTurns } from "./consumer_turns.ts";
import type { SharedTimer } from "./shared_timer.ts";

/** What is known of a consumer besides its state. */
export interface ConsumerRecord {
  /** Normalised. */
  readonly config: ConsumerConfig;
  readonly name: string;
  readonly created: Moment;
}

/** The stream, as its consumers see it. */
export interface ConsumerStream {
  readonly name: string;
  readonly account: string;
  readonly bus: Bus;
  /** Consumers were told of every committed message up to here: none looks beyond. */
  readonly toldUpTo: number;
  /** 0 or less for no limit. With 1 each message is the last of its subject. */
  readonly maxMsgsPerSubject: number;
  /** The largest message there may be: what a rate limit lets through at once. */
  readonly maxMsgBytes: number;
  /** Only the committed view is read. */
  readonly store: StreamStore;
  /**
   * The consumer has finished with a message: under interest or work queue
   * retention it may go. `durable` is called when that would survive a power
   * cut, which is at once where nothing is removed.
   */
  finished(consumer: string, streamSeq: number, durable: (() => void) | undefined): void;
  /** The same for the first `count` of these messages, where nobody waits for it. */
  finishedRun(consumer: string, streamSeqs: Float64Array, count: number): void;
  /** The consumer itself decided to end: inactive for too long. */
  remove(consumer: string): void;
}

/** Where the state of a consumer is kept; one without a file keeps nothing. */
export interface StateKeeper {
  /** Something changed: `state` is asked for when it is to be written, some time from now. */
  touch(): void;
  /** Calls `done` when all that has changed by now is on disk; at once where nothing is kept. */
  confirm(done: () => void): void;
}

/** What all consumers of an account share; turns and timers are one for the server. */
export interface ConsumerSurroundings extends JetStreamSurroundings {
  readonly advisories: Advisories;
  /** Reply subjects of acks and flow control in their second form. */
  readonly ackVersion2: boolean;
  /** First 8 of the account's hash, for the second form. */
  readonly accountHash: string;
  readonly turns: ConsumerTurns;
  /** By the wall clock: ack waits, expiries, idleness. */
  readonly wallTimer: SharedTimer;
  /** By the monotonic clock: heartbeats, rates. */
  readonly timer: SharedTimer;
}

/** Where a sequence stands, as ConsumerInfo shows it. */
export interface SequencePair {
  readonly consumerSeq: number;
  readonly streamSeq: number;
  /** When that moved last; undefined when never since the start. */
  readonly lastActive: Moment | undefined;
}

/** The numbers of ConsumerInfo. */
export interface ConsumerNumbers {
  readonly delivered: SequencePair;
  readonly ackFloor: SequencePair;
  readonly numAckPending: number;
  readonly numRedelivered: number;
  readonly numWaiting: number;
  readonly numPending: number;
  /** Somebody listens where a push consumer delivers. */
  readonly pushBound: boolean;
  /** Until when it is paused; undefined when it is not. */
  readonly pausedUntil: Moment | undefined;
  /** Only the first group is reported; empty without groups. */
  readonly priorityGroups: readonly {
    readonly group: string;
    /** Empty when nobody is pinned. */
    readonly pinnedClientId: string;
    readonly pinnedAt: Moment | undefined;
  }[];
}
