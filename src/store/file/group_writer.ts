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
import { DiskError, type Disk, type DiskFile } from "../../base/disk.ts";
import type { Hasher } from "../../base/highway_hash.ts";
import { blockHasher } from "../format/keys.ts";
import { blockFile } from "../format/layout.ts";
import { writeRecord, recordLength, type RecordParts } from "../format/record.ts";

const LEAST_BUFFER = 4096;
const MOST_BUFFER_KEPT = 1 << 20;

export interface WriterEvents {
  /** The oldest submitted group is durable. Begins a turn; the writer may be called. */
  durable(): void;
  /** All groups, submitted or not, are lost. `failed` stays set until `reopened`. */
  refused(failed: DiskError): void;
  /** The disk was full, what was refused is cut off: records are taken again. */
  reopened(): void;
}

export interface WriterOptions {
  readonly disk: Disk;
  /** Of the blocks. */
  readonly directory: string;
  readonly stream: string;
  /** The last block that is there, 0 for none, and its length. All of it is durable. */
  readonly block: number;
  readonly size: number;
  /** A record that would make a block longer than this begins the next one. */
  readonly blockBytes: number;
  readonly how: "synced" | "written";
  readonly events: WriterEvents;
}

/** What a group adds to one block: bytes [from, to) of its buffer at offset `at`. */
interface Piece {
  readonly block: number;
  readonly at: number;
  readonly from: number;
  to: number;
}

class Group {
  bytes = new Uint8Array(LEAST_BUFFER);
  used = 0;
  pieces: Piece[] = [];
}

export class GroupWriter {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #stream: string;
  readonly #blockBytes: number;
  readonly #how: "synced" | "written";
  readonly #events: WriterEvents;
  // Where the next record goes.
  #block: number;
  #size: number;
  #hasher: Hasher;
  // The file of the last block that was written to, and that block.
  #file: DiskFile | undefined = undefined;
  #fileBlock = 0;
  #open = new Group();
  #spare: Group | undefined = undefined;
  readonly #submitted: Group[] = [];
  #isWriting = false;
  #failed: DiskError | undefined = undefined;

  constructor(options: WriterOptions) {
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#stream = options.stream;
    this.#blockBytes = options.blockBytes;
    this.#how = options.how;
    this.#events = options.events;
    this.#block = options.block;
    this.#size = options.size;
    this.#hasher = blockHasher(options.stream, options.block);
    if (options.block === 0) this.#roll();
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

  /** Adds a record to the open group; copies its bytes. Where it begins in `block`. Not while `failed`. */
  append(parts: RecordParts): number {
    assert(this.#failed === undefined, "a writer that failed takes nothing");
    const length = recordLength(parts.subject.length, parts.headers.length, parts.payload.length);
    if (this.#size > 0 && this.#size + length > this.#blockBytes) this.#roll();
    const group = this.#open;
    const from = group.used;
    makeRoom(group, length);
    group.used = writeRecord(group.bytes, from, parts, this.#hasher);
    assert(group.used === from + length, "a record is as long as was said");
    const piece = group.pieces.at(-1);
    if (piece?.block === this.#block) piece.to = group.used;
    else group.pieces.push({ block: this.#block, at: this.#size, from, to: group.used });
    const at = this.#size;
    this.#size += length;
    return at;
  }

  /** Closes the open group, if it has records, and writes it when the ones before are durable. */
  submit(): void {
    if (this.#open.used === 0) return;
    this.#submitted.push(this.#open);
    this.#open = this.#spare ?? new Group();
    this.#spare = undefined;
    this.#next();
  }

  #next(): void {
    const group = this.#submitted[0];
    if (this.#isWriting || group === undefined) return;
    this.#isWriting = true;
    this.#writePiece(group, 0);
  }

  #writePiece(group: Group, index: number): void {
    const piece = group.pieces[index];
    if (piece === undefined) {
      this.#land(group);
      return;
    }
    const file = this.#fileOf(piece);
    if (file instanceof DiskError) {
      this.#refuse(file);
      return;
    }
    this.#disk.commit(file, piece.at, group.bytes, piece.from, piece.to, this.#how, (failed) => {
      if (failed !== undefined) this.#refuse(failed);
      else if (piece.at > 0 || this.#how === "written") this.#writePiece(group, index + 1);
      else this.#syncName(group, index);
    });
  }

  /** The name of a block that has just begun. */
  #syncName(group: Group, index: number): void {
    this.#disk.syncDirectory(this.#directory, (failed) => {
      if (failed !== undefined) this.#refuse(failed);
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

  #land(group: Group): void {
    this.#isWriting = false;
    this.#submitted.shift();
    group.used = 0;
    group.pieces = [];
    if (group.bytes.length <= MOST_BUFFER_KEPT) this.#spare = group;
    this.#next();
    this.#events.durable();
  }

  #refuse(failed: DiskError): void {
    const lost = this.#submitted[0]!;
    this.#failed = failed;
    this.#submitted.length = 0;
    this.#open = new Group();
    this.#isWriting = false;
    this.#events.refused(failed);
    this.#cut(lost.pieces, lost.pieces.length - 1);
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
      if (failed === undefined) this.#cut(pieces, index - 1);
    });
  }

  #reopen(): void {
    if (this.#failed?.code !== "ENOSPC") return;
    this.#failed = undefined;
    this.#roll();
    this.#events.reopened();
  }

  /** The next record begins a block. Numbers are never used again. */
  #roll(): void {
    this.#block++;
    this.#size = 0;
    this.#hasher = blockHasher(this.#stream, this.#block);
  }

  #pathOf(block: number): string {
    return `${this.#directory}/${blockFile(block)}`;
  }
}

function makeRoom(group: Group, more: number): void {
  if (group.used + more <= group.bytes.length) return;
  const grown = new Uint8Array(Math.max(group.bytes.length * 2, group.used + more));
  grown.set(group.bytes.subarray(0, group.used));
  group.bytes = grown;
}
