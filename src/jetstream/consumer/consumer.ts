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

import type { Delivery, Frame, Subscription } from "../../account/bus.ts";
import { type ByteString, byteString, byteStringOf } from "../../base/bytes.ts";
import type { Moment } from "../../base/nanos.ts";
import type { Timer } from "../../base/world.ts";
import { type ConsumerConfig, filtersOf } from "../config/consumer_config.ts";
import { compareMoments, inUtc } from "../config/consumer_moment.ts";
import { inactiveThreshold } from "../config/consumer_defaults.ts";
import { readNextRequest } from "../config/consumer_next.ts";
import { samplePercent } from "../config/consumer_sampling.ts";
import { ZERO_MOMENT } from "../config/moment.ts";
import { asksForHigherLevel } from "../required_level.ts";
import { isSubset } from "../../subject/subject.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import { AckListener } from "./ack_listener.ts";
import { ackRules } from "./ack_rules.ts";
import type { AckState } from "./ack_state.ts";
import { AckSubject } from "./ack_subject.ts";
import { AckTimer } from "./ack_timer.ts";
import { ConsumerAdvisories } from "./consumer_advisories.ts";
import type { Slice } from "./consumer_turns.ts";
import { Cursor, SEARCHING } from "./cursor.ts";
import { DeliveryWriter } from "./delivery_writer.ts";
import { Inactivity } from "./inactivity.ts";
import { Pacing } from "./pacing.ts";
import type { ConsumerNumbers, ConsumerRecord, ConsumerStream, ConsumerSurroundings, StateKeeper } from "./parts.ts";
import { Pause } from "./pause.ts";
import { PullRequests } from "./pull/pull_requests.ts";
import type { WaitingRequest } from "./pull/waiting_requests.ts";
import { FlowAcks } from "./push/flow_acks.ts";
import { PushTarget } from "./push/push_target.ts";
import { Start } from "./start.ts";
import { Statuses } from "./status.ts";

const NEXT_SUBJECT = "$JS.API.CONSUMER.MSG.NEXT.";
const NANOS_PER_MS = 1e6;
const NO_BYTES: Uint8Array = new Uint8Array(0);
/** Acks that nobody waits for any more, dropped in one slice. */
const DROP = 4096;
/** Messages looked at for the first that a purge left. */
const PURGE_LOOK = 10_000;
const DELETED = "Unacknowledged message was deleted";

/** Why a consumer ends: removed, alone or with its stream, or kept for the next start. */
export type ConsumerEnd = "deleted" | "stream deleted" | "shutdown";

/** A message that left the stream while its ack was pending. */
interface Gone {
  readonly streamSeq: number;
  readonly consumerSeq: number;
  readonly deliveries: number;
}

export class Consumer {
  readonly name: string;
  readonly created: Moment;
  readonly #surroundings: ConsumerSurroundings;
  readonly #stream: ConsumerStream;
  readonly #state: AckState;
  readonly #keeper: StateKeeper;
  readonly #cursor: Cursor;
  readonly #writer: DeliveryWriter;
  readonly #statuses: Statuses;
  readonly #advisories: ConsumerAdvisories;
  readonly #acks: AckListener;
  readonly #ackTimer: AckTimer;
  readonly #inactivity: Inactivity;
  readonly #pause: Pause;
  readonly #pacing: Pacing;
  readonly #pull: PullRequests | undefined;
  readonly #push: PushTarget | undefined;
  readonly #flow: FlowAcks | undefined;
  #config: ConsumerConfig;
  #maxAckPending = 0;
  #isOpen = false;
  /** Where it begins is known, it listens and delivers. */
  #isRunning = false;
  #next: Subscription | undefined = undefined;
  #gone: Gone[] = [];
  #delay: Timer | undefined = undefined;
  #deliveredAt: Moment | undefined = undefined;
  #ackedAt: Moment | undefined = undefined;
  /** When a wait for an ack began last. */
  #waitedFromMs = 0;
  #whenCounted: (() => void)[] = [];
  /** What is pending below is gone, and not dropped yet; 0 for nothing. */
  #compactedTo = 0;

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
    const statuses = (this.#statuses = new Statuses(stream.bus));
    const advisories = (this.#advisories = new ConsumerAdvisories(surroundings.advisories, stream, name));
    const { domain, accountHash, ackVersion2: version2 } = surroundings;
    const subject = new AckSubject({ stream: stream.name, consumer: name, domain, accountHash, version2 });
    this.#writer = new DeliveryWriter(subject);
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
        onNext: (body, reply) => this.#onNext(body, reply),
      },
    });
    this.#ackTimer = new AckTimer(surroundings, state, this.#exhausted, () => this.#onDue());
    this.#pause = new Pause(surroundings, () => this.#onPauseEnd());
    this.#pacing = new Pacing(surroundings.timer, config, stream.store.state().lastSeq, stream.maxMsgBytes);
    const isPull = config.deliver_subject === "";
    this.#inactivity = new Inactivity(surroundings, isPull, {
      isUsed: () => this.#pull?.isUsed() ?? this.#push!.isActive,
      ackableUntilMs: () => this.#ackableUntilMs(),
      onInactive: () => stream.remove(name),
    });
    const owner = this.#ownerOf();
    this.#pull = isPull ? new PullRequests(surroundings, stream, config, { statuses, advisories, owner }) : undefined;
    const flowPrefix = subject.flowPrefix;
    this.#push = isPull ? undefined : new PushTarget(surroundings, stream, config, { statuses, flowPrefix, owner });
    this.#flow = config.flow_control
      ? new FlowAcks(stream, subject.flowSubjects, (reply, consumerSeq, streamSeq) =>
          this.#onFlowControl(reply, consumerSeq, streamSeq),
        )
      : undefined;
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
    const { store, maxMsgsPerSubject } = this.#stream;
    const start = new Start(store, this.#config, this.#cursor.filter, maxMsgsPerSubject);
    const search = (): void => {
      if (!this.#isOpen) return;
      if (start.step()) {
        this.#surroundings.nextTurn(search);
        return;
      }
      this.#state.reset(start.seq);
      this.#keeper.touch();
      this.#begin(start, ready);
    };
    search();
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
    if (this.#next !== undefined) this.#stream.bus.unsubscribe(this.#next);
    this.#next = undefined;
    this.#ackTimer.close();
    this.#inactivity.close();
    this.#pause.close();
    this.#delay?.cancel();
    this.#delay = undefined;
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
    if (before.rate_limit_bps !== config.rate_limit_bps) this.#pacing.setRate(config.rate_limit_bps);
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
    const state = this.#state;
    const { priority_groups: groups } = this.#config;
    const pin = this.#pull?.pin;
    return {
      delivered: {
        consumerSeq: state.deliveredConsumerSeq,
        streamSeq: Math.max(0, state.deliveredStreamSeq),
        lastActive: this.#deliveredAt,
      },
      ackFloor: {
        consumerSeq: state.ackFloorConsumerSeq,
        streamSeq: Math.max(0, state.ackFloorStreamSeq),
        lastActive: this.#ackedAt,
      },
      numAckPending: state.numAckPending,
      numRedelivered: state.numRedelivered,
      numWaiting: this.#pull?.count ?? 0,
      numPending: this.#cursor.numPending,
      pushBound: this.#push?.isActive ?? false,
      pausedUntil: this.#pause.isPaused ? this.#pause.until : undefined,
      priorityGroups: groups.slice(0, 1).map((group) => ({
        group,
        pinnedClientId: pin?.id ?? "",
        pinnedAt: pin?.since,
      })),
    };
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
    this.#cursor.removed(seq, subject, from, to);
    const state = this.#state;
    const streamSeq = seq;
    // As nats-server tells it: what is delivered again is counted.
    const deliveries = Math.max(1, state.deliveries(seq) - 1);
    const gone = { streamSeq, consumerSeq: state.consumerSeqOf(seq), deliveries };
    const { version } = state;
    if (state.forget(seq)) {
      this.#gone.push(gone);
      this.#signal();
    }
    if (state.version !== version) this.#keeper.touch();
  }

  /** Everything below `first` is gone at once, without `onRemoved` for each. Calls nothing of the store. */
  onCompacted(first: number): void {
    if (!this.#isRunning) return;
    this.#compactedTo = first;
    this.#cursor.compacted(first);
    if (this.#state.numAckPending <= DROP) this.#dropCompacted();
    this.#signal();
  }

  /**
   * Messages matching `pattern` were purged, each told by `onRemoved`: it goes
   * on behind them, as nats-server shows it (which with several filters forgets
   * what is pending of the others as well). Calls the store.
   */
  onPurged(pattern: ByteString): void {
    if (!this.#isRunning) return;
    const { store } = this.#stream;
    const { firstSeq, lastSeq } = store.state();
    const { patterns, all } = this.#cursor.filter;
    let first = 0;
    if (!all && patterns.every((own) => isSubset(own, pattern))) {
      // Where the search ended is as good as the first that is left.
      first = Math.abs(store.next(new SubjectFilter([pattern]), firstSeq, PURGE_LOOK)) || lastSeq + 1;
    } else if (all || patterns.some((own) => isSubset(pattern, own) || isSubset(own, pattern))) first = firstSeq;
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
    const at = this.#resetSeq(seq);
    if (typeof at === "string") return at;
    this.#state.reset(at);
    this.#compactedTo = 0;
    this.#deliveredAt = this.#ackedAt = undefined;
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
    if (!this.#isRunning) return false;
    let more = false;
    this.#stream.bus.run(() => (more = this.#pump(slice)));
    return more;
  }

  // ---- beginning

  #begin(start: Start | undefined, ready: () => void): void {
    this.#isRunning = true;
    if (start === undefined) this.#reconcile();
    this.#cursor.begin(start?.skip);
    this.#subscribe();
    this.#pause.set(this.#config.pause_until);
    this.#setThreshold();
    this.#ackTimer.arm();
    this.whenCounted(ready);
    this.#signal();
  }

  /** The stream is not as it was when the state was written. */
  #reconcile(): void {
    const state = this.#state;
    const { account, name, store } = this.#stream;
    const { firstSeq, lastSeq } = store.state();
    const { version, deliveredStreamSeq: delivered } = state;
    // One that has delivered nothing may begin above: it waits for that.
    if (state.deliveredConsumerSeq > 0 && state.cutTo(lastSeq)) {
      const whose = `'${account} > ${name} > ${this.name}'`;
      const what = `delivered sequence ${delivered} past last stream sequence of ${lastSeq}`;
      this.#surroundings.log.warn(`JetStream consumer ${whose} ${what}`);
    }
    state.raiseFloors(firstSeq);
    if (state.version !== version) this.#keeper.touch();
  }

  #subscribe(): void {
    const { bus, name } = this.#stream;
    const { ack_policy: policy } = this.#config;
    if (policy !== "none" && policy !== "flow_control") this.#acks.open();
    this.#push?.open();
    this.#flow?.open();
    const subject = byteString(`${NEXT_SUBJECT}${name}.${this.name}`);
    this.#next = bus.subscribe(subject, { onMsg: (frame) => this.#onNextMsg(frame) });
  }

  #configure(): void {
    const config = this.#config;
    const { ack_policy: policy, max_ack_pending: most } = config;
    this.#maxAckPending = policy === "none" || most <= 0n ? Infinity : Number(most);
    this.#acks.samplePercent = policy === "explicit" ? samplePercent(config.sample_freq) : 0;
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
    if (this.#isRunning) this.#surroundings.turns.signal(this);
  };

  readonly #exhausted = (streamSeq: number, deliveries: number): void => {
    this.#advisories.maxDeliveries(streamSeq, deliveries);
  };

  #onNextMsg(frame: Frame): boolean {
    const { source, payloadFrom, payloadTo } = frame;
    if (frame.replyTo === frame.replyFrom) return true;
    const reply = byteStringOf(source, frame.replyFrom, frame.replyTo);
    const bodyFrom = payloadFrom + Math.max(0, frame.headerBytes);
    if (this.#pull !== undefined && frame.headerBytes > 0 && asksForHigherLevel(source, payloadFrom, bodyFrom)) {
      this.#statuses.send(reply, "412 Required Api Level");
    } else this.#onNext(source.subarray(bodyFrom, payloadTo), reply);
    return true;
  }

  #onNext(body: Uint8Array, reply: ByteString): void {
    if (this.#pull === undefined) {
      this.#statuses.send(reply, "409 Consumer is push based");
      return;
    }
    const request = readNextRequest(body);
    if (typeof request === "string") this.#statuses.send(reply, request);
    else this.#pull.add(request, reply);
  }

  #onAcked(): void {
    this.#ackedAt = this.#now();
    this.#onFreed();
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

  #resetSeq(seq: number): number | string {
    if (seq === 0) return Math.max(1, this.#state.finishedStreamSeq + 1);
    const { deliver_policy: policy, opt_start_seq: startSeq, opt_start_time: time } = this.#config;
    if (policy === "all") return seq;
    if (policy === "by_start_sequence") return seq < startSeq ? "below start seq" : seq;
    if (policy !== "by_start_time") return "not allowed";
    return seq < this.#stream.store.seqAt(time!.sec, time!.nanos) ? "below start time" : seq;
  }

  #now(): Moment {
    const { world } = this.#surroundings;
    return { sec: world.wallSec(), nanos: world.wallNanos() };
  }

  // ---- delivering

  #pump(slice: Slice): boolean {
    this.#tellGone();
    if (this.#compactedTo > 0) {
      this.#dropCompacted();
      slice.exhaust();
      return true;
    }
    if (this.#cursor.isCounting) {
      const more = this.#cursor.count();
      slice.exhaust();
      if (!more) this.#counted();
      return true;
    }
    this.#counted();
    let isEnd = true;
    if (!this.#pause.isPaused) {
      const stopped = this.#deliverSlice(slice);
      if (stopped === "slice") return true;
      isEnd = stopped === "end";
    }
    this.#pacing.waited(this.#state.nextStreamSeq);
    this.#pull?.waited(isEnd);
    return false;
  }

  /** Drops a slice of what was pending of messages that are gone. */
  #dropCompacted(): void {
    const { firstPending } = this.#state;
    const to = firstPending === 0 ? this.#compactedTo : Math.min(this.#compactedTo, firstPending + DROP);
    this.#state.purge(to, undefined);
    if (to === this.#compactedTo) this.#compactedTo = 0;
    this.#keeper.touch();
  }

  #counted(): void {
    if (this.#whenCounted.length === 0) return;
    const waiting = this.#whenCounted;
    this.#whenCounted = [];
    for (const done of waiting) done();
  }

  #tellGone(): void {
    if (this.#gone.length === 0) return;
    const gone = this.#gone;
    this.#gone = [];
    for (const one of gone) this.#advisories.terminated(one, DELETED);
  }

  /** Delivers until the slice is spent, nothing is left, or it has to wait: for acks, time, or a connection. */
  #deliverSlice(slice: Slice): "slice" | "end" | "wait" {
    const nowMs = this.#surroundings.wallTimer.nowMs();
    let stopped: "slice" | "end" | "wait" | undefined;
    const before = this.#state.version;
    while (stopped === undefined) stopped = slice.isSpent ? "slice" : this.#deliverOne(slice, nowMs);
    if (this.#state.version !== before) {
      this.#waitedFromMs = nowMs;
      this.#deliveredAt = this.#now();
      if (this.#pull !== undefined) this.#inactivity.onActivity();
      this.#keeper.touch();
      this.#ackTimer.arm();
    }
    return stopped;
  }

  #deliverOne(slice: Slice, nowMs: number): "slice" | "end" | "wait" | undefined {
    const state = this.#state;
    const pull = this.#pull;
    if (pull === undefined ? !this.#push!.isReady : pull.isEmpty) return "end";
    const again = state.numQueued > 0 ? state.nextRedelivery(this.#exhausted) : 0;
    if (again === 0 && state.numAckPending >= this.#maxAckPending) return "wait";
    const seq = again > 0 ? again : this.#cursor.next();
    if (seq === SEARCHING) {
      slice.exhaust();
      return "slice";
    }
    if (seq === 0) return "end";
    const writer = this.#writer;
    if (!this.#stream.store.load(seq, writer.msg)) {
      this.#missing(seq, again > 0);
      return undefined;
    }
    const deliveries = again > 0 ? state.deliveries(seq) + 1 : 1;
    const pending = Math.max(0, this.#cursor.numPending - (again > 0 ? 0 : 1));
    const size = writer.prepare(deliveries, state.deliveredConsumerSeq + 1, pending, this.#config.headers_only);
    const delayMs = this.#pacing.waitMs(writer.msg, size);
    if (delayMs > 0) {
      this.#wait(delayMs);
      return "wait";
    }
    const request = pull?.take(size, this.#signal);
    if (pull !== undefined && request === undefined) return pull.isHeld ? "wait" : "end";
    const inbox = request === undefined ? this.#push!.delivery : request.inbox;
    if (request === undefined && inbox.isHeld(this.#signal)) return "wait";
    if (pull !== undefined && this.#config.priority_policy === "pinned_client") writer.addPinId(pull.pin.id);
    if (!this.#send(inbox, request)) return request === undefined ? "end" : undefined;
    this.#delivered(seq, again > 0, nowMs);
    this.#pacing.sent(writer.msg, size);
    if (request === undefined) this.#push!.sent(writer.carried);
    else pull!.sent(request);
    slice.spend(size);
    return undefined;
  }

  /** False when it reached nobody: who asked for it is forgotten. */
  #send(inbox: Delivery, request: WaitingRequest | undefined): boolean {
    if (inbox.put(this.#writer.out) > 0) return true;
    if (request !== undefined) this.#pull!.forget(request);
    return false;
  }

  #delivered(seq: number, isAgain: boolean, nowMs: number): void {
    const state = this.#state;
    const { ack_policy: policy } = this.#config;
    if (isAgain) state.redeliver(seq, nowMs);
    else {
      state.deliver(seq, nowMs);
      this.#cursor.passed(seq);
    }
    if (policy === "none") this.#stream.finished(this.name, seq, undefined);
  }

  /** What was to be delivered cannot be read, or is gone from the stream, which has not told of it. */
  #missing(seq: number, isAgain: boolean): void {
    const state = this.#state;
    if (!isAgain) {
      this.#cursor.passed(seq);
      return;
    }
    const gone = { streamSeq: seq, consumerSeq: state.consumerSeqOf(seq), deliveries: state.deliveries(seq) };
    state.forget(seq);
    this.#advisories.terminated(gone, DELETED);
  }

  #wait(delayMs: number): void {
    this.#delay?.cancel();
    this.#delay = this.#surroundings.timer.after(delayMs, this.#signal);
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}
