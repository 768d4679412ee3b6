// Removes what is too old, or beyond lowered limits, in slices over turns.
//
// Owns the timer: it fires when the oldest message is too old. Armed anew when
// messages were committed, since an empty store has none.

import type { Timer } from "../../base/world.ts";
import type { StoreLimits, StreamStore } from "../../store/stream_store.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import { forASlice } from "./time_slice.ts";

/** Messages removed in one step of a slice. */
const STEP = 50;
/** A timer that is late by less than this finds nothing twice. */
const LEAST_DELAY_MS = 1;

export class LimitsTimer {
  readonly #surroundings: Pick<JetStreamSurroundings, "world" | "nextTurn">;
  readonly #store: StreamStore;
  readonly #onRemoved: () => void;
  #maxAgeMs = 0;
  #timer: Timer | undefined = undefined;
  #isExpiring = false;
  #isEnforcing = false;
  readonly #whenEnforced: (() => void)[] = [];
  #isOpen = false;

  /** `onRemoved` is called after each slice. */
  constructor(
    surroundings: Pick<JetStreamSurroundings, "world" | "nextTurn">,
    store: StreamStore,
    limits: StoreLimits,
    onRemoved: () => void,
  ) {
    this.#surroundings = surroundings;
    this.#store = store;
    this.#onRemoved = onRemoved;
    this.#maxAgeMs = ageMs(limits);
  }

  open(): void {
    this.#isOpen = true;
    this.arm();
  }
  close(): void {
    this.#isOpen = false;
    this.#disarm();
  }

  /** Other limits, which the store has already: `done` when they are applied to what is there. */
  setLimits(limits: StoreLimits, done: () => void): void {
    this.#maxAgeMs = ageMs(limits);
    this.#disarm();
    this.arm();
    this.#whenEnforced.push(done);
    if (this.#isEnforcing) return;
    this.#isEnforcing = true;
    this.#enforce();
  }

  /** There may be a first message now. */
  arm(): void {
    if (this.#maxAgeMs === 0 || this.#timer !== undefined || this.#isExpiring || !this.#isOpen) return;
    const { msgs, firstSec, firstNanos } = this.#store.state();
    if (msgs === 0) return;
    const { world } = this.#surroundings;
    const agedMs = (world.wallSec() - firstSec) * 1000 + (world.wallNanos() - firstNanos) / 1e6;
    this.#timer = world.wallAfter(Math.max(LEAST_DELAY_MS, this.#maxAgeMs - agedMs), () => {
      this.#timer = undefined;
      this.#expire();
    });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #expire = (): void => {
    this.#isExpiring = false;
    if (!this.#isOpen || this.#maxAgeMs === 0) return;
    const { world, nextTurn } = this.#surroundings;
    const more = forASlice(world, () => this.#store.expire(world.wallSec(), world.wallNanos(), STEP));
    this.#onRemoved();
    this.#isExpiring = more;
    if (more) nextTurn(this.#expire);
    else this.arm();
  };

  readonly #enforce = (): void => {
    const { world, nextTurn } = this.#surroundings;
    this.#isEnforcing = this.#isOpen && forASlice(world, () => this.#store.enforce(STEP));
    this.#onRemoved();
    if (this.#isEnforcing) nextTurn(this.#enforce);
    else for (const done of this.#whenEnforced.splice(0)) done();
  };
}

function ageMs({ maxAgeSec, maxAgeNanos }: StoreLimits): number {
  return maxAgeSec <= 0 && maxAgeNanos <= 0 ? 0 : maxAgeSec * 1000 + maxAgeNanos / 1e6;
}
