// Records of a block that stay in memory for who reads them again: whole ones,
// one behind the other, and where each starts.
//
//     bytes    │ record │ record │ … │ record │ room
//     starts     0        1        …   n − 1       messages and holes, in order
//     intact     1        0        …               whose checksum was right when it was looked at
//
// Bytes are only added, at the end; nothing is written over. So whoever borrowed
// some keeps them, also when the page is gone: but for one in a slot (page_slots.ts),
// whose bytes are good until the next call of a store.

import { bytes as arena } from "../../base/arena.ts";
import { HASH_BYTES } from "../../base/highway_hash.ts";
import { uint32 } from "../../base/nanos.ts";
import { EMPTY_RECORD, MAX_RECORD, RECORD_HEAD } from "../format/record.ts";
import type { FileBlock } from "./file_block.ts";
import type { PageSlot } from "./page_slots.ts";
import { Span } from "./span.ts";

const LENGTH_MASK = 0x7fff_ffff;
const TWO32 = 4_294_967_296;
const TOMBSTONE = 0x4000_0000;
const HOLE = 0x8000_0000;
const HIGHEST_HALF = 0x20_0000; // of a sequence below 2^53
/** What it costs besides its arrays, about. */
const OWN_BYTES = 512;
const SOME = 64;

const arenaView = new DataView(arena.buffer, arena.byteOffset, arena.byteLength);

export class RecordPage extends Span {
  /** Since it was last asked whether it may go. Set by readers. */
  isUsed = true;
  /** Where samples of the index lie in it, by which it is found. */
  readonly keys: number[] = [];
  readonly slot: PageSlot | undefined;
  #starts: Uint32Array;
  #intact: Uint8Array;
  #entries = 0;
  #isPassed = false;
  #firstSeq: number;
  #lastSeq: number;

  /** An empty one, for records from an offset of a block on, the first of which has the sequence `seq`; in a slot or not. */
  constructor(block: FileBlock, from: number, seq: number, slot: PageSlot | undefined) {
    super();
    this.slot = slot;
    this.#starts = slot?.starts ?? new Uint32Array(SOME);
    this.#intact = slot?.intact.fill(0) ?? new Uint8Array(SOME / 8);
    if (slot !== undefined) {
      this.bytes = slot.bytes;
      this.arenaAt = slot.at;
    }
    this.block = block;
    this.from = from;
    this.to = from;
    this.#firstSeq = seq;
    this.#lastSeq = seq - 1;
  }

  get heldBytes(): number {
    if (this.slot !== undefined) return OWN_BYTES;
    return this.bytes.length + this.#starts.length * 4 + this.#intact.length + OWN_BYTES;
  }

  /** Takes the records up to an offset of the block, whose bytes were put behind the others; false when they are none. */
  take(to: number): boolean {
    const { bytes, from, arenaAt } = this;
    const isInArena = arenaAt >= 0;
    const view = isInArena ? arenaView : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const home = isInArena ? arenaAt : 0;
    const end = home + to - from;
    let at = home + this.to - from;
    while (at < end) {
      if (end - at < EMPTY_RECORD) return false;
      const length = view.getInt32(at, true) & LENGTH_MASK;
      const subjectTo = RECORD_HEAD + view.getUint16(at + 20, true);
      if (length > MAX_RECORD || subjectTo + HASH_BYTES > length || at + length > end) return false;
      const high = view.getUint32(at + 8, true);
      if (high % TOMBSTONE >= HIGHEST_HALF) return false;
      if (high >= HOLE || high < TOMBSTONE) {
        this.#add((high % TOMBSTONE) * TWO32 + view.getUint32(at + 4, true), at - home);
      }
      at += length;
    }
    this.to = to;
    return true;
  }

  /** Whether it has what a sequence between its first and its last one is about. */
  covers(seq: number): boolean {
    return seq >= this.#firstSeq && seq <= this.#lastSeq;
  }

  /** The message or hole of a sequence; −1 when there is none. */
  entryOf(seq: number): number {
    const first = this.#firstSeq;
    if (seq < first || seq > this.#lastSeq) return -1;
    if (this.#lastSeq - first === this.#entries - 1) return seq - first;
    let low = 0;
    let high = this.#entries - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#seqAt(middle) < seq) low = middle + 1;
      else high = middle;
    }
    return this.#seqAt(low) === seq ? low : -1;
  }

  /** How many entries, `most` at the most, follow each other from this one on without a gap between their sequences. */
  runFrom(entry: number, most: number): number {
    const end = Math.min(entry + most, this.#entries);
    if (this.#lastSeq - this.#firstSeq === this.#entries - 1) return end - entry;
    const seq = this.#seqAt(entry) - entry;
    let at = entry + 1;
    while (at < end && this.#seqAt(at) === seq + at) at++;
    return at - entry;
  }

  /** Where in `bytes` its record starts. */
  startOf(entry: number): number {
    return this.#starts[entry]!;
  }

  /** Where it ends. */
  endOf(entry: number): number {
    const start = this.#starts[entry]!;
    return start + (uint32(this.bytes, start) & LENGTH_MASK);
  }

  /** Whether its reader has come to the last of its entries, or passed it. */
  get isReadToEnd(): boolean {
    return this.seq === this.#lastSeq || this.#isPassed;
  }
  /** Whether its reader has come to the last message in it, which is the last one up to its end: then it has passed all. */
  isReadUpTo(seq: number): boolean {
    if (this.seq === 0 || this.seq < seq) return false;
    this.#isPassed = true;
    return true;
  }

  isIntact(entry: number): boolean {
    return (this.#intact[entry >> 3]! & (1 << (entry & 7))) !== 0;
  }
  /** Its checksum was found right. */
  setIntact(entry: number): void {
    this.#intact[entry >> 3]! |= 1 << (entry & 7);
  }

  #seqAt(entry: number): number {
    const at = this.#starts[entry]!;
    return (uint32(this.bytes, at + 8) % TOMBSTONE) * TWO32 + uint32(this.bytes, at + 4);
  }

  /** As an index does: what does not rise was never found there. */
  #add(seq: number, at: number): void {
    if (seq <= this.#lastSeq) return;
    const entry = this.#entries++;
    if (entry === 0) this.#firstSeq = seq;
    if (entry === this.#starts.length) this.#grow();
    this.#starts[entry] = at;
    this.#lastSeq = seq;
  }

  #grow(): void {
    const starts = new Uint32Array(this.#starts.length * 2);
    starts.set(this.#starts);
    this.#starts = starts;
    const intact = new Uint8Array(this.#intact.length * 2);
    intact.set(this.#intact);
    this.#intact = intact;
  }
}
