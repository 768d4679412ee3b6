// Walks through the records of a block, and finds its way again behind damaged bytes.
//
// Knows records, not what they mean together: that is the store's. Damage is
// reported as a range of bytes; nothing is changed.
//
// The checksum key is no secret, so a payload can hold bytes that pass for a
// record. They are only looked at when a record around them is damaged, and then
// a find counts when records follow it without a gap to the end of the block, or
// to where the damaged record says it ends. Bytes inside a payload cannot achieve
// that: they would have to end in a checksum not known when they were written.
// Where more than one record is damaged a find also counts when its sequences fit between those around it, with room
// for what was damaged before and behind: a payload alone, whose record had one sequence, leaves no such room.

import { EMPTY_RECORD, MAX_RECORD, type RecordFault, RecordReader } from "./record.ts";
import type { Hasher } from "../../base/highway_hash.ts";
import { uint32 } from "../../base/nanos.ts";

/** What a scan tells; `record` is reused for the next one. */
export interface BlockVisitor {
  /** May return what it took beyond the reading: in bytes that could have been hashed meanwhile. */
  onRecord(record: RecordReader): number | void;
  /** The bytes [from, to) are no good; `isWhole` when they are one record whose length can be trusted. */
  onDamage(from: number, to: number, fault: RecordFault, isWhole: boolean): void;
}

/** How many bytes are hashed in search of good records, at most; what is behind counts as damaged. */
const SEARCH_BYTES = 1 << 30;
const SEQ_HIGH_MASK = 0x3fe0_0000; // bits no sequence below 2^53 has
// What things cost, in bytes hashed.
const RECORD_COST = 256;
const LOOK_COST = 8;

/**
 * Tells `visitor` about the records of a block, in order; `records` is what `blockRecords` gave. Returns where it
 * stopped: at the end, or after `atMost` records, to go on `from` there in a later slice.
 */
export function scanBlock(
  records: Uint8Array,
  hasher: Hasher,
  visitor: BlockVisitor,
  from = 0,
  atMost = Number.POSITIVE_INFINITY,
): number {
  const scan = new BlockScan(records, hasher, visitor, from);
  for (let left = atMost; left > 0 && scan.at < records.length; left--) {
    for (const before = scan.at; scan.at === before;) scan.step(1);
  }
  return scan.at;
}

/** A scan in slices, which also interrupt the search behind damage. */
export class BlockScan {
  readonly #records: Uint8Array;
  readonly #visitor: BlockVisitor;
  readonly #record: RecordReader;
  readonly #search: Search;
  #at: number;
  #fault: RecordFault;
  #searching: Generator<undefined, number, undefined> | undefined;
  #lastSeq: number;

  constructor(records: Uint8Array, hasher: Hasher, visitor: BlockVisitor, from = 0) {
    this.#records = records;
    this.#visitor = visitor;
    this.#record = new RecordReader(hasher);
    this.#search = new Search(records, hasher);
    this.#at = from;
    this.#fault = "short";
    this.#searching = undefined;
    this.#lastSeq = 0;
  }

  /** What is before was told. */
  get at(): number {
    return this.#at;
  }

  /**
   * Goes on for about as long as hashing `cost` bytes takes, a record or a piece of a search at least; what it did
   * take.
   */
  step(cost: number): number {
    let spent = 0;
    while (spent < cost && this.#at < this.#records.length) {
      spent += this.#searching === undefined ? this.#read() : this.#seek(cost - spent);
    }
    return spent;
  }

  #read(): number {
    const record = this.#record;
    const fault = record.read(this.#records, this.#at, this.#records.length);
    if (fault === undefined) {
      const from = this.#at;
      if (record.kind !== "tombstone") this.#lastSeq = record.seq;
      const cost = this.#visitor.onRecord(record);
      this.#at = record.to;
      return record.to - from + RECORD_COST + (typeof cost === "number" ? cost : 0);
    }
    this.#fault = fault;
    this.#searching = this.#search.behind(this.#at, this.#lastSeq);
    return fault === "sum" ? record.to - record.from : RECORD_COST;
  }

  #seek(cost: number): number {
    this.#search.slice = cost;
    const { done, value } = this.#searching!.next();
    if (done !== true) return cost;
    const from = this.#at;
    this.#searching = undefined;
    this.#at = value;
    this.#visitor.onDamage(from, value, this.#fault, value === this.#search.whole);
    return cost - this.#search.slice + RECORD_COST;
  }
}

class Search {
  readonly #records: Uint8Array;
  readonly #record: RecordReader;
  #budget: number;
  /** What is left of this slice. */
  slice: number;
  /** The end of the damaged record, when a good record or the end of the block is where its length says. */
  whole: number | undefined;

  constructor(records: Uint8Array, hasher: Hasher) {
    this.#records = records;
    this.#record = new RecordReader(hasher);
    this.#budget = SEARCH_BYTES;
    this.slice = 0;
    this.whole = undefined;
  }

  /**
   * Where good records begin again behind the damaged one at `from`; the end of the block when they do not. Not behind
   * `whole`: only records that lead there without a gap prove it wrong. `after` is the sequence before the damage.
   * Yields when `slice` is spent.
   */
  *behind(from: number, after: number): Generator<undefined, number, undefined> {
    const { length } = this.#records;
    const whole = this.#wholeRecord(from);
    this.whole = whole;
    const last = whole ?? length;
    let fallback = last;
    // The run of good records that was found last: where it begins, its last sequence, and whether there is room for a
    // damaged record's sequence before it.
    let run = length;
    let runSeq = 0;
    let hasRoom = false;
    for (let at = from + 1; at + EMPTY_RECORD <= last && this.#budget > 0; at++) {
      this.slice -= LOOK_COST;
      if (this.slice <= 0) yield undefined;
      if (!this.#goodAt(at)) continue;
      let firstSeq = this.#seq(0);
      if (hasRoom && firstSeq > runSeq + 1) return run;
      if (fallback === run && firstSeq > 0 && firstSeq <= runSeq) fallback = at; // they contradict each other
      let lastSeq = firstSeq;
      let end = this.#record.to;
      while (end !== last && this.#goodAt(end)) {
        lastSeq = this.#seq(lastSeq);
        if (firstSeq === 0) firstSeq = lastSeq;
        end = this.#record.to;
        if (this.slice <= 0) yield undefined;
      }
      if (end === last) return at;
      if (fallback === length && whole === undefined) fallback = at;
      run = at;
      runSeq = lastSeq;
      hasRoom = whole === undefined && firstSeq > after + 1 && lastSeq >= firstSeq;
      at = end - 1;
    }
    return fallback;
  }

  /** The sequence of the record that was read last; `none` for a tombstone's. */
  #seq(none: number): number {
    return this.#record.kind === "tombstone" ? none : this.#record.seq;
  }

  #wholeRecord(at: number): number | undefined {
    if (this.#records.length - at < EMPTY_RECORD) return undefined;
    const length = uint32(this.#records, at) & 0x7fff_ffff;
    const to = at + length;
    if (length < EMPTY_RECORD || length > MAX_RECORD || to > this.#records.length) return undefined;
    return to === this.#records.length || this.#goodAt(to) ? to : undefined;
  }

  #goodAt(at: number): boolean {
    const records = this.#records;
    if (records.length - at < EMPTY_RECORD || (uint32(records, at + 8) & SEQ_HIGH_MASK) !== 0) return false;
    if (this.#record.readUnchecked(records, at, records.length) !== undefined) return false;
    const cost = this.#record.to - at;
    this.#budget -= cost;
    this.slice -= cost + RECORD_COST;
    return this.#record.read(records, at, records.length) === undefined;
  }
}
