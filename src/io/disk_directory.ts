// Opening a store directory: made when it is not there, tried, taken for this
// process, and then a disk.

import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DiskError } from "../base/disk.ts";
import { DirectoryDisk, type DirectoryDiskOptions } from "./disk.ts";
import { diskFailure } from "./disk_failure.ts";
import { lockDirectory } from "./disk_lock.ts";
import { pathText } from "./system_path.ts";
import type { SystemError } from "./system_text.ts";

const MODE = 0o700;

export interface StoreDirectory {
  readonly disk: DirectoryDisk;
  /** Ends the disk and lets other servers in. */
  close(): Promise<void>;
}

/** Opens the directory at `path` for this server alone. The text of a failure is what nats-server says. */
export function openStoreDirectory(path: string, options: DirectoryDiskOptions = {}): StoreDirectory | DiskError {
  const failed = prepare(path);
  if (failed !== undefined) return failed;
  const lock = lockDirectory(path);
  if (lock instanceof DiskError) return lock;
  const disk = new DirectoryDisk(path, options);
  return {
    disk,
    async close() {
      await disk.end();
      lock.release();
    },
  };
}

function prepare(path: string): DiskError | undefined {
  try {
    if (!statSync(path).isDirectory()) return new DiskError("ENOTDIR", "storage directory is not a directory");
  } catch (thrown) {
    const failed = diskFailure(thrown);
    if (failed.code === "ENOTDIR") return new DiskError("ENOTDIR", "storage directory is not a directory");
    if (failed.code !== "ENOENT") return said(failed.code, pathText(thrown as SystemError, path));
    const notMade = makeDirectories(path);
    if (notMade !== undefined) return notMade;
  }
  const probe = join(path, `_test_${process.pid}`);
  try {
    closeSync(openSync(probe, "wx", 0o600));
    rmSync(probe);
  } catch (thrown) {
    const { code } = diskFailure(thrown);
    if (code !== "EEXIST") return new DiskError(code, "storage directory is not writable");
    rmSync(probe, { force: true });
  }
  return undefined;
}

/** Makes a directory and those above it, durably. */
function makeDirectories(path: string): DiskError | undefined {
  try {
    mkdirSync(path, MODE);
  } catch (thrown) {
    const { code } = diskFailure(thrown);
    if (code === "EEXIST") return undefined;
    const above = dirname(path);
    if (code !== "ENOENT" || above === path) return said(code, pathText(thrown as SystemError, path));
    const failed = isThere(above) ? said(code, pathText(thrown as SystemError, path)) : makeDirectories(above);
    return failed ?? makeDirectories(path);
  }
  try {
    const fd = openSync(dirname(path), "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Not every system syncs directories, and not all above are ours.
  }
  return undefined;
}

function said(code: string, text: string): DiskError {
  return new DiskError(code, `could not create storage directory - ${text}`);
}
function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
