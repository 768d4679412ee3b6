// What the file stores of a server keep in memory to be faster, within a bound:
// indexes of blocks and windows into them. What was used longest ago goes first.
//
// Owns the order and the sum. What is dropped is only forgotten: whoever still
// holds bytes of it keeps them.

/** Something that can be had again from disk. */
export interface Cached {
  /** Memory it holds, in bytes. */
  readonly heldBytes: number;
  /** Forgets it. Must not call the cache. */
  drop(): void;
}

export class StoreCache {
  readonly #mostBytes: number;
  readonly #held = new Map<Cached, number>(); // least recently used first
  #bytes = 0;
  #isLocked = false;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  /** Takes the right to hold a whole block in memory, which one has at a time; false when another has it. */
  lock(): boolean {
    if (this.#isLocked) return false;
    this.#isLocked = true;
    return true;
  }
  unlock(): void {
    this.#isLocked = false;
  }

  /** It is used now; and holds what it says. Others may be dropped, it is not. */
  use(cached: Cached): void {
    this.#bytes += cached.heldBytes - (this.#held.get(cached) ?? 0);
    this.#held.delete(cached);
    this.#held.set(cached, cached.heldBytes);
    if (this.#bytes <= this.#mostBytes) return;
    for (const [oldest, bytes] of this.#held) {
      if (this.#bytes <= this.#mostBytes || oldest === cached) return;
      this.#held.delete(oldest);
      this.#bytes -= bytes;
      oldest.drop();
    }
  }

  /** Its owner has no more use for it. */
  forget(cached: Cached): void {
    this.#bytes -= this.#held.get(cached) ?? 0;
    this.#held.delete(cached);
  }
}
