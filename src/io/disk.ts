// The real disk, below one directory.
//
// Calls that answer at once are the system's own (opening, names, reads: mostly
// answered from its cache). What waits for the medium is done on other threads,
// and its `done` begins a turn. Operations of one file go one by one, in order;
// syncs of all disks of the process go through one scheduler.
//
//     commit "synced"   queue of the file → scheduler → write (at once, unless it is very large) → fdatasync → done
//     commit "written"  queue of the file → write at once → `later` → done
//
// Owns every descriptor below its directory. Knows nothing of streams.

import fs from "node:fs";
import { join } from "node:path";
import { assert } from "../base/assert.ts";
import { DiskError, openFile, ownFile, parentOf, type Disk, type DiskDone, type DiskFile } from "../base/disk.ts";
import { diskFailure } from "./disk_failure.ts";
import { Handle, HandleCache } from "./disk_handles.ts";
import { sharedSyncs, type SyncScheduler } from "./disk_syncs.ts";
import * as natives from "./natives.ts";

const MOST_HANDLES = 512;
/** So much goes into the system's cache within a millisecond or two. */
const AT_ONCE_BYTES = 1 << 20;
/**
 * It is handed over in pieces that end where these do. For a large one the system looks for memory in one piece, which
 * on a virtual machine is often memory that its host took back and has to find again: 8 KB cost 2–5 µs in pieces of
 * 16 KB, 9–20 in pieces of 256 KB.
 */
const PIECE_BYTES = 16 * 1024;
const DIRECTORY_MODE = 0o700;
/** The names of a path up to here are one share of the syncs: `<account>/streams/<stream>`. */
const SHARE_NAMES = 3;
/** What a system says that cannot sync a directory, or a file system that need not. */
const refusals = new Set(["EINVAL", "ENOTSUP", "ENOSYS"]);
const windowsRefusals = new Set(["EPERM", "EISDIR", "EACCES", "EBADF"]);

/** The calls of the system; tests give others. */
export type DiskCalls = Pick<
  typeof fs,
  | "openSync"
  | "closeSync"
  | "fstatSync"
  | "statSync"
  | "statfsSync"
  | "readSync"
  | "readdirSync"
  | "writeSync"
  | "write"
  | "fdatasync"
  | "fsync"
  | "ftruncateSync"
  | "mkdirSync"
  | "unlinkSync"
  | "rmdirSync"
  | "renameSync"
>;

export interface DirectoryDiskOptions {
  /** Files open with the system at a time. */
  readonly mostHandles?: number;
  /** Runs `fire` later in this turn or at the start of one, in the order given. */
  readonly later?: (fire: () => void) => void;
  /** Runs a completion; what it throws is a bug, and the server wants to know. */
  readonly enter?: (fire: () => void) => void;
  readonly syncs?: SyncScheduler;
  readonly calls?: DiskCalls;
  readonly platform?: NodeJS.Platform;
}

interface Operation {
  readonly run: (file: OpenFile, done: DiskDone) => void;
  readonly done: DiskDone;
}

class OpenFile implements DiskFile {
  readonly path: string;
  readonly handle: Handle;
  readonly isWritable: boolean;
  readonly share: string;
  /** The first one is running. */
  readonly operations: Operation[] = [];
  isClosed = false;

  constructor(path: string, handle: Handle, isWritable: boolean) {
    this.path = path;
    this.handle = handle;
    this.isWritable = isWritable;
    this.share = shareOf(path);
  }
}

export class DirectoryDisk implements Disk {
  readonly #root: string;
  readonly #calls: DiskCalls;
  readonly #handles: HandleCache;
  readonly #later: (fire: () => void) => void;
  readonly #enter: (fire: () => void) => void;
  readonly #syncs: SyncScheduler;
  readonly #isWindows: boolean;
  /** What was opened and is not closed, or has operations. */
  readonly #files = new Set<OpenFile>();
  /** Who waits for a sync of a directory that has not begun. */
  readonly #directories = new Map<string, DiskDone[]>();
  /** Operations on other threads. */
  #away = 0;
  #hasEnded = false;
  #onIdle: (() => void) | undefined = undefined;

  /** A disk whose paths are below `root`, a directory that is there. */
  constructor(root: string, options: DirectoryDiskOptions = {}) {
    this.#root = root;
    this.#calls = options.calls ?? fs;
    this.#handles = new HandleCache(options.mostHandles ?? MOST_HANDLES, this.#calls);
    this.#later = options.later ?? ((fire) => void natives.setImmediate(fire));
    this.#enter = options.enter ?? ((fire) => fire());
    this.#syncs = options.syncs ?? sharedSyncs();
    this.#isWindows = (options.platform ?? process.platform) === "win32";
  }

  /** Files open with the system. */
  get openHandles(): number {
    return this.#handles.size;
  }

  /** Closes all: no `done` is called any more, what is on its way ends, what waits is forgotten. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    if (this.#away > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    for (const file of this.#files) this.#handles.close(file.handle);
    this.#files.clear();
  }

  open(path: string, mode: "read" | "write" | "create"): DiskFile | DiskError {
    const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants;
    // Windows syncs only what may be written.
    const flags = mode === "read" && !this.#isWindows ? O_RDONLY : O_RDWR;
    const handle = new Handle(this.#pathOf(path), flags);
    const failed = this.#handles.open(handle, mode === "create" ? flags | O_CREAT | O_EXCL : flags);
    if (failed !== undefined) return failed;
    // A directory can be opened to be read.
    if (mode === "read" && attempt(() => this.#calls.fstatSync(handle.fd).isDirectory()) === true) {
      this.#handles.close(handle);
      return new DiskError("EISDIR", "is a directory");
    }
    const file = new OpenFile(path, handle, mode !== "read");
    this.#files.add(file);
    return file;
  }

  close(file: DiskFile): void {
    const open = ownFile(file, OpenFile);
    open.isClosed = true;
    this.#closeIdle(open);
  }

  size(file: DiskFile): number | DiskError {
    const fd = this.#handles.use(use(file).handle);
    return fd instanceof DiskError ? fd : attempt(() => this.#calls.fstatSync(fd).size);
  }

  read(file: DiskFile, at: number, into: Uint8Array, from: number, to: number): number | DiskError {
    const fd = this.#handles.use(use(file).handle);
    if (fd instanceof DiskError) return fd;
    try {
      let next = from;
      while (next < to) {
        const count = this.#calls.readSync(fd, into, next, to - next, at + next - from);
        if (count === 0) break;
        next += count;
      }
      return next - from;
    } catch (thrown) {
      return diskFailure(thrown);
    }
  }

  commit(
    file: DiskFile,
    at: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    how: "synced" | "written",
    done: DiskDone,
  ): void {
    const open = use(file);
    assert(open.isWritable, "only what was opened to be written is written");
    assert(from <= to && to <= bytes.length, "the bytes are there");
    if (how === "written") {
      this.#queue(open, { run: (file, ended) => this.#writeNow(file, at, bytes, from, to, ended), done });
      return;
    }
    this.#queue(open, {
      run: (file, ended) =>
        this.#whenTurn(file, ended, (fd, finished) => {
          const sync: DiskDone = (failed) => {
            if (failed !== undefined) finished(failed);
            else this.#calls.fdatasync(fd, (error) => finished(failureOf(error)));
          };
          if (to - from > AT_ONCE_BYTES) {
            this.#write(fd, at, bytes, from, to, sync);
            return;
          }
          const failed = this.#writeAtOnce(fd, at, bytes, from, to);
          if (failed === undefined) sync(undefined);
          else this.#later(() => finished(failed));
        }),
      done,
    });
  }

  sync(file: DiskFile, done: DiskDone): void {
    this.#queue(use(file), {
      run: (file, ended) =>
        this.#whenTurn(file, ended, (fd, finished) => this.#calls.fsync(fd, (error) => finished(failureOf(error)))),
      done,
    });
  }

  truncate(file: DiskFile, size: number): DiskError | undefined {
    const { handle, operations, isWritable } = use(file);
    assert(isWritable, "only what was opened to be written is cut");
    assert(operations.length === 0, "nothing is in flight");
    const fd = this.#handles.use(handle);
    if (fd instanceof DiskError) return fd;
    handle.isUnsynced = true;
    return tried(() => this.#calls.ftruncateSync(fd, size));
  }

  list(path: string): string[] | DiskError {
    const directory = this.#pathOf(path);
    return this.#handles.opening(() =>
      this.#calls.readdirSync(directory, { withFileTypes: true }).map((entry) => {
        const isDirectory = entry.isSymbolicLink()
          ? this.#leadsToDirectory(`${path}/${entry.name}`)
          : entry.isDirectory();
        return isDirectory ? `${entry.name}/` : entry.name;
      }),
    );
  }

  makeDirectory(path: string): DiskError | undefined {
    return tried(() => this.#calls.mkdirSync(this.#pathOf(path), DIRECTORY_MODE));
  }

  remove(path: string): DiskError | undefined {
    const whole = this.#pathOf(path);
    const failed = tried(() => this.#calls.unlinkSync(whole));
    // Linux says EISDIR for a directory, others EPERM.
    if (failed?.code !== "EISDIR" && failed?.code !== "EPERM") return failed;
    const second = tried(() => this.#calls.rmdirSync(whole));
    return second?.code === "ENOTDIR" ? failed : second;
  }

  rename(path: string, to: string): DiskError | undefined {
    assert(parentOf(path) === parentOf(to), "a rename stays in its directory");
    return tried(() => this.#calls.renameSync(this.#pathOf(path), this.#pathOf(to)));
  }

  syncDirectory(path: string, done: DiskDone): void {
    const waiting = this.#directories.get(path);
    if (waiting !== undefined) {
      waiting.push(done);
      return;
    }
    const dones = [done];
    this.#directories.set(path, dones);
    this.#syncs.ask(shareOf(`${path}/`), (finished) => {
      this.#directories.delete(path);
      this.#syncDirectory(path, (failed) => {
        finished();
        this.#complete(dones, failed);
      });
    });
  }

  freeBytes(path: string): number | DiskError {
    return attempt(() => {
      const { bavail, bsize } = this.#calls.statfsSync(this.#pathOf(path));
      return bavail * bsize;
    });
  }

  // One operation of a file after the other.

  #queue(file: OpenFile, operation: Operation): void {
    file.operations.push(operation);
    if (file.operations.length === 1) this.#run(file, operation);
  }

  #run(file: OpenFile, operation: Operation): void {
    operation.run(file, (failed) => {
      assert(file.operations.shift() === operation, "operations of a file end in their order");
      const next = file.operations[0];
      if (next !== undefined && !this.#hasEnded) this.#run(file, next);
      this.#complete([operation.done], failed);
      this.#closeIdle(file);
    });
  }

  #closeIdle(file: OpenFile): void {
    if (!file.isClosed || file.operations.length > 0) return;
    this.#handles.close(file.handle);
    this.#files.delete(file);
  }

  #complete(dones: readonly DiskDone[], failed: DiskError | undefined): void {
    if (this.#hasEnded) return;
    this.#enter(() => {
      for (const done of dones) done(failed);
    });
  }

  /** Runs `start` on the file's descriptor when the scheduler says so; it keeps the descriptor until `finished`. */
  #whenTurn(file: OpenFile, ended: DiskDone, start: (fd: number, finished: DiskDone) => void): void {
    this.#syncs.ask(file.share, (finished) => {
      const { handle } = file;
      const fd = this.#hasEnded ? ENDED : this.#descriptorOf(file);
      if (fd instanceof DiskError) {
        this.#later(() => {
          finished();
          ended(fd);
        });
        return;
      }
      handle.pins++;
      handle.isUnsynced = true;
      this.#away++;
      start(fd, (failed) => {
        handle.pins--;
        if (failed === undefined) handle.isUnsynced = false;
        finished();
        ended(failed);
        this.#cameBack();
      });
    });
  }

  /** For an operation. What was closed is not opened again: under its name there may be another file by now. */
  #descriptorOf({ handle, isClosed }: OpenFile): number | DiskError {
    return isClosed && handle.fd < 0 ? CLOSED : this.#handles.use(handle);
  }

  #cameBack(): void {
    if (--this.#away === 0) this.#onIdle?.();
  }

  #write(fd: number, at: number, bytes: Uint8Array, from: number, to: number, done: DiskDone): void {
    if (from === to) {
      done(undefined);
      return;
    }
    this.#calls.write(fd, bytes, from, to - from, at, (error, count) => {
      if (error !== null) done(diskFailure(error));
      else if (count === 0) done(NOTHING_WRITTEN);
      else this.#write(fd, at + count, bytes, from + count, to, done);
    });
  }

  #writeNow(file: OpenFile, at: number, bytes: Uint8Array, from: number, to: number, ended: DiskDone): void {
    const failed = this.#handTo(file, at, bytes, from, to);
    this.#later(() => ended(failed));
  }

  #handTo(file: OpenFile, at: number, bytes: Uint8Array, from: number, to: number): DiskError | undefined {
    const fd = this.#descriptorOf(file);
    if (fd instanceof DiskError) return fd;
    file.handle.isUnsynced = true;
    return this.#writeAtOnce(fd, at, bytes, from, to);
  }

  #writeAtOnce(fd: number, at: number, bytes: Uint8Array, from: number, to: number): DiskError | undefined {
    return attempt(() => {
      for (let next = from; next < to;) {
        const offset = at + next - from;
        const piece = Math.min(to - next, PIECE_BYTES - (offset % PIECE_BYTES));
        const count = this.#calls.writeSync(fd, bytes, next, piece, offset);
        if (count === 0) return NOTHING_WRITTEN;
        next += count;
      }
      return undefined;
    });
  }

  #syncDirectory(path: string, done: DiskDone): void {
    const fd = this.#hasEnded
      ? ENDED
      : this.#handles.opening(() => this.#calls.openSync(this.#pathOf(path), fs.constants.O_RDONLY));
    if (fd instanceof DiskError) {
      this.#later(() => done(this.#unlessRefused(fd)));
      return;
    }
    this.#away++;
    this.#calls.fsync(fd, (error) => {
      attempt(() => this.#calls.closeSync(fd));
      done(this.#unlessRefused(failureOf(error)));
      this.#cameBack();
    });
  }

  #unlessRefused(failed: DiskError | undefined): DiskError | undefined {
    if (failed === undefined) return undefined;
    return refusals.has(failed.code) || (this.#isWindows && windowsRefusals.has(failed.code)) ? undefined : failed;
  }

  #leadsToDirectory(path: string): boolean {
    return attempt(() => this.#calls.statSync(this.#pathOf(path)).isDirectory()) === true;
  }

  #pathOf(path: string): string {
    return join(this.#root, path);
  }
}

const ENDED = new DiskError("ESHUTDOWN", "the server has ended");
const CLOSED = new DiskError("ECANCELED", "the file was closed");
const NOTHING_WRITTEN = new DiskError("EIO", "short write");

function attempt<T>(call: () => T): T | DiskError {
  try {
    return call();
  } catch (thrown) {
    return diskFailure(thrown);
  }
}

/** As `attempt`, for a call without a result. */
function tried(call: () => DiskError | undefined | void): DiskError | undefined {
  return attempt(call) ?? undefined;
}

function failureOf(error: NodeJS.ErrnoException | null): DiskError | undefined {
  return error === null ? undefined : diskFailure(error);
}

function use(file: DiskFile): OpenFile {
  return openFile(file, OpenFile);
}

function shareOf(path: string): string {
  return path.split("/", SHARE_NAMES).join("/");
}
