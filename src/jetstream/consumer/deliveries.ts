// The deliveries of one consumer: from what comes next to who takes it, in
// slices.
//
//     redelivery queue, Cursor ─→ load ─→ Pacing ─→ PullRequests or PushTarget ─→ Delivery
//
// Owns the message being delivered and the wait for a later one. Who may be
// told of what, and when a slice begins, is the consumer's.

import type { Delivery } from "../../account/bus.ts";
import type { Timer } from "../../base/world.ts";
import { RUN_MSGS, type StoredRun } from "../../store/stored_run.ts";
import type { ConsumerConfig } from "../config/consumer_config.ts";
import type { AckState, Exhausted } from "./ack_state.ts";
import type { AckSubject } from "./ack_subject.ts";
import type { Slice } from "./consumer_turns.ts";
import { type Cursor, SEARCHING } from "./cursor.ts";
import { DeliveryWriter } from "./delivery_writer.ts";
import { Pacing } from "./pacing.ts";
import type { ConsumerStream, ConsumerSurroundings } from "./parts.ts";
import type { PullRequests } from "./pull/pull_requests.ts";
import type { PushTarget } from "./push/push_target.ts";
import type { ReadWait } from "./read_wait.ts";

/** Fewer are not worth the preparations. */
const FEW = 4;
/** So many go one by one where few followed each other. */
const SINGLES = 64;
/** So many runs are gathered where few followed each other, and messages in each at most. */
const GATHERS = 32;
const MOST_GATHERED = 64;

/** Why it stopped: the slice is spent, there is nothing to do, or it has to wait: for acks, time, or a connection. */
export type Stopped = "slice" | "end" | "wait";

export interface DeliveryParts {
  readonly name: string;
  readonly state: AckState;
  readonly cursor: Cursor;
  readonly subject: AckSubject;
  /** One of the two. */
  readonly pull: PullRequests | undefined;
  readonly push: PushTarget | undefined;
  readonly exhausted: Exhausted;
  readonly reading: ReadWait;
  /** A message that was to be delivered again is gone. */
  readonly onGone: (streamSeq: number) => void;
  /** There may be something to do again. */
  readonly signal: () => void;
}

export class Deliveries {
  readonly #surroundings: ConsumerSurroundings;
  readonly #stream: ConsumerStream;
  readonly #parts: DeliveryParts;
  readonly #writer: DeliveryWriter;
  readonly #pacing: Pacing;
  #maxAckPending = 0;
  #headersOnly = false;
  #acksNone = false;
  /** Nothing is added to messages. */
  #isPlain = false;
  /** So many go one by one before any are tried together again. */
  #singles = 0;
  /** So many runs are gathered before it is seen again whether messages follow each other. */
  #gathers = 0;
  #isPinned = false;
  #delay: Timer | undefined = undefined;

  constructor(
    surroundings: ConsumerSurroundings,
    stream: ConsumerStream,
    config: ConsumerConfig,
    parts: DeliveryParts,
  ) {
    this.#surroundings = surroundings;
    this.#stream = stream;
    this.#parts = parts;
    this.#writer = new DeliveryWriter(parts.subject);
    this.#pacing = new Pacing(surroundings.timer, config, stream.store.state().lastSeq, stream.maxMsgBytes);
    this.configure(config);
  }

  configure(config: ConsumerConfig): void {
    const { ack_policy: policy, max_ack_pending: most } = config;
    this.#maxAckPending = policy === "none" || most <= 0n ? Infinity : Number(most);
    this.#headersOnly = config.headers_only;
    this.#acksNone = policy === "none";
    this.#isPinned = config.priority_policy === "pinned_client";
    this.#isPlain = !this.#headersOnly && !this.#isPinned;
  }

  /** Bits a second; 0 for no limit. */
  setRate(bitsPerSecond: bigint): void {
    this.#pacing.setRate(bitsPerSecond);
  }

  close(): void {
    this.#delay?.cancel();
    this.#delay = undefined;
  }

  /** Nothing more is to be delivered now. */
  waited(): void {
    this.#pacing.waited(this.#parts.state.nextStreamSeq);
  }

  /** Delivers until the slice is spent, or something else stops it. `nowMs`: by the wall clock. */
  deliver(slice: Slice, nowMs: number): Stopped {
    // Once for all that is delivered now: to ask for each costs more than to load it.
    const tickMs = this.#surroundings.timer.nowMs();
    for (;;) {
      if (slice.isSpent) {
        // Gathering takes longer than it takes the client to read what was gathered.
        if (slice.isOnly && this.#gathers === 0) this.#inbox?.flushEarly();
        return "slice";
      }
      if (this.#deliverRun(slice, nowMs, tickMs)) continue;
      const stopped = this.#deliverOne(slice, nowMs, tickMs);
      if (stopped !== undefined) return stopped;
    }
  }

  /** Where all goes that is delivered next, if that is one place. */
  get #inbox(): Delivery | undefined {
    const { pull, push } = this.#parts;
    return pull === undefined ? push!.delivery : pull.inbox;
  }

  /** Delivers some together, when nothing is out of the ordinary; whether it did. What is left is for `#deliverOne`. */
  #deliverRun(slice: Slice, nowMs: number, tickMs: number): boolean {
    if (this.#singles > 0) {
      this.#singles--;
      return false;
    }
    const { state, cursor, pull, push } = this.#parts;
    if (!this.#isPlain || !this.#pacing.isIdle || state.numQueued > 0) return false;
    if (pull === undefined && !push!.isReady) return false;
    const inbox = this.#inbox;
    if (inbox === undefined) return false;
    const acks = this.#maxAckPending - state.numAckPending;
    const wanted = pull === undefined ? RUN_MSGS : pull.wantedTogether(nowMs);
    const room = pull === undefined ? push!.room : Infinity;
    const most = Math.min(slice.msgs, RUN_MSGS, acks, wanted, cursor.together);
    if (most < FEW || room <= 0 || inbox.isHeld(this.#parts.signal)) return false;
    const { run } = slice;
    const { msgs, sent } = run;
    const count = this.#load(most, msgs, slice);
    if (count < FEW) {
      this.#singles = SINGLES;
      return false;
    }
    const shown = inbox.subject.length;
    run.begin(this.#parts.subject, state.deliveredConsumerSeq + 1, cursor.numPending - 1);
    inbox.putRun(msgs, run, count, Math.min(slice.bytes, room - shown * count), sent);
    if (sent.msgs === 0) {
      // There are others who get them too, or it is large: read in vain.
      this.#singles = SINGLES;
      return false;
    }
    this.#parts.reading.succeeded();
    state.deliverRun(msgs.seq, sent.msgs, nowMs);
    cursor.passedRun(msgs.seq[sent.msgs - 1]!, sent.msgs);
    const carried = sent.bytes + sent.replyBytes;
    if (pull === undefined) push!.sentTogether(carried + shown * sent.msgs, tickMs);
    else pull.sentTogether(sent.msgs, tickMs);
    slice.msgs -= sent.msgs;
    slice.bytes -= carried;
    if (this.#acksNone) this.#stream.finishedRun(this.#parts.name, msgs.seq, sent.msgs);
    return true;
  }

  /** Loads what comes next; how many, 0 also when one has to be delivered by itself. */
  #load(most: number, into: StoredRun, slice: Slice): number {
    const { state, cursor } = this.#parts;
    const { store, toldUpTo } = this.#stream;
    const { filter } = cursor;
    const from = state.nextStreamSeq;
    const first = cursor.next();
    if (first <= 0) return 0;
    if (this.#gathers === 0) {
      const count = store.loadRun(first, Math.min(most, toldUpTo - first + 1), into);
      if (filter.all) return count;
      const { subject, subjectFrom, subjectTo } = into;
      let matching = 0;
      while (matching < count && filter.matches(subject, subjectFrom[matching]!, subjectTo[matching]!)) matching++;
      if (matching >= FEW) return matching;
      // They have others between them.
      this.#gathers = GATHERS;
    }
    this.#gathers--;
    const count = cursor.gather(first, Math.min(most, MOST_GATHERED), into);
    slice.readFar(count, into.around);
    if (count > 0 && cursor.isLooking) slice.looked(into.seq[count - 1]! - from);
    return count;
  }

  #deliverOne(slice: Slice, nowMs: number, tickMs: number): Stopped | undefined {
    const { state, cursor, pull, push, reading } = this.#parts;
    const { store } = this.#stream;
    if (pull === undefined ? !push!.isReady : pull.isEmpty) return "end";
    const again = state.numQueued > 0 ? state.nextRedelivery(this.#parts.exhausted) : 0;
    if (again === 0 && state.numAckPending >= this.#maxAckPending) return "wait";
    const { readFailures } = store;
    const from = state.nextStreamSeq;
    const seq = again > 0 ? again : cursor.next();
    if (seq === SEARCHING) {
      if (store.readFailures !== readFailures) return this.#readLater();
      slice.exhaust();
      return "slice";
    }
    if (seq === 0) return "end";
    if (again === 0 && cursor.isLooking) slice.looked(seq - from);
    const writer = this.#writer;
    if (!store.load(seq, writer.msg)) {
      if (store.readFailures !== readFailures) return this.#readLater();
      // It is damaged, or is gone from the stream, which has not told of it.
      if (again > 0) this.#parts.onGone(seq);
      else cursor.passed(seq);
      return undefined;
    }
    reading.succeeded();
    const deliveries = again > 0 ? state.deliveries(seq) + 1 : 1;
    const pending = Math.max(0, cursor.numPending - (again > 0 ? 0 : 1));
    const size = writer.prepare(deliveries, state.deliveredConsumerSeq + 1, pending, this.#headersOnly);
    const delayMs = this.#pacing.waitMs(writer.msg, size);
    if (delayMs > 0) {
      this.#wait(delayMs);
      return "wait";
    }
    if (pull === undefined) {
      const { delivery } = push!;
      if (delivery.isHeld(this.#parts.signal)) return "wait";
      if (!this.#send(delivery)) return "end";
      this.#delivered(seq, again > 0, nowMs);
      push!.sent(writer.carried, tickMs);
    } else {
      const request = pull.take(size, nowMs, this.#parts.signal);
      if (request === undefined) return pull.isHeld ? "wait" : "end";
      if (this.#isPinned) writer.addPinId(pull.pin.id);
      if (!this.#send(request.inbox)) {
        pull.forget(request);
        return undefined;
      }
      this.#delivered(seq, again > 0, nowMs);
      pull.sent(request, tickMs);
    }
    this.#pacing.sent(writer.msg, size);
    slice.spend(size);
    return undefined;
  }

  /** False when it reached nobody. */
  #send(inbox: Delivery): boolean {
    return inbox.put(this.#writer.out) > 0;
  }

  #delivered(seq: number, isAgain: boolean, nowMs: number): void {
    const { state, cursor, name } = this.#parts;
    if (isAgain) state.redeliver(seq, nowMs);
    else {
      state.deliver(seq, nowMs);
      cursor.passed(seq);
    }
    if (this.#acksNone) this.#stream.finished(name, seq, undefined);
  }

  /** The message stays the next one until the disk tells. */
  #readLater(): Stopped {
    this.#parts.reading.failed(this.#parts.signal);
    return "wait";
  }

  #wait(delayMs: number): void {
    this.#delay?.cancel();
    this.#delay = this.#surroundings.timer.after(delayMs, this.#parts.signal);
  }
}
