// Acks that did not come: what is due is queued to be delivered again.
//
// Owns one timer, which only exists while something is pending; it is set for
// the earliest and, when that was acked meanwhile, finds nothing and is set anew.

import type { Timer } from "../../base/world.ts";
import type { AckState, Exhausted } from "./ack_state.ts";
import type { ConsumerSurroundings } from "./parts.ts";

/** Bursts are due together. */
const SLACK_MS = 1;
/** Acks looked at in one turn. */
const SLICE = 2000;

export class AckTimer {
  readonly #surroundings: ConsumerSurroundings;
  readonly #state: AckState;
  readonly #exhausted: Exhausted;
  readonly #onDue: () => void;
  #timer: Timer | undefined = undefined;
  #dueMs = Infinity;
  #isOpen = true;

  /** `onDue` is called when the state changed. */
  constructor(surroundings: ConsumerSurroundings, state: AckState, exhausted: Exhausted, onDue: () => void) {
    this.#surroundings = surroundings;
    this.#state = state;
    this.#exhausted = exhausted;
    this.#onDue = onDue;
  }

  /** Something became pending, or is due at another time. */
  arm(): void {
    const dueMs = this.#state.nextDueMs + SLACK_MS;
    if (dueMs >= this.#dueMs || !this.#isOpen) return;
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    const { wallTimer } = this.#surroundings;
    this.#timer = wallTimer.after(dueMs - wallTimer.nowMs(), this.#onTimer);
  }

  close(): void {
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#dueMs = Infinity;
    if (!this.#isOpen) return;
    const { version } = this.#state;
    const { wallTimer, nextTurn } = this.#surroundings;
    const before = this.#state.numQueued;
    const more = this.#state.expire(wallTimer.nowMs(), SLICE, this.#exhausted);
    if (this.#state.version !== version || this.#state.numQueued !== before) this.#onDue();
    if (more) nextTurn(this.#onTimer);
    else this.arm();
  };
}
