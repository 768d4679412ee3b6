// One consumer of one stream: the face that the stream side and the API use.

import type { ByteString } from "../../base/bytes.ts";
import { assert } from "../../base/assert.ts";
import type { Moment } from "../../base/nanos.ts";
import type { ConsumerConfig } from "../config/consumer_config.ts";
import type { AckState } from "./ack_state.ts";
import type { ConsumerNumbers, ConsumerRecord, ConsumerStream, ConsumerSurroundings, StateKeeper } from "./parts.ts";

/** Why a consumer ends: removed, alone or with its stream, or kept for the next start. */
export type ConsumerEnd = "deleted" | "stream deleted" | "shutdown";

export class Consumer {
  readonly name: string;
  readonly created: Moment;

  constructor(
    _surroundings: ConsumerSurroundings,
    _stream: ConsumerStream,
    record: ConsumerRecord,
    _state: AckState,
    _keeper: StateKeeper,
  ) {
    this.name = record.name;
    this.created = record.created;
    assert(false, "not there yet");
  }

  get config(): ConsumerConfig {
    return assert(false, "not there yet") as never;
  }
  /** For a push consumer: whether somebody listens where it delivers. For a pull consumer: whether a request waits. */
  get isActive(): boolean {
    return false;
  }

  /**
   * Begins: finds where to start, counts what is pending (over turns), subscribes.
   * `ready` is called once, when `info()` is exact and messages flow; at once for a small stream.
   */
  open(_ready: () => void): void {}
  /** Ends it. Waiting requests are told; subscriptions and timers go. The state file is the caller's. */
  close(_reason: ConsumerEnd): void {}
  /** Goes on with another configuration, which was checked and is durable. */
  update(_config: ConsumerConfig): void {}
  info(): ConsumerNumbers {
    return assert(false, "not there yet") as never;
  }

  // From the stream, about its committed messages.

  /** `seq`, which matches its filters, is stored. */
  onStored(_seq: number): void {}
  /** A message is gone: every consumer is told, the subject is borrowed. */
  onRemoved(_seq: number, _subject: Uint8Array, _from: number, _to: number): void {}
  /** Everything below `first` is gone at once, without `onRemoved` for each. */
  onCompacted(_first: number): void {}
  /** Whether messages on this literal subject are delivered to it. */
  wants(_subject: Uint8Array, _from: number, _to: number): boolean {
    return false;
  }
  /** Whether the message `seq`, which it wants, may go as far as it is concerned. */
  isFinishedWith(_seq: number): boolean {
    return false;
  }

  // From the account: the consumer subscribes by itself (MSG.NEXT, acks, flow control).

  // From the API.

  /** Pauses until then; undefined or past resumes. Gives what holds now. */
  pause(_until: Moment | undefined): void {}
  /** Begins again at `seq` (0: behind the ack floor). The sequence it begins at, or why not. */
  reset(_seq: number): number | string {
    return 0;
  }
  /** Takes the pin away from whoever has it; false when there is no such group. */
  unpin(_group: ByteString): boolean {
    return false;
  }
}
