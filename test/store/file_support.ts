// File stores on a disk that breaks.

import { DiskError } from "../../src/base/disk.ts";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { openFileStore } from "../../src/store/file/open_file_store.ts";
import type { PageCache } from "../../src/store/file/page_cache.ts";
import { StoreCache } from "../../src/store/file/store_cache.ts";
import type { StoreEvents, StoreLimits } from "../../src/store/stream_store.ts";
import { FakeDisk } from "../support/fake_disk.ts";

export interface Opening {
  readonly disk: FakeDisk;
  readonly stream?: string;
  readonly how?: "synced" | "written";
  readonly blockBytes?: number;
  readonly cacheBytes?: number;
  readonly pages?: PageCache;
  readonly firstSeq?: number;
  readonly indexedACall?: number;
  readonly compression?: "none" | "s2";
  readonly log?: (text: string) => void;
}

/** Hears nothing. */
export const deaf: StoreEvents = {
  committed: () => undefined,
  refused: () => undefined,
  removed: () => undefined,
  compacted: () => undefined,
};

/** A disk with the directory of a stream. */
export function madeDisk(options: ConstructorParameters<typeof FakeDisk>[0] = {}): FakeDisk {
  const disk = new FakeDisk(options);
  disk.makeDirectory("S");
  disk.syncDirectory("", () => undefined);
  disk.complete();
  return disk;
}

/** A store, and what runs all that waits; and how many slices long work had until now. */
export function opened(
  limits: StoreLimits,
  events: StoreEvents,
  opening: Opening,
): { store: FileStore; complete: () => void; step: () => void; slices: () => number } {
  const { disk, how = "synced", blockBytes = 10_000, cacheBytes = 1 << 20, firstSeq = 0, indexedACall = 3 } = opening;
  const waiting: (() => void)[] = [];
  let slices = 0;
  const complete = (): void => {
    for (;;) {
      disk.complete();
      const fire = waiting.shift();
      if (fire === undefined) return;
      fire();
    }
  };
  /** Runs the oldest thing that waits, for the disk or for a turn. */
  const step = (): void => {
    if (waiting.length > 0 && disk.random(2) === 0) waiting.shift()!();
    else disk.completeOne();
  };
  let store: FileStore | DiskError | undefined;
  openFileStore(
    {
      disk,
      directory: "S",
      stream: opening.stream ?? "S",
      limits,
      seed: 99,
      events,
      how,
      blockBytes,
      leastGain: 30,
      indexedACall,
      compression: opening.compression ?? "none",
      cache: new StoreCache(cacheBytes, opening.pages),
      randomBytes: (count) => new Uint8Array(count).fill(0xee),
      later: (fire) => waiting.push(fire),
      slice: (fire) => {
        slices++;
        waiting.push(fire);
      },
      log: opening.log ?? ((): void => undefined),
      firstSeq,
      wallSec: 1_800_000_000,
    },
    (result) => (store = result),
  );
  complete();
  if (store === undefined || store instanceof DiskError) throw new Error(`not opened: ${store?.text}`);
  return { store, complete, step, slices: () => slices };
}
