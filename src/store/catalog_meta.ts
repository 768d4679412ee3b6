// `meta.inf` and `meta.sum`, the pair of files that say what a stream or a
// consumer is: made, replaced and found again.
//
// A replaced pair is written beside the old one under temporary names, these are
// made durable, and then both are renamed. So after a power cut between any two
// steps one of the two files and one of the two temporaries belong together, if
// the files themselves do not. What the bytes mean is none of our business.

import { DiskError, type Disk } from "../base/disk.ts";
import type { Hasher } from "../base/highway_hash.ts";
import { readWhole, syncNames, syncWhole, TEMPORARY, writeWhole } from "./catalog_files.ts";
import type { Slices } from "./file/sliced_job.ts";
import { META, META_SUM } from "./format/layout.ts";
import { metaMatches, metaSum } from "./format/meta_sum.ts";

/** What was found of a pair. */
export interface FoundMeta {
  /** The bytes of `meta.inf`; undefined when there is none to be read. */
  readonly meta: Uint8Array | undefined;
  /** What is wrong with the pair, if anything. With `meta` set, its checksum was not there or another one. */
  readonly fault: string | undefined;
}

/** Makes the pair in a directory that has none. The names are not durable yet. */
export function* makeMeta(
  disk: Disk,
  directory: string,
  hasher: Hasher,
  meta: Uint8Array,
): Slices<DiskError | undefined> {
  return (
    (yield* writeWhole(disk, `${directory}/${META}`, meta)) ??
    (yield* writeWhole(disk, `${directory}/${META_SUM}`, Buffer.from(metaSum(hasher, meta), "latin1")))
  );
}

/** Puts another pair in place of the one in a directory. When it fails after the first rename, the next start may find either. */
export function* replaceMeta(
  disk: Disk,
  directory: string,
  hasher: Hasher,
  meta: Uint8Array,
): Slices<DiskError | undefined> {
  const sum = Buffer.from(metaSum(hasher, meta), "latin1");
  const [inf, infPath] = [`${directory}/${META}${TEMPORARY}`, `${directory}/${META}`];
  const [summed, sumPath] = [`${directory}/${META_SUM}${TEMPORARY}`, `${directory}/${META_SUM}`];
  const failed =
    (yield* writeWhole(disk, inf, meta)) ??
    (yield* writeWhole(disk, summed, sum)) ??
    (yield* syncNames(disk, directory)) ??
    disk.rename(inf, infPath);
  if (failed !== undefined) {
    disk.remove(inf);
    disk.remove(summed);
    return failed;
  }
  return disk.rename(summed, sumPath) ?? (yield* syncNames(disk, directory));
}

/** Reads the pair in a directory, finishes one that was being replaced, and makes it durable. */
export function* recoverMeta(disk: Disk, directory: string, hasher: Hasher): Slices<FoundMeta> {
  const paths = [META, META_SUM, META + TEMPORARY, META_SUM + TEMPORARY].map((name) => `${directory}/${name}`);
  const [infPath, sumPath, newInfPath, newSumPath] = paths as [string, string, string, string];
  const [inf, sum, newInf, newSum] = paths.map((path) => readWhole(disk, path));
  const belong = (meta: typeof inf, sum: typeof inf): boolean =>
    meta instanceof Uint8Array && sum instanceof Uint8Array && metaMatches(hasher, meta, sum);
  let meta = inf;
  let failed: DiskError | undefined;
  if (belong(inf, sum)) {
    if (newInf instanceof Uint8Array) disk.remove(newInfPath);
    if (newSum instanceof Uint8Array) disk.remove(newSumPath);
  } else if (belong(inf, newSum)) failed = disk.rename(newSumPath, sumPath);
  else if (belong(newInf, sum) || (isReadable(inf) && belong(newInf, newSum))) {
    meta = newInf;
    failed = disk.rename(newInfPath, infPath);
    if (failed === undefined && !belong(newInf, sum)) failed = disk.rename(newSumPath, sumPath);
  } else {
    const found = unmatched(infPath, inf, sumPath, sum);
    if (found.meta !== undefined) failed = yield* syncWhole(disk, infPath);
    return failed === undefined ? found : unsynced(infPath, failed);
  }
  failed ??=
    (yield* syncWhole(disk, infPath)) ?? (yield* syncWhole(disk, sumPath)) ?? (yield* syncNames(disk, directory));
  if (failed !== undefined) return unsynced(infPath, failed);
  return { meta: meta as Uint8Array, fault: undefined };
}

/** Whether it was read, or is not there: then nothing is lost when another file takes its place. */
function isReadable(file: Uint8Array | DiskError | undefined): boolean {
  return !(file instanceof DiskError) || file.code === "ENOENT";
}

function unsynced(path: string, failed: DiskError): FoundMeta {
  return { meta: undefined, fault: `Error syncing metafile "${path}": ${failed.text}` };
}

function unmatched(
  path: string,
  inf: Uint8Array | DiskError | undefined,
  sumPath: string,
  sum: Uint8Array | DiskError | undefined,
): FoundMeta {
  if (!(inf instanceof Uint8Array)) {
    const fault =
      inf === undefined || inf.code === "ENOENT"
        ? `Missing metafile "${path}"`
        : `Error reading metafile "${path}": ${inf.text}`;
    return { meta: undefined, fault };
  }
  if (sum instanceof Uint8Array) return { meta: inf, fault: `Metafile "${path}" does not match its checksum` };
  const why = sum === undefined || sum.code === "ENOENT" ? "Missing checksum" : `Error reading checksum (${sum.text})`;
  return { meta: inf, fault: `${why} of metafile: "${sumPath}"` };
}
