// Puts groups of records at the end of a stream's blocks, and knows what of it
// is on disk.
//
//     append append … submit ─→ one group ─→ pieces, one for each block it touches ─→ durable
//
// One group is on its way at a time; what is appended meanwhile is the next one.
// Its pieces are committed one after the other, so that no later record is ever
// on disk without the earlier ones. A block that the group begins is created
// first, and its name synced before the group counts.
//
// When the disk fails nothing of the group is repeated. It and all that was
// appended since are refused, its blocks are cut back to where it began, and
// once that is synced writing goes on in a new block, if the disk was only
// full; after any other failure the writer stays closed.
//
// Owns the last block and its file. Knows nothing of messages but their bytes.

import { assert } from "../../base/assert.ts";
import { DiskError, type Disk, type DiskDone, type DiskFile } from "../../base/disk.ts";
import type { Hasher } from "../../base/highway_hash.ts";
import { blockHasher } from "../format/keys.ts";
import { blockFile } from "../format/layout.ts";
import { EMPTY_RECORD, recordLength } from "../format/record.ts";
import type { StoredMsg } from "../stream_store.ts";
import { SpareGroups } from "./spare_groups.ts";
import type { Piece, WriteGroup } from "./write_group.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);
// A group of so much grows no more: the loop commits a group in one go, and its buffer is to be kept for the next.
const MOST_GROWN_BYTES = 1 << 19;
const MOST_GROWN_ENTRIES = 4096;

export interface WriterEvents {
  /** The oldest group is on disk and no other is submitted: comes before its `durable`, so that the disk has something to do meanwhile. */
  free(): void;
  /** The oldest submitted group is durable. Begins a turn; the writer may be called. The group is borrowed. */
  durable(group: WriteGroup): void;
  /** All groups, submitted or not, are lost; they are borrowed. `failed` stays set until `reopened`. */
  refused(failed: DiskError, groups: readonly WriteGroup[]): void;
  /** The disk was full, what was refused is cut off: records are taken again. */
  reopened(): void;
}

export interface WriterOptions {
  readonly disk: Disk;
  /** Of the blocks. */
  readonly directory: string;
  readonly stream: string;
  /** A record that would make a block longer than this begins the next one. */
  readonly blockBytes: number;
  readonly how: "synced" | "written";
  /** Runs `fire` later in this turn, never inside the call. */
  readonly later: (fire: () => void) => void;
  readonly events: WriterEvents;
  /** Of the server's stores together. */
  readonly spares?: SpareGroups;
}

export class GroupWriter {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #stream: string;
  readonly #blockBytes: number;
  readonly #how: "synced" | "written";
  readonly #later: (fire: () => void) => void;
  readonly #events: WriterEvents;
  // Where the next record goes.
  #block: number;
  #size: number;
  #hasher: Hasher;
  #isNew = false; // began with this writer
  #isApart = false;
  // The file of the last block that was written to, and that block.
  #file: DiskFile | undefined = undefined;
  #fileBlock = 0;
  readonly #spares: SpareGroups;
  #open: WriteGroup | undefined = undefined;
  readonly #submitted: WriteGroup[] = [];
  #isWriting = false;
  #failed: DiskError | undefined = undefined;
  #isAbandoned = false;
  /** Blocks written to that were not synced since. */
  readonly #unsynced = new Set<number>();

  constructor(options: WriterOptions) {
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#stream = options.stream;
    this.#blockBytes = options.blockBytes;
    this.#how = options.how;
    this.#later = options.later;
    this.#events = options.events;
    this.#spares = options.spares ?? new SpareGroups();
    this.#block = 0;
    this.#size = 0;
    this.#hasher = blockHasher(options.stream, 0);
    this.roll();
  }

  /** Goes on with a block that is there; with a size of 0 the next record begins the one behind it. All of it is durable. */
  goOn(block: number, size: number): void {
    assert(this.isIdle, "a writer goes on before it writes");
    this.#block = block;
    this.#size = size;
    this.#isNew = false;
    this.#hasher = blockHasher(this.#stream, block);
    if (size === 0) this.roll();
  }

  /** Why no records are taken, when so. */
  get failed(): DiskError | undefined {
    return this.#failed;
  }
  /** The block that the last record went to. */
  get block(): number {
    return this.#block;
  }
  /** Its length, with what is not durable yet. */
  get size(): number {
    return this.#size;
  }
  /** Whether a group is on its way: the next one is written when it is durable. */
  get isWriting(): boolean {
    return this.#isWriting;
  }
  /** Whether what is to be submitted had better wait for more: the disk is busy, and the open group is not large. */
  get mayGrow(): boolean {
    if (!this.#isWriting || this.#open === undefined) return this.#isWriting;
    return this.#open.used < MOST_GROWN_BYTES && this.#open.entries < MOST_GROWN_ENTRIES;
  }
  /** Whether everything appended is durable. */
  get isIdle(): boolean {
    return this.#submitted.length === 0 && (this.#open === undefined || this.#open.used === 0);
  }
  /** Groups on their way, the oldest first, and the open one if it was begun. */
  *groups(): Generator<WriteGroup> {
    yield* this.#submitted;
    if (this.#open !== undefined) yield this.#open;
  }

  /** Adds a message to the open group; copies its bytes. `tag` is a number of the caller's. Not while `failed`. */
  appendMessage(seq: number, msg: StoredMsg, tag: number): void {
    const { subjectFrom, subjectTo, headerFrom, headerTo, bodyFrom, bodyTo } = msg;
    this.#place(recordLength(subjectTo - subjectFrom, headerTo - headerFrom, bodyTo - bodyFrom));
    const group = this.#begun();
    this.#placed(group, group.addMessage(seq, msg, tag, this.#hasher));
  }

  /** Adds a hole or a tombstone to the open group. Not while `failed`. */
  appendMark(kind: "hole" | "tombstone", seq: number, sec: number, nanos: number, subject = NO_BYTES): void {
    this.#place(EMPTY_RECORD + subject.length);
    const group = this.#begun();
    this.#placed(group, group.addMark(kind, seq, sec, nanos, subject, this.#hasher));
    if (kind === "hole") return;
    const piece = group.pieces.at(-1)!;
    piece.hasTombstones = true;
    piece.buried = Math.max(piece.buried, seq);
  }

  /** What is appended from here on is not on disk before all that is. */
  setApart(): void {
    this.#isApart = true;
  }

  /** The next record begins a block, if this one has any. Numbers are never used again. */
  roll(): void {
    if (this.#size === 0 && this.#isNew) return;
    this.#block++;
    this.#size = 0;
    this.#isNew = true;
    this.#hasher = blockHasher(this.#stream, this.#block);
  }

  /** Closes the open group, which may be empty, and writes it when the ones before are durable. */
  submit(): void {
    this.#submitted.push(this.#begun());
    this.#open = undefined;
    this.#next();
  }

  /** The file of a block that is not written to any more is not held open. */
  letGo(block: number): void {
    if (this.#file === undefined || this.#fileBlock !== block || this.#isWriting) return;
    this.#disk.close(this.#file);
    this.#file = undefined;
  }

  /** Makes durable what was only handed to the system. Nothing is on its way. */
  sync(done: DiskDone): void {
    if (this.#how === "synced" || this.#unsynced.size === 0) {
      this.#later(() => done(undefined));
      return;
    }
    const blocks = [...this.#unsynced];
    this.#unsynced.clear();
    this.#syncBlocks(blocks, done);
  }

  /** Closes the file. Nothing is on its way. */
  close(): void {
    assert(this.#submitted.length === 0, "a writer closes when all is written");
    this.letGo(this.#fileBlock);
  }

  /** Closes the file; nobody is told of what is on its way. */
  abandon(): void {
    this.#failed ??= new DiskError("ECANCELED", "the stream is deleted");
    this.#isAbandoned = true;
    if (this.#file !== undefined) this.#disk.close(this.#file);
    this.#file = undefined;
    // The disk may not have read the one on its way yet: its place in the arena is free when that has ended.
    for (const group of this.groups()) if (!this.#isWriting || group !== this.#submitted[0]) group.reset();
    this.#submitted.length = 0;
    this.#open = undefined;
  }

  #syncBlocks(blocks: number[], done: DiskDone): void {
    const block = blocks.shift();
    if (block === undefined) {
      this.#disk.syncDirectory(this.#directory, done);
      return;
    }
    const file = this.#disk.open(this.#pathOf(block), "write");
    if (file instanceof DiskError) {
      // A block that is gone by now needs no sync.
      if (file.code === "ENOENT") this.#syncBlocks(blocks, done);
      else this.#later(() => done(file));
      return;
    }
    this.#disk.sync(file, (failed) => {
      this.#disk.close(file);
      if (failed === undefined) this.#syncBlocks(blocks, done);
      else done(failed);
    });
  }

  #place(length: number): void {
    assert(this.#failed === undefined, "a writer that failed takes nothing");
    if (this.#size > 0 && this.#size + length > this.#blockBytes) this.roll();
  }

  #begun(): WriteGroup {
    return (this.#open ??= this.#spares.take());
  }

  #placed(group: WriteGroup, length: number): void {
    const piece = group.pieces.at(-1);
    if (piece?.block === this.#block && !this.#isApart) piece.to = group.used;
    else {
      const from = group.used - length;
      const to = group.used;
      group.pieces.push({ block: this.#block, at: this.#size, from, to, hasTombstones: false, buried: 0 });
    }
    this.#isApart = false;
    this.#size += length;
  }

  #next(): void {
    const group = this.#submitted[0];
    if (this.#isWriting || group === undefined) return;
    this.#isWriting = true;
    if (group.pieces.length > 0) this.#writePiece(group, 0);
    else this.#later(() => this.#land(group));
  }

  #writePiece(group: WriteGroup, index: number): void {
    if (this.#isAbandoned) {
      group.reset();
      return;
    }
    const piece = group.pieces[index];
    if (piece === undefined) {
      this.#land(group);
      return;
    }
    if (this.#how === "written") this.#unsynced.add(piece.block);
    const file = this.#fileOf(piece);
    if (file instanceof DiskError) {
      this.#later(() => this.#refuse(group, file));
      return;
    }
    this.#disk.commit(file, piece.at, group.bytes, piece.from, piece.to, this.#how, (failed) => {
      if (failed !== undefined) this.#refuse(group, failed);
      else if (piece.at > 0 || this.#how === "written") this.#writePiece(group, index + 1);
      else this.#syncName(group, index);
    });
  }

  /** The name of a block that has just begun. */
  #syncName(group: WriteGroup, index: number): void {
    this.#disk.syncDirectory(this.#directory, (failed) => {
      if (failed !== undefined) this.#refuse(group, failed);
      else this.#writePiece(group, index + 1);
    });
  }

  #fileOf(piece: Piece): DiskFile | DiskError {
    if (this.#file !== undefined && this.#fileBlock === piece.block) return this.#file;
    if (this.#file !== undefined) this.#disk.close(this.#file);
    this.#file = undefined;
    const file = this.#disk.open(this.#pathOf(piece.block), piece.at === 0 ? "create" : "write");
    if (file instanceof DiskError) return file;
    this.#file = file;
    this.#fileBlock = piece.block;
    return file;
  }

  #land(group: WriteGroup): void {
    if (this.#isAbandoned) {
      group.reset();
      return;
    }
    this.#isWriting = false;
    this.#submitted.shift();
    if (this.#submitted.length === 0) this.#events.free();
    else this.#next();
    this.#events.durable(group);
    this.#spares.give(group);
  }

  #refuse(lost: WriteGroup, failed: DiskError): void {
    if (this.#isAbandoned) {
      lost.reset();
      return;
    }
    const { pieces } = lost;
    const groups = [...this.groups()];
    this.#failed = failed;
    this.#submitted.length = 0;
    this.#open = undefined;
    this.#isApart = false;
    this.#isWriting = false;
    this.#events.refused(failed, groups);
    for (const group of groups) this.#spares.give(group);
    this.#cut(pieces, pieces.length - 1);
  }

  /** Takes what the failed group may have left off its blocks, the last one first. */
  #cut(pieces: readonly Piece[], index: number): void {
    const piece = pieces[index];
    if (piece === undefined) {
      this.#reopen();
      return;
    }
    const isThere = this.#file !== undefined && this.#fileBlock === piece.block;
    const file = isThere ? this.#file! : this.#disk.open(this.#pathOf(piece.block), "write");
    if (file instanceof DiskError) {
      // A block that was never made needs no cut; for what cannot be opened the scan at the next start must do.
      if (file.code === "ENOENT") this.#cut(pieces, index - 1);
      return;
    }
    this.#file = undefined;
    if (this.#disk.truncate(file, piece.at) !== undefined) return;
    this.#disk.sync(file, (failed) => {
      this.#disk.close(file);
      if (failed !== undefined) return;
      // A block that began with it has nothing left. Should its name come back, it is an empty one.
      if (piece.at === 0) this.#disk.remove(this.#pathOf(piece.block));
      this.#cut(pieces, index - 1);
    });
  }

  #reopen(): void {
    if (this.#failed?.isFull !== true) return;
    this.#failed = undefined;
    this.roll();
    this.#events.reopened();
  }

  #pathOf(block: number): string {
    return `${this.#directory}/${blockFile(block)}`;
  }
}
