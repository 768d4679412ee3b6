// What the server asks of a disk. `io` has the real one, `store/memory_disk.ts`
// one without a disk, `test/support/fake_disk.ts` one that breaks.
//
// What is durable when:
// - bytes: when a `commit(…, "synced")` or `sync` of their file that began after
//   they were written says so. Before that a power cut keeps any subset of
//   them, in sectors, in any order; the length of the file may survive without
//   its bytes, which then are zeros.
// - a length set by `truncate`: as bytes.
// - a name (made, renamed, removed): when a `syncDirectory` of its directory
//   that began after it says so. Syncing a file does not make its name durable.
// - after a commit or sync that failed nothing is known about the bytes it was
//   to make durable, and a later one that succeeds says nothing about them: the
//   system may have forgotten them. They are never repeated for the same bytes.
// The death of the process alone loses only what was not yet written.
//
// Failures are results. No `done` is called inside the call that was given it,
// and none after `close` of the disk. Paths have `/` and are below the disk's
// root; a rename stays in its directory.

import { assert } from "./assert.ts";

/** The disk failed. */
export class DiskError {
  /** As the system calls it: ENOENT, EEXIST, ENOSPC, EIO, … */
  readonly code: string;
  /** The system's sentence, for logs and answers. */
  readonly text: string;

  constructor(code: string, text: string) {
    this.code = code;
    this.text = text;
  }

  /** There is no room, which may change. */
  get isFull(): boolean {
    return this.code === "ENOSPC" || this.code === "EDQUOT";
  }
}

/** An open file. The disk may close what is behind it and open it again, so any number may be open. */
export interface DiskFile {
  readonly path: string;
}

/** Undefined: it is done. */
export type DiskDone = (failed: DiskError | undefined) => void;

export interface Disk {
  /** Opens a file. "create" fails when it is there (EEXIST), the others when it is not (ENOENT). */
  open(path: string, mode: "read" | "write" | "create"): DiskFile | DiskError;
  /**
   * The file is not used again; what it was asked to commit still happens, or fails. A renamed or removed file is to be
   * closed first.
   */
  close(file: DiskFile): void;
  size(file: DiskFile): number | DiskError;
  /** Reads into into[from, to) from offset `at`: how many bytes, fewer only at the end of the file. Sees finished commits, maybe others. */
  read(file: DiskFile, at: number, into: Uint8Array, from: number, to: number): number | DiskError;
  /**
   * Writes bytes[from, to) at offset `at`, which may be the end, and makes them
   * and all that the file got before durable; with "written" it only hands them
   * to the system (and `done` may come in the same turn). The bytes are borrowed
   * and must not change until `done`. Commits of one file finish in their order.
   * A commit that fails may have written any part.
   */
  commit(
    file: DiskFile,
    at: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    how: "synced" | "written",
    done: DiskDone,
  ): void;
  /** Makes all that the file got before durable. */
  sync(file: DiskFile, done: DiskDone): void;
  /** Sets the length; durable with the next commit or sync. No commit of the file may be in flight. */
  truncate(file: DiskFile, size: number): DiskError | undefined;

  /** Names in a directory, in no order; directories end in `/`. */
  list(path: string): string[] | DiskError;
  makeDirectory(path: string): DiskError | undefined;
  /** Removes a file or an empty directory. */
  remove(path: string): DiskError | undefined;
  /** Renames within a directory; takes the place of a file of that name, in one step also when power is cut. */
  rename(path: string, to: string): DiskError | undefined;
  /** Makes the names in a directory durable, where the system can. */
  syncDirectory(path: string, done: DiskDone): void;
  /** Bytes that can still be written below the path. */
  freeBytes(path: string): number | DiskError;
}

/** What a disk makes of a file that it opens. */
interface OpenFile extends DiskFile {
  readonly isClosed: boolean;
}

/** A file as the disk knows it that it goes back to: one of `kind`. */
export function ownFile<T extends OpenFile>(file: DiskFile, kind: abstract new (...args: never[]) => T): T {
  assert(file instanceof kind, "a file goes back to the disk it came from");
  return file;
}

/** The same for a file that is open. */
export function openFile<T extends OpenFile>(file: DiskFile, kind: abstract new (...args: never[]) => T): T {
  const own = ownFile(file, kind);
  assert(!own.isClosed, "a closed file is not used");
  return own;
}

/** The directory of a path. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The last name in a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
