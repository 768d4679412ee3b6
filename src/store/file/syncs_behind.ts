// Files that are made durable while a job goes on with others: a few at a time.
//
// Owns the files until they are. Knows nothing of what is in them.

import { DiskError, type Disk, type DiskDone } from "../../base/disk.ts";
import type { Slices } from "./sliced_job.ts";

const MOST_AT_ONCE = 4;

export class SyncsBehind {
  readonly #disk: Disk;
  #underWay = 0;
  #failed: DiskError | undefined = undefined;
  #waiting: DiskDone | undefined = undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Begins to sync a file; waits while many are under way. What has failed so far, if anything has. */
  *add(path: string): Slices<DiskError | undefined> {
    yield* this.#until(MOST_AT_ONCE - 1);
    if (this.#failed !== undefined) return this.#failed;
    const file = this.#disk.open(path, "write");
    if (file instanceof DiskError) return (this.#failed = file);
    this.#underWay++;
    this.#disk.sync(file, (failed) => {
      this.#disk.close(file);
      this.#failed ??= failed;
      this.#underWay--;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.(undefined);
    });
    return undefined;
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
