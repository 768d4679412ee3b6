// How long the next message has to wait: for its time in a replay, for the
// rate limit. Owns both.

import type { StoredMsg } from "../../store/stream_store.ts";
import type { ConsumerConfig } from "../config/consumer_config.ts";
import { RateLimit } from "./push/rate_limit.ts";
import { Replay } from "./replay.ts";
import type { SharedTimer } from "./shared_timer.ts";

export class Pacing {
  readonly #timer: SharedTimer;
  readonly #burst: number;
  #replay: Replay | undefined;
  #rate: RateLimit | undefined = undefined;

  /** `lastSeq`: of the stream; `burst`: bytes that may always go at once. */
  constructor(timer: SharedTimer, config: ConsumerConfig, lastSeq: number, burst: number) {
    this.#timer = timer;
    this.#burst = burst;
    this.#replay = config.replay_policy === "original" ? new Replay(lastSeq) : undefined;
    this.setRate(config.rate_limit_bps);
  }

  /** Bits a second; 0 for no limit. */
  setRate(bitsPerSecond: bigint): void {
    this.#rate =
      bitsPerSecond === 0n ? undefined : new RateLimit(Number(bitsPerSecond), this.#burst, this.#timer.nowMs());
  }

  /** Whether none ever has to wait. */
  get isIdle(): boolean {
    return this.#replay === undefined && this.#rate === undefined;
  }

  /** How long to wait before this message of `size` bytes; 0 to send it. Ask again when that is over. */
  waitMs({ seq, sec, nanos }: StoredMsg, size: number): number {
    if (this.#replay === undefined && this.#rate === undefined) return 0;
    const nowMs = this.#timer.nowMs();
    const replayMs = this.#replay?.waitMs(seq, sec, nanos, nowMs) ?? 0;
    return replayMs > 0 ? replayMs : (this.#rate?.waitMs(size, nowMs) ?? 0);
  }

  /** It is sent. */
  sent({ sec, nanos }: StoredMsg, size: number): void {
    this.#replay?.delivered(sec, nanos);
    this.#rate?.spend(size);
  }

  /** Nothing more is to be delivered now. */
  waited(nextSeq: number): void {
    this.#replay?.waited(nextSeq);
    if (this.#replay?.isOver === true) this.#replay = undefined;
  }
}
