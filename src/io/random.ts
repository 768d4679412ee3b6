// Fast chance: xorshift128, seeded from the system's secrets. Not for secrets.

import { randomFillSync } from "node:crypto";

const WORD = 2 ** 32;

/** Opens a source of integers in [0, below), uniform, `below` up to 2^53. */
export function openRandom(seed: Uint32Array = randomFillSync(new Uint32Array(4))): (below: number) => number {
  let [x, y, z, w] = [seed[0]! | 1, seed[1]! | 0, seed[2]! | 0, seed[3]! | 0];
  const word = (): number => {
    const t = x ^ (x << 11);
    x = y;
    y = z;
    z = w;
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return w >>> 0;
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
