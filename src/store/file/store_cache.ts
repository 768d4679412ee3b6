// What the file stores of a server keep in memory to be faster, within a bound:
// indexes of blocks and windows into them, and pages of records. What was used
// longest ago goes first.
//
// Owns the order and the sum; pages have their own (page_cache.ts). What is dropped is only forgotten: whoever still
// holds bytes of it keeps them.

import { PageCache } from "./page_cache.ts";
import { SpareGroups } from "./spare_groups.ts";

/** Something that can be had again from disk. */
export interface Cached {
  /** Memory it holds, in bytes. */
  readonly heldBytes: number;
  /** Set by who uses it without `use`: it is then spared once. */
  isUsed: boolean;
  /** Forgets it. Must not call the cache. */
  drop(): void;
}

export class StoreCache {
  readonly pages: PageCache;
  readonly spareGroups = new SpareGroups();
  readonly #mostBytes: number;
  readonly #held = new Map<Cached, number>(); // least recently used first
  #bytes = 0;
  #isLocked = false;

  /** Pages have a bound of their own, the same unless they are given. */
  constructor(mostBytes: number, pages: PageCache = new PageCache(mostBytes)) {
    this.#mostBytes = mostBytes;
    this.pages = pages;
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
      if (this.#bytes <= this.#mostBytes) return;
      if (oldest === cached) continue;
      this.#held.delete(oldest);
      if (oldest.isUsed) {
        // Once more, behind the others; it comes again at the end, so this ends.
        oldest.isUsed = false;
        this.#held.set(oldest, bytes);
        continue;
      }
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
