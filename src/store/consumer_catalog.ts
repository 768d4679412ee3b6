// The consumers that one stream has on a disk.
//
//   <STREAM>/obs/<CONSUMER>/    meta.inf meta.sum o.dat
//
// Each is made, changed and removed as a whole (meta_directories.ts); directories without any file go. What is not durable
// (ephemerals) is made and removed without a sync, and is there after a power cut or not, or in part.
//
// Owns `o.dat` only until the consumer is served. Knows nothing of what the files say. Names are text, not bytes.

import { DiskError, type Disk, type DiskDone } from "../base/disk.ts";
import { readWhole, syncNames, syncWhole, TEMPORARY, writeWhole } from "./catalog_files.ts";
import type { Slices } from "./file/sliced_job.ts";
import { consumerHasher } from "./format/keys.ts";
import { CONSUMER_STATE, CONSUMERS } from "./format/layout.ts";
import { MetaDirectories, type Change, type FoundDirectory } from "./meta_directories.ts";

/** A state that could not be understood is kept beside the one that takes its place. */
const DAMAGED = `${CONSUMER_STATE}.damaged`;

/** A consumer's directory as it was found; `state` is ciphertext where `meta` is. */
export interface StoredConsumer extends FoundDirectory {
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
  readonly #directories: MetaDirectories;

  constructor({ disk, stream, directory, later, report }: ConsumerCatalogOptions) {
    this.#disk = disk;
    this.#directories = new MetaDirectories({
      disk,
      path: [directory, `${directory}/${CONSUMERS}`],
      inside: [],
      fault: undefined,
      kind: "consumer",
      hasherOf: (consumer) => consumerHasher(stream, consumer),
      later,
      report,
    });
  }

  /** Where a consumer of this name is kept, below the disk's root. */
  directory(consumer: string): string {
    return this.#directories.directory(consumer);
  }

  /**
   * Finds all consumers, makes durable what is there, finishes changes that a power cut left half done, and begins to
   * remove leftovers. Once, before anything else. One that cannot be read is in the list, with its fault.
   */
  load(done: (found: StoredConsumer[] | DiskError) => void): void {
    this.#directories.load(true, (found) => this.#look(found), done);
  }

  /** Makes a consumer, with its first state. EEXIST when it is there. Failed: it is not there, unless that could not be undone. */
  create(consumer: string, meta: Uint8Array, state: Uint8Array | undefined, isDurable: boolean, done: DiskDone): void {
    const how = isDurable ? "synced" : "written";
    const fill = state && ((directory: string) => writeWhole(this.#disk, `${directory}/${CONSUMER_STATE}`, state, how));
    this.#directories.create(consumer, meta, isDurable, fill, done);
  }

  /** Puts `meta` in place of a consumer's, in one step, durably. */
  update(consumer: string, meta: Uint8Array, done: DiskDone): void {
    this.#directories.update(consumer, meta, done);
  }

  /** Removes a consumer, none of whose files may be open. It is gone when `done` says so; its files follow. Failed: it stays. */
  delete(consumer: string, isDurable: boolean, done: DiskDone): void {
    this.#directories.delete(consumer, isDurable, done);
  }

  /** Keeps a state that makes no sense (`bytes`), or cannot be read, before another one takes its place. */
  keepDamaged(consumer: string, bytes: Uint8Array | undefined, done: DiskDone): void {
    this.#directories.inTurn(consumer, () => this.#keepDamaged(this.directory(consumer), bytes), done);
  }

  *#look(found: FoundDirectory): Slices<StoredConsumer> {
    const path = `${found.directory}/${CONSUMER_STATE}`;
    let state: Uint8Array | DiskError | undefined = readWhole(this.#disk, path);
    if (!(state instanceof DiskError)) {
      // What may come from a write of a process that was killed is trusted, so it is made durable first.
      state = (yield* syncWhole(this.#disk, path)) ?? (yield* syncNames(this.#disk, found.directory)) ?? state;
    } else if (state.code === "ENOENT") state = undefined;
    return { ...found, state };
  }

  *#keepDamaged(directory: string, bytes: Uint8Array | undefined): Change {
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
}
