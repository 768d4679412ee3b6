// The place of a stream's consumers on a disk: the catalog has their
// configurations, a keeper each one's state.

import { DiskError, type Disk } from "../base/disk.ts";
import { JsonError } from "../base/json.ts";
import { ConsumerCatalog, type StoredConsumer } from "../store/consumer_catalog.ts";
import { SlicedJob } from "../store/file/sliced_job.ts";
import { readConsumerFile, writeConsumerFile } from "./config/consumer_file.ts";
import type { ConsumerRules } from "./config/consumer_rules.ts";
import { ackRules } from "./consumer/ack_rules.ts";
import { AckState } from "./consumer/ack_state.ts";
import { restoreAckState } from "./consumer/ack_state_restore.ts";
import type { ConsumerRecord, StateKeeper } from "./consumer/parts.ts";
import { FileStateKeeper } from "./consumer/state_keeper.ts";
import type { StateWriters } from "./consumer/state_keeper_writers.ts";
import { type ConsumerPlaces, type FoundConsumer, newAckState } from "./consumer_places.ts";
import type { PlaceDone } from "./stream_places.ts";
import type { JetStreamSurroundings } from "./surroundings.ts";

export interface ConsumerFilePlacesOptions {
  readonly disk: Disk;
  readonly stream: string;
  /** Of the stream, below the disk's root. */
  readonly directory: string;
  readonly surroundings: JetStreamSurroundings;
  readonly writers: StateWriters;
  /** What configurations are held to now. */
  readonly rules: () => ConsumerRules;
}

export class ConsumerFilePlaces implements ConsumerPlaces {
  readonly #options: ConsumerFilePlacesOptions;
  readonly #catalog: ConsumerCatalog;
  readonly #keepers = new Map<string, FileStateKeeper>();

  constructor(options: ConsumerFilePlacesOptions) {
    const { disk, stream, directory, surroundings } = options;
    this.#options = options;
    this.#catalog = new ConsumerCatalog({
      disk,
      stream,
      directory,
      later: surroundings.nextTurn,
      report: (text) => surroundings.log.warn(text),
    });
  }

  find(done: (found: readonly FoundConsumer[]) => void): void {
    this.#catalog.load((stored) => {
      if (stored instanceof DiskError) {
        this.#warn(`The consumers of stream '${this.#options.stream}' could not be read: ${stored.text}`);
        done([]);
        return;
      }
      const found: FoundConsumer[] = [];
      const left = stored.values();
      const next = (): void => {
        const one = left.next();
        if (one.done === true) {
          done(found);
          return;
        }
        this.#read(one.value, (consumer) => {
          found.push({ name: one.value.name, found: consumer });
          next();
        });
      };
      next();
    });
  }

  #read(stored: StoredConsumer, done: (found: FoundConsumer["found"]) => void): void {
    const { name, meta, fault, isEncrypted, state } = stored;
    if (fault !== undefined) this.#warn(`Consumer '${this.#options.stream} > ${name}': ${fault}`);
    if (meta === undefined || isEncrypted) {
      done(`unsupported - config error: ${isEncrypted ? "it is encrypted, which is not supported yet" : fault}`);
      return;
    }
    const file = readConsumerFile(meta, name, this.#options.rules());
    if (file instanceof JsonError) {
      done(`decoding error: ${file.text}`);
      return;
    }
    if (file.unsupported !== undefined) {
      done(file.unsupported);
      return;
    }
    const { world } = this.#options.surroundings;
    const created = file.created ?? { sec: world.wallSec(), nanos: world.wallNanos() };
    const record: ConsumerRecord = { name, config: file.config, created };
    if (state === undefined) done({ record, state: newAckState(record) });
    else this.#restore(record, state, (restored) => done({ record, state: restored }));
  }

  /** The state that its file holds; from the beginning when that makes no sense, which loses nothing. */
  #restore(record: ConsumerRecord, file: Uint8Array | DiskError, done: (state: AckState) => void): void {
    const { nextTurn } = this.#options.surroundings;
    const beginAgain = (why: string): void => {
      this.#warn(`The state of consumer '${this.#options.stream} > ${record.name}' ${why}: it delivers from its start`);
      const bytes = file instanceof DiskError ? undefined : file;
      this.#catalog.keepDamaged(record.name, bytes, () => done(newAckState(record)));
    };
    if (file instanceof DiskError) {
      beginAgain(`could not be read (${file.text})`);
      return;
    }
    if (file.length === 0) {
      done(newAckState(record));
      return;
    }
    void new SlicedJob(restoreAckState(ackRules(record.config), file), nextTurn, (restored) => {
      if (restored instanceof AckState) done(restored);
      else beginAgain(`is damaged (${restored?.kind ?? "cut"})`);
    });
  }

  create(record: ConsumerRecord, done: PlaceDone): void {
    this.#catalog.create(record.name, metaOf(record), undefined, lasts(record), (failed) => done(failed?.text));
  }
  update(record: ConsumerRecord, done: PlaceDone): void {
    this.#catalog.update(record.name, metaOf(record), (failed) => done(failed?.text));
  }

  remove(record: ConsumerRecord, done: PlaceDone): void {
    const drop = (): void => {
      this.#catalog.delete(record.name, lasts(record), (failed) => done(failed?.text));
    };
    const keeper = this.#keepers.get(record.name);
    this.#keepers.delete(record.name);
    if (keeper === undefined) drop();
    else keeper.abandon(drop);
  }

  keep(record: ConsumerRecord, state: AckState, isNew: boolean): StateKeeper {
    const { disk, writers } = this.#options;
    const keeper = new FileStateKeeper({
      disk,
      directory: this.#catalog.directory(record.name),
      state,
      isWritten: !isNew,
      isDurable: lasts(record),
      writers,
      report: (text) => this.#warn(text),
    });
    this.#keepers.set(record.name, keeper);
    return keeper;
  }

  close(done: () => void): void {
    this.#end((keeper, ended) => keeper.close(ended), done);
  }

  abandon(done: () => void): void {
    this.#end((keeper, ended) => keeper.abandon(ended), done);
  }

  /** Ends every keeper; `done` when all have. */
  #end(end: (keeper: FileStateKeeper, ended: () => void) => void, done: () => void): void {
    let left = this.#keepers.size + 1;
    const ended = (): void => {
      if (--left === 0) done();
    };
    for (const keeper of this.#keepers.values()) end(keeper, ended);
    this.#keepers.clear();
    ended();
  }

  #warn(text: string): void {
    this.#options.surroundings.log.warn(text);
  }
}

function metaOf({ name, config, created }: ConsumerRecord): Uint8Array {
  return Buffer.from(writeConsumerFile(name, config, created));
}

/** Ephemerals need not survive a power cut. */
function lasts({ config }: ConsumerRecord): boolean {
  return config.durable_name !== "";
}
