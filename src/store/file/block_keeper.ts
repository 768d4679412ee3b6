// Rewrites blocks that are not written to any more: without what is gone when
// that is most of them, compressed when the stream wants that.
//
//     candidate ─→ pinned (reads go on from memory) ─→ rewritten ─→ read anew
//
// One job at a time for all stores of a server. Records of messages that are gone
// are dropped; tombstones are kept as long as a block before has records that they
// may be about; and the record of the stream's last sequence while no block behind
// has another, so that it is not given out again.
//
// Owns the choice and the job; `FileMessages` owns the blocks.

import { DiskError } from "../../base/disk.ts";
import type { RecordKind } from "../format/record.ts";
import type { StreamPlace } from "./block_open.ts";
import { rewriteBlock, type Fate, type Rewrite } from "./block_rewrite.ts";
import type { FileBlock } from "./file_block.ts";
import type { FileMessages } from "./file_messages.ts";
import { SlicedJob } from "./sliced_job.ts";
import type { StoreCache } from "./store_cache.ts";

const CANCELLED = new DiskError("ECANCELED", "the stream is closed");

/** What a rewrite left in its block. */
interface Kept {
  tombstones: number;
  lastSeq: number;
}

export interface BlockKeeperOptions {
  readonly place: StreamPlace;
  readonly messages: FileMessages;
  readonly cache: StoreCache;
  readonly compress: boolean;
  /** Blocks with fewer bytes to gain are left alone. */
  readonly leastGain: number;
  readonly slice: (fire: () => void) => void;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: (text: string) => void;
}

export class BlockKeeper {
  readonly #options: BlockKeeperOptions;
  #job: SlicedJob<Rewrite> | undefined = undefined;
  #block: FileBlock | undefined = undefined;
  #isClosed = false;
  #waiters: (() => void)[] = [];

  constructor(options: BlockKeeperOptions) {
    this.#options = options;
  }

  /** Begins with a block that is worth it, unless a job is running. */
  start(): void {
    const { cache, messages } = this.#options;
    if (this.#job !== undefined || this.#isClosed) return;
    const block = messages.table.all.find((each) => this.#isWorthIt(each));
    if (block === undefined || !cache.lock()) return;
    if (!messages.pin(block)) {
      cache.unlock();
      block.isDamaged = true;
      return;
    }
    this.#run(block);
  }

  /** Whether a job is at work on the block; it is then given up, and `done` is called when it has ended. */
  giveUp(block: FileBlock, done: () => void): boolean {
    if (this.#job === undefined || this.#block !== block) return false;
    this.#waiters.push(done);
    this.#job.cancel();
    return true;
  }

  /** Overwrites a message that was removed, in a block that is compressed; `done` says why it is not overwritten, if so. */
  erase(block: FileBlock, seq: number, done: (failed: DiskError | undefined) => void): void {
    const { place, messages, randomBytes, slice } = this.#options;
    if (this.#job !== undefined) {
      this.#waiters.push(() => this.erase(block, seq, done));
      return;
    }
    if (!messages.pin(block)) {
      done(new DiskError("EIO", `block ${block.number} cannot be read`));
      return;
    }
    const fateOf = (kind: RecordKind, at: number): Fate => (kind === "message" && at === seq ? "erase" : "keep");
    this.#block = block;
    const job = rewriteBlock(place, block.number, { fateOf, compress: true, randomBytes });
    this.#job = new SlicedJob(job, slice, (rewrite) => {
      this.#end(block, rewrite, undefined);
      done(rewrite === undefined ? CANCELLED : rewrite.failed);
    });
  }

  /** Begins nothing more; calls `done` when no job is at work. */
  close(done: () => void): void {
    this.#isClosed = true;
    if (this.#job === undefined) {
      done();
      return;
    }
    this.#waiters.push(done);
    this.#job.cancel();
  }

  #isWorthIt(block: FileBlock): boolean {
    const { compress, leastGain, messages } = this.#options;
    if (block === messages.table.last || block.isDamaged || messages.needsToRead(block)) return false;
    if (compress && !block.isCompressed && block.size > 0) return true;
    // What goes from the front will have taken all of it soon.
    if (block === messages.table.all[0] && block.deleted === undefined) return false;
    const waste = block.size - block.overhead - block.bytes;
    return block.hasDead && waste >= leastGain && waste > block.bytes;
  }

  #run(block: FileBlock): void {
    const { place, messages, cache, compress, randomBytes, slice } = this.#options;
    const { all, last } = messages.table;
    const isAfterDead = all.some((each) => each.number < block.number && each.hasDead) || messages.isRemoving();
    const lastSeq = all.some((each) => each.number > block.number && each.hasEntries) ? 0 : last!.lastSeq;
    const kept: Kept = { tombstones: 0, lastSeq: 0 };
    const fateOf = (kind: RecordKind, seq: number): Fate => {
      if (kind === "tombstone") {
        // One of the last sequence may be all that tells it.
        const tells = seq === lastSeq;
        if (tells) kept.lastSeq = seq;
        if (tells || isAfterDead) kept.tombstones++;
        return tells || isAfterDead ? "keep" : "drop";
      }
      const isLive = kind === "message" && block.has(seq);
      if (!isLive && seq !== lastSeq) return "drop";
      kept.lastSeq = seq;
      if (isLive) return "keep";
      return kind === "message" ? "erase" : "keep"; // a hole has the sequence too
    };
    this.#block = block;
    block.hasDead = false; // what goes from here on
    const job = rewriteBlock(place, block.number, { fateOf, compress, randomBytes });
    this.#job = new SlicedJob(job, slice, (rewrite) => {
      cache.unlock();
      this.#end(block, rewrite, kept);
    });
  }

  #end(block: FileBlock, rewrite: Rewrite | undefined, kept: Kept | undefined): void {
    const { messages, place, log } = this.#options;
    const name = `${place.directory}: block ${block.number}`;
    this.#job = undefined;
    this.#block = undefined;
    messages.unpin(block);
    if (rewrite === undefined || rewrite.failed !== undefined || rewrite.how === "damaged") block.hasDead = true;
    if (rewrite?.failed !== undefined) {
      block.isDamaged = true; // not again before the next start
      log(`${name} could not be rewritten: ${rewrite.failed.text}`);
    }
    if (rewrite?.how === "replaced" || rewrite?.how === "unsure") {
      block.size = rewrite.bytes;
      block.isCompressed = rewrite.isCompressed;
      if (kept !== undefined) {
        block.hasTombstones = kept.tombstones > 0;
        block.hasEntries = kept.lastSeq > 0;
        if (kept.lastSeq > 0) block.endAt(kept.lastSeq);
      }
    } else if (rewrite?.how === "damaged") {
      block.isDamaged = true;
      log(`${name} is damaged; the next start repairs it`);
    } else if (rewrite?.how === "empty") {
      block.hasTombstones = false;
      block.hasEntries = false;
      block.isDamaged = true; // should it stay, there is nothing to gain
    }
    if (rewrite !== undefined) block.overhead = Math.max(0, block.size - block.bytes);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const done of waiters) done();
    messages.settle();
    this.start();
  }
}
