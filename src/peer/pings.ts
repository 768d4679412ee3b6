// The server's own PINGs: is the peer still there, and how far away is it.
//
// Owns the timer and the round trip time. Source: protocol facts §4.

import type { Env, Timer } from "../base/world.ts";

/** The first PING comes early, to learn the round trip time. */
const FIRST_PING_MS = 2000;
const RTT_VALID_MS = 60 * 60 * 1000;

export interface PingSettings {
  readonly pingIntervalMs: number;
  /** Unanswered PINGs after which the peer is stale. */
  readonly pingMax: number;
}

export interface PingOwner {
  /** Sends a PING; false when it is too early for one. */
  onPingDue(): boolean;
  onStale(): void;
}

export class Pings {
  readonly #env: Env;
  #settings: PingSettings;
  readonly #owner: PingOwner;
  #timer: Timer | undefined = undefined;
  #unanswered = 0;
  #sentAtMs = 0;
  #rttMs = 0;
  #rttAtMs = 0;

  constructor(env: Env, settings: PingSettings, owner: PingOwner) {
    this.#env = env;
    this.#settings = settings;
    this.#owner = owner;
  }

  /** What comes next goes by other settings. */
  reconfigure(settings: PingSettings): void {
    this.#settings = settings;
    if (this.#timer !== undefined) this.arm();
  }

  /** 0 while unknown. */
  get rttMs(): number {
    return this.#rttMs;
  }

  /** Before CONNECT: one whole interval. */
  arm(): void {
    this.#armIn(this.#settings.pingIntervalMs);
  }

  /** At CONNECT: how long it took to come is a first estimate. */
  estimate(sinceAcceptMs: number): void {
    if (this.#rttMs === 0) this.#rttMs = Math.max(sinceAcceptMs, 0.001);
  }

  /** At CONNECT: soon, spread by a fifth. */
  armFirst(): void {
    const first = Math.min(this.#settings.pingIntervalMs, FIRST_PING_MS);
    this.#armIn(first + this.#env.random(Math.max(1, Math.floor(first / 5))));
  }

  onPong(): void {
    if (this.#unanswered > 0 && this.#sentAtMs > 0) {
      this.#rttMs = Math.max(this.#env.nowMs() - this.#sentAtMs, 0.001);
      this.#rttAtMs = this.#env.nowMs();
    }
    this.#unanswered = 0;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A PING is due: `lastActivityMs` is when the peer was last heard of. */
  #armIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#env.after(delayMs, () => {
      this.#timer = undefined;
      this.#onTimer();
    });
  }

  #onTimer(): void {
    const now = this.#env.nowMs();
    const rttKnown = this.#rttAtMs > 0 && now - this.#rttAtMs < RTT_VALID_MS;
    if (!(rttKnown && now - this.#lastActivityMs < this.#settings.pingIntervalMs)) {
      if (this.#unanswered + 1 > this.#settings.pingMax) {
        this.#owner.onStale();
        return;
      }
      if (this.#owner.onPingDue()) {
        this.#unanswered++;
        this.#sentAtMs = now;
      }
    }
    this.arm();
  }

  /** The peer was heard of. */
  heard(nowMs: number): void {
    this.#lastActivityMs = nowMs;
  }
  #lastActivityMs = 0;
}
