// Overwrites messages in place with random bytes, when their removal asked for it.
//
// The record keeps its length and becomes a hole, so the block stays one that any
// reader understands; a write that tears damages only what was to go. Owns the
// queue; the tombstone of the message is durable before it comes here.

import { DiskError, type Disk } from "../../base/disk.ts";
import { blockHasher } from "../format/keys.ts";
import { blockFile } from "../format/layout.ts";
import { eraseRecord } from "../format/record.ts";

export interface Erasure {
  readonly block: number;
  readonly seq: number;
  /** Where the record is in its block. */
  readonly at: number;
  readonly length: number;
}

export class RecordEraser {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #stream: string;
  readonly #randomBytes: (count: number) => Uint8Array;
  #queue: Erasure[] = [];

  constructor(disk: Disk, directory: string, stream: string, randomBytes: (count: number) => Uint8Array) {
    this.#disk = disk;
    this.#directory = directory;
    this.#stream = stream;
    this.#randomBytes = randomBytes;
  }

  add(erasure: Erasure): void {
    this.#queue.push(erasure);
  }

  /** Calls `done` when what was added is overwritten for good; inside the call when there is nothing to do. */
  flush(done: (failed: DiskError | undefined) => void): void {
    const erasure = this.#queue.shift();
    if (erasure === undefined) {
      done(undefined);
      return;
    }
    const { block, seq, at, length } = erasure;
    const file = this.#disk.open(`${this.#directory}/${blockFile(block)}`, "write");
    if (file instanceof DiskError) {
      // A block that is gone took the message with it.
      if (file.code === "ENOENT") this.flush(done);
      else done(file);
      return;
    }
    const bytes = new Uint8Array(length);
    eraseRecord(bytes, 0, length, seq, this.#randomBytes(length), blockHasher(this.#stream, block));
    this.#disk.commit(file, at, bytes, 0, length, "synced", (failed) => {
      this.#disk.close(file);
      if (failed === undefined) this.flush(done);
      else done(failed);
    });
  }
}
