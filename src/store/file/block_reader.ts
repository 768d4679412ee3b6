// Reads records of a stream's blocks through windows: parts of a file that are
// in memory, each with the place where its reader will probably go on.
//
//     block   ├──── window ────┤          grows while it is read in order
//                    ↑ next: the record behind the one read last
//
// Of a compressed block the chunks are unpacked that are needed. What is read again
// is in pages (record_pages.ts). Owns the windows and the files it reads from; the
// cache may take a window away. Knows nothing of which records count: it is told
// where one starts.

import { bytes as arena, RUN, RUN_BYTES } from "../../base/arena.ts";
import { copyIn } from "../../base/arena_copy.ts";
import { DiskError, parentOf, type Disk, type DiskFile } from "../../base/disk.ts";
import { HASH_BYTES, Hasher } from "../../base/highway_hash.ts";
import { uint32 } from "../../base/nanos.ts";
import { blockHasher } from "../format/keys.ts";
import { openBlock } from "./block_open.ts";
import { blockFile } from "../format/layout.ts";
import { PackedChunks } from "../format/packed_chunks.ts";
import { EMPTY_RECORD, MAX_RECORD, RECORD_HEAD, RecordReader } from "../format/record.ts";
import type { StoredRun } from "../stored_run.ts";
import type { FileBlock } from "./file_block.ts";
import type { RecordPage } from "./record_page.ts";
import { RecordPages } from "./record_pages.ts";
import { addRecord, readRun } from "./run_reader.ts";
import { Span } from "./span.ts";
import type { Cached, StoreCache } from "./store_cache.ts";

const WINDOWS = 3;
/** Files of blocks that stay open between windows. */
const MOST_FILES = 256;
/** Keys of blocks that are remembered. */
const MOST_HASHERS = 64;
const LEAST_READ = 16_384;
const MOST_READ = 1 << 17;
const NO_BYTES = new Uint8Array(0);
const NO_KEY = new Uint8Array(32);
const LENGTH_MASK = 0x7fff_ffff;
const TWO32 = 4_294_967_296;
const HOLE = 0x8000_0000;
const TOMBSTONE = 0x4000_0000;
const HIGHEST_HALF = 0x20_0000; // of a sequence below 2^53

/** Why something cannot be read: the disk does not tell it now, it is found damaged, or it is no good as was found before. */
export type Unreadable = "disk" | "damage" | "known";
type OnUnreadable = (block: number, failure: string, cause: Unreadable) => void;

/** A message or hole at an offset of its block; the subject is borrowed for the call. Whether to go on. */
export type ShowEntry = (
  seq: number,
  at: number,
  isHole: boolean,
  bytes: Uint8Array,
  subjectFrom: number,
  subjectTo: number,
) => boolean;

class Window extends Span implements Cached {
  file: DiskFile | undefined = undefined;
  /** Of a compressed block, once they were needed. */
  chunks: PackedChunks | undefined = undefined;
  used = 0;
  isUsed = false;
  /** It holds its block whatever happens to the file, until it is forgotten. */
  isPinned = false;

  get heldBytes(): number {
    return this.bytes.length;
  }
  /** The file stays open: it costs nothing to speak of. */
  drop(): void {
    this.bytes = NO_BYTES;
    this.from = 0;
    this.to = 0;
  }
}

export class BlockReader {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #stream: string;
  readonly #cache: StoreCache;
  readonly #onFailure: OnUnreadable;
  readonly #windows: Window[] = [];
  /** Open files by block, the one used longest ago first. */
  readonly #files = new Map<number, DiskFile>();
  #clock = 0;
  readonly #hashers = new Map<number, Hasher>();
  #isBorrowed = false;
  /** The record read last, in `bytes`. */
  readonly record = new RecordReader(new Hasher(NO_KEY));
  readonly pages: RecordPages;
  /** Where that record is; and of a page, which of its entries it is. */
  #here: Span;
  #page: RecordPage | undefined = undefined;
  #entry = 0;

  constructor(disk: Disk, directory: string, stream: string, cache: StoreCache, onFailure: OnUnreadable) {
    this.#disk = disk;
    this.#directory = directory;
    this.#stream = stream;
    this.#cache = cache;
    this.#onFailure = onFailure;
    this.#here = new Window();
    this.pages = new RecordPages(
      cache.pages,
      (block, at, into, from, to) => this.#copy(block, at, into, from, to),
      (page) => this.#here === page,
      (page) => {
        if (this.#here === page) this.#leave();
      },
    );
  }

  /** Windows and pages are not written over: someone borrows their bytes. */
  set isBorrowed(isBorrowed: boolean) {
    this.#isBorrowed = isBorrowed;
    this.pages.isBorrowed = isBorrowed;
  }

  /** Where the record lies: `bytes`, or the arena; and what its offsets are there more than in `bytes`. */
  get home(): Uint8Array {
    return this.#here.arenaAt < 0 ? this.#here.bytes : arena;
  }
  get homeAt(): number {
    return Math.max(0, this.#here.arenaAt);
  }
  /** The bytes the record lies in. */
  get bytes(): Uint8Array {
    return this.#here.bytes;
  }
  /** Where in its block the record starts. */
  get at(): number {
    return this.#here.from + this.record.from;
  }
  /** Where in its block the record ends. */
  get end(): number {
    return this.#here.from + this.record.to;
  }

  /** What is in memory of this block and was read at or before `seq`, the closest one; undefined when there is none. */
  cursorFor(block: FileBlock, seq: number): Span | undefined {
    let best: Span | undefined;
    const page = this.#page;
    if (page?.block === block && page.next > 0 && page.seq <= seq) best = page;
    for (const window of this.#windows) {
      if (window.block !== block || window.next === 0 || window.seq > seq) continue;
      if (best === undefined || window.seq > best.seq) best = window;
    }
    return best;
  }

  /** Reads the record at an offset of a block, or behind damage there, into `record`; false when there is none. Not checked. */
  read(block: FileBlock, from: number): boolean {
    const at = pastDamage(block, from);
    if (at + EMPTY_RECORD > block.size) return false;
    let window = this.#here;
    if (window.block !== block || at < window.from || at + EMPTY_RECORD > window.to) {
      const found = this.#windowFor(block, at, EMPTY_RECORD);
      if (found === undefined) return false;
      window = found;
    }
    const length = uint32(window.bytes, at - window.from) & LENGTH_MASK;
    if (at + length > window.to) {
      if (length > MAX_RECORD || at + length > block.size) return false;
      const found = this.#windowFor(block, at, length);
      if (found === undefined) return false;
      window = found;
    }
    this.#here = window;
    this.#page = undefined;
    const fault = this.record.readUnchecked(window.bytes, at - window.from, window.to - window.from);
    if (fault !== undefined) return false;
    window.next = at + length;
    window.length = length;
    if (this.record.kind === "tombstone") return true;
    window.seq = this.record.seq;
    window.at = at;
    return true;
  }

  /** The page whose record was read last, if it was one of a page of this block. */
  pageOf(block: FileBlock): RecordPage | undefined {
    return this.#page?.block === block ? this.#page : undefined;
  }

  /** Reads an entry of a page into `record`; false when it is none. Not checked. */
  readEntry(page: RecordPage, entry: number): boolean {
    const { record } = this;
    const start = page.startOf(entry);
    this.#here = page;
    this.#page = page;
    this.#entry = entry;
    if (record.readUnchecked(page.bytes, start, page.to - page.from) !== undefined) return false;
    page.at = page.from + start;
    page.length = record.to - start;
    page.next = page.at + page.length;
    page.seq = record.seq;
    return true;
  }

  /** Reads the record read last, an entry of a page, and those that follow it, `most` at most, into a run; how many. All are checked. */
  readRun(most: number, into: StoredRun): number {
    const page = this.#page!;
    const count = readRun(page, this.#entry, most, this.#hasherOf(page.block!.number), into);
    into.count = count;
    if (count > 1) this.readEntry(page, this.#entry + count - 1);
    return count;
  }

  /** Adds the record read last, a message that was checked, to a run; false when there is no room for it. */
  addToRun(into: StoredRun): boolean {
    const { record, bytes } = this;
    const length = record.to - record.from;
    if (into.used + length > RUN_BYTES) return false;
    copyIn(RUN + into.used, bytes, record.from, record.to);
    return addRecord(RUN + into.used, length, undefined, into);
  }

  /**
   * The same for the message `seq`, which is `length` bytes long and lies at an offset of a plain block: reads nothing else.
   * False also when that is not so.
   */
  addFrom(block: FileBlock, at: number, length: number, seq: number, into: StoredRun): boolean {
    if (into.used + length > RUN_BYTES || !this.#copy(block, at, arena, RUN + into.used, RUN + into.used + length)) return false; // prettier-ignore
    const { count } = into;
    if (!addRecord(RUN + into.used, length, this.#hasherOf(block.number), into)) return false;
    if (into.seq[count] === seq) return true;
    into.count = count;
    into.used -= length;
    return false;
  }

  /**
   * Shows messages and holes from an offset of a block on, in order, until `show` returns false or nothing can be read;
   * where it stopped. Looks at no more of a record than its head and subject, so it is fast. The record read last is
   * none afterwards.
   */
  walk(block: FileBlock, from: number, show: ShowEntry): number {
    let at = pastDamage(block, from);
    let window: Span | undefined;
    // Of long records their bodies are not read.
    let isSkipping = false;
    for (; at + EMPTY_RECORD <= block.size; at = pastDamage(block, at)) {
      if (window === undefined || at + RECORD_HEAD > window.to)
        window = this.#windowFor(block, at, EMPTY_RECORD, isSkipping);
      if (window === undefined) return at;
      let { bytes } = window;
      let start = at - window.from;
      const length = uint32(bytes, start) & LENGTH_MASK;
      const subjectTo = RECORD_HEAD + (bytes[start + 20]! | (bytes[start + 21]! << 8));
      if (length > MAX_RECORD || subjectTo + HASH_BYTES > length || at + length > block.size) return at;
      if (at + subjectTo > window.to) {
        window = this.#windowFor(block, at, subjectTo, isSkipping);
        if (window === undefined) return at;
        ({ bytes } = window);
        start = at - window.from;
      }
      const high = uint32(bytes, start + 8);
      if (high % TOMBSTONE >= HIGHEST_HALF) return at;
      const isHole = high >= HOLE;
      if (isHole || high < TOMBSTONE) {
        const seq = (high % TOMBSTONE) * TWO32 + uint32(bytes, start + 4);
        if (!show(seq, at, isHole, bytes, start + RECORD_HEAD, start + subjectTo)) return at;
      }
      at += length;
      isSkipping = length > LEAST_READ;
    }
    return at;
  }

  /**
   * Something could not be read: looks for damage in all of the block, as a start would, so that readers pass over it
   * from here on. Whether to try again; not when that was done before, nor when the file cannot be read.
   */
  inspect(block: FileBlock): boolean {
    if (block.damaged !== undefined || this.#windows.some((each) => each.block === block && each.isPinned))
      return false;
    const job = openBlock({ disk: this.#disk, directory: parentOf(this.#directory), stream: this.#stream }, block.number, () => undefined); // prettier-ignore
    let step = job.next();
    while (step.done !== true) step = job.next();
    const report = step.value;
    if (report instanceof DiskError) return this.#failed(block, report) ?? false;
    const damaged = report.damaged
      .map(({ from, to }) => ({ from, to: Math.min(to, block.size) }))
      .filter(({ from, to }) => from < to);
    this.forget(block);
    if (damaged.length === 0 && !report.isPackingDamaged) return true; // it was the disk
    // What was salvaged of a compressed block that cannot be unpacked has no offsets in it: that is for the next start.
    block.damaged = report.isPackingDamaged ? [] : damaged;
    block.isDamaged = true;
    const bytes = damaged.reduce((sum, { from, to }) => sum + to - from, 0);
    this.#onFailure(block.number, `${bytes} bytes of it are damaged`, "damage");
    return true;
  }

  /** Whether the checksum of the record read last is right. */
  isIntact(): boolean {
    const page = this.#page;
    if (page === undefined) return this.#isIntact();
    if (page.isIntact(this.#entry)) return true;
    if (!this.#isIntact()) return false;
    page.setIntact(this.#entry);
    return true;
  }

  #isIntact(): boolean {
    const { record, home, homeAt } = this;
    return this.#hasherOf(this.#here.block!.number)
      .start()
      .add(home, homeAt + record.from + 4, homeAt + record.from + 20)
      .add(home, homeAt + record.subjectFrom, homeAt + record.subjectTo)
      .add(home, homeAt + record.headersFrom, homeAt + record.payloadTo)
      .matches(home, homeAt + record.to - HASH_BYTES);
  }

  #hasherOf(number: number): Hasher {
    let hasher = this.#hashers.get(number);
    if (hasher === undefined) {
      if (this.#hashers.size >= MOST_HASHERS) this.#hashers.clear();
      hasher = blockHasher(this.#stream, number);
      this.#hashers.set(number, hasher);
    }
    return hasher;
  }

  /** Holds a whole block in memory, so that its file may be replaced; false when it cannot be read. */
  pin(block: FileBlock): boolean {
    this.forget(block);
    const window = new Window();
    const file = this.#disk.open(`${this.#directory}/${blockFile(block.number)}`, "read");
    if (file instanceof DiskError) return this.#failed(block, file) ?? false;
    window.file = file;
    window.block = block;
    const isRead = block.isCompressed
      ? this.#unpack(window, block, 0, block.size)
      : this.#fill(window, block, 0, block.size);
    this.#disk.close(file);
    window.file = undefined;
    if (!isRead || window.to < block.size) return false;
    window.isPinned = true;
    block.isPinned = true;
    this.#windows.push(window);
    return true;
  }

  /** What is known of a block is no longer so, or it will not be read again. Its file is closed. */
  forget(block: FileBlock): void {
    this.pages.forget(block);
    if (this.#here.block === block) this.#leave();
    block.isPinned = false;
    for (const window of this.#windows) if (window.block === block) this.#empty(window);
    const file = this.#files.get(block.number);
    if (file !== undefined) this.#disk.close(file);
    this.#files.delete(block.number);
    const pinned = this.#windows.findIndex((window) => window.isPinned && window.block === undefined);
    if (pinned >= 0) this.#windows.splice(pinned, 1);
  }

  close(): void {
    for (const window of this.#windows) this.#empty(window);
    for (const file of this.#files.values()) this.#disk.close(file);
    this.#files.clear();
  }

  /** Nothing was read last. */
  #leave(): void {
    this.#page = undefined;
    this.#here = new Window();
  }

  /** For pages: reads of a plain block what is asked for, and no more. */
  #copy(block: FileBlock, at: number, into: Uint8Array, from: number, to: number): boolean {
    if (block.isCompressed) {
      const window = this.#windowFor(block, at, to - from);
      if (window === undefined) return false;
      into.set(window.bytes.subarray(at - window.from, at - window.from + to - from), from);
      return true;
    }
    const file = this.#fileOf(block);
    return !(file instanceof DiskError) && this.#disk.read(file, at, into, from, to) === to - from;
  }

  #fileOf(block: FileBlock): DiskFile | DiskError {
    const file =
      this.#files.get(block.number) ?? this.#disk.open(`${this.#directory}/${blockFile(block.number)}`, "read");
    if (file instanceof DiskError) return file;
    this.#files.delete(block.number);
    this.#files.set(block.number, file);
    if (this.#files.size > MOST_FILES) this.#closeOldest();
    return file;
  }

  #closeOldest(): void {
    for (const [number, file] of this.#files) {
      if (this.#windows.some((window) => window.file === file)) continue;
      this.#files.delete(number);
      this.#disk.close(file);
      return;
    }
  }

  #empty(window: Window): void {
    this.#cache.forget(window);
    window.file = undefined;
    window.block = undefined;
    window.chunks = undefined;
    window.next = 0;
    window.drop();
  }

  /** A window of the block that holds at least [at, at + need); of one that is skipped through hardly more. */
  #windowFor(block: FileBlock, at: number, need: number, isSkipping = false): Span | undefined {
    const page = this.#page;
    if (page?.block === block && at >= page.from && at + need <= page.to) return page;
    let victim: Window | undefined;
    for (const window of this.#windows) {
      if (window.block !== block) continue;
      if (at >= window.from && at + need <= window.to) {
        if (!window.isPinned) this.#cache.use(window);
        window.used = ++this.#clock;
        return window;
      }
      // It is read in order, perhaps but for the end of a record: the next part of it.
      if (!isSkipping && at >= window.from && at <= window.to + LEAST_READ && window.to > window.from) victim = window;
    }
    let size = LEAST_READ;
    if (victim !== undefined) size = nextSize(victim);
    else victim = this.#leastUsed();
    if (victim.block !== block) {
      this.#empty(victim);
      const file = this.#fileOf(block);
      if (file instanceof DiskError) return this.#failed(block, file);
      victim.file = file;
      victim.block = block;
    }
    const isRead = block.isCompressed
      ? this.#unpack(victim, block, at, need)
      : this.#fill(victim, block, at, Math.max(need, size));
    if (!isRead || at < victim.from || at + need > victim.to) return undefined;
    this.#cache.use(victim);
    victim.used = ++this.#clock;
    return victim;
  }

  #fill(window: Window, block: FileBlock, at: number, wanted: number): boolean {
    const size = Math.min(wanted, block.size - at);
    if (this.#isBorrowed || window.bytes.length < size || (window.bytes.length > MOST_READ && size <= MOST_READ)) {
      let room = LEAST_READ;
      while (room < size && room < MOST_READ) room *= 2;
      window.bytes = new Uint8Array(Math.max(room, size));
    }
    window.from = at;
    window.to = at;
    const got = this.#disk.read(window.file!, at, window.bytes, 0, size);
    if (got instanceof DiskError) return this.#failed(block, got) ?? false;
    window.to = at + got;
    return true;
  }

  /** Unpacks what holds at least [at, at + need), or all of it that is there. */
  #unpack(window: Window, block: FileBlock, at: number, need: number): boolean {
    const fileBytes = this.#disk.size(window.file!);
    if (fileBytes instanceof DiskError) return this.#failed(block, fileBytes) ?? false;
    let failed: DiskError | undefined;
    const read = (from: number, to: number): Uint8Array | undefined => {
      if (from < 0 || to < from) return undefined;
      const bytes = new Uint8Array(to - from);
      const got = this.#disk.read(window.file!, from, bytes, 0, bytes.length);
      if (got instanceof DiskError) failed = got;
      return got === bytes.length ? bytes : undefined;
    };
    window.chunks ??= PackedChunks.open(fileBytes, read);
    const { chunks } = window;
    if (chunks === undefined) return this.#failed(block, failed) ?? false;
    // It is read in order: the record begins at the end of what is here.
    const hasBegin = at >= window.from && at < window.to;
    const begin = hasBegin ? window.bytes.subarray(at - window.from, window.to - window.from) : NO_BYTES;
    const from = hasBegin ? at : chunks.startOf(at);
    const rest = from + begin.length < chunks.size ? chunks.unpack(from + begin.length, at + need, fileBytes, read) : NO_BYTES; // prettier-ignore
    window.drop();
    if (rest === undefined) return this.#failed(block, failed) ?? false;
    window.bytes = begin.length === 0 ? rest : Buffer.concat([begin, rest]);
    window.from = from;
    window.to = from + window.bytes.length;
    return true;
  }

  /** Without an error of the disk it is the packing that is no good. */
  #failed(block: FileBlock, error: DiskError | undefined): undefined {
    if (error === undefined) this.#onFailure(block.number, "it cannot be unpacked", "known");
    else this.#onFailure(block.number, error.text, "disk");
    return undefined;
  }

  #leastUsed(): Window {
    const free = this.#windows.filter((window) => !window.isPinned);
    if (free.length < WINDOWS) {
      const made = new Window();
      this.#windows.push(made);
      return made;
    }
    return free.reduce((least, window) => (window.used < least.used ? window : least));
  }
}

/** How much of a block is read behind a window: whole records, if they go on to be as long as the one read last. */
function nextSize({ from, to, length }: Window): number {
  const size = Math.min(MOST_READ, Math.max(LEAST_READ, (to - from) * 2));
  if (length > MOST_READ) return length;
  return length > size / 8 ? Math.max(length, size - (size % length)) : size;
}

/** Where a record may be, at an offset or behind the damaged bytes that begin there. */
function pastDamage({ damaged }: FileBlock, at: number): number {
  if (damaged === undefined) return at;
  const range = damaged.find(({ from, to }) => from <= at && at < to);
  return range === undefined ? at : range.to;
}
