// What the server asks of the outside world: time, chance, turns.
//
// Knows no NATS word. `io/world.ts` is the real one; tests pass a fake one
// (`test/support/fake_world.ts`) and move its clocks by hand.

/** Something that will happen later. */
export interface Timer {
  /** Forgets it; harmless when it already happened. */
  cancel(): void;
}

/** Everything a pure room may ask of the world. */
export interface Env {
  /** Monotonic, milliseconds with a fraction: for timeouts and rates. */
  nowMs(): number;
  /** Wall clock of this turn: whole seconds since 1970. */
  wallSec(): number;
  /** The nanoseconds within `wallSec`, 0 to 999,999,999. */
  wallNanos(): number;
  /** Runs `fire` once, at the start of a later turn, never early; any delay, also of years. */
  after(delayMs: number, fire: () => void): Timer;
  /** Like `after`, by the wall clock: TTL, ack wait, ages, expiry. A virtual clock moves this one. */
  wallAfter(delayMs: number, fire: () => void): Timer;
  /** Integer in [0, below), uniform, not for secrets. */
  random(below: number): number;
}

/** The world of a whole server: what rooms above `session` need on top. */
export interface World extends Env {
  /** `count` unpredictable bytes, owned by the caller. */
  randomBytes(count: number): Uint8Array;
  /** Runs `fire` once at the end of this turn, after every ready socket was read. */
  atTurnEnd(fire: () => void): void;
}
