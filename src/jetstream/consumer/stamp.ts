// When something happened last, by the wall clock. Owns two numbers: marking it
// for every message makes no object.

import type { Moment } from "../../base/nanos.ts";
import type { World } from "../../base/world.ts";

export class Stamp {
  readonly #world: Pick<World, "wallSec" | "wallNanos">;
  #isSet = false;
  #sec = 0;
  #nanos = 0;

  constructor(world: Pick<World, "wallSec" | "wallNanos">) {
    this.#world = world;
  }

  /** Undefined when never. */
  get moment(): Moment | undefined {
    return this.#isSet ? { sec: this.#sec, nanos: this.#nanos } : undefined;
  }
  /** It happens now. */
  mark(): void {
    this.#isSet = true;
    this.#sec = this.#world.wallSec();
    this.#nanos = this.#world.wallNanos();
  }
  /** It never happened. */
  clear(): void {
    this.#isSet = false;
  }
}
