// When a consumer that nobody uses ends.
//
//     pull    idle for the threshold, nobody waits, nothing delivered can still be acked
//     push    nobody listened for the threshold
//
// Owns one timer: of a push consumer only while nobody listens. Source:
// stream-consumer-semantics facts §14.

import type { Timer } from "../../base/world.ts";
import type { ConsumerSurroundings } from "./parts.ts";

/** A pull consumer is given this and up to that much more. */
const JITTER_LEAST_MS = 100;
const JITTER_MS = 900;

export interface InactivityOwner {
  /** Whether somebody waits (pull) or listens (push). */
  isUsed(): boolean;
  /** Until when what is delivered may be acked, by the wall clock; 0 when nothing is. */
  ackableUntilMs(): number;
  /** Nobody used it for long enough. */
  onInactive(): void;
}

export class Inactivity {
  readonly #surroundings: ConsumerSurroundings;
  readonly #isPull: boolean;
  readonly #owner: InactivityOwner;
  /** 0 for ever. */
  #thresholdMs = 0;
  #activeAtMs = 0;
  #dueMs = Infinity;
  #timer: Timer | undefined = undefined;

  constructor(surroundings: ConsumerSurroundings, isPull: boolean, owner: InactivityOwner) {
    this.#surroundings = surroundings;
    this.#isPull = isPull;
    this.#owner = owner;
  }

  /** From now on; `thresholdMs` 0 for never. */
  configure(thresholdMs: number): void {
    this.close();
    const { world } = this.#surroundings;
    const jitter = this.#isPull && thresholdMs > 0 ? JITTER_LEAST_MS + world.random(JITTER_MS) : 0;
    this.#thresholdMs = thresholdMs + jitter;
    this.#activeAtMs = this.#nowMs;
    if (this.#thresholdMs > 0 && (this.#isPull || !this.#owner.isUsed())) this.#arm(this.#thresholdMs);
  }

  /** A request or an ack: the time begins anew. */
  onActivity(): void {
    if (this.#thresholdMs === 0) return;
    this.#activeAtMs = this.#nowMs;
    if (this.#isPull ? this.#dueMs <= this.#activeAtMs + this.#thresholdMs : this.#timer === undefined) return;
    this.#arm(this.#thresholdMs);
  }

  /** Somebody listens to a push consumer now, or nobody any more. */
  onInterest(isPresent: boolean): void {
    if (this.#thresholdMs === 0) return;
    if (isPresent) this.close();
    else if (this.#timer === undefined) this.#arm(this.#thresholdMs);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueMs = Infinity;
  }

  get #nowMs(): number {
    return this.#surroundings.wallTimer.nowMs();
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#dueMs = this.#nowMs + delayMs;
    this.#timer = this.#surroundings.wallTimer.after(delayMs, () => {
      this.#timer = undefined;
      this.#dueMs = Infinity;
      this.#onTimer();
    });
  }

  #onTimer(): void {
    if (!this.#isPull) {
      if (!this.#owner.isUsed()) this.#owner.onInactive();
      return;
    }
    const idleMs = this.#nowMs - this.#activeAtMs;
    if (idleMs < this.#thresholdMs) this.#arm(this.#thresholdMs - idleMs);
    else if (this.#owner.isUsed()) this.#arm(this.#thresholdMs);
    else {
      const leftMs = this.#owner.ackableUntilMs() + this.#thresholdMs - this.#nowMs;
      if (leftMs > 0) this.#arm(leftMs);
      else this.#owner.onInactive();
    }
  }
}
