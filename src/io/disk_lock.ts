// One server at a time in a store directory.
//
// A file names the process that has it; the next server takes it over when that
// process is gone, however it went. It is a precaution, no proof: processes of
// other machines or containers are not seen, and nats-server neither looks at
// the file nor is bothered by it.

import {
  linkSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DiskError } from "../base/disk.ts";
import { diskFailure } from "./disk_failure.ts";
import type { SystemError } from "./system_text.ts";

/** Its name in the directory. */
export const LOCK_FILE = ".lock";
const MODE = 0o600;
/** Two servers that find a dead one's file at once may get in each other's way so often. */
const ATTEMPTS = 5;
/** Where a file system has no hard links. */
const noLinks = new Set(["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "EACCES"]);

export interface DirectoryLock {
  /** Lets others in. */
  release(): void;
}

let taken = 0;

/** Takes the directory for this process. EBUSY: another one, or another server of this one, has it. */
export function lockDirectory(directory: string): DirectoryLock | DiskError {
  const path = join(directory, LOCK_FILE);
  const own = `${process.pid} ${startOf(process.pid) ?? ""} ${++taken}\n`;
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (make(path, own)) return { release: () => release(path, own) };
      const found = contents(path);
      if (found === undefined) continue;
      const pid = ownerOf(found);
      if (pid !== undefined) return inUse(directory, path, pid);
      takeAway(path, found);
    }
    return inUse(directory, path, undefined);
  } catch (thrown) {
    return diskFailure(thrown);
  }
}

function inUse(directory: string, path: string, pid: number | undefined): DiskError {
  const who = pid === process.pid ? "another server of this process" : `process ${pid ?? "of another server"}`;
  return new DiskError("EBUSY", `storage directory "${directory}" is in use by ${who}; if it is not, remove "${path}"`);
}

/** Makes the file, in one step with its contents. False when it is there. */
function make(path: string, text: string): boolean {
  const unfinished = `${path}.${process.pid}.${taken}`;
  try {
    writeFileSync(unfinished, text, { mode: MODE });
    linkSync(unfinished, path);
    return true;
  } catch (error) {
    const { code } = error as SystemError;
    if (code === "EEXIST") return false;
    if (code === undefined || !noLinks.has(code)) throw error;
    return makeWithoutLinks(path, text);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function makeWithoutLinks(path: string, text: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, "wx", MODE);
  } catch (error) {
    if ((error as SystemError).code === "EEXIST") return false;
    throw error;
  }
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
  return true;
}

/** Removes a dead process's file, but not one that somebody made since it was read. */
function takeAway(path: string, found: string): void {
  const aside = `${path}.${process.pid}.${taken}.old`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as SystemError).code === "ENOENT") return;
    throw error;
  }
  if (contents(aside) !== found) {
    try {
      linkSync(aside, path);
    } catch {
      // A third one has made it meanwhile.
    }
  }
  rmSync(aside, { force: true });
}

function release(path: string, own: string): void {
  if (contents(path) !== own) return;
  try {
    unlinkSync(path);
  } catch {
    // The directory is gone, or not ours to change any more; a dead process's file keeps nobody out.
  }
}

function contents(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if ((error as SystemError).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The process that made a file with this text, if it still runs. */
function ownerOf(text: string): number | undefined {
  const found = /^([1-9]\d{0,9}) (\S*) \d+\n$/.exec(text);
  if (found === null) return undefined;
  const pid = Number(found[1]);
  const start = startOf(pid);
  if (start !== undefined) return start === found[2] ? pid : undefined;
  return process.platform !== "linux" && isRunning(pid) ? pid : undefined;
}

/** When a process started, in a form that no other process of that number shares; undefined when it is gone, or not told here. */
function startOf(pid: number): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Behind the name, which may hold anything: the state, and 19 numbers on the start in ticks.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : `${fields[19]}@${boot}`;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as SystemError).code === "EPERM";
  }
}
