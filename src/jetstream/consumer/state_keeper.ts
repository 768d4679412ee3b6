// Keeps the state of one consumer in its `o.dat`.
//
//     touch ─→ in line with the others of the server ─┐
//                                                     ├→ encode → o.dat.tmp → sync → rename → sync the directory
//     confirm ─→ at once, or when it is time again ───┘                                        └→ all that waited
//
// One write is in flight. It confirms what was asked before it began; what comes later waits for the next one. Before a
// write that somebody waits for lies as much time as the last one took, if that was a large one: it keeps the loop busy,
// not only the disk; before others lie 100 ms, or 20 times that. Nothing is open and no timer runs between writes.
//
// Owns the file and its temporary, not its directory. Knows of the state only how it is written. A write that fails is
// told once, and tried again with what the state is then, into a new file.

import type { Disk, DiskError } from "../../base/disk.ts";
import type { Timer } from "../../base/world.ts";
import { syncNames, TEMPORARY, writeWhole } from "../../store/catalog_files.ts";
import { SlicedJob, type Slices } from "../../store/file/sliced_job.ts";
import { CONSUMER_STATE } from "../../store/format/layout.ts";
import type { StateKeeper } from "./parts.ts";
import type { StateWriters } from "./state_keeper_writers.ts";

/** A state up to this size is written in no time: what takes long is the disk. */
const SMALL_BYTES = 1 << 16;
const LEAST_SPACING_MS = 100;
/** A consumer's writes that nobody waits for take at most so much of the time: one in 20. */
const SPACING = 20;
/** What took longer was a process that stood still: nobody is to wait as long again. */
const MOST_TOOK_MS = 2000;
/** After a failure. */
const RETRY_MS = 1000;

/** What is kept: an AckState. */
export interface KeptState {
  /** Another number when there is something new to write. */
  readonly version: number;
  /** The bytes of the file; undefined: begin again. */
  write(nowSec: number): Slices<Uint8Array | undefined>;
}

export interface FileStateKeeperOptions {
  readonly disk: Disk;
  /** The consumer's, below the disk's root; it is there. */
  readonly directory: string;
  readonly state: KeptState;
  /** Whether the file holds what the state is now: it was just made, or read. */
  readonly isWritten: boolean;
  /** Whether what was confirmed survives a power cut: not of ephemerals. */
  readonly isDurable: boolean;
  readonly writers: StateWriters;
  /** Told of what went wrong. */
  readonly report: (text: string) => void;
}

export class FileStateKeeper implements StateKeeper {
  readonly #options: FileStateKeeperOptions;
  /** The state's version that the file has; −1: none. */
  #written: number;
  /** The one that a power cut leaves at least. */
  #durable: number;
  #waiting: (() => void)[] = [];
  #isWriting = false;
  #isInLine = false;
  #readyAtMs = Number.NEGATIVE_INFINITY;
  #lastBytes = 0;
  /** The same for what somebody waits for. */
  #confirmAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined = undefined;
  /** Said of the failure that goes on. */
  #failure: string | undefined = undefined;
  /** Called when the last write is over. */
  #onClosed: (() => void) | undefined = undefined;
  #end: "open" | "closing" | "over" = "open";

  constructor(options: FileStateKeeperOptions) {
    this.#options = options;
    this.#written = options.isWritten ? options.state.version : -1;
    this.#durable = this.#written;
  }

  /** Whether a write may begin now, spacing and all. */
  isReady(nowMs: number): boolean {
    return !this.#isWriting && nowMs >= this.#readyAtMs;
  }

  touch(): void {
    if (this.#isInLine || this.#isWriting || this.#end !== "open" || this.#timer !== undefined) return;
    this.#isInLine = true;
    this.#options.writers.add(this);
  }

  confirm(done: () => void): void {
    if (this.#end === "over") return;
    if (this.#durable === this.#options.state.version && !this.#isWriting) {
      done();
      return;
    }
    this.#waiting.push(done);
    this.#goOn();
  }

  /** Writes what is not written; everything that waits is confirmed, if that can be. Nothing is kept afterwards. */
  close(done: () => void): void {
    if (this.#end === "over") {
      done();
      return;
    }
    this.#end = "closing";
    this.#onClosed = done;
    this.#goOn();
  }

  /** The consumer is deleted: nothing is written or confirmed from now on. `done` when no file is open. */
  abandon(done: () => void): void {
    this.#end = "over";
    this.#waiting = [];
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#options.writers.remove(this);
    if (this.#isWriting) this.#onClosed = done;
    else done();
  }

  /** Begins a write, in a later turn. For the writers' line. */
  begin(): void {
    const { writers } = this.#options;
    writers.remove(this);
    this.#isInLine = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isWriting = true;
    const beganMs = writers.nowMs();
    void new SlicedJob(this.#write(), writers.later, (failed) => this.#wrote(failed, beganMs));
  }

  get #isOver(): boolean {
    return this.#end === "over";
  }

  /** After anything happened: whether to write, and when. */
  #goOn(): void {
    const { state, writers } = this.#options;
    if (this.#isWriting || this.#end === "over") return;
    const isDirty = this.#written !== state.version || this.#waiting.length > 0;
    if (this.#end === "closing") {
      if (isDirty) this.begin();
      else this.#over();
    } else if (this.#waiting.length > 0) {
      const inMs = this.#confirmAtMs - writers.nowMs();
      if (inMs <= 0) this.begin();
      else this.#timer ??= writers.after(inMs, () => this.#onTimer());
    } else if (isDirty) writers.add(this);
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#goOn();
  }

  *#write(): Slices<DiskError | undefined> {
    const { disk, directory, state, isDurable, writers } = this.#options;
    // A later turn than the one that began it: all that were asked for in between are confirmed too.
    const confirmed = this.#waiting;
    this.#waiting = [];
    let version = state.version;
    let bytes = yield* state.write(writers.wallSec());
    while (bytes === undefined) {
      version = state.version;
      bytes = yield* state.write(writers.wallSec());
    }
    this.#lastBytes = bytes.length;
    const path = `${directory}/${CONSUMER_STATE}`;
    const isConfirming = isDurable && confirmed.length > 0;
    let failed = yield* writeWhole(disk, path + TEMPORARY, bytes, isDurable ? "synced" : "written");
    if (this.#isOver) return undefined;
    failed ??= disk.rename(path + TEMPORARY, path);
    // Until its name is durable a power cut leaves this file or the one before: enough when nobody waits.
    if (failed === undefined && isConfirming) failed = yield* syncNames(disk, directory);
    if (failed !== undefined) {
      this.#waiting = [...confirmed, ...this.#waiting];
      return failed;
    }
    this.#written = version;
    if (isConfirming || !isDurable) this.#durable = version;
    if (this.#isOver) return undefined;
    for (const done of confirmed) done();
    return undefined;
  }

  #wrote(failed: DiskError | undefined, beganMs: number): void {
    const { writers, report, directory } = this.#options;
    this.#isWriting = false;
    const nowMs = writers.nowMs();
    const tookMs = Math.min(nowMs - beganMs, MOST_TOOK_MS);
    const spacing = Math.max(LEAST_SPACING_MS, SPACING * tookMs, failed === undefined ? 0 : RETRY_MS);
    this.#readyAtMs = nowMs + spacing;
    if (failed !== undefined) this.#confirmAtMs = nowMs + spacing;
    else this.#confirmAtMs = this.#lastBytes > SMALL_BYTES ? nowMs + tookMs : nowMs;
    if (failed !== undefined && failed.text !== this.#failure) {
      report(`Error writing the state of a consumer in "${directory}": ${failed.text}`);
    }
    this.#failure = failed?.text;
    if (this.#end === "over" || (this.#end === "closing" && failed !== undefined)) this.#over();
    else this.#goOn();
  }

  #over(): void {
    this.#end = "over";
    this.#waiting = [];
    this.#options.writers.remove(this);
    const done = this.#onClosed;
    this.#onClosed = undefined;
    done?.();
  }
}
