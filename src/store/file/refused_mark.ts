// How far sequences were given out that could not be stored: a small file beside
// `msgs/`, so that a restart does not give them out again.
//
//     <STREAM>/refused     the sequence, and a checksum of it
//
// The first group after a failure marks them in the blocks; when there is none,
// because the disk took no more or the process died, the next start finds the file.
// It is worth as much as the disk allows: where it cannot be written it is not
// there. nats-server neither reads nor removes it.

import { byteString, bytesOf, byteStringOf } from "../../base/bytes.ts";
import { DiskError, type DiskDone } from "../../base/disk.ts";
import { HASH_BYTES } from "../../base/highway_hash.ts";
import { streamHasher } from "../format/keys.ts";
import type { StreamPlace } from "./block_open.ts";
import { readWhole } from "./block_open_bytes.ts";
import { writeWhole } from "./damage.ts";
import { Effort, SlicedJob, type Slices } from "./sliced_job.ts";

export const REFUSED_FILE = "refused";
const TEMPORARY = ".tmp";
const LONGEST = 64;

export class RefusedMark {
  readonly #place: StreamPlace;
  readonly #slice: (fire: () => void) => void;
  readonly #log: (text: string) => void;
  #job: SlicedJob<DiskError | undefined> | undefined = undefined;
  /** What the running job writes, and what has to be written. */
  #writing = 0;
  #wanted = 0;
  #isClosed = false;
  #waiters: (() => void)[] = [];

  constructor(place: StreamPlace, slice: (fire: () => void) => void, log: (text: string) => void) {
    this.#place = place;
    this.#slice = slice;
    this.#log = log;
  }

  /** Notes that sequences up to `seq` were given out. */
  write(seq: number): void {
    this.#wanted = Math.max(this.#wanted, seq);
    this.#start();
  }

  /** Calls `done` when nothing is being written; maybe inside the call. */
  settled(done: () => void): void {
    if (this.#job === undefined) done();
    else this.#waiters.push(done);
  }

  /** The directory is to be removed: nothing more is written. */
  abandon(): void {
    this.#isClosed = true;
    this.#job?.cancel();
  }

  #start(): void {
    if (this.#job !== undefined || this.#isClosed || this.#wanted <= this.#writing) return;
    this.#writing = this.#wanted;
    this.#job = new SlicedJob(writeMark(this.#place, this.#writing), this.#slice, (failed) => {
      this.#job = undefined;
      if (failed !== undefined) {
        this.#log(`${this.#place.directory}: sequences up to ${this.#writing} may be given out again: ${failed.text}`);
      }
      this.#start();
      if (this.#job !== undefined) return;
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const done of waiters) done();
    });
  }
}

/**
 * The sequence up to which sequences were given out; 0 for none. One that is not above `lastSeq` has been taken up in
 * the blocks: its file is removed.
 */
export function* readMark(place: StreamPlace, lastSeq: number): Slices<number> {
  const path = `${place.directory}/${REFUSED_FILE}`;
  place.disk.remove(path + TEMPORARY);
  const file = yield* readWhole(place, path, LONGEST, new Effort());
  if (file instanceof DiskError) return 0;
  const [, text = ""] = /^(\d{1,16}) /.exec(byteStringOf(file, 0, file.length)) ?? [];
  const seq = Number(text);
  const isGood = Number.isSafeInteger(seq) && Buffer.compare(markOf(place, seq), file) === 0;
  if (isGood && seq > lastSeq) return seq;
  place.disk.remove(path);
  return 0;
}

function* writeMark(place: StreamPlace, seq: number): Slices<DiskError | undefined> {
  const path = `${place.directory}/${REFUSED_FILE}`;
  const failed = (yield* writeWhole(place, path + TEMPORARY, markOf(place, seq))) ?? place.disk.rename(path + TEMPORARY, path); // prettier-ignore
  return failed ?? (yield (done: DiskDone) => place.disk.syncDirectory(place.directory, done));
}

function markOf(place: StreamPlace, seq: number): Uint8Array {
  const text = bytesOf(byteString(`${seq} `));
  const bytes = new Uint8Array(text.length + HASH_BYTES);
  bytes.set(text);
  streamHasher(place.stream).start().add(text, 0, text.length).sum(bytes, text.length);
  return bytes;
}
