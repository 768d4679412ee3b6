// The consumers that one stream has on a disk.
//
//   <STREAM>/obs/<CONSUMER>/    meta.inf meta.sum o.dat
//   <STREAM>/obs/.<CONSUMER>    being made, or being removed
//
// Made and removed as streams are (catalog.ts): beside the others under a name with a dot, and by one rename. What is
// removed loses its `meta.inf` before that is answered: nats-server would take a directory with one for a consumer,
// whatever it is called. Besides, directories without any file go; nothing else is removed here, least of all what could
// not be read. What is not durable
// (ephemerals) is made and removed without a sync, and is there after a power cut or not, or in part.
//
// Owns the directory of the stream's consumers and their pairs of meta files; `o.dat` only until the consumer is served.
// Knows nothing of what they say. Names are text, not bytes.

import { assert } from "../base/assert.ts";
import { DiskError, type Disk, type DiskDone } from "../base/disk.ts";
import { faultOfName, unlessThere } from "./catalog.ts";
import { holdsNothing, readWhole, removeTree, syncNames, syncWhole, TEMPORARY, writeWhole } from "./catalog_files.ts";
import { makeMeta, recoverMeta, replaceMeta, type FoundMeta } from "./catalog_meta.ts";
import { SlicedJob, type Slices } from "./file/sliced_job.ts";
import { consumerHasher } from "./format/keys.ts";
import { CONSUMER_STATE, CONSUMERS, META, META_KEY } from "./format/layout.ts";

/** A name with a dot in front and a number behind must be one too. */
const LONG_NAME_BYTES = 240;
const LONG_NAME_KEPT = 60;
/** Consumers looked at at the same time: each waits for the disk most of the time. */
const LOOKING = 8;
/** A state that could not be understood is kept beside the one that takes its place. */
const DAMAGED = `${CONSUMER_STATE}.damaged`;

/** A consumer's directory as it was found. */
export interface StoredConsumer extends FoundMeta {
  readonly name: string;
  /** Below the disk's root. */
  readonly directory: string;
  /** `meta` is ciphertext, and so is `state`. */
  readonly isEncrypted: boolean;
  /** The bytes of `o.dat`, as they are; undefined when there is none. */
  readonly state: Uint8Array | DiskError | undefined;
}

export interface ConsumerCatalogOptions {
  readonly disk: Disk;
  readonly stream: string;
  /** Of the stream, below the disk's root. */
  readonly directory: string;
  /** Runs `fire` at the start of a later turn. */
  readonly later: (fire: () => void) => void;
  /** Told of what went wrong with nobody waiting for it. */
  readonly report: (text: string) => void;
}

export class ConsumerCatalog {
  readonly #disk: Disk;
  readonly #stream: string;
  readonly #parent: string;
  readonly #consumers: string;
  readonly #later: (fire: () => void) => void;
  readonly #report: (text: string) => void;
  /** Whether the directory of the consumers is there and durable. */
  #isMade = false;
  /** By consumer: what is under way, and what waits for it. */
  readonly #jobs = new Map<string, (() => void)[]>();
  /** Leftovers that are being removed. */
  readonly #leaving = new Set<string>();

  constructor(options: ConsumerCatalogOptions) {
    this.#disk = options.disk;
    this.#stream = options.stream;
    this.#parent = options.directory;
    this.#consumers = `${options.directory}/${CONSUMERS}`;
    this.#later = options.later;
    this.#report = options.report;
  }

  /** Where a consumer of this name is kept, below the disk's root. */
  directory(consumer: string): string {
    return `${this.#consumers}/${consumer}`;
  }

  /**
   * Finds all consumers, makes durable what is there, finishes changes that a power cut left half done, and begins to
   * remove leftovers. Once, before anything else. One that cannot be read is in the list, with its fault.
   */
  load(done: (found: StoredConsumer[] | DiskError) => void): void {
    this.#run(this.#names(), (names) => {
      if (names instanceof DiskError) done(names);
      else this.#lookAtAll(names, done);
    });
  }

  /** Makes a consumer, with its first state. EEXIST when it is there. Failed: it is not there, unless that could not be undone. */
  create(consumer: string, meta: Uint8Array, state: Uint8Array | undefined, isDurable: boolean, done: DiskDone): void {
    this.#inTurn(consumer, () => this.#create(consumer, meta, state, isDurable), done);
  }

  /** Puts `meta` in place of a consumer's, in one step, durably. */
  update(consumer: string, meta: Uint8Array, done: DiskDone): void {
    const update = (): Slices<DiskError | undefined> =>
      replaceMeta(this.#disk, this.directory(consumer), consumerHasher(this.#stream, consumer), meta);
    this.#inTurn(consumer, update, done);
  }

  /** Removes a consumer, none of whose files may be open. It is gone when `done` says so; its files follow. Failed: it stays. */
  delete(consumer: string, isDurable: boolean, done: DiskDone): void {
    this.#inTurn(consumer, () => this.#delete(consumer, isDurable), done);
  }

  /** Keeps a state that makes no sense (`bytes`), or cannot be read, before another one takes its place. */
  keepDamaged(consumer: string, bytes: Uint8Array | undefined, done: DiskDone): void {
    this.#inTurn(consumer, () => this.#keepDamaged(this.directory(consumer), bytes), done);
  }

  /** The names of the consumers, their directories being durable. */
  *#names(): Slices<string[] | DiskError> {
    const disk = this.#disk;
    const names = disk.list(this.#consumers);
    if (names instanceof DiskError) return names.code === "ENOENT" ? [] : names;
    const failed = (yield* syncNames(disk, this.#parent)) ?? (yield* syncNames(disk, this.#consumers));
    if (failed !== undefined) return failed;
    this.#isMade = true;
    const consumers: string[] = [];
    for (const name of names) {
      const path = `${this.#consumers}/${name}`;
      if (name.startsWith(".")) this.#sweep(name.endsWith("/") ? path.slice(0, -1) : path);
      else if (!name.endsWith("/")) this.#report(`Not a consumer directory: "${path}"`);
      else if (!holdsNothing(disk, path.slice(0, -1))) consumers.push(name.slice(0, -1));
      else yield* this.#clear(name.slice(0, -1));
    }
    return consumers.sort();
  }

  #lookAtAll(names: readonly string[], done: (found: StoredConsumer[]) => void): void {
    const found: StoredConsumer[] = [];
    let [begun, ended] = [0, 0];
    const next = (): void => {
      if (begun === names.length) return;
      const index = begun++;
      this.#run(this.#look(names[index]!), (consumer) => {
        found[index] = consumer;
        if (++ended === names.length) done(found);
        else next();
      });
    };
    if (names.length === 0) done(found);
    else for (let i = 0; i < LOOKING; i++) next();
  }

  *#look(name: string): Slices<StoredConsumer> {
    const directory = this.directory(name);
    const found = yield* recoverMeta(this.#disk, directory, consumerHasher(this.#stream, name));
    const path = `${directory}/${CONSUMER_STATE}`;
    let state: Uint8Array | DiskError | undefined = readWhole(this.#disk, path);
    if (!(state instanceof DiskError)) {
      // What may come from a write of a process that was killed is trusted, so it is made durable first.
      state = (yield* syncWhole(this.#disk, path)) ?? (yield* syncNames(this.#disk, directory)) ?? state;
    } else if (state.code === "ENOENT") state = undefined;
    const names = this.#disk.list(directory);
    const isEncrypted = !(names instanceof DiskError) && names.includes(META_KEY);
    return { name, directory, isEncrypted, state, ...found };
  }

  *#create(
    consumer: string,
    meta: Uint8Array,
    state: Uint8Array | undefined,
    isDurable: boolean,
  ): Slices<DiskError | undefined> {
    const disk = this.#disk;
    const refused = faultOfName(consumer) ?? (yield* this.#makeParent()) ?? (yield* this.#refuseTaken(consumer));
    if (refused !== undefined) return refused;
    const how = isDurable ? "synced" : "written";
    const unfinished = this.#aside(consumer);
    const directory = this.directory(consumer);
    let failed =
      disk.makeDirectory(unfinished) ??
      (yield* makeMeta(disk, unfinished, consumerHasher(this.#stream, consumer), meta, how)) ??
      (state === undefined ? undefined : yield* writeWhole(disk, `${unfinished}/${CONSUMER_STATE}`, state, how)) ??
      (isDurable ? yield* syncNames(disk, unfinished) : undefined) ??
      disk.rename(unfinished, directory);
    if (failed === undefined) {
      failed = isDurable ? yield* syncNames(disk, this.#consumers) : undefined;
      if (failed === undefined) return undefined;
      const stays = disk.rename(directory, unfinished);
      if (stays !== undefined) this.#report(`Error removing directory "${directory}": ${stays.text}`);
    }
    this.#sweep(unfinished);
    return failed;
  }

  *#makeParent(): Slices<DiskError | undefined> {
    if (this.#isMade) return undefined;
    const failed =
      unlessThere(this.#disk.makeDirectory(this.#consumers)) ?? (yield* syncNames(this.#disk, this.#parent));
    this.#isMade = failed === undefined;
    return failed;
  }

  /** Why a consumer of this name cannot be made. A directory without a file, of a server that was killed early, gives way. */
  *#refuseTaken(consumer: string): Slices<DiskError | undefined> {
    const disk = this.#disk;
    const directory = this.directory(consumer);
    const there = disk.list(directory);
    if (there instanceof DiskError) return there.code === "ENOENT" ? undefined : there;
    const names = disk.list(this.#consumers);
    if (names instanceof DiskError) return names;
    if (!names.includes(`${consumer}/`))
      return new DiskError("EEXIST", `directory "${consumer}" exists under a name that this disk takes for the same`);
    if (!holdsNothing(disk, directory)) return new DiskError("EEXIST", `directory "${directory}" exists`);
    return yield* this.#clear(consumer);
  }

  /** Takes a directory away that holds nothing. */
  *#clear(consumer: string): Slices<DiskError | undefined> {
    const aside = this.#aside(consumer);
    const failed =
      this.#disk.rename(this.directory(consumer), aside) ?? (yield* syncNames(this.#disk, this.#consumers));
    if (failed === undefined) this.#sweep(aside);
    return failed;
  }

  *#delete(consumer: string, isDurable: boolean): Slices<DiskError | undefined> {
    const disk = this.#disk;
    const refused = faultOfName(consumer);
    if (refused !== undefined) return refused;
    const directory = this.directory(consumer);
    const aside = this.#aside(consumer);
    const failed = disk.rename(directory, aside);
    if (failed !== undefined) return failed;
    const unknown = isDurable ? yield* syncNames(disk, this.#consumers) : undefined;
    if (unknown === undefined) {
      disk.remove(`${aside}/${META}`);
      this.#sweep(aside);
      return undefined;
    }
    const gone = disk.rename(aside, directory);
    if (gone !== undefined) this.#report(`Error restoring directory "${directory}": ${gone.text}`);
    return unknown;
  }

  *#keepDamaged(directory: string, bytes: Uint8Array | undefined): Slices<DiskError | undefined> {
    const disk = this.#disk;
    for (let i = 0; ; i++) {
      const name = i === 0 ? DAMAGED : `${DAMAGED}.${i}`;
      const path = `${directory}/${name}`;
      const there = readWhole(disk, path);
      // From the start before, which then wrote no other state.
      if (!(there instanceof DiskError) && bytes !== undefined && Buffer.compare(there, bytes) === 0) return undefined;
      if (!(there instanceof DiskError) || there.code !== "ENOENT") continue;
      const failed =
        bytes === undefined
          ? disk.rename(`${directory}/${CONSUMER_STATE}`, path)
          : ((yield* writeWhole(disk, path + TEMPORARY, bytes)) ?? disk.rename(path + TEMPORARY, path));
      return failed ?? (yield* syncNames(disk, directory));
    }
  }

  /** A name with a dot that is free. */
  #aside(consumer: string): string {
    const isLong = Buffer.byteLength(consumer) > LONG_NAME_BYTES;
    const path = `${this.#consumers}/.${isLong ? consumer.slice(0, LONG_NAME_KEPT) : consumer}`;
    for (let i = 0; ; i++) {
      // No consumer has a dot in its name.
      const free = i === 0 ? path : `${path}.${i}`;
      if (this.#leaving.has(free)) continue;
      const there = this.#disk.list(free);
      if (there instanceof DiskError && there.code !== "ENOTDIR") return free;
    }
  }

  /** Removes a leftover, slice by slice. What does not go now goes at the next start. */
  #sweep(path: string): void {
    assert(path.startsWith(`${this.#consumers}/.`), "only leftovers are removed");
    this.#leaving.add(path);
    this.#run(removeTree(this.#disk, path), (failed) => {
      this.#leaving.delete(path);
      if (failed !== undefined) this.#report(`Error removing "${path}": ${failed.text}`);
    });
  }

  /** One change of a consumer after the other. */
  #inTurn(consumer: string, job: () => Slices<DiskError | undefined>, done: DiskDone): void {
    const run = (): void =>
      this.#run(job(), (failed) => {
        const jobs = this.#jobs.get(consumer)!;
        jobs.shift();
        if (jobs.length === 0) this.#jobs.delete(consumer);
        else jobs[0]!();
        done(failed);
      });
    const jobs = this.#jobs.get(consumer);
    if (jobs !== undefined) jobs.push(run);
    else {
      this.#jobs.set(consumer, [run]);
      run();
    }
  }

  #run<T>(job: Slices<T>, done: (result: T) => void): void {
    const jobs = new SlicedJob(job, this.#later, (result) => done(result as T));
    assert(!jobs.isOver, "a job begins in a later turn");
  }
}
