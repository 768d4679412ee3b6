// Files and directories as wholes: read, made, replaced and removed in slices,
// durable when the slices end.

import { assert } from "../base/assert.ts";
import { DiskError, type Disk, type DiskDone } from "../base/disk.ts";
import type { Slices } from "./file/sliced_job.ts";

/** What a file is called while it is written. */
export const TEMPORARY = ".tmp";
/** Files removed in one slice: a large one takes the system a millisecond. */
const REMOVED_A_SLICE = 4;

/** All bytes of a file, owned. */
export function readWhole(disk: Disk, path: string): Uint8Array | DiskError {
  const file = disk.open(path, "read");
  if (file instanceof DiskError) return file;
  const size = disk.size(file);
  const bytes = new Uint8Array(size instanceof DiskError ? 0 : size);
  const count = size instanceof DiskError ? size : disk.read(file, 0, bytes, 0, size);
  disk.close(file);
  return count instanceof DiskError ? count : bytes.subarray(0, count);
}

/** Makes a file with these bytes, in place of one that may be there, and (synced) makes them durable, but not its name. */
export function* writeWhole(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  how: "synced" | "written" = "synced",
): Slices<DiskError | undefined> {
  const old = disk.remove(path);
  if (old !== undefined && old.code !== "ENOENT") return old;
  const file = disk.open(path, "create");
  if (file instanceof DiskError) return file;
  const failed = yield (done: DiskDone) => disk.commit(file, 0, bytes, 0, bytes.length, how, done);
  disk.close(file);
  return failed;
}

/** Puts these bytes in place of a file's, durably and in one step. The directory is there. */
export function* replaceWhole(
  disk: Disk,
  directory: string,
  name: string,
  bytes: Uint8Array,
): Slices<DiskError | undefined> {
  const path = `${directory}/${name}`;
  const failed = (yield* writeWhole(disk, path + TEMPORARY, bytes)) ?? disk.rename(path + TEMPORARY, path);
  if (failed !== undefined) {
    disk.remove(path + TEMPORARY);
    return failed;
  }
  return yield* syncNames(disk, directory);
}

/** Makes what is in a directory durable, the names in it only. */
export function* syncNames(disk: Disk, directory: string): Slices<DiskError | undefined> {
  return yield (done: DiskDone) => disk.syncDirectory(directory, done);
}

/** Makes a file durable that somebody else may have written. */
export function* syncWhole(disk: Disk, path: string): Slices<DiskError | undefined> {
  const file = disk.open(path, "read");
  if (file instanceof DiskError) return file;
  const failed = yield (done: DiskDone) => disk.sync(file, done);
  disk.close(file);
  return failed;
}

/** Removes a file, or a directory with all that is in it. Nothing of it is synced: what comes back is to be removed again. */
export function* removeTree(disk: Disk, path: string): Slices<DiskError | undefined> {
  assert(path.includes("/."), "only what was set aside is removed");
  let left = REMOVED_A_SLICE;
  const first = disk.remove(path);
  if (first?.code === "ENOENT") return undefined;
  if (first?.code !== "ENOTEMPTY") return first;
  // Directories to empty; each is removed when what lies behind it in the list is gone.
  const directories = [path];
  for (let directory = directories.at(-1); directory !== undefined; directory = directories.at(-1)) {
    const names = disk.list(directory);
    if (names instanceof DiskError) return names;
    let below = 0;
    for (const name of names) {
      const isDirectory = name.endsWith("/");
      const child = `${directory}/${isDirectory ? name.slice(0, -1) : name}`;
      const failed = disk.remove(child);
      if (failed?.code === "ENOTEMPTY" && isDirectory) {
        directories.push(child);
        below++;
      } else if (failed !== undefined) return failed;
      if (--left > 0) continue;
      left = REMOVED_A_SLICE;
      yield undefined;
    }
    if (below > 0) continue;
    const failed = disk.remove(directory);
    if (failed !== undefined) return failed;
    directories.pop();
  }
  return undefined;
}

/** Whether no file is anywhere below a directory. What cannot be looked at counts as a file. */
export function holdsNothing(disk: Disk, directory: string): boolean {
  const names = disk.list(directory);
  if (names instanceof DiskError) return false;
  return names.every((name) => name.endsWith("/") && holdsNothing(disk, `${directory}/${name.slice(0, -1)}`));
}
