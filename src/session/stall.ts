// A producer that is too fast waits: for the end of the turn when that has
// made enough output, or a few milliseconds for a slow receiver.

import type { Intake } from "../peer/intake.ts";
import type { SessionHost } from "./host.ts";

/** Most time a producer waits for slow receivers, for so much of what it sends: nats-server reads no more at once. */
const MOST_MS = 10;
const MOST_MS_BYTES = 64 * 1024;
const CONGESTED_MS = 2;
const FULL_MS = 5;

export class Stall {
  readonly #host: SessionHost;
  readonly #intake: Intake;
  /** Slow receivers are not waited for (no_fast_producer_stall). */
  isOff: boolean;
  #leftMs = MOST_MS;

  constructor(host: SessionHost, intake: Intake, isOff: boolean) {
    this.#host = host;
    this.#intake = intake;
    this.isOff = isOff;
  }

  /** A new chunk of `count` bytes may wait anew. */
  onChunk(count: number): void {
    this.#leftMs = MOST_MS * Math.ceil(count / MOST_MS_BYTES);
  }

  /** The turn wants producers to pause. True when that was for a receiver. */
  pause(): boolean {
    const { turn, world } = this.#host;
    const gate = turn.slow;
    turn.noticed();
    if (gate === undefined) {
      turn.hold(this.#intake.suspend());
      return false;
    }
    if (this.isOff || this.#leftMs <= 0) return false;
    const waitMs = Math.min(gate.fullness >= 1 ? FULL_MS : CONGESTED_MS, this.#leftMs);
    this.#leftMs -= waitMs;
    const goOn = this.#intake.suspend();
    const timer = world.after(waitMs, goOn);
    gate.whenOpen(() => {
      timer.cancel();
      turn.hold(goOn);
    });
    return true;
  }
}
