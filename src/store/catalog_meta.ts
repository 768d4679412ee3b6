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
  how: "synced" | "written" = "synced",
): Slices<DiskError | undefined> {
  return (
    (yield* writeWhole(disk, `${directory}/${META}`, meta, how)) ??
    (yield* writeWhole(disk, `${directory}/${META_SUM}`, Buffer.from(metaSum(hasher, meta), "latin1"), how))
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
  const metas = [META, META + TEMPORARY].map((name) => found(disk, `${directory}/${name}`));
  const sums = [META_SUM, META_SUM + TEMPORARY].map((name) => found(disk, `${directory}/${name}`));
  const [meta, newMeta] = metas as [Found, Found];
  const [sum, newSum] = sums as [Found, Found];
  const isNewUsable = !(meta.bytes instanceof DiskError) || meta.bytes.code === "ENOENT";
  const pair = [
    [meta, sum] as const,
    [meta, newSum] as const,
    [newMeta, sum] as const,
    // When the old pair cannot be read nothing takes its place.
    ...(isNewUsable ? [[newMeta, newSum] as const] : []),
  ].find(([meta, sum]) => belong(hasher, meta, sum));
  if (pair === undefined) return yield* recoverUnmatched(disk, meta, sum);
  let failed: DiskError | undefined;
  if (pair[0] !== meta) failed = disk.rename(newMeta.path, meta.path);
  if (failed === undefined && pair[1] !== sum) failed = disk.rename(newSum.path, sum.path);
  // What is left of a change that came to nothing.
  for (const { path } of [newMeta, newSum]) if (failed === undefined) disk.remove(path);
  failed ??=
    (yield* syncWhole(disk, meta.path)) ?? (yield* syncWhole(disk, sum.path)) ?? (yield* syncNames(disk, directory));
  return failed === undefined ? { meta: pair[0].bytes as Uint8Array, fault: undefined } : unsynced(meta, failed);
}

interface Found {
  readonly path: string;
  readonly bytes: Uint8Array | DiskError;
}

function found(disk: Disk, path: string): Found {
  return { path, bytes: readWhole(disk, path) };
}

function belong(hasher: Hasher, { bytes: meta }: Found, { bytes: sum }: Found): boolean {
  return !(meta instanceof DiskError) && !(sum instanceof DiskError) && metaMatches(hasher, meta, sum);
}

function* recoverUnmatched(disk: Disk, { path, bytes: meta }: Found, sum: Found): Slices<FoundMeta> {
  if (meta instanceof DiskError) {
    const fault =
      meta.code === "ENOENT" ? `Missing metafile "${path}"` : `Error reading metafile "${path}": ${meta.text}`;
    return { meta: undefined, fault };
  }
  const failed = yield* syncWhole(disk, path);
  if (failed !== undefined) return unsynced({ path, bytes: meta }, failed);
  if (!(sum.bytes instanceof DiskError)) return { meta, fault: `Metafile "${path}" does not match its checksum` };
  const isMissing = sum.bytes.code === "ENOENT";
  const fault = isMissing
    ? `Missing checksum "${sum.path}"`
    : `Error reading checksum "${sum.path}": ${sum.bytes.text}`;
  return { meta, fault };
}

function unsynced({ path }: Found, failed: DiskError): FoundMeta {
  return { meta: undefined, fault: `Error syncing metafile "${path}": ${failed.text}` };
}
