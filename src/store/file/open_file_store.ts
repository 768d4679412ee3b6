// Opens the file store of a stream, new or not.

import { DiskError } from "../../base/disk.ts";
import { MSGS } from "../format/layout.ts";
import { FileStore, type FileStoreOptions } from "./file_store.ts";
import { SlicedJob } from "./sliced_job.ts";

export interface OpenFileStoreOptions extends FileStoreOptions {
  /** The first sequence of a new stream; 0 or 1: the usual. */
  readonly firstSeq: number;
  /** Now, for the names of copies of what is damaged. */
  readonly wallSec: number;
}

/** Opens a store; `done` is called once, never inside the call. No events are raised before. */
export function openFileStore(options: OpenFileStoreOptions, done: (opened: FileStore | DiskError) => void): void {
  const { disk, directory, firstSeq } = options;
  const made = disk.makeDirectory(`${directory}/${MSGS}`);
  if (made !== undefined && made.code !== "EEXIST") {
    options.later(() => done(made));
    return;
  }
  // Its name too is trusted from here on.
  disk.syncDirectory(directory, (failed) => {
    if (failed !== undefined) {
      done(failed);
      return;
    }
    const store = new FileStore(options);
    void new SlicedJob(store.recover(options.wallSec), options.slice, (unrecovered) => {
      if (unrecovered !== undefined) done(unrecovered);
      else if (firstSeq > 1 && store.state().lastSeq === 0) begin(store, firstSeq, done);
      else done(store);
    });
  });
}

/** A new stream whose first sequence is another than 1. */
function begin(store: FileStore, firstSeq: number, done: (opened: FileStore | DiskError) => void): void {
  store.stageCompact(firstSeq);
  store.afterCommit((failure) => done(failure === undefined ? store : new DiskError("EIO", failure)));
  store.submit();
}
