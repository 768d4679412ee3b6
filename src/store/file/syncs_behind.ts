// Files that are made durable while a job goes on with others: a few at a time.
//
// Owns the files until they are. Knows nothing of what is in them.

import { DiskError, type Disk, type DiskDone, type DiskFile } from "../../base/disk.ts";
import type { Slices } from "./sliced_job.ts";

const MOST_AT_ONCE = 4;
/** A group of messages is rarely longer. */
const MOST_REWRITTEN = 1 << 20;

export class SyncsBehind {
  readonly #disk: Disk;
  #underWay = 0;
  #failed: DiskError | undefined = undefined;
  #waiting: DiskDone | undefined = undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Begins to sync a file; waits while many are under way. What has failed so far, if anything has. */
  add(path: string): Slices<DiskError | undefined> {
    return this.#begin(path, (file, done) => {
      this.#disk.sync(file, done);
      return undefined;
    });
  }

  /**
   * The same, and its end is written again, as it is. A commit that failed before the process died may have left bytes
   * there that the system shows and has forgotten to write, which no sync would notice.
   */
  addRewritten(path: string): Slices<DiskError | undefined> {
    return this.#begin(path, (file, done) => {
      const disk = this.#disk;
      const size = disk.size(file);
      if (size instanceof DiskError) return size;
      if (size === 0) {
        disk.sync(file, done);
        return undefined;
      }
      const at = Math.max(0, size - MOST_REWRITTEN);
      const bytes = new Uint8Array(size - at);
      const got = disk.read(file, at, bytes, 0, bytes.length);
      if (got instanceof DiskError) return got;
      // Its length too.
      const failed = disk.truncate(file, size);
      if (failed === undefined) disk.commit(file, at, bytes, 0, got, "synced", done);
      return failed;
    });
  }

  /** `start` says why it cannot, or calls `done` later. */
  *#begin(
    path: string,
    start: (file: DiskFile, done: DiskDone) => DiskError | undefined,
  ): Slices<DiskError | undefined> {
    yield* this.#until(MOST_AT_ONCE - 1);
    if (this.#failed !== undefined) return this.#failed;
    const file = this.#disk.open(path, "write");
    if (file instanceof DiskError) return (this.#failed = file);
    this.#underWay++;
    const failed = start(file, (late) => {
      this.#disk.close(file);
      this.#failed ??= late;
      this.#underWay--;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.(undefined);
    });
    if (failed === undefined) return undefined;
    this.#disk.close(file);
    this.#underWay--;
    return (this.#failed = failed);
  }

  /** Waits until all are durable; why one is not, if so. */
  *all(): Slices<DiskError | undefined> {
    yield* this.#until(0);
    return this.#failed;
  }

  *#until(most: number): Slices<void> {
    while (this.#underWay > most) yield (done) => (this.#waiting = done);
  }
}
