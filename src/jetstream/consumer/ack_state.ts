// What a consumer has delivered and what of it is acknowledged.
//
//     delivered ─→ pending ─→ acked                    the floors rise over what is acked
//                   ↑   ↓ due, or a nak
//                  redelivery queue ─→ exhausted       delivered `maxDeliver` times: still counted, not pending
//
// Owns: both delivered sequences, both ack floors, the pending acks, how often each was delivered, the queue of what is
// to be delivered again. Knows nothing of subjects, requests, timers or files; its times are milliseconds of the wall clock.

export type AckPolicy = "none" | "all" | "explicit" | "flow_control";

/** What of a consumer's configuration bears on its acks. */
export interface AckRules {
  readonly ackPolicy: AckPolicy;
  /** 0: nothing is ever due. */
  readonly ackWaitMs: number;
  /** The wait after the first, second, … delivery, the last one for all that follow; empty: always `ackWaitMs`. */
  readonly backoffMs: readonly number[];
  /** 0 or less: no bound. */
  readonly maxDeliver: number;
}

/**
 * What an ack did. "undelivered": it is for what was not delivered: ignored and never answered. "acked": something was
 * pending. "nothing": it was acked before, or is no longer pending; answered all the same.
 */
export type AckResult = "acked" | "undelivered" | "nothing";

/** Shown each message that the consumer has finished with, for streams that keep by interest. */
export type Finished = (streamSeq: number) => void;
/** A message was delivered as often as it may be: `deliveries` times. Once per message, for the advisory. */
export type Exhausted = (streamSeq: number, deliveries: number) => void;

export declare class AckState {
  /** Of a consumer that has delivered nothing; `nextStreamSeq` is the first it may deliver. */
  constructor(rules: AckRules, nextStreamSeq: number);

  /** As `delivered` of the consumer's info: the last message delivered for the first time, not how far was looked. */
  get deliveredStreamSeq(): number;
  /** The last consumer sequence, of first and repeated deliveries. */
  get deliveredConsumerSeq(): number;
  get ackFloorStreamSeq(): number;
  get ackFloorConsumerSeq(): number;
  /** Where to look for what is delivered next. */
  get nextStreamSeq(): number;
  /** As `num_ack_pending`. `max_ack_pending` holds against it, for first deliveries only. */
  get numAckPending(): number;
  /** As `num_redelivered`, which is 0 with `maxDeliver` 1. */
  get numRedelivered(): number;
  /** Messages in the redelivery queue. */
  get numQueued(): number;
  /** Changes with whatever is to be written: the same number, nothing to write. */
  get version(): number;

  /** The configuration was changed. What is pending is due by the new rules. */
  setRules(rules: AckRules): void;

  /** Looked at and not delivered below `nextStreamSeq` (no match, gone): the next look begins there. Never goes back. */
  skipTo(nextStreamSeq: number): void;
  /**
   * A message is delivered for the first time; its consumer sequence, for the reply. `streamSeq` is at or above
   * `nextStreamSeq`. Policy none: the floors follow.
   */
  deliver(streamSeq: number, nowMs: number): number;
  /**
   * The next to be delivered again, left in the queue; 0 when there is none. First takes out of the queue, and of what is
   * pending, those that were delivered `maxDeliver` times.
   */
  nextRedelivery(exhausted: Exhausted): number;
  /** The message that `nextRedelivery` gave is delivered again and leaves the queue; its new consumer sequence. */
  redeliver(streamSeq: number, nowMs: number): number;

  isPending(streamSeq: number): boolean;
  /** How often it was delivered: 1 after the first time. Also of what is exhausted. */
  deliveries(streamSeq: number): number;
  /** Of its first delivery; 0 when it is not pending. */
  consumerSeqOf(streamSeq: number): number;
  /** The lowest stream sequence that is pending; 0 when none is. */
  get firstPending(): number;
  /** Whether a stream that keeps by interest must keep this message (which matches the filters) for this consumer. */
  needs(streamSeq: number): boolean;

  /** +ACK, +TERM and the ack of +NXT; both numbers are the peer's, from the reply subject. `finished` is called before it returns. */
  ack(streamSeq: number, consumerSeq: number, finished: Finished): AckResult;
  /** -NAK: into the redelivery queue, unless it is there. False when it is not pending or the numbers are out of range: ignored, no advisory. */
  nak(streamSeq: number, consumerSeq: number): boolean;
  /** -NAK with a delay, as `nak`: due `delayMs` from now (with backoff: its wait minus the first one later), out of the queue until then. */
  nakLater(streamSeq: number, consumerSeq: number, delayMs: number, nowMs: number): boolean;
  /** +WPI: its wait begins again; in the redelivery queue it stays there. False when not pending. */
  progress(streamSeq: number, nowMs: number): boolean;

  /**
   * The message left the stream without an ack. True when it was pending: ask `deliveries` and `consumerSeqOf` before,
   * for the terminated advisory.
   */
  forget(streamSeq: number): boolean;
  /**
   * The stream was purged: `firstSeq` is its new first (last + 1 when it is empty). Nothing below is pending, the floors
   * and `nextStreamSeq` are not below. What `isGone` says of what is still pending is gone too: for purges by subject.
   */
  purge(firstSeq: number, isGone: ((streamSeq: number) => boolean) | undefined): void;
  /** The floors follow the stream's first sequence when they are far (50) below and no removal told of it: after a start. */
  raiseFloors(firstSeq: number): void;
  /** CONSUMER.RESET: as created anew, at this sequence. */
  reset(nextStreamSeq: number): void;

  /** When the next pending ack is due, in ms of the wall clock; Infinity when none ever is. The timer adds 1 ms of slack. */
  get nextDueMs(): number;
  /**
   * Puts what is due into the redelivery queue, by stream sequence, at most `most` at a time: call again, in a later
   * turn, while it returns true. Those that may not be delivered again are no longer pending.
   */
  expire(nowMs: number, most: number, exhausted: Exhausted): boolean;

  checkInvariants(): void;
}
