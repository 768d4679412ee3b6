// Where a push consumer delivers: whether somebody listens, and how much may
// be on its way.
//
// Owns the watch for subscribers, the window of flow control and the idle
// heartbeat. Knows nothing of messages but their size.

import type { Delivery, InterestWatch } from "../../../account/bus.ts";
import { type ByteString, byteString } from "../../../base/bytes.ts";
import type { Timer } from "../../../base/world.ts";
import type { ConsumerConfig } from "../../config/consumer_config.ts";
import type { ConsumerStream, ConsumerSurroundings } from "../parts.ts";
import type { Statuses } from "../status.ts";
import { FlowControl } from "./flow_control.ts";

const NANOS_PER_MS = 1e6;

/** What the target asks of its consumer. */
export interface PushOwner {
  readonly lastConsumerSeq: number;
  readonly lastStreamSeq: number;
  readonly numAckPending: number;
  /** There may be something to do. */
  signal(): void;
  /** Somebody listens now, or nobody any more. */
  onInterest(): void;
}

export class PushTarget {
  readonly #surroundings: ConsumerSurroundings;
  readonly #stream: ConsumerStream;
  readonly #statuses: Statuses;
  readonly #owner: PushOwner;
  readonly #flow: FlowControl | undefined;
  #config: ConsumerConfig;
  #delivery: Delivery;
  #watch: InterestWatch;
  readonly #heartbeatMs: number;
  #heartbeat: Timer | undefined = undefined;
  #sentAtMs = 0;

  constructor(
    surroundings: ConsumerSurroundings,
    stream: ConsumerStream,
    config: ConsumerConfig,
    parts: { readonly statuses: Statuses; readonly flowPrefix: ByteString; readonly owner: PushOwner },
  ) {
    this.#surroundings = surroundings;
    this.#stream = stream;
    this.#config = config;
    this.#statuses = parts.statuses;
    this.#owner = parts.owner;
    const { world } = surroundings;
    this.#flow = config.flow_control ? new FlowControl(parts.flowPrefix, (below) => world.random(below)) : undefined;
    this.#heartbeatMs = Number(config.idle_heartbeat) / NANOS_PER_MS;
    this.#delivery = stream.bus.open(byteString(config.deliver_subject));
    this.#watch = this.#watchInterest();
  }

  /** Heartbeats begin. */
  open(): void {
    this.#sentAtMs = this.#surroundings.timer.nowMs();
    if (this.#heartbeatMs > 0) this.#armHeartbeat(this.#heartbeatMs);
  }

  /** Somebody listens. */
  get isActive(): boolean {
    return this.#watch.isPresent;
  }
  /** The next message may be sent. */
  get isReady(): boolean {
    return this.#watch.isPresent && !(this.#flow?.isStalled ?? false);
  }
  /** So many bytes may be sent together, the subject of each counted; 0: one by one. */
  get room(): number {
    if (this.#config.ack_policy === "flow_control") return 0;
    return this.#flow === undefined ? Infinity : Math.max(0, this.#flow.room);
  }
  get delivery(): Delivery {
    return this.#delivery;
  }

  /** Another subject to deliver to; true when it is another. */
  configure(config: ConsumerConfig): boolean {
    const { deliver_subject: subject, deliver_group: group } = this.#config;
    this.#config = config;
    if (config.deliver_subject === subject && config.deliver_group === group) return false;
    this.#watch.close();
    this.#delivery = this.#stream.bus.open(byteString(config.deliver_subject));
    this.#watch = this.#watchInterest();
    this.#owner.onInterest();
    return config.deliver_subject !== subject;
  }

  /** A message of `carried` bytes besides subjects was sent at `tickMs`, by the monotonic clock; flow control may be due. */
  sent(carried: number, tickMs: number): void {
    this.#sentAtMs = tickMs;
    if (this.#flow === undefined) return;
    const asks = this.#flow.sent(this.#delivery.subject.length + carried);
    if (asks || this.#isAckDue()) this.#askFlow();
  }

  /** Messages of so many bytes, within `room`, were sent. */
  sentTogether(bytes: number, tickMs: number): void {
    this.#sentAtMs = tickMs;
    this.#flow?.sent(bytes);
  }

  /** An answer to flow control; false when it is not the one that is waited for. */
  onFlowControl(subject: ByteString): boolean {
    if (this.#flow?.answered(subject) !== true) return false;
    this.#owner.signal();
    return true;
  }

  close(): void {
    this.#watch.close();
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
  }

  /** Where flow control acknowledges, it is due when as much is pending as may be. */
  #isAckDue(): boolean {
    const { ack_policy: policy, max_ack_pending: most } = this.#config;
    return policy === "flow_control" && this.#flow!.reply === "" && most > 0n && this.#owner.numAckPending >= most;
  }

  #askFlow(): void {
    this.#statuses.send(this.#delivery.subject, "100 FlowControl Request", "", this.#flow!.ask());
  }

  #watchInterest(): InterestWatch {
    const { deliver_subject: subject, deliver_group: group } = this.#config;
    return this.#stream.bus.watch(byteString(subject), group === "" ? undefined : byteString(group), () =>
      this.#owner.onInterest(),
    );
  }

  #armHeartbeat(delayMs: number): void {
    this.#heartbeat = this.#surroundings.timer.after(delayMs, () => this.#onHeartbeat());
  }

  /** Nothing may have been sent for one interval. */
  #onHeartbeat(): void {
    const nowMs = this.#surroundings.timer.nowMs();
    const idleMs = nowMs - this.#sentAtMs;
    if (idleMs < this.#heartbeatMs) {
      this.#armHeartbeat(this.#heartbeatMs - idleMs);
      return;
    }
    this.#sentAtMs = nowMs;
    if (this.isActive) {
      const { lastConsumerSeq, lastStreamSeq, numAckPending } = this.#owner;
      const stalled = this.#flow?.reply ?? ("" as ByteString);
      this.#statuses.heartbeat(this.#delivery.subject, lastConsumerSeq, lastStreamSeq, stalled);
      const acksByFlow = this.#config.ack_policy === "flow_control";
      if (acksByFlow && numAckPending > 0 && stalled === "") this.#askFlow();
    }
    this.#armHeartbeat(this.#heartbeatMs);
  }
}
