// What a purge by nats-server leaves when it is interrupted.
//
//     __new_msgs__   what msgs/ is to be afterwards; it counts once it has a block
//     __msgs__       what msgs/ was before
//
// With a block in `__new_msgs__` the purge is brought to its end, else it never
// was. Beside `msgs/`, so this comes before anything looks there. What is done
// halfway is done again at the next start.

import { DiskError, type DiskDone } from "../../base/disk.ts";
import { blockIndexOf, MSGS } from "../format/layout.ts";
import type { StreamPlace } from "./block_open.ts";
import type { Slices } from "./sliced_job.ts";

const OLD = "__msgs__";
const NEW = "__new_msgs__";
const FILES_A_SLICE = 64;

/** Ends or takes back a purge; why it could not, if so. */
export function* settlePurge(place: StreamPlace): Slices<DiskError | undefined> {
  const { disk, directory } = place;
  const names = disk.list(directory);
  if (names instanceof DiskError) return names;
  const hasNew = names.includes(`${NEW}/`);
  if (!hasNew && !names.includes(`${OLD}/`)) return undefined;
  const made = hasNew ? disk.list(`${directory}/${NEW}`) : [];
  if (made instanceof DiskError) return made;
  if (made.some((name) => blockIndexOf(name) !== undefined)) {
    const failed = yield* replace(place);
    if (failed !== undefined) return failed;
  } else if (hasNew) {
    const failed = yield* removeAll(place, NEW);
    if (failed !== undefined) return failed;
  }
  const failed = yield* removeAll(place, OLD);
  return failed ?? (yield (done: DiskDone) => disk.syncDirectory(directory, done));
}

function* replace(place: StreamPlace): Slices<DiskError | undefined> {
  const { disk, directory } = place;
  const failed = (yield* removeAll(place, MSGS)) ?? disk.rename(`${directory}/${NEW}`, `${directory}/${MSGS}`);
  // What is removed after this must not be all that is left.
  return failed ?? (yield (done: DiskDone) => disk.syncDirectory(directory, done));
}

/** Removes a directory of files, if it is there. */
function* removeAll({ disk, directory }: StreamPlace, name: string): Slices<DiskError | undefined> {
  const path = `${directory}/${name}`;
  const files = disk.list(path);
  if (files instanceof DiskError) return files.code === "ENOENT" ? undefined : files;
  for (const [i, file] of files.entries()) {
    const failed = disk.remove(`${path}/${file}`);
    if (failed !== undefined && failed.code !== "ENOENT") return failed;
    if (i % FILES_A_SLICE === FILES_A_SLICE - 1) yield undefined;
  }
  return disk.remove(path);
}
