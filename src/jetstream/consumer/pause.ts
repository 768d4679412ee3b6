// Until when a consumer delivers nothing. Owns the timer that ends it.

import type { Moment } from "../../base/nanos.ts";
import type { Timer } from "../../base/world.ts";
import type { ConsumerSurroundings } from "./parts.ts";

export class Pause {
  readonly #surroundings: ConsumerSurroundings;
  readonly #onEnd: () => void;
  #timer: Timer | undefined = undefined;
  /** As configured; it may be past. */
  until: Moment | undefined = undefined;

  /** `onEnd` is called when the time has come, not when it is resumed before. */
  constructor(surroundings: ConsumerSurroundings, onEnd: () => void) {
    this.#surroundings = surroundings;
    this.#onEnd = onEnd;
  }

  get isPaused(): boolean {
    return this.#timer !== undefined;
  }

  /** Sets it; undefined or past resumes. */
  set(until: Moment | undefined): void {
    this.close();
    this.until = until;
    if (until === undefined) return;
    const { world, wallTimer } = this.#surroundings;
    const leftMs = (until.sec - world.wallSec()) * 1000 + (until.nanos - world.wallNanos()) / 1e6;
    if (leftMs <= 0) return;
    this.#timer = wallTimer.after(leftMs, () => {
      this.#timer = undefined;
      this.#onEnd();
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
