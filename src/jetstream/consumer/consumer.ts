// One consumer of one stream: what is delivered next, to whom, and what became
// of it.
//
//     stored ─→ Cursor ─→┐                    ┌─→ PullRequests ─→ who asked
//     due, naked ─→ AckState ─→ pump (a slice) ┤
//     acks ─→ AckListener ─→ AckState          └─→ PushTarget ─→ who listens
//
// Owns all of these, its subscriptions and its timers. Reads the committed view
// of the stream's store and never changes it. It works in slices: whatever
// happens only asks for one, and nothing is delivered from inside a call.

import type { ByteString } from "../../base/bytes.ts";
import type { Moment } from "../../base/nanos.ts";
import { type ConsumerConfig, filtersOf } from "../config/consumer_config.ts";
import { compareMoments, inUtc } from "../config/consumer_moment.ts";
import { inactiveThreshold } from "../config/consumer_defaults.ts";
import { samplePercent } from "../config/consumer_sampling.ts";
import { ZERO_MOMENT } from "../config/moment.ts";
import { AckListener } from "./ack_listener.ts";
import { ackRules } from "./ack_rules.ts";
import type { AckState } from "./ack_state.ts";
import { AckSubject } from "./ack_subject.ts";
import { AckTimer } from "./ack_timer.ts";
import { ConsumerAdvisories } from "./consumer_advisories.ts";
import { numbersOf } from "./consumer_numbers.ts";
import type { Slice } from "./consumer_turns.ts";
import { Cursor } from "./cursor.ts";
import { Deliveries, type Stopped } from "./deliveries.ts";
import { Inactivity } from "./inactivity.ts";
import { Losses } from "./losses.ts";
import type { ConsumerNumbers, ConsumerRecord, ConsumerStream, ConsumerSurroundings, StateKeeper } from "./parts.ts";
import { Pause } from "./pause.ts";
import { NextListener } from "./pull/next_listener.ts";
import { PullRequests } from "./pull/pull_requests.ts";
import { FlowAcks } from "./push/flow_acks.ts";
import { PushTarget } from "./push/push_target.ts";
import { ReadWait } from "./read_wait.ts";
import { reconcile } from "./reconcile.ts";
import { resetSequence } from "./reset_sequence.ts";
import { Start } from "./start.ts";
import { Stamp } from "./stamp.ts";
import { Statuses } from "./status.ts";

const NANOS_PER_MS = 1e6;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Why a consumer ends: removed, alone or with its stream, or kept for the next start. */
export type ConsumerEnd = "deleted" | "stream deleted" | "shutdown";

export class Consumer {
  readonly name: string;
  readonly created: Moment;
  readonly #surroundings: ConsumerSurroundings;
  readonly #stream: ConsumerStream;
  readonly #state: AckState;
  readonly #keeper: StateKeeper;
  readonly #cursor: Cursor;
  readonly #deliveries: Deliveries;
  readonly #reading: ReadWait;
  readonly #losses: Losses;
  readonly #advisories: ConsumerAdvisories;
  readonly #acks: AckListener;
  readonly #requests: NextListener;
  readonly #ackTimer: AckTimer;
  readonly #inactivity: Inactivity;
  readonly #pause: Pause;
  readonly #pull: PullRequests | undefined;
  readonly #push: PushTarget | undefined;
  readonly #flow: FlowAcks | undefined;
  #config: ConsumerConfig;
  #isOpen = false;
  /** Where it begins is known, it listens and delivers. */
  #isRunning = false;
  /** It has asked for a slice and not had it yet. */
  #hasAsked = false;
  readonly #deliveredAt: Stamp;
  readonly #ackedAt: Stamp;
  /** When a wait for an ack began last. */
  #waitedFromMs = 0;
  #whenCounted: (() => void)[] = [];

  /** `state.nextStreamSeq` 0: of a new consumer, `open` finds where it begins. */
  constructor(
    surroundings: ConsumerSurroundings,
    stream: ConsumerStream,
    record: ConsumerRecord,
    state: AckState,
    keeper: StateKeeper,
  ) {
    const { config, name } = record;
    this.name = name;
    this.created = record.created;
    this.#surroundings = surroundings;
    this.#stream = stream;
    this.#state = state;
    this.#keeper = keeper;
    this.#config = config;
    this.#cursor = new Cursor(stream, state, config);
    const statuses = new Statuses(stream.bus);
    const advisories = (this.#advisories = new ConsumerAdvisories(surroundings.advisories, stream, name));
    const { domain, accountHash, ackVersion2: version2 } = surroundings;
    const subject = new AckSubject({ stream: stream.name, consumer: name, domain, accountHash, version2 });
    this.#losses = new Losses(stream, state, this.#cursor, advisories);
    this.#deliveredAt = new Stamp(surroundings.world);
    this.#ackedAt = new Stamp(surroundings.world);
    this.#acks = new AckListener(surroundings, stream, name, {
      state,
      keeper,
      subject,
      advisories,
      statuses,
      owner: {
        onActivity: () => this.#inactivity.onActivity(),
        onFreed: () => this.#onFreed(),
        onAcked: () => this.#onAcked(),
        onNext: (body, reply) => this.#requests.read(body, reply),
      },
    });
    this.#ackTimer = new AckTimer(surroundings, state, this.#exhausted, () => this.#onDue());
    this.#pause = new Pause(surroundings, () => this.#onPauseEnd());
    const isPull = config.deliver_subject === "";
    this.#inactivity = new Inactivity(surroundings, isPull, {
      isUsed: () => this.#pull?.isUsed() ?? this.#push!.isActive,
      ackableUntilMs: () => this.#ackableUntilMs(),
      onInactive: () => stream.remove(name),
    });
    const owner = this.#ownerOf();
    this.#pull = isPull ? new PullRequests(surroundings, stream, config, { statuses, advisories, owner }) : undefined;
    this.#requests = new NextListener(stream, name, statuses, this.#pull);
    const flowPrefix = subject.flowPrefix;
    this.#push = isPull ? undefined : new PushTarget(surroundings, stream, config, { statuses, flowPrefix, owner });
    this.#flow = config.flow_control
      ? new FlowAcks(stream, subject.flowSubjects, (reply, consumerSeq, streamSeq) =>
          this.#onFlowControl(reply, consumerSeq, streamSeq),
        )
      : undefined;
    this.#reading = new ReadWait(surroundings.timer);
    this.#deliveries = new Deliveries(surroundings, stream, config, {
      name,
      state,
      cursor: this.#cursor,
      subject,
      pull: this.#pull,
      push: this.#push,
      exhausted: this.#exhausted,
      reading: this.#reading,
      onGone: (streamSeq) => this.#losses.missing(streamSeq),
      signal: this.#signal,
    });
    this.#configure();
  }

  get config(): ConsumerConfig {
    return this.#config;
  }
  /** Whether somebody listens where a push consumer delivers, or waits for what a pull consumer has. */
  get isActive(): boolean {
    return this.#push?.isActive ?? !this.#pull!.isEmpty;
  }

  /**
   * Begins: finds where to start, counts what is pending (over turns), subscribes.
   * `ready` is called once, when `info()` is exact and messages flow; at once for a small stream.
   */
  open(ready: () => void): void {
    this.#isOpen = true;
    if (this.#state.nextStreamSeq > 0) {
      this.#begin(undefined, ready);
      return;
    }
    this.#search(undefined, ready);
  }

  /** Ends it. Waiting requests are told; subscriptions and timers go. Its file is the caller's. */
  close(reason: ConsumerEnd): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#isRunning = false;
    this.#surroundings.turns.forget(this);
    this.#pull?.close(reason === "shutdown" ? "shutdown" : "deleted");
    this.#push?.close();
    this.#flow?.close();
    this.#acks.close();
    this.#requests.close();
    this.#ackTimer.close();
    this.#inactivity.close();
    this.#pause.close();
    this.#deliveries.close();
    this.#reading.close();
  }

  /** Goes on with another configuration, which was checked and is durable. */
  update(config: ConsumerConfig): void {
    const before = this.#config;
    this.#config = config;
    this.#state.setRules(ackRules(config));
    if (!same(filtersOf(before), filtersOf(config))) {
      this.#cursor.configure(config);
      if (this.#isRunning) this.#cursor.count();
    }
    if (before.rate_limit_bps !== config.rate_limit_bps) this.#deliveries.setRate(config.rate_limit_bps);
    this.#pull?.configure(config);
    if (this.#push?.configure(config) === true) {
      this.#state.requeueAll(this.#exhausted);
      this.#keeper.touch();
    }
    const { durable_name: durable, inactive_threshold: threshold } = before;
    if (durable !== config.durable_name || threshold !== config.inactive_threshold) this.#setThreshold();
    this.#configure();
    const [until, untilBefore] = [config.pause_until ?? ZERO_MOMENT, before.pause_until ?? ZERO_MOMENT];
    if (compareMoments(until, untilBefore) !== 0) {
      if (this.#isRunning) this.#pause.set(config.pause_until);
      this.#advisories.pause(this.#pause.isPaused, until);
    }
    this.#ackTimer.arm();
    this.#signal();
  }

  info(): ConsumerNumbers {
    return numbersOf(this.#state, {
      deliveredAt: this.#deliveredAt.moment,
      ackedAt: this.#ackedAt.moment,
      numPending: this.#cursor.numPending,
      numWaiting: this.#pull?.count ?? 0,
      pushBound: this.#push?.isActive ?? false,
      pausedUntil: this.#pause.isPaused ? this.#pause.until : undefined,
      groups: this.#config.priority_groups,
      pin: this.#pull?.pin,
    });
  }

  /** Calls `done` when `info()` is exact again: after an update of filters or a reset; at once when it is. */
  whenCounted(done: () => void): void {
    if (this.#isRunning && this.#cursor.isCounting) this.#cursor.count();
    if (!this.#isRunning || this.#cursor.isCounting) this.#whenCounted.push(done);
    else done();
  }

  // From the stream, about its committed messages up to `toldUpTo`.

  /** `seq`, whose subject matches, is stored. The subject is borrowed; without filters it may be left out. */
  onStored(seq: number, subject = NO_BYTES, from = 0, to = 0): void {
    if (!this.#isRunning) return;
    this.#cursor.stored(seq, subject, from, to);
    if (this.#pull === undefined ? this.#push!.isActive : !this.#pull.isEmpty) this.#signal();
  }

  /** A message is gone: every consumer is told. The subject is borrowed. Calls nothing of the store. */
  onRemoved(seq: number, subject: Uint8Array, from: number, to: number): void {
    if (!this.#isRunning) return;
    const { version } = this.#state;
    if (this.#losses.removed(seq, subject, from, to)) this.#signal();
    if (this.#state.version !== version) this.#keeper.touch();
  }

  /** Everything below `first` is gone at once, without `onRemoved` for each. Calls nothing of the store. */
  onCompacted(first: number): void {
    if (!this.#isRunning) return;
    const { version } = this.#state;
    this.#losses.compacted(first);
    if (this.#state.version !== version) this.#keeper.touch();
    this.#signal();
  }

  /** Messages matching `pattern` were purged, each told by `onRemoved`: it goes on behind them. Calls the store. */
  onPurged(pattern: ByteString): void {
    if (!this.#isRunning) return;
    const first = this.#losses.purged(pattern);
    if (first === 0) return;
    this.#state.purge(first, undefined);
    this.#keeper.touch();
    this.#signal();
  }

  /** Whether messages on this literal subject are delivered to it. */
  wants(subject: Uint8Array, from: number, to: number): boolean {
    return this.#cursor.filter.matches(subject, from, to);
  }

  /** Whether the message `seq`, which it wants, may go as far as it is concerned. */
  isFinishedWith(seq: number): boolean {
    return this.#isRunning && !this.#state.needs(seq);
  }

  // From the API.

  /** Pauses until then; undefined or past resumes. The configuration with it is the caller's to keep. */
  pause(until: Moment | undefined): void {
    this.update({ ...this.#config, pause_until: until === undefined ? undefined : inUtc(until) });
  }

  /** Tells that it is paused, when it is: after each request to make or change it. */
  tellPaused(): void {
    if (this.#pause.isPaused) this.#advisories.pause(true, this.#pause.until!);
  }

  /** Begins again at `seq` (0: behind the ack floor). The sequence it begins at, or why not; see `whenCounted`. */
  reset(seq: number): number | string {
    const at = resetSequence(seq, this.#config, this.#state.finishedStreamSeq, this.#stream.store);
    if (typeof at === "string") return at;
    this.#state.reset(at);
    this.#losses.reset();
    this.#deliveredAt.clear();
    this.#ackedAt.clear();
    this.#cursor.restart();
    this.#keeper.touch();
    this.#signal();
    return at;
  }

  /** Takes the pin away from whoever has it; false when there is no such group. */
  unpin(group: string): boolean {
    if (this.#pull === undefined || !this.#config.priority_groups.includes(group)) return false;
    this.#pull.pin.release();
    this.#advisories.unpinned(group, "admin");
    this.#signal();
    return true;
  }

  /** Does what it can within the slice; whether there is more. Called in its turn. */
  pump(slice: Slice): boolean {
    this.#hasAsked = false;
    if (!this.#isRunning) return false;
    let more = false;
    this.#stream.bus.run(() => (more = this.#pump(slice)));
    return more;
  }

  // ---- beginning

  /** Finds where to start, slice by slice; anew when the disk did not tell. */
  #search(found: Start | undefined, ready: () => void): void {
    if (!this.#isOpen) return;
    const { store, maxMsgsPerSubject } = this.#stream;
    const { readFailures } = store;
    const start = found ?? new Start(store, this.#config, this.#cursor.filter, maxMsgsPerSubject);
    const more = start.step();
    if (store.readFailures !== readFailures) this.#reading.failed(() => this.#search(undefined, ready));
    else if (more) this.#surroundings.nextTurn(() => this.#search(start, ready));
    else {
      this.#state.reset(start.seq);
      this.#keeper.touch();
      this.#begin(start, ready);
    }
  }

  #begin(start: Start | undefined, ready: () => void): void {
    this.#isRunning = true;
    const { version } = this.#state;
    if (start === undefined) reconcile(this.#state, this.#stream, this.name, this.#surroundings.log);
    if (this.#state.version !== version) this.#keeper.touch();
    this.#cursor.begin(start?.skip);
    this.#subscribe();
    this.#pause.set(this.#config.pause_until);
    this.#setThreshold();
    this.#ackTimer.arm();
    this.whenCounted(ready);
    this.#signal();
  }

  #subscribe(): void {
    const { ack_policy: policy } = this.#config;
    if (policy !== "none" && policy !== "flow_control") this.#acks.open();
    this.#push?.open();
    this.#flow?.open();
    this.#requests.open();
  }

  #configure(): void {
    const config = this.#config;
    this.#deliveries.configure(config);
    this.#acks.samplePercent = config.ack_policy === "explicit" ? samplePercent(config.sample_freq) : 0;
  }

  #setThreshold(): void {
    const { durable_name: durable, inactive_threshold: asked } = this.#config;
    this.#inactivity.configure(Number(inactiveThreshold(durable !== "", asked)) / NANOS_PER_MS);
  }

  /** What the parts see of the numbers. */
  #ownerOf() {
    const state = this.#state;
    const cursor = this.#cursor;
    return {
      get numPending() {
        return cursor.numPending;
      },
      get numQueued() {
        return state.numQueued;
      },
      get numAckPending() {
        return state.numAckPending;
      },
      get lastConsumerSeq() {
        return state.deliveredConsumerSeq;
      },
      get lastStreamSeq() {
        return Math.max(0, state.nextStreamSeq - 1);
      },
      signal: this.#signal,
      onActivity: () => this.#inactivity.onActivity(),
      onInterest: () => {
        this.#inactivity.onInterest(this.#push?.isActive ?? false);
        this.#signal();
      },
    };
  }

  // ---- what happens

  readonly #signal = (): void => {
    if (!this.#isRunning) return;
    this.#hasAsked = true;
    this.#surroundings.turns.signal(this);
  };

  readonly #exhausted = (streamSeq: number, deliveries: number): void => {
    this.#advisories.maxDeliveries(streamSeq, deliveries);
  };

  #onAcked(): void {
    this.#ackedAt.mark();
    // Nothing is due earlier than before. Many come at once: one asks for all.
    if (!this.#hasAsked && this.isActive) this.#signal();
  }

  #onFreed(): void {
    this.#ackTimer.arm();
    if (this.isActive) this.#signal();
  }

  #onDue(): void {
    this.#waitedFromMs = this.#surroundings.wallTimer.nowMs();
    this.#keeper.touch();
    if (this.isActive) this.#signal();
  }

  #onPauseEnd(): void {
    this.#advisories.pause(false, this.#pause.until!);
    this.#signal();
  }

  #onFlowControl(reply: ByteString, consumerSeq: number, streamSeq: number): void {
    if (!this.#push!.onFlowControl(reply)) return;
    if (this.#config.ack_policy !== "flow_control" || streamSeq <= 0) return;
    const finished = (seq: number): void => this.#stream.finished(this.name, seq, undefined);
    if (this.#state.ack(streamSeq, consumerSeq, finished) !== "acked") return;
    this.#keeper.touch();
    this.#onAcked();
  }

  #ackableUntilMs(): number {
    if (this.#state.numAckPending === 0) return 0;
    const { ackWaitMs, backoffMs } = ackRules(this.#config);
    return this.#waitedFromMs + Math.max(ackWaitMs, ...backoffMs);
  }

  // ---- delivering

  #pump(slice: Slice): boolean {
    this.#losses.tell();
    if (this.#losses.hasMore) {
      this.#losses.drop();
      this.#keeper.touch();
      slice.exhaust();
      return true;
    }
    if (this.#cursor.isCounting) {
      if (this.#reading.isWaiting) return false;
      const { store } = this.#stream;
      const { readFailures } = store;
      const more = this.#cursor.count();
      slice.exhaust();
      if (store.readFailures !== readFailures) {
        this.#reading.failed(this.#signal);
        return false;
      }
      this.#reading.succeeded();
      if (!more) this.#counted();
      return true;
    }
    this.#counted();
    let isEnd = true;
    if (!this.#pause.isPaused) {
      const stopped = this.#reading.isWaiting ? "wait" : this.#deliverSlice(slice);
      if (stopped === "slice") return true;
      isEnd = stopped === "end";
    }
    this.#deliveries.waited();
    this.#pull?.waited(isEnd);
    return false;
  }

  #counted(): void {
    if (this.#whenCounted.length === 0) return;
    const waiting = this.#whenCounted;
    this.#whenCounted = [];
    for (const done of waiting) done();
  }

  #deliverSlice(slice: Slice): Stopped {
    const nowMs = this.#surroundings.wallTimer.nowMs();
    const { version } = this.#state;
    const stopped = this.#deliveries.deliver(slice, nowMs);
    if (this.#state.version !== version) {
      this.#waitedFromMs = nowMs;
      this.#deliveredAt.mark();
      if (this.#pull !== undefined) this.#inactivity.onActivity();
      this.#keeper.touch();
      this.#ackTimer.arm();
    }
    return stopped;
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}
