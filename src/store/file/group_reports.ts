// Reports groups that are durable and visible, in order, each when all that belongs
// to it is done: bytes erased, files of blocks removed for good.
//
// Owns who waits for what has landed. Knows nothing of what is in the groups.

import type { DiskError } from "../../base/disk.ts";
import type { Waiter } from "../staged_groups.ts";
import type { BlockRemover } from "./block_remover.ts";
import type { RecordEraser } from "./record_eraser.ts";

/** A group that is durable and visible, and not yet reported. */
interface Landed {
  /** 0 for none: somebody came to wait meanwhile. */
  readonly upTo: number;
  readonly waiters: readonly Waiter[];
  /** Whether blocks have to be gone for good, or bytes to be erased, first. */
  readonly mustFlush: boolean;
}

export interface GroupReportsOptions {
  readonly eraser: RecordEraser;
  readonly remover: BlockRemover;
  /** Everything up to a sequence is committed, removals too. */
  readonly committed: (upTo: number) => void;
  /** All that could be reported is. */
  readonly onReported: () => void;
}

export class GroupReports {
  readonly #options: GroupReportsOptions;
  readonly #landed: Landed[] = [];
  #isFlushing = false;
  #isAbandoned = false;

  constructor(options: GroupReportsOptions) {
    this.#options = options;
  }

  /** A group has landed; it is reported now, or when what it waits for is done. */
  add(upTo: number, waiters: readonly Waiter[], mustFlush: boolean): void {
    this.#landed.push({ upTo, waiters, mustFlush });
    this.#report();
  }

  /** Calls `done` when all that landed is reported; false when all is, then `done` is not called. */
  wait(done: Waiter): boolean {
    if (this.#landed.length === 0) return false;
    this.#landed.push({ upTo: 0, waiters: [done], mustFlush: false });
    return true;
  }

  /** Reports nothing more; who still waits. */
  abandon(): Waiter[] {
    this.#isAbandoned = true;
    return this.#landed.splice(0).flatMap(({ waiters }) => waiters);
  }

  #report(): void {
    if (this.#isFlushing) return;
    const { eraser, remover, onReported } = this.#options;
    for (let landed = this.#landed[0]; landed !== undefined; landed = this.#landed[0]) {
      if (!landed.mustFlush) {
        this.#landed.shift();
        this.#tell(landed, undefined);
        continue;
      }
      this.#isFlushing = true;
      eraser.flush((notErased) => {
        remover.flush((notRemoved) => {
          this.#isFlushing = false;
          if (this.#isAbandoned) return;
          this.#landed.shift();
          this.#tell(landed, notErased ?? notRemoved);
          this.#report();
        });
      });
      return;
    }
    onReported();
  }

  #tell({ upTo, waiters }: Landed, failed: DiskError | undefined): void {
    if (upTo > 0 || waiters.length === 0) this.#options.committed(upTo);
    for (const waiter of waiters) waiter(failed?.text);
  }
}
