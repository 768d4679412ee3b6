// The place of streams in memory: nothing is kept.

import type { World } from "../base/world.ts";
import { MemoryStore } from "../store/memory/memory_store.ts";
import type { StoreEvents, StoreLimits } from "../store/stream_store.ts";
import { type ConsumerPlaces, noConsumerPlaces } from "./consumer_places.ts";
import type { FoundStream, OpenedStore, PlaceDone, StreamPlaces, StreamRecord } from "./stream_places.ts";

export class MemoryPlaces implements StreamPlaces {
  readonly #world: World;
  readonly #later: (fire: () => void) => void;

  /** `later` runs what it is given at the end of this turn, before anything is sent. */
  constructor(world: World, later: (fire: () => void) => void) {
    this.#world = world;
    this.#later = later;
  }

  find(done: (found: readonly FoundStream[]) => void): void {
    done([]);
  }
  create(_record: StreamRecord, done: PlaceDone): void {
    done(undefined);
  }
  update(_record: StreamRecord, done: PlaceDone): void {
    done(undefined);
  }
  remove(_name: string, done: PlaceDone): void {
    done(undefined);
  }

  open(record: StreamRecord, limits: StoreLimits, events: StoreEvents, done: (opened: OpenedStore) => void): void {
    const store = new MemoryStore({
      limits,
      seed: this.#world.random(2 ** 32),
      later: this.#later,
      events,
    });
    const opened = { store, lost: undefined, close: (closed: () => void) => closed(), abandon: () => undefined };
    if (record.config.first_seq === 0n) {
      done(opened);
      return;
    }
    store.stageCompact(Number(record.config.first_seq));
    store.submit();
    store.afterCommit(() => done(opened));
  }

  consumersOf(): ConsumerPlaces {
    return noConsumerPlaces;
  }
}
