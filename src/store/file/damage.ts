// Copies of what is damaged, made before anything is changed.
//
//     <STREAM>/damaged/<n>.blk.damaged-<time>                  all of a file of msgs/
//     <STREAM>/damaged/<n>.blk.from-<offset>.damaged-<time>    its bytes from there on
//
// Outside msgs/, where nats-server neither reads nor removes them. Nothing here removes or overwrites one.

import { type DiskDone, DiskError } from "../../base/disk.ts";
import { Effort, type Slices } from "./sliced_job.ts";
import { msgsPath, readWhole } from "./block_open_bytes.ts";
import type { StreamPlace } from "./block_open.ts";

export const DAMAGED = "damaged";
const TEMPORARY = ".tmp";
/** An `index.db` has 30 bytes and more for each subject. */
const MAX_FILE = 1 << 30;

/**
 * Copies a file of `msgs`, or its bytes from an offset on, to the stream's damaged files, durably; the path of the
 * copy, or why there is none. The seconds are in its name. The same bytes kept before are not kept again.
 */
export function* keepAside(place: StreamPlace, file: string, wallSec: number, from = 0): Slices<string | DiskError> {
  const { disk } = place;
  const effort = new Effort();
  const whole = yield* readWhole(place, msgsPath(place, file), MAX_FILE, effort);
  if (whole instanceof DiskError) return whole;
  const bytes = whole.subarray(from);
  const named = from === 0 ? `${file}.damaged-` : `${file}.from-${from}.damaged-`;
  const directory = `${place.directory}/${DAMAGED}`;
  const failed = disk.makeDirectory(directory);
  if (failed !== undefined && failed.code !== "EEXIST") return failed;
  const names = disk.list(directory);
  if (names instanceof DiskError) return names;
  const copies = names.filter((name) => name.startsWith(named) && !name.endsWith(TEMPORARY));
  let path = yield* sameBytes(place, directory, copies, bytes, effort);
  if (path === undefined) {
    path = `${directory}/${freeName(named + wallSec, copies)}`;
    const unwritten = yield* writeCopy(place, path, bytes);
    if (unwritten !== undefined) return unwritten;
  }
  // Also when all were there before: that does not make them durable.
  for (const each of [directory, place.directory]) {
    const unsynced = yield (done: DiskDone) => disk.syncDirectory(each, done);
    if (unsynced !== undefined) return unsynced;
  }
  return path;
}

/** The path of a copy that has these very bytes; they were durable before it had its name. */
function* sameBytes(
  place: StreamPlace,
  directory: string,
  copies: readonly string[],
  bytes: Uint8Array,
  effort: Effort,
): Slices<string | undefined> {
  for (const name of copies) {
    const path = `${directory}/${name}`;
    const copy = yield* readWhole(place, path, MAX_FILE, effort);
    if (!(copy instanceof DiskError) && Buffer.compare(copy, bytes) === 0) return path;
  }
  return undefined;
}

function freeName(name: string, taken: readonly string[]): string {
  for (let i = 1; ; i++) {
    const tried = i === 1 ? name : `${name}.${i}`;
    if (!taken.includes(tried)) return tried;
  }
}

/** Writes a file that is whole when it has its name; the name is not durable yet. */
function* writeCopy(place: StreamPlace, path: string, bytes: Uint8Array): Slices<DiskError | undefined> {
  const { disk } = place;
  const temporary = path + TEMPORARY;
  const failed = yield* writeWhole(place, temporary, bytes);
  return failed ?? disk.rename(temporary, path);
}

/** Writes a new file and makes its bytes durable; one that was there is removed, and so is this one when it fails. */
export function* writeWhole({ disk }: StreamPlace, path: string, bytes: Uint8Array): Slices<DiskError | undefined> {
  const left = disk.remove(path);
  if (left !== undefined && left.code !== "ENOENT") return left;
  const file = disk.open(path, "create");
  if (file instanceof DiskError) return file;
  const failed = yield (done: DiskDone) => disk.commit(file, 0, bytes, 0, bytes.length, "synced", done);
  disk.close(file);
  if (failed !== undefined) disk.remove(path);
  return failed;
}
