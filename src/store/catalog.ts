// The streams that one account has on a disk.
//
//   <ACCOUNT>/streams/<STREAM>/    meta.inf meta.sum msgs/ obs/
//
// Each is made, changed and removed as a whole (meta_directories.ts). Knows what directories a stream has; nothing of what
// its meta files say, nor of messages.

import { DiskError, type Disk, type DiskDone } from "../base/disk.ts";
import { streamHasher } from "./format/keys.ts";
import { CONSUMERS, MSGS, STREAMS } from "./format/layout.ts";
import { faultOfName, MetaDirectories, type FoundDirectory } from "./meta_directories.ts";

/** A stream's directory as it was found. */
export type StoredStream = FoundDirectory;

export interface CatalogOptions {
  readonly disk: Disk;
  readonly account: string;
  /** Runs `fire` at the start of a later turn. */
  readonly later: (fire: () => void) => void;
  /** Told of what went wrong with nobody waiting for it. */
  readonly report: (text: string) => void;
}

/** The accounts that have a directory. */
export function storedAccounts(disk: Disk): string[] | DiskError {
  const names = disk.list("");
  if (names instanceof DiskError) return names;
  return names.filter((name) => name.endsWith("/") && !name.startsWith(".")).map((name) => name.slice(0, -1));
}

export class StreamCatalog {
  readonly #directories: MetaDirectories;

  constructor({ disk, account, later, report }: CatalogOptions) {
    this.#directories = new MetaDirectories({
      disk,
      path: ["", account, `${account}/${STREAMS}`],
      inside: [MSGS, CONSUMERS],
      fault: faultOfName(account),
      kind: "stream",
      hasherOf: streamHasher,
      later,
      report,
    });
  }

  /** Where a stream of this name is kept, below the disk's root. */
  directory(stream: string): string {
    return this.#directories.directory(stream);
  }

  /**
   * Finds all streams, makes durable what is there, finishes changes that a power cut left half done, and begins to
   * remove leftovers. Once, before anything else. A stream that cannot be read is in the list, with its fault.
   */
  load(done: (found: StoredStream[] | DiskError) => void): void {
    this.#directories.load(false, undefined, done);
  }

  /** Makes a stream. EEXIST when it is there. Failed: it is not there, unless that could not be undone. */
  create(stream: string, meta: Uint8Array, done: DiskDone): void {
    this.#directories.create(stream, meta, true, undefined, done);
  }

  /** Puts `meta` in place of a stream's, in one step. */
  update(stream: string, meta: Uint8Array, done: DiskDone): void {
    this.#directories.update(stream, meta, done);
  }

  /** Removes a stream, none of whose files may be open. It is gone when `done` says so; its files follow. Failed: it stays. */
  delete(stream: string, done: DiskDone): void {
    this.#directories.delete(stream, true, done);
  }
}
