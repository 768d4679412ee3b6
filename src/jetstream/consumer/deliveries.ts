// The deliveries of one consumer: from what comes next to who takes it, in
// slices.
//
//     redelivery queue, Cursor ─→ load ─→ Pacing ─→ PullRequests or PushTarget ─→ Delivery
//
// Owns the message being delivered and the wait for a later one. Who may be
// told of what, and when a slice begins, is the consumer's.

import type { Delivery } from "../../account/bus.ts";
import type { Timer } from "../../base/world.ts";
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
      const stopped = slice.isSpent ? "slice" : this.#deliverOne(slice, nowMs, tickMs);
      if (stopped !== undefined) return stopped;
    }
  }

  #deliverOne(slice: Slice, nowMs: number, tickMs: number): Stopped | undefined {
    const { state, cursor, pull, push, reading } = this.#parts;
    const { store } = this.#stream;
    if (pull === undefined ? !push!.isReady : pull.isEmpty) return "end";
    const again = state.numQueued > 0 ? state.nextRedelivery(this.#parts.exhausted) : 0;
    if (again === 0 && state.numAckPending >= this.#maxAckPending) return "wait";
    const { readFailures } = store;
    const seq = again > 0 ? again : cursor.next();
    if (seq === SEARCHING) {
      if (store.readFailures !== readFailures) return this.#readLater();
      slice.exhaust();
      return "slice";
    }
    if (seq === 0) return "end";
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
