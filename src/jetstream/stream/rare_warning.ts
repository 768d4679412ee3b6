// A warning that peers can cause as often as they like: once a second is enough.

import type { JetStreamSurroundings } from "../surroundings.ts";

const EVERY_MS = 1000;

export class RareWarning {
  readonly #surroundings: Pick<JetStreamSurroundings, "world" | "log">;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(surroundings: Pick<JetStreamSurroundings, "world" | "log">) {
    this.#surroundings = surroundings;
  }

  /** Logs `text`, unless it is too soon after the one before. */
  warn(text: string): void {
    const { world, log } = this.#surroundings;
    const now = world.nowMs();
    if (now - this.#lastMs < EVERY_MS) return;
    this.#lastMs = now;
    log.warn(text);
  }
}
