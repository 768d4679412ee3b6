// Which client of a priority group alone gets messages, and until when.
//
// Owns the id and the time it ends without a request of that client.

import { nuid } from "../../../base/nuid.ts";
import type { Moment } from "../../../base/nanos.ts";
import type { Timer } from "../../../base/world.ts";
import type { ConsumerAdvisories } from "../consumer_advisories.ts";
import type { ConsumerSurroundings } from "../parts.ts";

export class Pin {
  /** Empty when nobody is pinned. */
  id = "";
  since: Moment | undefined = undefined;
  timeoutMs: number;
  readonly #surroundings: ConsumerSurroundings;
  readonly #advisories: ConsumerAdvisories;
  readonly #onTimeout: () => void;
  #timer: Timer | undefined = undefined;

  constructor(
    surroundings: ConsumerSurroundings,
    advisories: ConsumerAdvisories,
    timeoutMs: number,
    onTimeout: () => void,
  ) {
    this.#surroundings = surroundings;
    this.#advisories = advisories;
    this.timeoutMs = timeoutMs;
    this.#onTimeout = onTimeout;
  }

  /** Pins a new id. */
  assign(group: string): string {
    const { world } = this.#surroundings;
    this.id = nuid((below) => world.random(below));
    this.since = { sec: world.wallSec(), nanos: world.wallNanos() };
    this.renew(group);
    this.#advisories.pinned(group, this.id);
    return this.id;
  }

  /** The pinned client is still there. */
  renew(group: string): void {
    this.#timer?.cancel();
    this.#timer = this.#surroundings.wallTimer.after(this.timeoutMs, () => {
      this.release();
      this.#advisories.unpinned(group, "timeout");
      this.#onTimeout();
    });
  }

  /** Nobody is pinned any more. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.id = "";
    this.since = undefined;
  }
}
