// The streams that one account has on a disk.
//
//   <ACCOUNT>/streams/<STREAM>/    meta.inf meta.sum msgs/ obs/
//   <ACCOUNT>/streams/.<STREAM>    being made, or being removed
//
// A stream is made beside the others under a name with a dot, made durable, and
// renamed; it is removed by the same rename backwards. So after a power cut it
// is there as a whole or not at all. Names with a dot are leftovers, for
// nats-server too. Nothing else is removed here, least of all what could not be read.
//
// Owns the directory of the account's streams and their pairs of meta files. Knows
// nothing of what these say, nor of messages. Names are text, not bytes.

import { assert } from "../base/assert.ts";
import { DiskError, type Disk, type DiskDone } from "../base/disk.ts";
import { holdsNothing, removeTree, syncNames } from "./catalog_files.ts";
import { makeMeta, recoverMeta, replaceMeta, type FoundMeta } from "./catalog_meta.ts";
import { SlicedJob, type Slices } from "./file/sliced_job.ts";
import { streamHasher } from "./format/keys.ts";
import { CONSUMERS, META_KEY, MSGS, STREAMS } from "./format/layout.ts";

const MOST_NAME_BYTES = 255;
/** A name with a dot in front and a number behind must be one too. */
const LONG_NAME_BYTES = 240;
const LONG_NAME_KEPT = 60;
/** Streams looked at at the same time: each waits for the disk most of the time. */
const LOOKING = 8;

/** A stream's directory as it was found. */
export interface StoredStream extends FoundMeta {
  readonly name: string;
  /** Below the disk's root. */
  readonly directory: string;
  /** `meta` is ciphertext. */
  readonly isEncrypted: boolean;
}

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
  readonly #disk: Disk;
  readonly #account: string;
  readonly #streams: string;
  readonly #later: (fire: () => void) => void;
  readonly #report: (text: string) => void;
  /** Whether the directories above the streams are there and durable. */
  #isMade = false;
  /** By stream: what is under way, and what waits for it. */
  readonly #jobs = new Map<string, (() => void)[]>();
  /** Leftovers that are being removed. */
  readonly #leaving = new Set<string>();

  constructor(options: CatalogOptions) {
    this.#disk = options.disk;
    this.#account = options.account;
    this.#streams = `${options.account}/${STREAMS}`;
    this.#later = options.later;
    this.#report = options.report;
  }

  /** Where a stream of this name is kept, below the disk's root. */
  directory(stream: string): string {
    return `${this.#streams}/${stream}`;
  }

  /**
   * Finds all streams, makes durable what is there, finishes changes that a power cut left half done, and begins to
   * remove leftovers. Once, before anything else. A stream that cannot be read is in the list, with its fault.
   */
  load(done: (found: StoredStream[] | DiskError) => void): void {
    this.#run(this.#names(), (names) => {
      if (names instanceof DiskError) done(names);
      else this.#lookAtAll(names, done);
    });
  }

  /** Makes a stream. EEXIST when it is there. Failed: it is not there, unless that could not be undone. */
  create(stream: string, meta: Uint8Array, done: DiskDone): void {
    this.#inTurn(stream, () => this.#create(stream, meta), done);
  }

  /** Puts `meta` in place of a stream's, in one step. */
  update(stream: string, meta: Uint8Array, done: DiskDone): void {
    const update = (): Slices<DiskError | undefined> =>
      replaceMeta(this.#disk, this.directory(stream), streamHasher(stream), meta);
    this.#inTurn(stream, update, done);
  }

  /** Removes a stream, none of whose files may be open. It is gone when `done` says so; its files follow. Failed: it stays. */
  delete(stream: string, done: DiskDone): void {
    this.#inTurn(stream, () => this.#delete(stream), done);
  }

  /** The names of the streams, their directories being durable. */
  *#names(): Slices<string[] | DiskError> {
    const refused = faultOfName(this.#account);
    if (refused !== undefined) return refused;
    const disk = this.#disk;
    const names = disk.list(this.#streams);
    if (names instanceof DiskError) return names.code === "ENOENT" ? [] : names;
    const failed =
      (yield* syncNames(disk, "")) ??
      (yield* syncNames(disk, this.#account)) ??
      (yield* syncNames(disk, this.#streams));
    if (failed !== undefined) return failed;
    this.#isMade = true;
    const streams: string[] = [];
    for (const name of names) {
      const path = `${this.#streams}/${name}`;
      if (name.startsWith(".")) this.#sweep(name.endsWith("/") ? path.slice(0, -1) : path);
      else if (name.endsWith("/")) streams.push(name.slice(0, -1));
      else this.#report(`Not a stream directory: "${path}"`);
    }
    return streams.sort();
  }

  #lookAtAll(names: readonly string[], done: (found: StoredStream[]) => void): void {
    const found: StoredStream[] = [];
    let [begun, ended] = [0, 0];
    const next = (): void => {
      if (begun === names.length) return;
      const index = begun++;
      this.#run(this.#look(names[index]!), (stream) => {
        found[index] = stream;
        if (++ended === names.length) done(found);
        else next();
      });
    };
    if (names.length === 0) done(found);
    else for (let i = 0; i < LOOKING; i++) next();
  }

  *#look(name: string): Slices<StoredStream> {
    const directory = this.directory(name);
    const found = yield* recoverMeta(this.#disk, directory, streamHasher(name));
    const names = this.#disk.list(directory);
    const isEncrypted = !(names instanceof DiskError) && names.includes(META_KEY);
    return { name, directory, isEncrypted, ...found };
  }

  *#create(stream: string, meta: Uint8Array): Slices<DiskError | undefined> {
    const disk = this.#disk;
    const refused = faultOfName(stream) ?? (yield* this.#makeAccount()) ?? (yield* this.#refuseTaken(stream));
    if (refused !== undefined) return refused;
    const unfinished = this.#aside(stream);
    const directory = this.directory(stream);
    let failed =
      disk.makeDirectory(unfinished) ??
      disk.makeDirectory(`${unfinished}/${MSGS}`) ??
      disk.makeDirectory(`${unfinished}/${CONSUMERS}`) ??
      (yield* makeMeta(disk, unfinished, streamHasher(stream), meta)) ??
      (yield* syncNames(disk, unfinished)) ??
      disk.rename(unfinished, directory);
    if (failed === undefined) {
      failed = yield* syncNames(disk, this.#streams);
      if (failed === undefined) return undefined;
      const stays = disk.rename(directory, unfinished);
      if (stays !== undefined) this.#report(`Error removing directory "${directory}": ${stays.text}`);
    }
    this.#sweep(unfinished);
    return failed;
  }

  *#makeAccount(): Slices<DiskError | undefined> {
    if (this.#isMade) return undefined;
    const disk = this.#disk;
    const refused = faultOfName(this.#account) ?? this.#foundOtherwise("", this.#account);
    if (refused !== undefined) return refused;
    const failed =
      unlessThere(disk.makeDirectory(this.#account)) ??
      (yield* syncNames(disk, "")) ??
      unlessThere(disk.makeDirectory(this.#streams)) ??
      (yield* syncNames(disk, this.#account));
    this.#isMade = failed === undefined;
    return failed;
  }

  /** Why a stream of this name cannot be made. Directories without a file, of a server that was killed early, give way. */
  *#refuseTaken(stream: string): Slices<DiskError | undefined> {
    const disk = this.#disk;
    const directory = this.directory(stream);
    const there = disk.list(directory);
    if (there instanceof DiskError) return there.code === "ENOENT" ? undefined : there;
    const otherwise = this.#foundOtherwise(this.#streams, stream);
    if (otherwise !== undefined) return otherwise;
    if (!holdsNothing(disk, directory)) return new DiskError("EEXIST", `directory "${directory}" exists`);
    const aside = this.#aside(stream);
    const failed = disk.rename(directory, aside) ?? (yield* syncNames(disk, this.#streams));
    if (failed === undefined) this.#sweep(aside);
    return failed;
  }

  /** A failure when the disk finds the name although it is written otherwise there. */
  #foundOtherwise(parent: string, name: string): DiskError | undefined {
    if (this.#disk.list(`${parent}/${name}`) instanceof DiskError) return undefined;
    const names = this.#disk.list(parent);
    if (names instanceof DiskError) return names;
    if (names.includes(`${name}/`)) return undefined;
    return new DiskError("EEXIST", `directory "${name}" exists under a name that this disk takes for the same`);
  }

  *#delete(stream: string): Slices<DiskError | undefined> {
    const disk = this.#disk;
    const refused = faultOfName(stream);
    if (refused !== undefined) return refused;
    const aside = this.#aside(stream);
    const failed = disk.rename(this.directory(stream), aside);
    if (failed !== undefined) return failed;
    const unknown = yield* syncNames(disk, this.#streams);
    if (unknown === undefined) {
      this.#sweep(aside);
      return undefined;
    }
    const gone = disk.rename(aside, this.directory(stream));
    if (gone !== undefined) this.#report(`Error restoring directory "${this.directory(stream)}": ${gone.text}`);
    return unknown;
  }

  /** A name with a dot that is free. */
  #aside(stream: string): string {
    const isLong = Buffer.byteLength(stream) > LONG_NAME_BYTES;
    const path = `${this.#streams}/.${isLong ? stream.slice(0, LONG_NAME_KEPT) : stream}`;
    for (let i = 0; ; i++) {
      // No stream has a dot in its name.
      const free = i === 0 ? path : `${path}.${i}`;
      if (this.#leaving.has(free)) continue;
      const there = this.#disk.list(free);
      if (there instanceof DiskError && there.code !== "ENOTDIR") return free;
    }
  }

  /** Removes a leftover, slice by slice. What does not go now goes at the next start. */
  #sweep(path: string): void {
    assert(path.startsWith(`${this.#streams}/.`), "only leftovers are removed");
    this.#leaving.add(path);
    this.#run(removeTree(this.#disk, path), (failed) => {
      this.#leaving.delete(path);
      if (failed !== undefined) this.#report(`Error removing "${path}": ${failed.text}`);
    });
  }

  /** One change of a stream after the other. */
  #inTurn(stream: string, job: () => Slices<DiskError | undefined>, done: DiskDone): void {
    const run = (): void =>
      this.#run(job(), (failed) => {
        const jobs = this.#jobs.get(stream)!;
        jobs.shift();
        if (jobs.length === 0) this.#jobs.delete(stream);
        else jobs[0]!();
        done(failed);
      });
    const jobs = this.#jobs.get(stream);
    if (jobs !== undefined) jobs.push(run);
    else {
      this.#jobs.set(stream, [run]);
      run();
    }
  }

  #run<T>(job: Slices<T>, done: (result: T) => void): void {
    const jobs = new SlicedJob(job, this.#later, (result) => done(result as T));
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
export function unlessThere(failed: DiskError | undefined): DiskError | undefined {
  return failed?.code === "EEXIST" ? undefined : failed;
}
