// Opens the file store of a stream: makes its directory when it is new.

import { DiskError } from "../../base/disk.ts";
import { FileStore, type FileStoreOptions } from "./file_store.ts";

export interface OpenFileStoreOptions extends FileStoreOptions {
  /** The first sequence of a new stream; 0 or 1: the usual. */
  readonly firstSeq: number;
  /** Whether blocks that are full are compressed. */
  readonly compression: "none" | "s2";
  /** Runs `fire` in a later turn: between the slices of long work. */
  readonly slice: (fire: () => void) => void;
}

/** Opens a store; `done` is called once, never inside the call. No events are raised before. */
export function openFileStore(options: OpenFileStoreOptions, done: (opened: FileStore | DiskError) => void): void {
  const { disk, directory, firstSeq } = options;
  const made = disk.makeDirectory(directory);
  if (made !== undefined && made.code !== "EEXIST") {
    options.later(() => done(made));
    return;
  }
  const names = disk.list(directory);
  if (names instanceof DiskError) {
    options.later(() => done(names));
    return;
  }
  disk.syncDirectory(directory, (failed) => {
    if (failed !== undefined) {
      done(failed);
      return;
    }
    const store = new FileStore(options);
    if (firstSeq <= 1 || store.state().lastSeq > 0) {
      done(store);
      return;
    }
    store.stageCompact(firstSeq);
    store.afterCommit((failure) => done(failure === undefined ? store : new DiskError("EIO", failure)));
    store.submit();
  });
}
