// Overwrites messages with random bytes, when their removal asked for it.
//
// The record keeps its length and becomes a hole, so the block stays one that any
// reader understands. In a plain block that happens in place: a write that tears
// damages only what was to go. A compressed one is rewritten. Owns the queue; the
// tombstone of the message is durable before it comes here.

import { DiskError } from "../../base/disk.ts";
import { blockHasher } from "../format/keys.ts";
import { blockFile } from "../format/layout.ts";
import { eraseRecord } from "../format/record.ts";
import type { BlockKeeper } from "./block_keeper.ts";
import type { StreamPlace } from "./block_open.ts";
import { msgsPath } from "./block_open_bytes.ts";
import type { FileBlock } from "./file_block.ts";
import type { FileMessages } from "./file_messages.ts";

export interface RecordEraserOptions {
  readonly place: StreamPlace;
  readonly messages: FileMessages;
  readonly keeper: BlockKeeper;
  readonly randomBytes: (count: number) => Uint8Array;
}

type Done = (failed: DiskError | undefined) => void;

export class RecordEraser {
  readonly #options: RecordEraserOptions;
  readonly #queue: { readonly block: FileBlock; readonly seq: number }[] = [];

  constructor(options: RecordEraserOptions) {
    this.#options = options;
  }

  /** A message of a block is to be overwritten. */
  add(block: FileBlock, seq: number): void {
    this.#queue.push({ block, seq });
  }

  /** Calls `done` when what was added is overwritten for good; inside the call when there is nothing to do. */
  flush(done: Done): void {
    const next = this.#queue.shift();
    if (next === undefined) {
      done(undefined);
      return;
    }
    const { block, seq } = next;
    // A block that is not needed any more takes the message with it, whatever became of the job.
    const isGone = (): boolean => !this.#options.messages.table.all.includes(block);
    const then: Done = (failed) => (failed === undefined || isGone() ? this.flush(done) : done(failed));
    const erase = (): void => {
      if (isGone()) then(undefined);
      else if (!this.#isReadable(block, seq)) then(new DiskError("EIO", `block ${block.number} cannot be read`));
      else if (block.isCompressed) this.#options.keeper.erase(block, seq, then);
      else this.#inPlace(block, seq, then);
    };
    if (!this.#options.keeper.giveUp(block, erase)) erase();
  }

  /** Whether it is known whether a message is there: what was removed unread is counted before it is overwritten. */
  #isReadable(block: FileBlock, seq: number): boolean {
    const { messages } = this.#options;
    const { failures } = messages;
    return messages.whereIs(block, seq) !== undefined || messages.failures === failures;
  }

  #inPlace(block: FileBlock, seq: number, done: Done): void {
    const { place, messages, randomBytes } = this.#options;
    const path = msgsPath(place, blockFile(block.number));
    const file = place.disk.open(path, "write");
    if (file instanceof DiskError) {
      done(file);
      return;
    }
    const found = messages.whereIs(block, seq);
    if (found === undefined) {
      place.disk.close(file);
      done(undefined); // a rewrite dropped it
      return;
    }
    const bytes = new Uint8Array(found.length);
    const hasher = blockHasher(place.stream, block.number);
    eraseRecord(bytes, 0, found.length, { ...found, seq }, randomBytes(found.length), hasher);
    place.disk.commit(file, found.at, bytes, 0, found.length, "synced", (failed) => {
      place.disk.close(file);
      // Windows may still have the old bytes.
      messages.forget(block);
      done(failed);
    });
  }
}
