// Removes the files of blocks that are not needed any more, in an order that no
// power cut can turn into messages that come back.
//
//     dropped blocks, in order ─→ unlinked ─→ directory synced
//
// A block with tombstones goes only when the blocks before it are gone for good:
// what its tombstones are about may be in them. Owns the queue; knows nothing of
// what was in the blocks.

import type { Disk, DiskError } from "../../base/disk.ts";
import { blockFile } from "../format/layout.ts";
import type { FileBlock } from "./file_block.ts";

export class BlockRemover {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #onFailure: (failed: DiskError, path: string) => void;
  readonly #queue: FileBlock[] = [];
  #isSyncing = false;
  #isDirty = false;
  /** Nothing is known of what was removed since: nothing more is. */
  #failed: DiskError | undefined = undefined;
  #waiters: ((failed: DiskError | undefined) => void)[] = [];

  constructor(disk: Disk, directory: string, onFailure: (failed: DiskError, path: string) => void) {
    this.#disk = disk;
    this.#directory = directory;
    this.#onFailure = onFailure;
  }

  /** A block that nothing reads or writes any more. Its file goes with the next `start` or `flush`. */
  add(block: FileBlock): void {
    this.#queue.push(block);
  }

  /** Whether files are still to be removed, or their removal is not durable. */
  get isBusy(): boolean {
    return this.#isSyncing || this.#isDirty || this.#queue.length > 0;
  }

  /** Begins to remove what was added. */
  start(): void {
    if (this.#failed === undefined && !this.#isSyncing && (this.#queue.length > 0 || this.#isDirty)) this.#next();
  }

  /** Calls `done` when all that was added is gone for good, or why that is not known; inside the call when there is nothing to do. */
  flush(done: (failed: DiskError | undefined) => void): void {
    if (!this.isBusy || this.#failed !== undefined) {
      done(this.#failed);
      return;
    }
    this.#waiters.push(done);
    this.start();
  }

  #next(): void {
    for (let block = this.#queue[0]; block !== undefined; block = this.#queue[0]) {
      if (block.hasTombstones && this.#isDirty) break;
      this.#queue.shift();
      this.#isDirty = true;
      const path = `${this.#directory}/${blockFile(block.number)}`;
      const failed = this.#disk.remove(path);
      if (failed === undefined || failed.code === "ENOENT") continue;
      this.#fail(failed, path);
      return;
    }
    this.#isSyncing = true;
    this.#isDirty = false;
    this.#disk.syncDirectory(this.#directory, (failed) => {
      this.#isSyncing = false;
      if (failed !== undefined) this.#fail(failed, this.#directory);
      else if (this.#queue.length > 0) this.#next();
      else this.#end(undefined);
    });
  }

  #fail(failed: DiskError, path: string): void {
    this.#failed = failed;
    this.#onFailure(failed, path);
    this.#end(failed);
  }

  #end(failed: DiskError | undefined): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const done of waiters) done(failed);
  }
}
