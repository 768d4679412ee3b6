// A seeded source of random numbers (mulberry32): the same seed draws the same numbers on every machine.

export class Random {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 up to, without, `bound`. @param {number} bound */
  below(bound) {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** True once in `times`. @param {number} times */
  once(times) {
    return this.below(times) === 0;
  }

  /** @template T @param {T[]} choices @returns {T} */
  pick(choices) {
    return choices[this.below(choices.length)];
  }

  /** `choices` from `least` to `most` of them, each drawn by `draw`. */
  list(least, most, draw) {
    const count = least + this.below(most - least + 1);
    return Array.from({ length: count }, (_, i) => draw(i === count - 1));
  }
}
