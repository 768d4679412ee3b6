// File handles: any number of files may be open, a bounded number is open with
// the system. What was not used for the longest time is closed and opened again
// when it is needed.
//
// A handle that is being written from another thread is pinned. One that has
// bytes the system has not yet put on the disk is closed only if all have: a
// failure to do so is told to those who had the file open.

import type fs from "node:fs";
import { assert } from "../base/assert.ts";
import type { DiskError } from "../base/disk.ts";
import { diskFailure } from "./disk_failure.ts";

const FILE_MODE = 0o600;
const LEAST = 8;

/** A file that may be open with the system. */
export class Handle {
  readonly path: string;
  readonly flags: number;
  /** −1 when it is closed. Only HandleCache changes it. */
  fd = -1;
  /** Calls on other threads that use it. */
  pins = 0;
  /** Whether it was written to since it was synced. */
  isUnsynced = false;

  constructor(path: string, flags: number) {
    this.path = path;
    this.flags = flags;
  }
}

export class HandleCache {
  readonly #calls: Pick<typeof fs, "openSync" | "closeSync">;
  #most: number;
  /** The open ones, the one used longest ago first. */
  readonly #open = new Set<Handle>();
  #latest: Handle | undefined = undefined;

  constructor(most: number, calls: Pick<typeof fs, "openSync" | "closeSync">) {
    this.#calls = calls;
    this.#most = most;
  }

  /** How many are open with the system, and may be. */
  get size(): number {
    return this.#open.size;
  }
  get most(): number {
    return this.#most;
  }

  /** Its descriptor, for calls until the next use of the cache, or as long as it is pinned. */
  use(handle: Handle): number | DiskError {
    if (handle === this.#latest) return handle.fd;
    if (handle.fd >= 0) this.#open.delete(handle);
    else {
      const failed = this.open(handle, handle.flags);
      if (failed !== undefined) return failed;
    }
    this.#open.add(handle);
    this.#latest = handle;
    return handle.fd;
  }

  /** Opens it with the system, with flags for this time. */
  open(handle: Handle, flags: number): DiskError | undefined {
    assert(handle.fd < 0, "it is closed");
    this.#makeRoom(this.#most - 1);
    const opened = this.opening(() => this.#calls.openSync(handle.path, flags, FILE_MODE));
    if (typeof opened !== "number") return opened;
    handle.fd = opened;
    this.#open.add(handle);
    this.#latest = handle;
    return undefined;
  }

  /** Does what needs a descriptor more; once again with a smaller cache when the system has none. */
  opening<T>(call: () => T): T | DiskError {
    try {
      return call();
    } catch (thrown) {
      const failed = diskFailure(thrown);
      if (failed.code !== "EMFILE" && failed.code !== "ENFILE") return failed;
      this.#most = Math.max(LEAST, Math.floor(Math.min(this.#open.size, this.#most) / 2));
      this.#makeRoom(this.#most);
    }
    try {
      return call();
    } catch (thrown) {
      return diskFailure(thrown);
    }
  }

  close(handle: Handle): void {
    if (handle.fd < 0) return;
    assert(handle.pins === 0, "nobody uses it");
    this.#open.delete(handle);
    if (this.#latest === handle) this.#latest = undefined;
    const { fd } = handle;
    handle.fd = -1;
    try {
      this.#calls.closeSync(fd);
    } catch {
      // What was to be durable was synced, which has said what there was to say.
    }
  }

  #makeRoom(most: number): void {
    for (const alsoUnsynced of [false, true]) {
      if (this.#open.size <= most) return;
      for (const handle of this.#open) {
        if (handle.pins > 0 || (handle.isUnsynced && !alsoUnsynced)) continue;
        this.close(handle);
        if (this.#open.size <= most) return;
      }
    }
  }
}
