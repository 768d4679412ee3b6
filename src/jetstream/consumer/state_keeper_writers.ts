// When the states of a server's consumers are written that nobody waits for: in
// their order, 200 a second together.
//
// Owns the line and one timer, which runs only while somebody is in line.

import type { Env, Timer } from "../../base/world.ts";

const TICK_MS = 100;
const WRITES_PER_TICK = 20;
/** Looked at in one tick: those that were written a moment ago stay in line. */
const LOOKED_AT = 1000;

/** Somebody in line. */
export interface Writer {
  /** Whether it may write now. */
  isReady(nowMs: number): boolean;
  /** Writes; it has left the line. */
  begin(): void;
}

export class StateWriters {
  readonly #env: Env;
  /** Runs `fire` at the start of a later turn. */
  readonly later: (fire: () => void) => void;
  readonly #line = new Set<Writer>();
  #timer: Timer | undefined = undefined;

  constructor(env: Env, later: (fire: () => void) => void) {
    this.#env = env;
    this.later = later;
  }

  /** Monotonic. */
  nowMs(): number {
    return this.#env.nowMs();
  }
  wallSec(): number {
    return this.#env.wallSec();
  }
  after(delayMs: number, fire: () => void): Timer {
    return this.#env.after(delayMs, fire);
  }

  /** Puts one in line, unless it is. */
  add(writer: Writer): void {
    this.#line.add(writer);
    this.#timer ??= this.#env.after(TICK_MS, () => this.#tick());
  }

  remove(writer: Writer): void {
    if (!this.#line.delete(writer) || this.#line.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tick(): void {
    this.#timer = undefined;
    const nowMs = this.#env.nowMs();
    let [left, looks] = [WRITES_PER_TICK, Math.min(LOOKED_AT, this.#line.size)];
    for (const writer of this.#line) {
      if (left === 0 || looks-- === 0) break;
      this.#line.delete(writer);
      if (writer.isReady(nowMs)) {
        left--;
        writer.begin();
      } else this.#line.add(writer);
    }
    if (this.#line.size > 0) this.#timer ??= this.#env.after(TICK_MS, () => this.#tick());
  }
}
