// The place of an account's streams on a disk: the catalog has their
// configurations, a file store each one's messages.

import { DiskError, type Disk } from "../base/disk.ts";
import { JsonError } from "../base/json.ts";
import { Pace, run, type Work } from "../base/work.ts";
import { StreamCatalog, type StoredStream } from "../store/catalog.ts";
import type { FileStore } from "../store/file/file_store.ts";
import { openFileStore } from "../store/file/open_file_store.ts";
import { PAGE_BYTES, PageCache } from "../store/file/page_cache.ts";
import { StoreCache } from "../store/file/store_cache.ts";
import type { StoreEvents, StoreLimits } from "../store/stream_store.ts";
import type { ConsumerRules } from "./config/consumer_rules.ts";
import { StateWriters } from "./consumer/state_keeper_writers.ts";
import { ConsumerFilePlaces } from "./consumer_file_places.ts";
import type { ConsumerPlaces } from "./consumer_places.ts";
import type { StreamConfig } from "./config/stream_config.ts";
import type { StreamRules } from "./config/stream_rules.ts";
import { readingStreamFile, writingStreamFile } from "./config/stream_file.ts";
import type { FoundStream, OpenedStore, PlaceDone, StreamPlaces, StreamRecord } from "./stream_places.ts";
import type { JetStreamSurroundings } from "./surroundings.ts";

const MB = 1024 * 1024;
/** What the stores of a server keep in memory of their blocks. */
const CACHE_BYTES = 16 * MB;
/** Sizes of blocks. */
const LARGE = 8 * MB;
const MEDIUM = 4 * MB;
const LEAST = 32_000;
// What reading a configuration costs, in subjects looked at: at least, and one for so many bytes.
const META_COST = 64;
const SUBJECT_BYTES = 16;

/** What the file stores of a server share. */
export interface DiskFacts {
  readonly disk: Disk;
  readonly cache: StoreCache;
  /** Every group is synced before it is acknowledged; else files are synced at this interval. */
  readonly syncAlways: boolean;
  readonly syncIntervalMs: number;
  /** When states of consumers are written. */
  readonly writers: StateWriters;
}

export function diskFactsOf(
  disk: Disk,
  syncAlways: boolean,
  syncIntervalNanos: number,
  { world, nextTurn }: Pick<JetStreamSurroundings, "world" | "nextTurn">,
): DiskFacts {
  const cache = new StoreCache(CACHE_BYTES, new PageCache(PAGE_BYTES, world));
  const writers = new StateWriters(world, nextTurn);
  return { disk, cache, syncAlways, syncIntervalMs: syncIntervalNanos / 1e6, writers };
}

/** How long the blocks of a stream get: a quarter of what it may hold, as far as that is known, within bounds. */
export function blockBytesOf(config: StreamConfig): number {
  const most = mostBytes(config);
  if (most === undefined) return config.max_msgs_per_subject <= 0n && config.retention === "limits" ? LARGE : MEDIUM;
  if (most / 4 < LEAST) return LEAST;
  return most / 4 < LARGE ? MEDIUM : LARGE;
}

function mostBytes({ max_bytes, max_msgs, max_msg_size }: StreamConfig): number | undefined {
  if (max_bytes > 0n) return Number(max_bytes);
  return max_msgs > 0n ? Number(max_msgs) * (max_msg_size > 0 ? max_msg_size : MB) : undefined;
}

export class FilePlaces implements StreamPlaces {
  readonly #facts: DiskFacts;
  readonly #rules: StreamRules;
  readonly #surroundings: JetStreamSurroundings;
  readonly #catalog: StreamCatalog;
  /** Stores whose groups are only handed to the system. */
  readonly #written = new Set<FileStore>();
  #isSyncDue = false;

  constructor(account: string, facts: DiskFacts, rules: StreamRules, surroundings: JetStreamSurroundings) {
    this.#facts = facts;
    this.#rules = rules;
    this.#surroundings = surroundings;
    this.#catalog = new StreamCatalog({
      disk: facts.disk,
      account,
      later: surroundings.nextTurn,
      report: (text) => surroundings.log.warn(text),
    });
  }

  find(done: (found: readonly FoundStream[]) => void): void {
    this.#catalog.load((found) => {
      if (found instanceof DiskError) {
        this.#surroundings.log.error(`JetStream could not read its streams: ${found.text}`);
        done([]);
      } else run(this.#surroundings.nextTurn, this.#recordsOf(found), done);
    });
  }

  *#recordsOf(found: readonly StoredStream[]): Work<FoundStream[]> {
    const pace = new Pace();
    const records: FoundStream[] = [];
    for (const stream of found) {
      records.push(yield* this.#recordOf(stream));
      if (pace.spend(META_COST + (stream.meta?.length ?? 0) / SUBJECT_BYTES)) yield;
    }
    return records;
  }

  *#recordOf({ name, meta, fault, isEncrypted }: StoredStream): Work<FoundStream> {
    if (fault !== undefined) this.#surroundings.log.warn(`Stream '${name}': ${fault}`);
    const unread = (reason: string): FoundStream => ({ name, record: { reason, record: undefined } });
    if (meta === undefined) return unread(`unsupported - config error: ${fault ?? "no meta.inf"}`);
    if (isEncrypted) return unread("unsupported - config error: it is encrypted, which is not supported yet");
    const file = yield* readingStreamFile(meta, this.#rules);
    if (file instanceof JsonError) return unread(`decoding error: ${file.text}`);
    const { config, created, unsupported } = file;
    // Served under the other name it would have the files of another stream.
    if (config.name !== name) return unread(`unsupported - config error: it says that its name is '${config.name}'`);
    if (unsupported !== undefined) return { name, record: { reason: unsupported, record: { config, created } } };
    return { name, record: { config, created } };
  }

  create(record: StreamRecord, done: PlaceDone): void {
    this.#write(record, (meta) => this.#catalog.create(record.config.name, meta, (failed) => done(failed?.text)));
  }
  update(record: StreamRecord, done: PlaceDone): void {
    this.#write(record, (meta) => this.#catalog.update(record.config.name, meta, (failed) => done(failed?.text)));
  }
  #write({ config, created }: StreamRecord, done: (meta: Uint8Array) => void): void {
    run(this.#surroundings.nextTurn, writingStreamFile(config, created), done);
  }
  remove(name: string, done: PlaceDone): void {
    this.#catalog.delete(name, (failed) => done(failed?.text));
  }

  open(
    record: StreamRecord,
    limits: StoreLimits,
    events: StoreEvents,
    done: (opened: OpenedStore | string) => void,
  ): void {
    const { disk, cache, syncAlways } = this.#facts;
    const { world, log, beforeFlush, nextTurn } = this.#surroundings;
    const { config } = record;
    const how = syncAlways && config.persist_mode !== "async" ? "synced" : "written";
    const options = {
      disk,
      directory: this.#catalog.directory(config.name),
      stream: config.name,
      limits,
      seed: world.random(2 ** 32),
      events,
      how,
      blockBytes: blockBytesOf(config),
      compression: config.compression,
      cache,
      randomBytes: (count: number) => world.randomBytes(count),
      later: beforeFlush,
      slice: nextTurn,
      log: (text: string) => log.warn(text),
      firstSeq: Number(config.first_seq),
      wallSec: world.wallSec(),
    } as const;
    openFileStore(options, (store) => {
      if (store instanceof DiskError) {
        done(store.text);
        return;
      }
      if (how === "written") this.#written.add(store);
      if (this.#written.size > 0) this.#armSync();
      done(this.#opened(store));
    });
  }

  consumersOf(stream: string, rules: () => ConsumerRules): ConsumerPlaces {
    return new ConsumerFilePlaces({
      disk: this.#facts.disk,
      stream,
      directory: this.#catalog.directory(stream),
      surroundings: this.#surroundings,
      writers: this.#facts.writers,
      rules,
    });
  }

  #opened(store: FileStore): OpenedStore {
    const { lost } = store;
    const { log } = this.#surroundings;
    return {
      store,
      lost: lost === undefined ? undefined : { sequences: sequencesIn(lost.msgs), bytes: lost.bytes },
      close: (closed) => {
        this.#written.delete(store);
        store.close((failure) => {
          if (failure !== undefined) log.error(`A stream's files were not closed cleanly: ${failure}`);
          closed();
        });
      },
      abandon: () => {
        this.#written.delete(store);
        store.destroy();
      },
    };
  }

  /** Stores that do not sync with every group are synced at the interval. */
  #armSync(): void {
    if (this.#isSyncDue) return;
    this.#isSyncDue = true;
    this.#surroundings.world.after(this.#facts.syncIntervalMs, () => {
      this.#isSyncDue = false;
      const { log } = this.#surroundings;
      for (const store of this.#written) {
        store.sync((failed) => {
          if (failed !== undefined) log.error(`A stream's files were not synced: ${failed.text}`);
        });
      }
      if (this.#written.size > 0) this.#armSync();
    });
  }
}

/** The sequences of ranges, listed when they are walked. */
function sequencesIn(ranges: readonly (readonly [first: number, last: number])[]): Iterable<number> {
  return {
    *[Symbol.iterator]() {
      for (const [first, last] of ranges) for (let seq = first; seq <= last; seq++) yield seq;
    },
  };
}
