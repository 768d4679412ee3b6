// How a file store ends, once all it had to write is written: jobs and removals
// come to their end, the index says what is there, all files are closed.
//
// Owns whether the index may be written: what is doubtful is not written down as
// the truth. Used once, by the store.

import type { BlockKeeper } from "./block_keeper.ts";
import type { StreamPlace } from "./block_open.ts";
import type { BlockRemover } from "./block_remover.ts";
import type { FileMessages } from "./file_messages.ts";
import type { GroupWriter } from "./group_writer.ts";
import { writeIndex } from "./index_file.ts";
import type { RefusedMark } from "./refused_mark.ts";
import { SlicedJob } from "./sliced_job.ts";

export interface StoreClosingOptions {
  readonly place: StreamPlace;
  readonly messages: FileMessages;
  readonly writer: GroupWriter;
  readonly blocks: BlockKeeper;
  readonly remover: BlockRemover;
  readonly refusedMark: RefusedMark;
  readonly slice: (fire: () => void) => void;
  readonly log: (text: string) => void;
}

type Done = (failure: string | undefined) => void;

export class StoreClosing {
  readonly #options: StoreClosingOptions;
  /** The directory is to be removed: nothing is worth an effort any more. */
  isAbandoned = false;
  /** Something could not be read. */
  isDoubtful = false;

  constructor(options: StoreClosingOptions) {
    this.#options = options;
  }

  /** Ends it; `done` is told why the store did not end as it should, `failure` for one. */
  finish(failure: string | undefined, done: Done): void {
    if (this.isAbandoned) {
      done(failure);
      return;
    }
    const { messages, writer, blocks, remover, refusedMark } = this.#options;
    messages.forgetUnread();
    blocks.close(() => {
      writer.sync((unsynced) => {
        remover.flush(() => {
          refusedMark.settled(() => this.#writeIndex(failure ?? unsynced?.text ?? writer.failed?.text, done));
        });
      });
    });
  }

  #writeIndex(failure: string | undefined, done: Done): void {
    const { place, messages, slice, log } = this.#options;
    if (failure !== undefined || this.isDoubtful || messages.table.last === undefined) {
      this.#close(failure, done);
      return;
    }
    void new SlicedJob(writeIndex(place, messages), slice, (failed) => {
      // Without an index the next start takes longer, that is all.
      if (failed !== undefined) log(`${place.directory}: no index was written: ${failed.text}`);
      this.#close(undefined, done);
    });
  }

  #close(failure: string | undefined, done: Done): void {
    this.#options.writer.close();
    this.#options.messages.close();
    done(failure);
  }
}
