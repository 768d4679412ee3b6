// Replay as it was: messages that were there when it began are delivered with
// the time between them that they were stored with.
//
// Owns the time of the last one and until when the next has to wait.

/** Less is not waited for. */
const LEAST_MS = 1;
/** A timer is not more exact than that. */
const ROUNDING_MS = 0.02;

export class Replay {
  /** What is stored later is delivered at once. */
  readonly #upTo: number;
  #lastMs = 0;
  #hasLast = false;
  #waitsFor = 0;
  #untilMs = 0;
  isOver = false;

  constructor(upTo: number) {
    this.#upTo = upTo;
  }

  /** How long message `seq`, stored then, has to wait from `nowMs` on. Ask again when that is over. */
  waitMs(seq: number, sec: number, nanos: number, nowMs: number): number {
    if (this.isOver || !this.#hasLast) return 0;
    if (this.#waitsFor !== seq) {
      const gapMs = sec * 1000 + nanos / 1e6 - this.#lastMs;
      if (gapMs <= LEAST_MS) return 0;
      this.#waitsFor = seq;
      this.#untilMs = nowMs + gapMs;
    }
    const leftMs = this.#untilMs - nowMs;
    return leftMs < ROUNDING_MS ? 0 : leftMs;
  }

  /** It is delivered. */
  delivered(sec: number, nanos: number): void {
    this.#lastMs = sec * 1000 + nanos / 1e6;
    this.#hasLast = true;
    this.#waitsFor = 0;
  }

  /** Nothing more is to be delivered now; the next will be `nextSeq` or later. */
  waited(nextSeq: number): void {
    if (nextSeq > this.#upTo) this.isOver = true;
  }
}
