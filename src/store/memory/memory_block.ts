// A run of messages in memory: rows of numbers, and their bytes, outside the
// JavaScript heap.
//
//     rows  │ offset │ subject │ next │ previous │ sec │ nanos │ …        six numbers a row
//     data  │ [header length u32] header body │ header body │ …
//
// Rows rise by sequence. While none is missing, row i is sequence first + i and
// `seqs` is not there; else it holds each row's distance from `first`. `next`
// and `previous` are distances in sequences to the neighbour on the same
// subject, 0 for none, `FAR` when the distance does not fit. A removed row has
// the subject `GONE` until compaction; its bytes count as dead.
//
// Owns its rows and bytes. Knows nothing of limits, counts of a stream, or of
// what is committed.

import { RUN, RUN_BYTES } from "../../base/arena.ts";
import { copyIn } from "../../base/arena_copy.ts";
import { assert } from "../../base/assert.ts";
import { putBytes } from "../../base/put_bytes.ts";
import type { StoredRun } from "../stored_run.ts";
import type { StoredMsg } from "../stream_store.ts";

const COLUMNS = 6;
const OFFSET = 0;
const SUBJECT = 1;
const NEXT = 2;
const PREVIOUS = 3;
const SEC = 4;
const NANOS = 5;

const NANOS_MASK = 0x3fff_ffff;
const HAS_HEADER = 0x4000_0000;
const HEADER_LENGTH_BYTES = 4;

export const GONE = 0xffff_ffff;
/** A distance that does not fit its 32 bits. */
export const FAR = 0xffff_ffff;
export const MOST_ROWS = 16_384;
const MOST_BYTES = 1 << 20;
const FIRST_ROWS = 16;
const FIRST_BYTES = 512;
const LIKE_BEFORE = 1.05;

export class MemoryBlock {
  /** The sequence and second that rows are relative to. */
  readonly first: number;
  readonly #sec: number;
  #rows: Uint32Array;
  #seqs: Uint32Array | undefined = undefined;
  #data: Uint8Array;
  #count = 0;
  #used = 0;
  #dead = 0;
  #live = 0;
  #head = 0; // no live row below

  /** A block like `before`, if there is one, will hold about as much; so it need not grow by steps. */
  constructor(first: number, sec: number, before: MemoryBlock | undefined, leastBytes: number) {
    this.first = first;
    this.#sec = sec;
    const rows = before === undefined ? FIRST_ROWS : Math.ceil(before.#count * LIKE_BEFORE);
    const bytes = before === undefined ? FIRST_BYTES : Math.ceil(before.#used * LIKE_BEFORE);
    this.#rows = new Uint32Array(Math.min(MOST_ROWS, Math.max(FIRST_ROWS, rows)) * COLUMNS);
    this.#data = new Uint8Array(Math.max(Math.min(bytes, MOST_BYTES), leastBytes, FIRST_BYTES));
  }

  get count(): number {
    return this.#count;
  }
  get live(): number {
    return this.#live;
  }
  /** Memory held, in bytes. */
  get heldBytes(): number {
    return this.#rows.byteLength + this.#data.length + (this.#seqs?.byteLength ?? 0);
  }
  /** Whether less than half of what it holds is live. */
  get wasteful(): boolean {
    return (this.#dead * 2 > this.#used && this.#dead > 0) || this.#live * 2 < this.#count;
  }
  /** Whether every sequence from first to last is live. */
  get gapless(): boolean {
    return this.#seqs === undefined && this.#live === this.#count;
  }
  get lastSeq(): number {
    return this.#count === 0 ? this.first - 1 : this.seqOf(this.#count - 1);
  }

  /** Whether a message of `bytes` bytes, this sequence and second fits, with at most `mostRows` rows. */
  takes(seq: number, sec: number, bytes: number, mostRows: number): boolean {
    if (this.#count >= mostRows) return false;
    if (this.#count > 0 && this.#used + bytes > MOST_BYTES) return false;
    if (seq - this.first >= FAR) return false;
    const distance = sec - this.#sec;
    return distance >= -0x8000_0000 && distance <= 0x7fff_ffff;
  }

  /** The bytes a message takes in a block. */
  static bytesOf(msg: StoredMsg): number {
    const header = msg.headerTo - msg.headerFrom;
    return (header > 0 ? HEADER_LENGTH_BYTES + header : 0) + (msg.bodyTo - msg.bodyFrom);
  }

  /** Appends a message with the next sequence; its row. It must fit (`takes`). */
  append(seq: number, subject: number, msg: StoredMsg): number {
    const bytes = MemoryBlock.bytesOf(msg);
    const row = this.#count;
    this.#makeRoom(row, bytes);
    if (this.#seqs === undefined && seq !== this.first + row) this.#spellSeqs();
    if (this.#seqs !== undefined) this.#seqs[row] = seq - this.first;
    const header = msg.headerTo - msg.headerFrom;
    const rows = this.#rows;
    const base = row * COLUMNS;
    rows[base + OFFSET] = this.#used;
    rows[base + SUBJECT] = subject;
    rows[base + NEXT] = 0;
    rows[base + PREVIOUS] = 0;
    rows[base + SEC] = msg.sec - this.#sec;
    rows[base + NANOS] = header > 0 ? msg.nanos | HAS_HEADER : msg.nanos;
    let at = this.#used;
    if (header > 0) {
      this.#data[at] = header & 0xff;
      this.#data[at + 1] = (header >>> 8) & 0xff;
      this.#data[at + 2] = (header >>> 16) & 0xff;
      this.#data[at + 3] = header >>> 24;
      at += HEADER_LENGTH_BYTES;
      putBytes(this.#data, at, msg.header, msg.headerFrom, msg.headerTo);
      at += header;
    }
    putBytes(this.#data, at, msg.body, msg.bodyFrom, msg.bodyTo);
    this.#used += bytes;
    this.#count++;
    this.#live++;
    return row;
  }

  seqOf(row: number): number {
    return this.first + (this.#seqs === undefined ? row : this.#seqs[row]!);
  }
  /** The first row at or after a sequence; `count` when there is none. */
  rowFrom(seq: number): number {
    if (seq <= this.first) return 0;
    if (this.#seqs === undefined) return Math.min(this.#count, seq - this.first);
    const wanted = seq - this.first;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#seqs[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  /** The row of a live message, or −1. */
  rowOf(seq: number): number {
    const row = this.rowFrom(seq);
    return row < this.#count && this.seqOf(row) === seq && this.isLive(row) ? row : -1;
  }
  isLive(row: number): boolean {
    return this.#rows[row * COLUMNS + SUBJECT] !== GONE;
  }
  /** The first live row at or after `row`; `count` when there is none. */
  liveFrom(row: number): number {
    let at = Math.max(row, this.#head);
    while (at < this.#count && !this.isLive(at)) at++;
    if (row <= this.#head) this.#head = at;
    return at;
  }
  subjectOf(row: number): number {
    return this.#rows[row * COLUMNS + SUBJECT]!;
  }
  nextOf(row: number): number {
    return this.#rows[row * COLUMNS + NEXT]!;
  }
  previousOf(row: number): number {
    return this.#rows[row * COLUMNS + PREVIOUS]!;
  }
  setNext(row: number, distance: number): void {
    this.#rows[row * COLUMNS + NEXT] = Math.min(distance, FAR);
  }
  setPrevious(row: number, distance: number): void {
    this.#rows[row * COLUMNS + PREVIOUS] = Math.min(distance, FAR);
  }
  secOf(row: number): number {
    return this.#sec + (this.#rows[row * COLUMNS + SEC]! | 0);
  }
  nanosOf(row: number): number {
    return this.#rows[row * COLUMNS + NANOS]! & NANOS_MASK;
  }
  headerLengthOf(row: number): number {
    if ((this.#rows[row * COLUMNS + NANOS]! & HAS_HEADER) === 0) return 0;
    const at = this.#rows[row * COLUMNS]!;
    const data = this.#data;
    return (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
  }
  bodyLengthOf(row: number): number {
    const header = this.headerLengthOf(row);
    return this.#bytesOfRow(row) - (header > 0 ? header + HEADER_LENGTH_BYTES : 0);
  }

  /** Points `into` at header, body and time of a row. */
  load(row: number, into: StoredMsg): void {
    const header = this.headerLengthOf(row);
    const start = this.#rows[row * COLUMNS]! + (header > 0 ? HEADER_LENGTH_BYTES : 0);
    into.seq = this.seqOf(row);
    into.sec = this.secOf(row);
    into.nanos = this.nanosOf(row);
    into.header = this.#data;
    into.headerFrom = start;
    into.headerTo = start + header;
    into.body = this.#data;
    into.bodyFrom = start + header;
    into.bodyTo = this.#rows[row * COLUMNS]! + this.#bytesOfRow(row);
  }

  /**
   * Points `into` at a live row and the live rows that follow it without a gap between their sequences, `most` at most
   * and as far as there is room for their bytes in the arena, where they are copied; how many. Says nothing of subjects.
   */
  loadRun(row: number, most: number, into: StoredRun): number {
    const rows = this.#rows;
    const start = rows[row * COLUMNS]!;
    const limit = Math.min(row + most, this.#count);
    const seq = this.seqOf(row) - row;
    let end = start;
    let at = row;
    for (; at < limit; at++) {
      if (!this.isLive(at) || this.seqOf(at) !== seq + at) break;
      const next = at + 1 < this.#count ? rows[(at + 1) * COLUMNS]! : this.#used;
      if (next - start > RUN_BYTES) break;
      end = next;
    }
    if (at === row) return 0;
    into.data.set(this.#data.subarray(start, end), RUN);
    const moved = RUN - start;
    for (let i = 0; i < at - row; i++) this.#showIn(into, i, row + i, moved);
    return at - row;
  }

  /** Adds a live row to a run, its bytes copied behind those before; false when there is no room. Says nothing of subjects. */
  addTo(row: number, into: StoredRun): boolean {
    const start = this.#rows[row * COLUMNS]!;
    const length = this.#bytesOfRow(row);
    if (into.used + length > RUN_BYTES) return false;
    copyIn(RUN + into.used, this.#data, start, start + length);
    this.#showIn(into, into.count++, row, RUN + into.used - start);
    into.used += length;
    return true;
  }

  /** The message `i` of a run is this row, whose bytes lie elsewhere by `moved`. */
  #showIn(into: StoredRun, i: number, row: number, moved: number): void {
    const rows = this.#rows;
    const header = this.headerLengthOf(row);
    const from = moved + rows[row * COLUMNS]! + (header > 0 ? HEADER_LENGTH_BYTES : 0);
    into.seq[i] = this.seqOf(row);
    into.headerFrom[i] = from;
    into.bodyFrom[i] = from + header;
    into.bodyTo[i] = moved + rows[row * COLUMNS]! + this.#bytesOfRow(row);
    into.sec[i] = this.secOf(row);
    into.nanos[i] = this.nanosOf(row);
  }

  /** Forgets a live row, with `erase` also its bytes. */
  remove(row: number, erase: boolean): void {
    assert(this.isLive(row), "a row is removed once");
    const bytes = this.#bytesOfRow(row);
    if (erase) this.#data.fill(0, this.#rows[row * COLUMNS]!, this.#rows[row * COLUMNS]! + bytes);
    this.#rows[row * COLUMNS + SUBJECT] = GONE;
    this.#dead += bytes;
    this.#live--;
  }

  /** Copies the live rows and bytes to memory of just their size. */
  compact(): void {
    const rows = new Uint32Array(this.#live * COLUMNS);
    const seqs = new Uint32Array(this.#live);
    const data = new Uint8Array(this.#used - this.#dead);
    let to = 0;
    let used = 0;
    for (let row = 0; row < this.#count; row++) {
      if (!this.isLive(row)) continue;
      const bytes = this.#bytesOfRow(row);
      const offset = this.#rows[row * COLUMNS]!;
      putBytes(data, used, this.#data, offset, offset + bytes);
      for (let column = 1; column < COLUMNS; column++) {
        rows[to * COLUMNS + column] = this.#rows[row * COLUMNS + column]!;
      }
      rows[to * COLUMNS + OFFSET] = used;
      seqs[to] = this.seqOf(row) - this.first;
      used += bytes;
      to++;
    }
    assert(to === this.#live && used === data.length, "compaction keeps what is live");
    this.#rows = rows;
    this.#seqs = seqs;
    this.#data = data;
    this.#count = to;
    this.#used = used;
    this.#dead = 0;
    this.#head = 0;
  }

  #bytesOfRow(row: number): number {
    const end = row + 1 < this.#count ? this.#rows[(row + 1) * COLUMNS]! : this.#used;
    return end - this.#rows[row * COLUMNS]!;
  }

  #spellSeqs(): void {
    this.#seqs = new Uint32Array(this.#rows.length / COLUMNS);
    for (let row = 0; row < this.#count; row++) this.#seqs[row] = row;
  }

  #makeRoom(row: number, bytes: number): void {
    if ((row + 1) * COLUMNS > this.#rows.length) {
      const rows = new Uint32Array(Math.min(MOST_ROWS, Math.max(FIRST_ROWS, row * 2)) * COLUMNS);
      rows.set(this.#rows.subarray(0, row * COLUMNS));
      this.#rows = rows;
      if (this.#seqs !== undefined) {
        const seqs = new Uint32Array(rows.length / COLUMNS);
        seqs.set(this.#seqs.subarray(0, row));
        this.#seqs = seqs;
      }
    }
    if (this.#used + bytes > this.#data.length) {
      const size = Math.max(this.#used + bytes, Math.min(MOST_BYTES, Math.max(FIRST_BYTES, this.#data.length * 2)));
      const data = new Uint8Array(size);
      data.set(this.#data.subarray(0, this.#used));
      this.#data = data;
    }
  }
}
