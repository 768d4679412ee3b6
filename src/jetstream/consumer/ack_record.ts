// What is on record of a consumer's deliveries and acks, and goes into its file.
//
//     floor ≤ delivered < next          what waits for an ack lies between, above the floor
//
// Owns: the sequences it has come to, of the stream and of the consumer, both ack floors, the messages that wait for an
// ack, the counts of those that were given up. Knows what a stream does to it (purges, a lost end), and how it is written;
// not when a message is due or delivered again: that is AckState's.

import { assert } from "../../base/assert.ts";
import { Effort, type Slices } from "../../store/file/sliced_job.ts";
import { ConsumerStateWriter, type SequencePair } from "../../store/format/consumer_state.ts";
import { NONE } from "./pending_acks.ts";
import { EndedRedeliveries } from "./redeliveries_ended.ts";
import { Unacked } from "./unacked.ts";

/** How far the stream's first sequence must be above a floor that nothing moved before it is moved. */
const FAR = 50;
/** What writing one entry costs, in bytes hashed. */
const ENTRY_EFFORT = 64;

export abstract class AckRecord {
  #nextStreamSeq: number;
  #deliveredStreamSeq: number;
  #deliveredConsumerSeq = 0;
  #floorStreamSeq: number;
  #floorConsumerSeq = 0;
  // As info and the file say it: nats-server does not move this one when it gives a message up, nor for an ack of all up to
  // a message that is not pending.
  #shownStreamSeq: number;
  #shownConsumerSeq = 0;
  protected unacked = new Unacked();
  protected readonly ended = new EndedRedeliveries();
  #version = 0;
  /** The slot that is written next, while the state is being written. */
  #writing = NONE;
  /** Changes when what is being written is void. */
  #life = 0;

  /** Of a consumer that has delivered nothing; `nextStreamSeq` is the first it may deliver, 0 while that is not known. */
  constructor(nextStreamSeq: number) {
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
    return this.unacked.size;
  }
  /** Messages in the redelivery queue. */
  get numQueued(): number {
    return this.unacked.queued;
  }
  /** Changes with whatever is to be written: the same number, nothing to write. */
  get version(): number {
    return this.#version;
  }

  /** The floor below which nothing is acked again: as nats-server has it. */
  protected get floorConsumerSeq(): number {
    return this.#floorConsumerSeq;
  }

  /** When the next pending ack is due, in ms of the wall clock; Infinity when none ever is. The timer adds 1 ms of slack. */
  get nextDueMs(): number {
    return this.unacked.nextDueMs;
  }

  isPending(streamSeq: number): boolean {
    return this.unacked.find(streamSeq) !== NONE;
  }
  /** How often it was delivered: 1 after the first time. Also of what is exhausted. */
  deliveries(streamSeq: number): number {
    const slot = this.unacked.find(streamSeq);
    if (slot !== NONE) return this.unacked.count(slot) + 1;
    return Math.max(1, this.ended.count(streamSeq));
  }
  /** Of its first delivery; 0 when it is not pending. */
  consumerSeqOf(streamSeq: number): number {
    const slot = this.unacked.find(streamSeq);
    return slot === NONE ? 0 : this.unacked.consumerSeq(slot);
  }
  /** When its wait began, in ms of the wall clock: of what is pending. */
  pendingSinceMs(streamSeq: number): number {
    return this.unacked.timeMs(this.unacked.find(streamSeq));
  }
  /** The lowest stream sequence that is pending; 0 when none is. */
  get firstPending(): number {
    return this.unacked.first === NONE ? 0 : this.unacked.streamSeq(this.unacked.first);
  }

  /** Looked at and not delivered below `nextStreamSeq` (no match, gone): the next look begins there. Never goes back. */
  skipTo(nextStreamSeq: number): void {
    this.#nextStreamSeq = Math.max(this.#nextStreamSeq, nextStreamSeq);
  }

  /**
   * The message left the stream without an ack. True when it was pending: ask `deliveries` and `consumerSeqOf` before,
   * for the terminated advisory.
   */
  forget(streamSeq: number): boolean {
    const slot = this.unacked.find(streamSeq);
    if (slot === NONE) {
      if (this.ended.delete(streamSeq)) this.#version++;
      return false;
    }
    this.ackOne(slot);
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
    for (let slot = this.unacked.first; slot !== NONE;) {
      const above = this.unacked.above(slot);
      const streamSeq = this.unacked.streamSeq(slot);
      if (streamSeq < firstSeq) {
        this.#floorConsumerSeq = Math.max(this.#floorConsumerSeq, this.unacked.consumerSeq(slot));
        this.drop(slot);
      } else if (isGone === undefined) break;
      else if (isGone(streamSeq)) this.drop(slot);
      slot = above;
    }
    for (const streamSeq of this.ended.all()) {
      if (streamSeq < firstSeq || isGone?.(streamSeq) === true) this.ended.delete(streamSeq);
    }
    if (this.unacked.size === 0) {
      this.ended.clear();
      this.#floorToDelivered();
    } else {
      this.#floorStreamSeq = Math.max(this.#floorStreamSeq, firstSeq - 1);
    }
    this.#showFloor();
    this.giveBack();
  }

  /** The floors follow the stream's first sequence when they are far (50) below and no removal told of it: after a start. */
  raiseFloors(firstSeq: number): void {
    if (this.#floorStreamSeq === 0 || this.#floorStreamSeq >= firstSeq - FAR) return;
    this.#version++;
    if (this.unacked.size > 0) {
      this.#floorBelow(this.unacked.first);
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
    for (let slot = this.unacked.last; slot !== NONE && this.unacked.streamSeq(slot) > lastSeq;) {
      this.drop(slot);
      slot = this.unacked.last;
    }
    for (const streamSeq of this.ended.all()) if (streamSeq > lastSeq) this.ended.delete(streamSeq);
    this.#nextStreamSeq = lastSeq + 1;
    this.#deliveredStreamSeq = lastSeq;
    this.#floorStreamSeq = Math.min(this.#floorStreamSeq, lastSeq);
    this.#shownStreamSeq = Math.min(this.#shownStreamSeq, lastSeq);
    if (this.unacked.size === 0) {
      this.#floorToDelivered();
      this.#showFloor();
    }
    this.giveBack();
    return true;
  }

  /** CONSUMER.RESET: as created anew, at this sequence. */
  reset(nextStreamSeq: number): void {
    this.#version++;
    this.#life++;
    this.#writing = NONE;
    this.unacked = new Unacked();
    this.ended.clear();
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
    this.#writing = this.unacked.first;
    while (this.#writing !== NONE) {
      const slot = this.#writing;
      const streamSeq = this.unacked.streamSeq(slot);
      // Delivered after it began: that is for the next time.
      if (streamSeq > delivered.streamSeq) break;
      this.#writing = this.unacked.above(slot);
      writer.pending(streamSeq, this.unacked.consumerSeq(slot), Math.floor(this.unacked.timeMs(slot) / 1000));
      const count = this.unacked.count(slot);
      if (count > 0) writer.redelivered(streamSeq, count);
      if (!effort.spend(ENTRY_EFFORT)) continue;
      yield undefined;
      if (life !== this.#life) return undefined;
    }
    this.#writing = NONE;
    // After the pending ones: what ended meanwhile is in one of the two.
    for (const streamSeq of this.ended.all()) writer.redelivered(streamSeq, this.ended.count(streamSeq));
    return writer.file();
  }

  /** For `restoreAckState` only: where a state that was written stands. */
  restoreSequences(floor: SequencePair, delivered: SequencePair): void {
    assert(this.unacked.size === 0 && this.ended.size === 0, "only a fresh state is restored");
    this.#floorStreamSeq = floor.streamSeq;
    this.#floorConsumerSeq = floor.consumerSeq;
    this.#showFloor();
    this.#deliveredStreamSeq = delivered.streamSeq;
    this.#deliveredConsumerSeq = delivered.consumerSeq;
    this.#nextStreamSeq = delivered.streamSeq + 1;
  }

  checkInvariants(): void {
    this.unacked.checkInvariants();
    this.ended.checkInvariants();
    assert(this.#deliveredStreamSeq <= Math.max(0, this.#nextStreamSeq - 1), "what was delivered was looked at");
    assert(this.#floorStreamSeq <= this.#deliveredStreamSeq, "only what was delivered is acked");
    assert(this.#shownStreamSeq <= this.#floorStreamSeq, "the floor that is shown is not above");
    assert(this.#shownConsumerSeq <= this.#floorConsumerSeq, "the floor that is shown is not above");
    assert(this.#floorConsumerSeq <= this.#deliveredConsumerSeq, "the floors are below what was delivered");
    assert(this.firstPending === 0 || this.firstPending > this.#floorStreamSeq, "nothing below the floor is pending");
    const last = this.unacked.last;
    assert(last === NONE || this.unacked.streamSeq(last) <= this.#deliveredStreamSeq, "what is pending was delivered");
    for (let slot = this.unacked.first; slot !== NONE; slot = this.unacked.above(slot)) {
      assert(this.ended.count(this.unacked.streamSeq(slot)) < 0, "what is pending has not ended");
    }
  }

  /** Something changed that is to be written. */
  protected changed(): void {
    this.#version++;
  }

  /** A message is delivered for the first time; its consumer sequence. */
  protected pass(streamSeq: number): number {
    assert(streamSeq >= this.#nextStreamSeq, "first deliveries rise");
    this.#version++;
    this.#deliveredStreamSeq = streamSeq;
    this.#nextStreamSeq = streamSeq + 1;
    return ++this.#deliveredConsumerSeq;
  }
  /** So many from the first to the last are delivered for the first time; the consumer sequence of the last. */
  protected passRun(first: number, last: number, count: number): number {
    assert(first >= this.#nextStreamSeq && last >= first && count > 0, "first deliveries rise");
    this.#version++;
    this.#deliveredStreamSeq = last;
    this.#nextStreamSeq = last + 1;
    return (this.#deliveredConsumerSeq += count);
  }
  /** One is delivered again; its new consumer sequence. */
  protected passAgain(): number {
    this.#version++;
    return ++this.#deliveredConsumerSeq;
  }

  /** One message is acked, or gone. */
  protected ackOne(slot: number): void {
    const streamSeq = this.unacked.streamSeq(slot);
    const consumerSeq = this.unacked.consumerSeq(slot);
    const isNext = this.unacked.first === slot && consumerSeq === this.#shownConsumerSeq + 1;
    this.finish(slot);
    if (this.unacked.size === 0) this.#showFloor();
    else if (isNext) {
      const first = this.unacked.first;
      const firstConsumerSeq = this.unacked.consumerSeq(first);
      const known = firstConsumerSeq > 0;
      this.#shownStreamSeq = known ? this.unacked.streamSeq(first) - 1 : streamSeq;
      this.#shownConsumerSeq = known ? firstConsumerSeq - 1 : consumerSeq;
      // An ack of all with a consumer sequence that is not that message's has left it below.
      this.#floorStreamSeq = Math.max(this.#floorStreamSeq, this.#shownStreamSeq);
      this.#floorConsumerSeq = Math.max(this.#floorConsumerSeq, this.#shownConsumerSeq);
    }
  }

  /** Takes one message out of what is pending, and moves the floor up to the next. */
  protected finish(slot: number): void {
    this.#version++;
    const above = this.unacked.above(slot);
    const streamSeq = this.unacked.streamSeq(slot);
    const consumerSeq = this.unacked.consumerSeq(slot);
    const isFirst = this.unacked.first === slot;
    this.drop(slot);
    if (this.unacked.size === 0) this.#floorToDelivered();
    else if (consumerSeq === this.#floorConsumerSeq + 1 && isFirst) {
      this.#floorStreamSeq = streamSeq;
      this.#floorConsumerSeq = consumerSeq;
      this.#floorBelow(above);
    }
    this.giveBack();
  }

  /** Just below a pending message, as far as its consumer sequence is known. */
  #floorBelow(slot: number): void {
    if (slot === NONE) return;
    const consumerSeq = this.unacked.consumerSeq(slot);
    if (consumerSeq === 0) return;
    this.#floorStreamSeq = Math.max(this.#floorStreamSeq, this.unacked.streamSeq(slot) - 1);
    this.#floorConsumerSeq = Math.max(this.#floorConsumerSeq, consumerSeq - 1);
  }

  /** All up to here is acked; `isShown`: and shown to be. A consumer sequence above what was delivered is a peer's. */
  protected raiseFloor(streamSeq: number, consumerSeq: number, isShown: boolean): void {
    this.#floorStreamSeq = streamSeq;
    this.#floorConsumerSeq = Math.min(consumerSeq, this.#deliveredConsumerSeq);
    this.#deliveredStreamSeq = Math.max(this.#deliveredStreamSeq, streamSeq);
    if (isShown) this.#showFloor();
  }

  protected drop(slot: number): void {
    if (slot === this.#writing) this.#writing = this.unacked.above(slot);
    this.unacked.remove(slot);
  }

  /** Memory that a lot of pending acks needed and few need now is given back. */
  protected giveBack(): void {
    if (!this.unacked.isLoose) return;
    const writing = this.#writing === NONE ? 0 : this.unacked.streamSeq(this.#writing);
    this.unacked = this.unacked.shrunk();
    if (writing > 0) this.#writing = this.unacked.find(writing);
  }

  #showFloor(): void {
    this.#shownStreamSeq = this.#floorStreamSeq;
    this.#shownConsumerSeq = this.#floorConsumerSeq;
  }
  #floorToDelivered(): void {
    this.#floorStreamSeq = this.#deliveredStreamSeq;
    this.#floorConsumerSeq = this.#deliveredConsumerSeq;
  }
}
