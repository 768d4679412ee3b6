// Whether the loop should wait a moment so that more arrives on each connection
// before they are read.
//
// Where many clients send a small message each and the server is busy, every
// message costs a read and a write of its own; looking at the sockets a little
// later finds several messages in each. That pays only if there are more to come:
// clients that wait for an answer send none. So it is tried, seldom, and kept up
// for as long as reads become larger by it. Knows nothing of sockets and clocks.

/** Reads of one round of the loop from which on waiting may pay. */
const MANY_READS = 8;
/** Mean bytes of a read below which it may pay. */
const SMALL_BYTES = 1024;
/** By so much reads have to become larger. */
const GAIN = 1.5;
/** Rounds between two tries; after each one in vain twice as many. */
const FEWEST_ROUNDS = 64;
const MOST_ROUNDS = 16_384;
/** After so many rounds of waiting one without shows whether it still pays. */
const ROUNDS_UNTIL_PROOF = 1024;

export class Gathering {
  /** Mean bytes of a read when it was not waited. */
  #before = 0;
  #isWaiting = false;
  /** Rounds of waiting in a row. */
  #waited = 0;
  #rounds = 0;
  #interval = FEWEST_ROUNDS;

  /** What one round of the loop has read; true when it should wait before the next. */
  onRound(reads: number, bytes: number): boolean {
    if (reads < MANY_READS || bytes > reads * SMALL_BYTES) {
      this.#isWaiting = false;
      return false;
    }
    const mean = bytes / reads;
    if (!this.#isWaiting) return this.#tryLater(mean);
    this.#waited++;
    if (mean < this.#before * GAIN) {
      this.#isWaiting = false;
      if (this.#waited === 1) this.#interval = Math.min(2 * this.#interval, MOST_ROUNDS);
      this.#rounds = 0;
      return false;
    }
    this.#interval = FEWEST_ROUNDS;
    this.#isWaiting = this.#waited < ROUNDS_UNTIL_PROOF;
    this.#rounds = this.#isWaiting ? 0 : this.#interval - 1;
    return this.#isWaiting;
  }

  #tryLater(mean: number): boolean {
    if (++this.#rounds < this.#interval) return false;
    this.#rounds = 0;
    this.#waited = 0;
    this.#before = mean;
    this.#isWaiting = true;
    return true;
  }
}
