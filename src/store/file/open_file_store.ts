// Opens the file store of a stream, new or not.

import { DiskError, type DiskDone } from "../../base/disk.ts";
import { MSGS } from "../format/layout.ts";
import { FileStore, type FileStoreOptions } from "./file_store.ts";
import { settlePurge } from "./purge_leftovers.ts";
import { SlicedJob, type Slices } from "./sliced_job.ts";

export interface OpenFileStoreOptions extends FileStoreOptions {
  /** The first sequence of a new stream; 0 or 1: the usual. */
  readonly firstSeq: number;
  /** Now, for the names of copies of what is damaged. */
  readonly wallSec: number;
}

/** Opens a store; `done` is called once, never inside the call. No events are raised before. */
export function openFileStore(options: OpenFileStoreOptions, done: (opened: FileStore | DiskError) => void): void {
  void new SlicedJob(opening(options), options.slice, (opened) => {
    if (!(opened instanceof FileStore)) done(opened!);
    else if (options.firstSeq > 1 && opened.state().lastSeq === 0) begin(opened, options.firstSeq, done);
    else done(opened);
  });
}

function* opening(options: OpenFileStoreOptions): Slices<FileStore | DiskError> {
  const { disk, directory, stream } = options;
  const unsettled = yield* settlePurge({ disk, directory, stream });
  if (unsettled !== undefined) return unsettled;
  const made = disk.makeDirectory(`${directory}/${MSGS}`);
  if (made !== undefined && made.code !== "EEXIST") return made;
  // Its name too is trusted from here on.
  const unsynced = yield (done: DiskDone) => disk.syncDirectory(directory, done);
  if (unsynced !== undefined) return unsynced;
  const store = new FileStore(options);
  return (yield* store.recover(options.wallSec)) ?? store;
}

/** A new stream whose first sequence is another than 1. */
function begin(store: FileStore, firstSeq: number, done: (opened: FileStore | DiskError) => void): void {
  store.stageCompact(firstSeq);
  store.afterCommit((failure) => done(failure === undefined ? store : new DiskError("EIO", failure)));
  store.submit();
}
