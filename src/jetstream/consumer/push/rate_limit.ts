// How fast a push consumer may send: bits a second, with one largest message
// at once. Owns what it may send now.

const BITS = 8;

export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #burst: number;
  #bytes: number;
  #atMs: number;

  constructor(bitsPerSecond: number, burst: number, nowMs: number) {
    this.#bytesPerMs = Math.max(1, Math.floor(bitsPerSecond / BITS)) / 1000;
    this.#burst = burst;
    this.#bytes = burst;
    this.#atMs = nowMs;
  }

  /** How long a message of that size has to wait; 0 when it may go. */
  waitMs(bytes: number, nowMs: number): number {
    this.#bytes = Math.min(this.#burst, this.#bytes + (nowMs - this.#atMs) * this.#bytesPerMs);
    this.#atMs = nowMs;
    // What is larger than any burst would wait for ever.
    const missing = Math.min(bytes, this.#burst) - this.#bytes;
    return missing < 1 ? 0 : missing / this.#bytesPerMs;
  }

  /** It went. */
  spend(bytes: number): void {
    this.#bytes -= bytes;
  }
}
