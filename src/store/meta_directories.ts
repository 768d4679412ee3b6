// Directories beside each other, each with a pair of meta files, which are there as wholes or not at all.
//
//   <PARENT>/<NAME>/    meta.inf meta.sum, and what else belongs to it
//   <PARENT>/.<NAME>    being made, or being removed
//
// One is made beside the others under a name with a dot, made durable, and renamed; it is removed by the same rename
// backwards. So after a power cut it is there as a whole or not at all. Names with a dot are leftovers, and go. Nothing else
// is removed here, least of all what could not be read.
//
// Owns the names in the parent, what is under way for each, and the pairs of meta files. Knows nothing of what these say,
// nor of what else is in a directory: catalog.ts and consumer_catalog.ts do. Names are text, not bytes.

import { assert } from "../base/assert.ts";
import { DiskError, nameOf, type Disk, type DiskDone } from "../base/disk.ts";
import type { Hasher } from "../base/highway_hash.ts";
import { holdsNothing, removeTree, syncNames } from "./catalog_files.ts";
import { makeMeta, recoverMeta, replaceMeta, type FoundMeta } from "./catalog_meta.ts";
import { SlicedJob, type Slices } from "./file/sliced_job.ts";
import { META, META_KEY } from "./format/layout.ts";

const MOST_NAME_BYTES = 255;
/** A name with a dot in front and a number behind must be one too. */
const LONG_NAME_BYTES = 240;
const LONG_NAME_KEPT = 60;
/** Directories looked at at the same time: each waits for the disk most of the time. */
const LOOKING = 8;

/** A directory as it was found. */
export interface FoundDirectory extends FoundMeta {
  readonly name: string;
  /** Below the disk's root. */
  readonly directory: string;
  /** `meta` is ciphertext. */
  readonly isEncrypted: boolean;
}

export interface MetaDirectoriesOptions {
  readonly disk: Disk;
  /** From one that is there down to the parent: those below the first are made when they are needed. */
  readonly path: readonly [string, ...string[]];
  /** Directories in each of them, made with it. */
  readonly inside: readonly string[];
  /** Why none can be made or found there, if so. */
  readonly fault: DiskError | undefined;
  /** What each of them is, for reports. */
  readonly kind: string;
  readonly hasherOf: (name: string) => Hasher;
  /** Runs `fire` at the start of a later turn. */
  readonly later: (fire: () => void) => void;
  /** Told of what went wrong with nobody waiting for it. */
  readonly report: (text: string) => void;
}

/** A change of one directory; why it failed, if so. */
export type Change = Slices<DiskError | undefined>;
/** Adds to what was found of one; undefined: there is nothing to add. */
export type Look<T> = ((found: FoundDirectory) => Slices<T>) | undefined;
/** Puts into a new directory what else belongs to it. */
export type Fill = ((directory: string) => Change) | undefined;

export class MetaDirectories {
  readonly #options: MetaDirectoriesOptions;
  readonly #disk: Disk;
  readonly #parent: string;
  /** Whether the directories of the path are there and durable. */
  #isMade = false;
  /** By name: what is under way, and what waits for it. */
  readonly #jobs = new Map<string, (() => void)[]>();
  /** Leftovers that are being removed. */
  readonly #leaving = new Set<string>();

  constructor(options: MetaDirectoriesOptions) {
    this.#options = options;
    this.#disk = options.disk;
    this.#parent = options.path.at(-1)!;
  }

  /** The path of a directory of this name. */
  directory(name: string): string {
    return `${this.#parent}/${name}`;
  }

  /**
   * Finds all, makes durable what is there, finishes changes of meta files that a power cut left half done, and begins to
   * remove leftovers; directories without a file too when `clearsEmpty`.
   */
  load<T extends FoundDirectory>(clearsEmpty: boolean, look: Look<T>, done: (found: T[] | DiskError) => void): void {
    this.#run(this.#names(clearsEmpty), (names) => {
      if (names instanceof DiskError) done(names);
      else this.#lookAtAll(names, look, done);
    });
  }

  /**
   * Makes a directory, its meta files last. EEXIST when it is there. Failed: it
   * is not there, unless that could not be undone. What is not durable may be there after a power cut, or not, or in part.
   */
  create(name: string, meta: Uint8Array, isDurable: boolean, fill: Fill, done: DiskDone): void {
    this.inTurn(name, () => this.#create(name, meta, isDurable, fill), done);
  }

  /** Puts `meta` in place of what there is, in one step, durably. */
  update(name: string, meta: Uint8Array, done: DiskDone): void {
    const update = (): Change => replaceMeta(this.#disk, this.directory(name), this.#options.hasherOf(name), meta);
    this.inTurn(name, update, done);
  }

  /** Removes a directory, no file of which may be open. It is gone when `done` says so; its files follow. Failed: it stays. */
  delete(name: string, isDurable: boolean, done: DiskDone): void {
    this.inTurn(name, () => this.#delete(name, isDurable), done);
  }

  /** One change of a directory after the other. */
  inTurn(name: string, job: () => Change, done: DiskDone): void {
    const run = (): void =>
      this.#run(job(), (failed) => {
        const jobs = this.#jobs.get(name)!;
        jobs.shift();
        if (jobs.length === 0) this.#jobs.delete(name);
        else jobs[0]!();
        done(failed);
      });
    const jobs = this.#jobs.get(name);
    if (jobs !== undefined) jobs.push(run);
    else {
      this.#jobs.set(name, [run]);
      run();
    }
  }

  /** The names, their directories being durable. */
  *#names(clearsEmpty: boolean): Slices<string[] | DiskError> {
    const { fault, path, kind, report } = this.#options;
    if (fault !== undefined) return fault;
    const names = this.#disk.list(this.#parent);
    if (names instanceof DiskError) return names.code === "ENOENT" ? [] : names;
    for (const directory of path) {
      const failed = yield* syncNames(this.#disk, directory);
      if (failed !== undefined) return failed;
    }
    this.#isMade = true;
    const found: string[] = [];
    for (const listed of names) {
      const isDirectory = listed.endsWith("/");
      const name = isDirectory ? listed.slice(0, -1) : listed;
      if (name.startsWith(".")) this.#sweep(this.directory(name));
      else if (!isDirectory) report(`Not a ${kind} directory: "${this.directory(name)}"`);
      else if (clearsEmpty && holdsNothing(this.#disk, this.directory(name))) yield* this.#clear(name);
      else found.push(name);
    }
    return found.sort();
  }

  #lookAtAll<T extends FoundDirectory>(names: readonly string[], look: Look<T>, done: (found: T[]) => void): void {
    const found: T[] = [];
    let [begun, ended] = [0, 0];
    const next = (): void => {
      if (begun === names.length) return;
      const index = begun++;
      this.#run(this.#look(names[index]!, look), (result) => {
        found[index] = result;
        if (++ended === names.length) done(found);
        else next();
      });
    };
    if (names.length === 0) done(found);
    else for (let i = 0; i < LOOKING; i++) next();
  }

  *#look<T extends FoundDirectory>(name: string, look: Look<T>): Slices<T> {
    const directory = this.directory(name);
    const found = yield* recoverMeta(this.#disk, directory, this.#options.hasherOf(name));
    const names = this.#disk.list(directory);
    const isEncrypted = !(names instanceof DiskError) && names.includes(META_KEY);
    const whole = { name, directory, isEncrypted, ...found };
    return look === undefined ? (whole as FoundDirectory as T) : yield* look(whole);
  }

  *#create(name: string, meta: Uint8Array, isDurable: boolean, fill: Fill): Change {
    const disk = this.#disk;
    const refused = faultOfName(name) ?? (yield* this.#makePath()) ?? (yield* this.#refuseTaken(name));
    if (refused !== undefined) return refused;
    const unfinished = this.#aside(name);
    const directory = this.directory(name);
    let failed =
      disk.makeDirectory(unfinished) ??
      this.#makeInside(unfinished) ??
      (fill === undefined ? undefined : yield* fill(unfinished)) ??
      (yield* makeMeta(disk, unfinished, this.#options.hasherOf(name), meta, isDurable ? "synced" : "written")) ??
      (isDurable ? yield* syncNames(disk, unfinished) : undefined) ??
      disk.rename(unfinished, directory);
    if (failed === undefined) {
      failed = isDurable ? yield* syncNames(disk, this.#parent) : undefined;
      if (failed === undefined) return undefined;
      const stays = disk.rename(directory, unfinished);
      // It is gone already when a directory above it was set aside meanwhile.
      if (stays !== undefined && stays.code !== "ENOENT")
        this.#options.report(`Error removing directory "${directory}": ${stays.text}`);
    }
    this.#sweep(unfinished);
    return failed;
  }

  #makeInside(directory: string): DiskError | undefined {
    for (const name of this.#options.inside) {
      const failed = this.#disk.makeDirectory(`${directory}/${name}`);
      if (failed !== undefined) return failed;
    }
    return undefined;
  }

  *#makePath(): Change {
    const { fault, path } = this.#options;
    if (this.#isMade || fault !== undefined) return fault;
    const [top, ...below] = path;
    let above = top;
    for (const directory of below) {
      const failed =
        this.#foundOtherwise(above, nameOf(directory)) ??
        unlessThere(this.#disk.makeDirectory(directory)) ??
        (yield* syncNames(this.#disk, above));
      if (failed !== undefined) return failed;
      above = directory;
    }
    this.#isMade = true;
    return undefined;
  }

  /** Why none of this name can be made. Directories without a file, of a server that was killed early, give way. */
  *#refuseTaken(name: string): Change {
    const directory = this.directory(name);
    const there = this.#disk.list(directory);
    if (there instanceof DiskError) return there.code === "ENOENT" ? undefined : there;
    const otherwise = this.#foundOtherwise(this.#parent, name);
    if (otherwise !== undefined) return otherwise;
    if (!holdsNothing(this.#disk, directory)) return new DiskError("EEXIST", `directory "${directory}" exists`);
    return yield* this.#clear(name);
  }

  /** A failure when the disk finds the name although it is written otherwise there. */
  #foundOtherwise(parent: string, name: string): DiskError | undefined {
    if (this.#disk.list(`${parent}/${name}`) instanceof DiskError) return undefined;
    const names = this.#disk.list(parent);
    if (names instanceof DiskError) return names;
    if (names.includes(`${name}/`)) return undefined;
    return new DiskError("EEXIST", `directory "${name}" exists under a name that this disk takes for the same`);
  }

  /** Takes a directory away that holds nothing. */
  *#clear(name: string): Change {
    const aside = this.#aside(name);
    const failed = this.#disk.rename(this.directory(name), aside) ?? (yield* syncNames(this.#disk, this.#parent));
    if (failed === undefined) this.#sweep(aside);
    return failed;
  }

  *#delete(name: string, isDurable: boolean): Change {
    const disk = this.#disk;
    const refused = faultOfName(name);
    if (refused !== undefined) return refused;
    const directory = this.directory(name);
    const aside = this.#aside(name);
    const failed = disk.rename(directory, aside);
    if (failed !== undefined) return failed;
    const unknown = isDurable ? yield* syncNames(disk, this.#parent) : undefined;
    if (unknown === undefined) {
      // nats-server takes a directory with one for a consumer, whatever it is called.
      disk.remove(`${aside}/${META}`);
      this.#sweep(aside);
      return undefined;
    }
    const gone = disk.rename(aside, directory);
    if (gone !== undefined) this.#options.report(`Error restoring directory "${directory}": ${gone.text}`);
    return unknown;
  }

  /** A path with a dot in its name that is free. */
  #aside(name: string): string {
    const isLong = Buffer.byteLength(name) > LONG_NAME_BYTES;
    const path = this.directory(`.${isLong ? name.slice(0, LONG_NAME_KEPT) : name}`);
    for (let i = 0; ; i++) {
      // No name has a dot in it.
      const free = i === 0 ? path : `${path}.${i}`;
      if (this.#leaving.has(free)) continue;
      const there = this.#disk.list(free);
      if (there instanceof DiskError && there.code !== "ENOTDIR") return free;
    }
  }

  /** Removes a leftover, slice by slice. What does not go now goes at the next start. */
  #sweep(path: string): void {
    assert(path.startsWith(`${this.#parent}/.`), "only leftovers are removed");
    this.#leaving.add(path);
    this.#run(removeTree(this.#disk, path), (failed) => {
      this.#leaving.delete(path);
      if (failed !== undefined) this.#options.report(`Error removing "${path}": ${failed.text}`);
    });
  }

  #run<T>(job: Slices<T>, done: (result: T) => void): void {
    const jobs = new SlicedJob(job, this.#options.later, (result) => done(result as T));
    assert(!jobs.isOver, "a job begins in a later turn");
  }
}

/** Why no directory can have this name. */
export function faultOfName(name: string): DiskError | undefined {
  if (name === "" || name.startsWith(".") || /[/\\\0]/.test(name))
    return new DiskError("EINVAL", `"${name}" cannot be the name of a directory`);
  if (Buffer.byteLength(name) > MOST_NAME_BYTES) return new DiskError("ENAMETOOLONG", "file name too long");
  return undefined;
}

/** A failure, unless it is that something is there already. */
function unlessThere(failed: DiskError | undefined): DiskError | undefined {
  return failed?.code === "EEXIST" ? undefined : failed;
}
