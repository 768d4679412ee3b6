// What a consumer has delivered and what of it is acknowledged.
//
//     delivered ─→ pending ─→ acked                    the floors rise over what is acked
//                   ↑   ↓ due, or a nak
//                  redelivery queue ─→ exhausted       delivered `maxDeliver` times: still counted, not pending
//
// Owns: both delivered sequences, both ack floors, the pending acks, how often each was delivered, the queue of what is
// to be delivered again. Knows nothing of subjects, requests, timers or files; its times are milliseconds of the wall clock.

import { assert } from "../../base/assert.ts";
import { Effort, type Slices } from "../../store/file/sliced_job.ts";
import { ConsumerStateWriter, type SequencePair } from "../../store/format/consumer_state.ts";
import { DueAcks } from "./pending_acks_due.ts";
import { NONE, PendingAcks } from "./pending_acks.ts";
import { EndedRedeliveries } from "./redeliveries_ended.ts";
import { Redeliveries } from "./redeliveries.ts";

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

/** How far the stream's first sequence must be above a floor that nothing moved before it is moved. */
const FAR = 50;
/** Memory for so many slots is given back when a sixteenth of it is used. */
const LARGE = 65_536;
/** What writing one entry costs, in bytes hashed. */
const ENTRY_EFFORT = 64;

export class AckState {
  #rules: AckRules;
  #nextStreamSeq: number;
  #deliveredStreamSeq: number;
  #deliveredConsumerSeq = 0;
  #floorStreamSeq: number;
  #floorConsumerSeq = 0;
  // As info and the file say it: nats-server does not move this one when it gives a message up, nor for an ack of all up to
  // a message that is not pending.
  #shownStreamSeq: number;
  #shownConsumerSeq = 0;
  #pending = new PendingAcks();
  #due = new DueAcks(this.#pending);
  #queue = new Redeliveries();
  readonly #ended = new EndedRedeliveries();
  #version = 0;
  /** The slot that is written next, while the state is being written. */
  #writing = NONE;
  /** Changes when what is being written is void. */
  #life = 0;

  /** Of a consumer that has delivered nothing; `nextStreamSeq` is the first it may deliver, 0 while that is not known. */
  constructor(rules: AckRules, nextStreamSeq: number) {
    this.#rules = rules;
    this.#nextStreamSeq = nextStreamSeq;
    this.#deliveredStreamSeq = Math.max(0, nextStreamSeq - 1);
    this.#floorStreamSeq = this.#deliveredStreamSeq;
    this.#shownStreamSeq = this.#deliveredStreamSeq;
  }

  /** As `delivered` of the consumer's info: the last message delivered for the first time, not how far was looked. */
  get deliveredStreamSeq(): number {
    return this.#deliveredStreamSeq;
  }
  /** The last consumer sequence, of first and repeated deliveries. */
  get deliveredConsumerSeq(): number {
    return this.#deliveredConsumerSeq;
  }
  /** As `ack_floor` of the info: what is given up (`maxDeliver`) may hold it back. */
  get ackFloorStreamSeq(): number {
    return this.#shownStreamSeq;
  }
  get ackFloorConsumerSeq(): number {
    return this.#shownConsumerSeq;
  }
  /** All up to here is acked or given up: a reset to no sequence begins behind it. */
  get finishedStreamSeq(): number {
    return this.#floorStreamSeq;
  }
  /** Where to look for what is delivered next. */
  get nextStreamSeq(): number {
    return this.#nextStreamSeq;
  }
  /** As `num_ack_pending`. `max_ack_pending` holds against it, for first deliveries only. */
  get numAckPending(): number {
    return this.#pending.size;
  }
  /** As `num_redelivered`, which is 0 with `maxDeliver` 1. */
  get numRedelivered(): number {
    return this.#rules.maxDeliver === 1 ? 0 : this.#pending.redelivered + this.#ended.size;
  }
  /** Messages in the redelivery queue. */
  get numQueued(): number {
    return this.#queue.size;
  }
  /** Changes with whatever is to be written: the same number, nothing to write. */
  get version(): number {
    return this.#version;
  }

  /** The configuration was changed. What is pending is due by the new rules. */
  setRules(rules: AckRules): void {
    const same =
      rules.ackWaitMs === this.#rules.ackWaitMs &&
      rules.backoffMs.length === this.#rules.backoffMs.length &&
      rules.backoffMs.every((wait, i) => wait === this.#rules.backoffMs[i]);
    this.#rules = rules;
    if (same) return;
    for (let slot = this.#pending.first; slot !== NONE; slot = this.#pending.above(slot)) {
      if (!this.#queue.has(slot)) this.#await(slot);
    }
  }

  /** Looked at and not delivered below `nextStreamSeq` (no match, gone): the next look begins there. Never goes back. */
  skipTo(nextStreamSeq: number): void {
    this.#nextStreamSeq = Math.max(this.#nextStreamSeq, nextStreamSeq);
  }

  /**
   * A message is delivered for the first time; its consumer sequence, for the reply. `streamSeq` is at or above
   * `nextStreamSeq`. Policy none: the floors follow.
   */
  deliver(streamSeq: number, nowMs: number): number {
    assert(streamSeq >= this.#nextStreamSeq, "first deliveries rise");
    this.#version++;
    const consumerSeq = ++this.#deliveredConsumerSeq;
    this.#deliveredStreamSeq = streamSeq;
    this.#nextStreamSeq = streamSeq + 1;
    if (this.#rules.ackPolicy === "none") {
      this.#floorStreamSeq = streamSeq;
      this.#floorConsumerSeq = consumerSeq;
      this.#showFloor();
      return consumerSeq;
    }
    // Known already when the state on disk was older than its counts.
    const known = this.#ended.count(streamSeq);
    if (known >= 0) this.#ended.delete(streamSeq);
    this.#await(this.#pending.add(streamSeq, consumerSeq, nowMs, Math.max(0, known)));
    return consumerSeq;
  }

  /**
   * The next to be delivered again, left in the queue; 0 when there is none. First takes out of the queue, and of what is
   * pending, those that were delivered `maxDeliver` times.
   */
  nextRedelivery(exhausted: Exhausted): number {
    const { maxDeliver } = this.#rules;
    for (let slot = this.#queue.first; slot !== NONE; slot = this.#queue.first) {
      const streamSeq = this.#pending.streamSeq(slot);
      const deliveries = this.#pending.count(slot) + 1;
      if (maxDeliver <= 0 || deliveries < maxDeliver) return streamSeq;
      this.#end(slot, deliveries);
      if (deliveries === maxDeliver) exhausted(streamSeq, deliveries);
    }
    return 0;
  }

  /** The message that `nextRedelivery` gave is delivered again and leaves the queue; its new consumer sequence. */
  redeliver(streamSeq: number, nowMs: number): number {
    const slot = this.#pending.find(streamSeq);
    assert(slot !== NONE && this.#queue.remove(slot), "what is delivered again was queued");
    this.#version++;
    this.#pending.setTimeMs(slot, nowMs);
    this.#pending.setCount(slot, this.#pending.count(slot) + 1);
    this.#await(slot);
    return ++this.#deliveredConsumerSeq;
  }

  isPending(streamSeq: number): boolean {
    return this.#pending.find(streamSeq) !== NONE;
  }
  /** How often it was delivered: 1 after the first time. Also of what is exhausted. */
  deliveries(streamSeq: number): number {
    const slot = this.#pending.find(streamSeq);
    if (slot !== NONE) return this.#pending.count(slot) + 1;
    return Math.max(1, this.#ended.count(streamSeq));
  }
  /** Of its first delivery; 0 when it is not pending. */
  consumerSeqOf(streamSeq: number): number {
    const slot = this.#pending.find(streamSeq);
    return slot === NONE ? 0 : this.#pending.consumerSeq(slot);
  }
  /** When its wait began, in ms of the wall clock: of what is pending. */
  pendingSinceMs(streamSeq: number): number {
    return this.#pending.timeMs(this.#pending.find(streamSeq));
  }
  /** The lowest stream sequence that is pending; 0 when none is. */
  get firstPending(): number {
    return this.#pending.first === NONE ? 0 : this.#pending.streamSeq(this.#pending.first);
  }

  /** Whether a stream that keeps by interest must keep this message (which matches the filters) for this consumer. */
  needs(streamSeq: number): boolean {
    if (this.#ended.count(streamSeq) >= 0) return true;
    if (streamSeq <= this.#floorStreamSeq) return false;
    return this.#rules.ackPolicy !== "explicit" || streamSeq >= this.#nextStreamSeq || this.isPending(streamSeq);
  }

  /** +ACK, +TERM and the ack of +NXT; both numbers are the peer's, from the reply subject. `finished` is called before it returns. */
  ack(streamSeq: number, consumerSeq: number, finished: Finished): AckResult {
    if (streamSeq >= this.#nextStreamSeq) return "undelivered";
    if (this.#rules.ackPolicy === "none") return "nothing";
    if (this.#rules.ackPolicy !== "explicit") return this.#ackAll(streamSeq, consumerSeq, finished);
    const slot = this.#pending.find(streamSeq);
    if (slot !== NONE) this.#ackOne(slot);
    else if (this.#ended.delete(streamSeq)) this.#version++;
    if (streamSeq > 0) finished(streamSeq);
    return slot === NONE ? "nothing" : "acked";
  }

  /** -NAK: into the redelivery queue, unless it is there. False when it is not pending or the numbers are out of range: ignored, no advisory. */
  nak(streamSeq: number, consumerSeq: number): boolean {
    const slot = this.#naked(streamSeq, consumerSeq);
    if (slot === NONE) return false;
    if (!this.#queue.has(slot)) this.#enqueue(slot);
    return true;
  }

  /** -NAK with a delay, as `nak`: due `delayMs` from now (with backoff: its wait minus the first one later), out of the queue until then. */
  nakLater(streamSeq: number, consumerSeq: number, delayMs: number, nowMs: number): boolean {
    const slot = this.#naked(streamSeq, consumerSeq);
    if (slot === NONE) return false;
    this.#version++;
    this.#queue.remove(slot);
    this.#pending.setTimeMs(slot, nowMs - this.#rules.ackWaitMs + delayMs);
    this.#await(slot);
    return true;
  }

  /** +WPI: its wait begins again; in the redelivery queue it stays there. False when not pending. */
  progress(streamSeq: number, nowMs: number): boolean {
    const slot = this.#pending.find(streamSeq);
    if (slot === NONE) return false;
    this.#version++;
    this.#pending.setTimeMs(slot, nowMs);
    if (!this.#queue.has(slot)) this.#await(slot);
    return true;
  }

  /**
   * The message left the stream without an ack. True when it was pending: ask `deliveries` and `consumerSeqOf` before,
   * for the terminated advisory.
   */
  forget(streamSeq: number): boolean {
    const slot = this.#pending.find(streamSeq);
    if (slot === NONE) {
      if (this.#ended.delete(streamSeq)) this.#version++;
      return false;
    }
    this.#ackOne(slot);
    return true;
  }

  /**
   * The stream was purged: `firstSeq` is its new first (last + 1 when it is empty). Nothing below is pending, the floors
   * and `nextStreamSeq` are not below. What `isGone` says of what is still pending is gone too: for purges by subject.
   */
  purge(firstSeq: number, isGone: ((streamSeq: number) => boolean) | undefined): void {
    this.#version++;
    this.#nextStreamSeq = Math.max(this.#nextStreamSeq, firstSeq);
    this.#deliveredStreamSeq = this.#nextStreamSeq - 1;
    for (let slot = this.#pending.first; slot !== NONE;) {
      const above = this.#pending.above(slot);
      const streamSeq = this.#pending.streamSeq(slot);
      if (streamSeq < firstSeq) {
        this.#floorConsumerSeq = Math.max(this.#floorConsumerSeq, this.#pending.consumerSeq(slot));
        this.#drop(slot);
      } else if (isGone === undefined) break;
      else if (isGone(streamSeq)) this.#drop(slot);
      slot = above;
    }
    for (const streamSeq of this.#ended.all()) {
      if (streamSeq < firstSeq || isGone?.(streamSeq) === true) this.#ended.delete(streamSeq);
    }
    if (this.#pending.size === 0) {
      this.#ended.clear();
      this.#floorToDelivered();
    } else {
      this.#floorStreamSeq = Math.max(this.#floorStreamSeq, firstSeq - 1);
    }
    this.#showFloor();
    this.#giveBack();
  }

  /** The floors follow the stream's first sequence when they are far (50) below and no removal told of it: after a start. */
  raiseFloors(firstSeq: number): void {
    if (this.#floorStreamSeq === 0 || this.#floorStreamSeq >= firstSeq - FAR) return;
    this.#version++;
    if (this.#pending.size > 0) {
      this.#floorBelow(this.#pending.first);
      return;
    }
    this.skipTo(firstSeq);
    this.#deliveredStreamSeq = Math.max(this.#deliveredStreamSeq, firstSeq - 1);
    this.#floorToDelivered();
  }

  /**
   * The stream ends at `lastSeq`: it lost what was delivered above, and gives those sequences to new messages. False when it
   * did not. After a start; what was acked below stays so.
   */
  cutTo(lastSeq: number): boolean {
    if (this.#deliveredStreamSeq <= lastSeq) return false;
    this.#version++;
    for (let slot = this.#pending.last; slot !== NONE && this.#pending.streamSeq(slot) > lastSeq;) {
      this.#drop(slot);
      slot = this.#pending.last;
    }
    for (const streamSeq of this.#ended.all()) if (streamSeq > lastSeq) this.#ended.delete(streamSeq);
    this.#nextStreamSeq = lastSeq + 1;
    this.#deliveredStreamSeq = lastSeq;
    this.#floorStreamSeq = Math.min(this.#floorStreamSeq, lastSeq);
    this.#shownStreamSeq = Math.min(this.#shownStreamSeq, lastSeq);
    if (this.#pending.size === 0) {
      this.#floorToDelivered();
      this.#showFloor();
    }
    this.#giveBack();
    return true;
  }

  /** CONSUMER.RESET: as created anew, at this sequence. */
  reset(nextStreamSeq: number): void {
    this.#version++;
    this.#life++;
    this.#writing = NONE;
    this.#clear();
    this.#ended.clear();
    this.#nextStreamSeq = nextStreamSeq;
    this.#deliveredStreamSeq = nextStreamSeq - 1;
    this.#deliveredConsumerSeq = 0;
    this.#floorStreamSeq = nextStreamSeq - 1;
    this.#floorConsumerSeq = 0;
    this.#showFloor();
  }

  /**
   * The bytes of `o.dat`, made in slices while the state goes on changing: nothing that was acked when it began is in it as
   * pending, and nothing that was not acked when it ends is missing. Undefined when a reset came in between: begin again.
   * One at a time.
   */
  *write(nowSec: number): Slices<Uint8Array | undefined> {
    const effort = new Effort();
    const life = this.#life;
    const delivered: SequencePair = { streamSeq: this.#deliveredStreamSeq, consumerSeq: this.#deliveredConsumerSeq };
    const floor: SequencePair = { streamSeq: this.#shownStreamSeq, consumerSeq: this.#shownConsumerSeq };
    const writer = new ConsumerStateWriter(floor, delivered, nowSec);
    this.#writing = this.#pending.first;
    while (this.#writing !== NONE) {
      const slot = this.#writing;
      const streamSeq = this.#pending.streamSeq(slot);
      // Delivered after it began: that is for the next time.
      if (streamSeq > delivered.streamSeq) break;
      this.#writing = this.#pending.above(slot);
      writer.pending(streamSeq, this.#pending.consumerSeq(slot), Math.floor(this.#pending.timeMs(slot) / 1000));
      const count = this.#pending.count(slot);
      if (count > 0) writer.redelivered(streamSeq, count);
      if (!effort.spend(ENTRY_EFFORT)) continue;
      yield undefined;
      if (life !== this.#life) return undefined;
    }
    this.#writing = NONE;
    // After the pending ones: what ended meanwhile is in one of the two.
    for (const streamSeq of this.#ended.all()) writer.redelivered(streamSeq, this.#ended.count(streamSeq));
    return writer.file();
  }

  /** For `restoreAckState` only: where a state that was written stands. */
  restoreSequences(floor: SequencePair, delivered: SequencePair): void {
    assert(this.#pending.size === 0 && this.#ended.size === 0, "only a fresh state is restored");
    this.#floorStreamSeq = floor.streamSeq;
    this.#floorConsumerSeq = floor.consumerSeq;
    this.#showFloor();
    this.#deliveredStreamSeq = delivered.streamSeq;
    this.#deliveredConsumerSeq = delivered.consumerSeq;
    this.#nextStreamSeq = delivered.streamSeq + 1;
  }
  /** For `restoreAckState` only: one that is pending, above those before. */
  restorePending(streamSeq: number, consumerSeq: number, timeMs: number): void {
    this.#await(this.#pending.add(streamSeq, consumerSeq, timeMs, 0));
  }
  /** For `restoreAckState` only: how often one was delivered after the first time; pending ones come before. */
  restoreCount(streamSeq: number, count: number): void {
    const slot = this.#pending.find(streamSeq);
    if (slot === NONE) this.#ended.set(streamSeq, count);
    else {
      this.#pending.setCount(slot, count);
      this.#await(slot);
    }
  }

  /** When the next pending ack is due, in ms of the wall clock; Infinity when none ever is. The timer adds 1 ms of slack. */
  get nextDueMs(): number {
    return this.#due.nextMs;
  }

  /**
   * Puts what is due into the redelivery queue, by stream sequence, at most `most` at a time: call again, in a later
   * turn, while it returns true. Those that may not be delivered again are no longer pending.
   */
  expire(nowMs: number, most: number, exhausted: Exhausted): boolean {
    const seqs: number[] = [];
    while (this.#due.nextMs <= nowMs && seqs.length < most) {
      const slot = this.#due.first;
      this.#due.remove(slot);
      seqs.push(this.#pending.streamSeq(slot));
    }
    if (seqs.length === 0) return false;
    for (const streamSeq of Float64Array.from(seqs).sort()) this.#requeue(this.#pending.find(streamSeq), exhausted);
    return this.#due.nextMs <= nowMs;
  }

  /** Puts everything that is pending into the redelivery queue, as `expire` does with what is due. */
  requeueAll(exhausted: Exhausted): void {
    for (let slot = this.#pending.first; slot !== NONE;) {
      const above = this.#pending.above(slot);
      if (!this.#queue.has(slot)) {
        this.#due.remove(slot);
        this.#requeue(slot, exhausted);
      }
      slot = above;
    }
  }

  #requeue(slot: number, exhausted: Exhausted): void {
    const { maxDeliver } = this.#rules;
    // With a most of 2 and above the one who asks for more finds out (`nextRedelivery`), as in nats-server.
    const reached = Math.max(1, this.#pending.count(slot));
    if (maxDeliver <= 0 || reached < maxDeliver) this.#enqueue(slot);
    else {
      const streamSeq = this.#pending.streamSeq(slot);
      this.#end(slot, reached);
      if (reached === maxDeliver) exhausted(streamSeq, reached);
    }
  }

  checkInvariants(): void {
    this.#pending.checkInvariants();
    this.#due.checkInvariants();
    this.#queue.checkInvariants();
    this.#ended.checkInvariants();
    assert(this.#deliveredStreamSeq <= Math.max(0, this.#nextStreamSeq - 1), "what was delivered was looked at");
    assert(this.#floorStreamSeq <= this.#deliveredStreamSeq, "only what was delivered is acked");
    assert(this.#shownStreamSeq <= this.#floorStreamSeq, "the floor that is shown is not above");
    assert(this.#shownConsumerSeq <= this.#floorConsumerSeq, "the floor that is shown is not above");
    assert(this.#floorConsumerSeq <= this.#deliveredConsumerSeq, "the floors are below what was delivered");
    assert(this.firstPending === 0 || this.firstPending > this.#floorStreamSeq, "nothing below the floor is pending");
    const last = this.#pending.last;
    assert(last === NONE || this.#pending.streamSeq(last) <= this.#deliveredStreamSeq, "what is pending was delivered");
    let [due, queued] = [0, 0];
    for (let slot = this.#pending.first; slot !== NONE; slot = this.#pending.above(slot)) {
      assert(!(this.#due.has(slot) && this.#queue.has(slot)), "what is queued is not due");
      if (this.#due.has(slot)) due++;
      if (this.#queue.has(slot)) queued++;
      assert(this.#ended.count(this.#pending.streamSeq(slot)) < 0, "what is pending has not ended");
    }
    assert(due === this.#due.size && queued === this.#queue.size, "only what is pending is due or queued");
  }

  /** The slot of what a peer may nak, or NONE. */
  #naked(streamSeq: number, consumerSeq: number): number {
    if (consumerSeq <= this.#floorConsumerSeq || consumerSeq > this.#deliveredConsumerSeq + 1) return NONE;
    return this.#pending.find(streamSeq);
  }

  /** A pending message is not due before its wait is over. */
  #await(slot: number): void {
    const { ackWaitMs, backoffMs } = this.#rules;
    if (ackWaitMs <= 0) {
      this.#due.remove(slot);
      return;
    }
    const step = Math.min(this.#pending.count(slot), backoffMs.length - 1);
    this.#due.set(slot, this.#pending.timeMs(slot) + (step < 0 ? ackWaitMs : backoffMs[step]!));
  }

  #enqueue(slot: number): void {
    this.#due.remove(slot);
    this.#queue.add(slot);
  }

  /** Delivered often enough: no longer pending, its count stays. */
  #end(slot: number, count: number): void {
    const streamSeq = this.#pending.streamSeq(slot);
    this.#finish(slot);
    this.#ended.set(streamSeq, count);
  }

  /** One message is acked, or gone. */
  #ackOne(slot: number): void {
    const isNext = this.#pending.first === slot && this.#pending.consumerSeq(slot) === this.#shownConsumerSeq + 1;
    const [streamSeq, consumerSeq] = [this.#pending.streamSeq(slot), this.#pending.consumerSeq(slot)];
    this.#finish(slot);
    if (this.#pending.size === 0) this.#showFloor();
    else if (isNext) {
      const first = this.#pending.first;
      const known = this.#pending.consumerSeq(first) > 0;
      this.#shownStreamSeq = known ? this.#pending.streamSeq(first) - 1 : streamSeq;
      this.#shownConsumerSeq = known ? this.#pending.consumerSeq(first) - 1 : consumerSeq;
    }
  }

  /** Takes one message out of what is pending, and moves the floor up to the next. */
  #finish(slot: number): void {
    this.#version++;
    const above = this.#pending.above(slot);
    const streamSeq = this.#pending.streamSeq(slot);
    const consumerSeq = this.#pending.consumerSeq(slot);
    const isFirst = this.#pending.first === slot;
    this.#drop(slot);
    if (this.#pending.size === 0) this.#floorToDelivered();
    else if (consumerSeq === this.#floorConsumerSeq + 1 && isFirst) {
      this.#floorStreamSeq = streamSeq;
      this.#floorConsumerSeq = consumerSeq;
      this.#floorBelow(above);
    }
    this.#giveBack();
  }

  #ackAll(streamSeq: number, consumerSeq: number, finished: Finished): AckResult {
    if (consumerSeq <= this.#floorConsumerSeq || streamSeq <= this.#floorStreamSeq) return "nothing";
    this.#version++;
    const isShown = this.isPending(streamSeq) && consumerSeq > this.#shownConsumerSeq;
    const lowest = this.#pending.first === NONE ? streamSeq : Math.min(streamSeq, this.firstPending);
    const ended = this.#ended.between(lowest, streamSeq);
    const below: number[] = [];
    for (let slot = this.#pending.first; slot !== NONE && this.#pending.streamSeq(slot) <= streamSeq;) {
      const above = this.#pending.above(slot);
      const acked = this.#pending.streamSeq(slot);
      this.#drop(slot);
      if (acked < streamSeq) below.push(acked);
      slot = above;
    }
    for (const seq of ended) {
      this.#ended.delete(seq);
      if (seq < streamSeq) below.push(seq);
    }
    this.#floorStreamSeq = streamSeq;
    this.#floorConsumerSeq = Math.min(consumerSeq, this.#deliveredConsumerSeq);
    this.#deliveredStreamSeq = Math.max(this.#deliveredStreamSeq, streamSeq);
    if (isShown) this.#showFloor();
    this.#giveBack();
    // Only now: who hears of it asks whether it is still needed, and above the floor it was.
    for (const seq of below) finished(seq);
    finished(streamSeq);
    return "acked";
  }

  #showFloor(): void {
    this.#shownStreamSeq = this.#floorStreamSeq;
    this.#shownConsumerSeq = this.#floorConsumerSeq;
  }
  #floorToDelivered(): void {
    this.#floorStreamSeq = this.#deliveredStreamSeq;
    this.#floorConsumerSeq = this.#deliveredConsumerSeq;
  }
  /** Just below a pending message, as far as its consumer sequence is known. */
  #floorBelow(slot: number): void {
    if (slot === NONE || this.#pending.consumerSeq(slot) === 0) return;
    this.#floorStreamSeq = Math.max(this.#floorStreamSeq, this.#pending.streamSeq(slot) - 1);
    this.#floorConsumerSeq = Math.max(this.#floorConsumerSeq, this.#pending.consumerSeq(slot) - 1);
  }

  #drop(slot: number): void {
    if (slot === this.#writing) this.#writing = this.#pending.above(slot);
    this.#due.remove(slot);
    this.#queue.remove(slot);
    this.#pending.remove(slot);
  }

  /** Memory that a lot of pending acks needed and few need now is given back. */
  #giveBack(): void {
    if (this.#pending.made < LARGE || this.#pending.size * 16 > this.#pending.made) return;
    const [pending, due, queue] = [this.#pending, this.#due, this.#queue];
    const writing = this.#writing;
    this.#clear();
    for (let slot = pending.first; slot !== NONE; slot = pending.above(slot)) {
      const moved = this.#pending.add(
        pending.streamSeq(slot),
        pending.consumerSeq(slot),
        pending.timeMs(slot),
        pending.count(slot),
      );
      if (due.has(slot)) this.#due.set(moved, due.dueMs(slot));
    }
    for (let slot = queue.first; slot !== NONE; slot = queue.behind(slot)) {
      this.#queue.add(this.#pending.find(pending.streamSeq(slot)));
    }
    if (writing !== NONE) this.#writing = this.#pending.find(pending.streamSeq(writing));
  }

  #clear(): void {
    this.#pending = new PendingAcks();
    this.#due = new DueAcks(this.#pending);
    this.#queue = new Redeliveries();
  }
}
