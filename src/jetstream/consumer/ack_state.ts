// What a consumer has delivered and what of it is acknowledged.
//
//     delivered ─→ pending ─→ acked                    the floors rise over what is acked
//                   ↑   ↓ due, or a nak
//                  redelivery queue ─→ exhausted       delivered `maxDeliver` times: still counted, not pending
//
// Owns the rules, and when what is pending is delivered again; what was delivered and acked is on record (ack_record.ts).
// Knows nothing of subjects, requests, timers or files; its times are milliseconds of the wall clock.

import { assert } from "../../base/assert.ts";
import { AckRecord } from "./ack_record.ts";
import { NONE } from "./pending_acks.ts";

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

export class AckState extends AckRecord {
  #rules: AckRules;

  /** Of a consumer that has delivered nothing; `nextStreamSeq` is the first it may deliver, 0 while that is not known. */
  constructor(rules: AckRules, nextStreamSeq: number) {
    super(nextStreamSeq);
    this.#rules = rules;
  }

  /** As `num_redelivered`, which is 0 with `maxDeliver` 1. */
  get numRedelivered(): number {
    return this.#rules.maxDeliver === 1 ? 0 : this.unacked.redelivered + this.ended.size;
  }

  /** The configuration was changed. What is pending is due by the new rules. */
  setRules(rules: AckRules): void {
    const same =
      rules.ackWaitMs === this.#rules.ackWaitMs &&
      rules.backoffMs.length === this.#rules.backoffMs.length &&
      rules.backoffMs.every((wait, i) => wait === this.#rules.backoffMs[i]);
    this.#rules = rules;
    if (same) return;
    for (let slot = this.unacked.first; slot !== NONE; slot = this.unacked.above(slot)) {
      if (!this.unacked.isQueued(slot)) this.#await(slot);
    }
  }

  /**
   * A message is delivered for the first time; its consumer sequence, for the reply. `streamSeq` is at or above
   * `nextStreamSeq`. Policy none: the floors follow.
   */
  deliver(streamSeq: number, nowMs: number): number {
    const consumerSeq = this.pass(streamSeq);
    if (this.#rules.ackPolicy === "none") {
      this.raiseFloor(streamSeq, consumerSeq, true);
      return consumerSeq;
    }
    // Known already when the state on disk was older than its counts.
    const known = this.ended.count(streamSeq);
    if (known >= 0) this.ended.delete(streamSeq);
    this.#await(this.unacked.add(streamSeq, consumerSeq, nowMs, Math.max(0, known)));
    return consumerSeq;
  }

  /** As `deliver` for the first `count` of these messages, which rise. */
  deliverRun(streamSeqs: Float64Array, count: number, nowMs: number): void {
    const isNone = this.#rules.ackPolicy === "none";
    if (!isNone && this.ended.size > 0) {
      for (let i = 0; i < count; i++) this.deliver(streamSeqs[i]!, nowMs);
      return;
    }
    const last = streamSeqs[count - 1]!;
    const consumerSeq = this.passRun(streamSeqs[0]!, last, count);
    if (isNone) {
      this.raiseFloor(last, consumerSeq, true);
      return;
    }
    const dueMs = this.#dueMs(nowMs, 0);
    const before = consumerSeq - count + 1;
    for (let i = 0; i < count; i++) this.unacked.await(this.unacked.add(streamSeqs[i]!, before + i, nowMs, 0), dueMs);
  }

  /**
   * The next to be delivered again, left in the queue; 0 when there is none. First takes out of the queue, and of what is
   * pending, those that were delivered `maxDeliver` times.
   */
  nextRedelivery(exhausted: Exhausted): number {
    const { maxDeliver } = this.#rules;
    for (let slot = this.unacked.firstQueued; slot !== NONE; slot = this.unacked.firstQueued) {
      const streamSeq = this.unacked.streamSeq(slot);
      const deliveries = this.unacked.count(slot) + 1;
      if (maxDeliver <= 0 || deliveries < maxDeliver) return streamSeq;
      this.#end(slot, deliveries);
      if (deliveries === maxDeliver) exhausted(streamSeq, deliveries);
    }
    return 0;
  }

  /** The message that `nextRedelivery` gave is delivered again and leaves the queue; its new consumer sequence. */
  redeliver(streamSeq: number, nowMs: number): number {
    const slot = this.unacked.find(streamSeq);
    assert(slot !== NONE && this.unacked.release(slot), "what is delivered again was queued");
    this.unacked.setTimeMs(slot, nowMs);
    this.unacked.setCount(slot, this.unacked.count(slot) + 1);
    this.#await(slot);
    return this.passAgain();
  }

  /** Whether a stream that keeps by interest must keep this message (which matches the filters) for this consumer. */
  needs(streamSeq: number): boolean {
    if (this.ended.count(streamSeq) >= 0) return true;
    if (streamSeq <= this.finishedStreamSeq) return false;
    return this.#rules.ackPolicy !== "explicit" || streamSeq >= this.nextStreamSeq || this.isPending(streamSeq);
  }

  /** +ACK, +TERM and the ack of +NXT; both numbers are the peer's, from the reply subject. `finished` is called before it returns. */
  ack(streamSeq: number, consumerSeq: number, finished: Finished): AckResult {
    if (streamSeq >= this.nextStreamSeq) return "undelivered";
    if (this.#rules.ackPolicy === "none") return "nothing";
    if (this.#rules.ackPolicy !== "explicit") return this.#ackAll(streamSeq, consumerSeq, finished);
    const slot = this.unacked.find(streamSeq);
    if (slot !== NONE) this.ackOne(slot);
    else if (this.ended.delete(streamSeq)) this.changed();
    if (streamSeq > 0) finished(streamSeq);
    return slot === NONE ? "nothing" : "acked";
  }

  /** -NAK: into the redelivery queue, unless it is there. False when it is not pending or the numbers are out of range: ignored, no advisory. */
  nak(streamSeq: number, consumerSeq: number): boolean {
    const slot = this.#naked(streamSeq, consumerSeq);
    if (slot === NONE) return false;
    if (!this.unacked.isQueued(slot)) this.unacked.enqueue(slot);
    return true;
  }

  /** -NAK with a delay, as `nak`: due `delayMs` from now (with backoff: its wait minus the first one later), out of the queue until then. */
  nakLater(streamSeq: number, consumerSeq: number, delayMs: number, nowMs: number): boolean {
    const slot = this.#naked(streamSeq, consumerSeq);
    if (slot === NONE) return false;
    this.changed();
    this.unacked.release(slot);
    this.unacked.setTimeMs(slot, nowMs - this.#rules.ackWaitMs + delayMs);
    this.#await(slot);
    return true;
  }

  /** +WPI: its wait begins again; in the redelivery queue it stays there. False when not pending. */
  progress(streamSeq: number, nowMs: number): boolean {
    const slot = this.unacked.find(streamSeq);
    if (slot === NONE) return false;
    this.changed();
    this.unacked.setTimeMs(slot, nowMs);
    if (!this.unacked.isQueued(slot)) this.#await(slot);
    return true;
  }

  /**
   * Puts what is due into the redelivery queue, by stream sequence, at most `most` at a time: call again, in a later
   * turn, while it returns true. Those that may not be delivered again are no longer pending.
   */
  expire(nowMs: number, most: number, exhausted: Exhausted): boolean {
    const seqs: number[] = [];
    while (this.unacked.nextDueMs <= nowMs && seqs.length < most) {
      const slot = this.unacked.firstDue;
      this.unacked.await(slot, Number.POSITIVE_INFINITY);
      seqs.push(this.unacked.streamSeq(slot));
    }
    if (seqs.length === 0) return false;
    for (const streamSeq of Float64Array.from(seqs).sort()) this.#requeue(this.unacked.find(streamSeq), exhausted);
    return this.unacked.nextDueMs <= nowMs;
  }

  /** Puts everything that is pending into the redelivery queue, as `expire` does with what is due. */
  requeueAll(exhausted: Exhausted): void {
    for (let slot = this.unacked.first; slot !== NONE;) {
      const above = this.unacked.above(slot);
      if (!this.unacked.isQueued(slot)) this.#requeue(slot, exhausted);
      slot = above;
    }
  }

  #requeue(slot: number, exhausted: Exhausted): void {
    const { maxDeliver } = this.#rules;
    // With a most of 2 and above the one who asks for more finds out (`nextRedelivery`), as in nats-server.
    const reached = Math.max(1, this.unacked.count(slot));
    if (maxDeliver <= 0 || reached < maxDeliver) this.unacked.enqueue(slot);
    else {
      const streamSeq = this.unacked.streamSeq(slot);
      this.#end(slot, reached);
      if (reached === maxDeliver) exhausted(streamSeq, reached);
    }
  }

  /** For `restoreAckState` only: one that is pending, above those before. */
  restorePending(streamSeq: number, consumerSeq: number, timeMs: number): void {
    this.#await(this.unacked.add(streamSeq, consumerSeq, timeMs, 0));
  }
  /** For `restoreAckState` only: how often one was delivered after the first time; pending ones come before. */
  restoreCount(streamSeq: number, count: number): void {
    const slot = this.unacked.find(streamSeq);
    if (slot === NONE) this.ended.set(streamSeq, count);
    else {
      this.unacked.setCount(slot, count);
      this.#await(slot);
    }
  }

  /** The slot of what a peer may nak, or NONE. */
  #naked(streamSeq: number, consumerSeq: number): number {
    if (consumerSeq <= this.floorConsumerSeq || consumerSeq > this.deliveredConsumerSeq + 1) return NONE;
    return this.unacked.find(streamSeq);
  }

  /** A pending message is not due before its wait is over. */
  #await(slot: number): void {
    this.unacked.await(slot, this.#dueMs(this.unacked.timeMs(slot), this.unacked.count(slot)));
  }

  /** When a message is due whose wait began then, after so many deliveries behind the first. */
  #dueMs(timeMs: number, count: number): number {
    const { ackWaitMs, backoffMs } = this.#rules;
    if (ackWaitMs <= 0) return Number.POSITIVE_INFINITY;
    const step = Math.min(count, backoffMs.length - 1);
    return timeMs + (step < 0 ? ackWaitMs : backoffMs[step]!);
  }

  /** Delivered often enough: no longer pending, its count stays. */
  #end(slot: number, count: number): void {
    const streamSeq = this.unacked.streamSeq(slot);
    this.finish(slot);
    this.ended.set(streamSeq, count);
  }

  #ackAll(streamSeq: number, consumerSeq: number, finished: Finished): AckResult {
    if (consumerSeq <= this.floorConsumerSeq || streamSeq <= this.finishedStreamSeq) return "nothing";
    this.changed();
    const isShown = this.isPending(streamSeq) && consumerSeq > this.ackFloorConsumerSeq;
    const lowest = this.unacked.first === NONE ? streamSeq : Math.min(streamSeq, this.firstPending);
    const ended = this.ended.between(lowest, streamSeq);
    const below: number[] = [];
    for (let slot = this.unacked.first; slot !== NONE && this.unacked.streamSeq(slot) <= streamSeq;) {
      const above = this.unacked.above(slot);
      const acked = this.unacked.streamSeq(slot);
      this.drop(slot);
      if (acked < streamSeq) below.push(acked);
      slot = above;
    }
    for (const seq of ended) {
      this.ended.delete(seq);
      if (seq < streamSeq) below.push(seq);
    }
    this.raiseFloor(streamSeq, consumerSeq, isShown);
    this.giveBack();
    // Only now: who hears of it asks whether it is still needed, and above the floor it was.
    for (const seq of below) finished(seq);
    finished(streamSeq);
    return "acked";
  }
}
