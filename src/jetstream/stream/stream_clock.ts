// The time of a stream's messages: the wall clock, but never earlier than the message before.

import type { Env } from "../../base/world.ts";
import type { StoredMsg, StreamStore } from "../../store/stream_store.ts";

export class StreamClock {
  readonly #world: Pick<Env, "wallSec" | "wallNanos">;
  #sec: number;
  #nanos: number;

  constructor(world: Pick<Env, "wallSec" | "wallNanos">, store: StreamStore) {
    const { lastSec, lastNanos } = store.state();
    this.#world = world;
    this.#sec = lastSec;
    this.#nanos = lastNanos;
  }

  get sec(): number {
    return this.#sec;
  }
  get nanos(): number {
    return this.#nanos;
  }

  /** Reads the clock. */
  read(): void {
    const sec = this.#world.wallSec();
    const nanos = this.#world.wallNanos();
    if (sec < this.#sec || (sec === this.#sec && nanos < this.#nanos)) return;
    this.#sec = sec;
    this.#nanos = nanos;
  }

  /** Gives a message its time. */
  stamp(msg: StoredMsg): void {
    this.read();
    msg.sec = this.#sec;
    msg.nanos = this.#nanos;
  }
}
