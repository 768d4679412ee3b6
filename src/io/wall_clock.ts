// The wall clock in exact nanoseconds.
//
// Node shows the system's clock in whole milliseconds only. So this one runs on
// the monotonic clock from an anchor, and is held within the millisecond that
// the system shows: small drift is caught up or waited for, never stepped back
// over; a clock that was set is followed at once.

/** Further off than this the clock was set, not slewed. */
const SET_MS = 2;

interface Clocks {
  nowMs(): number;
  dateMs(): number;
  readonly originMs: number;
}

export class WallClock {
  readonly #clocks: Clocks;
  #anchorSec: number;
  #anchorNanos: number;
  #anchorMs: number; // monotonic
  #sec: number;
  #nanos: number;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#anchorSec = Math.floor(clocks.originMs / 1000);
    this.#anchorNanos = Math.floor((clocks.originMs - this.#anchorSec * 1000) * 1e6);
    this.#anchorMs = 0;
    this.#sec = 0;
    this.#nanos = 0;
    this.read();
  }
  /** Whole seconds since 1970 at the last `read`. */
  get sec(): number {
    return this.#sec;
  }
  /** Nanoseconds within `sec`. */
  get nanos(): number {
    return this.#nanos;
  }
  /** Reads the clock; true when it was set since the last time. */
  read(): boolean {
    const nowMs = this.#clocks.nowMs();
    const dateMs = this.#clocks.dateMs();
    const passed = this.#anchorNanos + Math.round((nowMs - this.#anchorMs) * 1e6);
    const sec = this.#anchorSec + Math.floor(passed / 1e9);
    const nanos = passed % 1e9;
    const offMs = (sec - Math.floor(dateMs / 1000)) * 1000 + nanos / 1e6 - (dateMs % 1000);
    if (offMs >= 0 && offMs < 1) {
      this.#show(sec, nanos);
      return false;
    }
    // What the system shows is the start of its millisecond when it was set or runs ahead of us, its end when behind.
    const wasSet = offMs < -SET_MS || offMs > SET_MS;
    const within = offMs < 0 || wasSet ? 0 : 999_999;
    this.#anchorMs = nowMs;
    this.#anchorSec = Math.floor(dateMs / 1000);
    this.#anchorNanos = (dateMs % 1000) * 1e6 + within;
    const backwards = this.#anchorSec < this.#sec || (this.#anchorSec === this.#sec && this.#anchorNanos < this.#nanos);
    if (wasSet || !backwards) this.#show(this.#anchorSec, this.#anchorNanos);
    return wasSet;
  }
  #show(sec: number, nanos: number): void {
    this.#sec = sec;
    this.#nanos = nanos;
  }
}
