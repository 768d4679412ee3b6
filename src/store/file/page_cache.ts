// Which pages of blocks the file stores of a server keep in memory, within a
// bound, and only while somebody reads: what nobody used for some seconds goes.
//
//     add ─→ oldest … newest      over the bound the oldest goes, unless it was used: then it is the newest
//            every few seconds    what was not used since the last time goes
//
// Owns the order and the sum; a dropped page is only forgotten.

import type { Env, Timer } from "../../base/world.ts";
import type { RecordPage } from "./record_page.ts";

const MB = 1024 * 1024;
/** What pages may hold together. */
export const PAGE_BYTES = 64 * MB;
/** A page that is not used lives this long, at most twice. */
const IDLE_MS = 5000;

/** Told that a page was dropped. Must not call the cache. */
export type OnDropped = (page: RecordPage) => void;

interface Held {
  bytes: number;
  readonly onDropped: OnDropped;
}

export class PageCache {
  readonly #mostBytes: number;
  readonly #env: Pick<Env, "after"> | undefined;
  readonly #held = new Map<RecordPage, Held>();
  #bytes = 0;
  #timer: Timer | undefined = undefined;

  /** Without `env` pages that are not used stay. */
  constructor(mostBytes: number, env?: Pick<Env, "after">) {
    this.#mostBytes = mostBytes;
    this.#env = env;
  }

  get heldBytes(): number {
    return this.#bytes;
  }
  get pages(): number {
    return this.#held.size;
  }

  /** A new page; others may be dropped for it. */
  add(page: RecordPage, onDropped: OnDropped): void {
    const bytes = page.heldBytes;
    this.#held.set(page, { bytes, onDropped });
    this.#bytes += bytes;
    this.#timer ??= this.#env?.after(IDLE_MS, this.#sweep);
    this.#makeRoom(page);
  }

  /** It holds another number of bytes now. */
  resized(page: RecordPage): void {
    const held = this.#held.get(page);
    if (held === undefined) return;
    this.#bytes += page.heldBytes - held.bytes;
    held.bytes = page.heldBytes;
    this.#makeRoom(page);
  }

  /** Its owner has no more use for it. */
  forget(page: RecordPage): void {
    const held = this.#held.get(page);
    if (held === undefined) return;
    this.#bytes -= held.bytes;
    this.#held.delete(page);
    if (this.#held.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #makeRoom(but: RecordPage): void {
    if (this.#bytes <= this.#mostBytes) return;
    for (const [page, held] of this.#held) {
      if (page === but) continue;
      if (page.isUsed) {
        // It comes again at the end, so this ends.
        page.isUsed = false;
        this.#held.delete(page);
        this.#held.set(page, held);
        continue;
      }
      this.#drop(page, held);
      if (this.#bytes <= this.#mostBytes) return;
    }
  }

  #drop(page: RecordPage, held: Held): void {
    this.#held.delete(page);
    this.#bytes -= held.bytes;
    held.onDropped(page);
  }

  readonly #sweep = (): void => {
    for (const [page, held] of this.#held) {
      if (page.isUsed) page.isUsed = false;
      else this.#drop(page, held);
    }
    this.#timer = this.#held.size === 0 ? undefined : this.#env?.after(IDLE_MS, this.#sweep);
  };
}
