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
// (Where two records of a block are damaged, one of them in its length, the first find counts.)

import { EMPTY_RECORD, MAX_RECORD, type RecordFault, RecordReader } from "./record.ts";
import type { Hasher } from "../../base/highway_hash.ts";
import { uint32 } from "../../base/nanos.ts";

/** What a scan tells; `record` is reused for the next one. */
export interface BlockVisitor {
  onRecord(record: RecordReader): void;
  /** The bytes [from, to) are no good; `isWhole` when they are one record whose length can be trusted. */
  onDamage(from: number, to: number, fault: RecordFault, isWhole: boolean): void;
}

/** How many bytes are hashed in search of good records, at most; what is behind counts as damaged. */
const SEARCH_BYTES = 1 << 30;
const SEQ_HIGH_MASK = 0x3fe0_0000; // bits no sequence below 2^53 has

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
  const record = new RecordReader(hasher);
  const search = new Search(records, hasher);
  let at = from;
  for (let left = atMost; at < records.length && left > 0; left--) {
    const fault = record.read(records, at, records.length);
    if (fault === undefined) {
      visitor.onRecord(record);
      at = record.to;
      continue;
    }
    const whole = search.wholeRecord(at);
    const next = search.next(at + 1, whole);
    visitor.onDamage(at, next, fault, next === whole);
    at = next;
  }
  return at;
}

class Search {
  readonly #records: Uint8Array;
  readonly #record: RecordReader;
  #budget: number;

  constructor(records: Uint8Array, hasher: Hasher) {
    this.#records = records;
    this.#record = new RecordReader(hasher);
    this.#budget = SEARCH_BYTES;
  }

  /** The end of the damaged record at `at`, when a good record or the end of the block is where its length says. */
  wholeRecord(at: number): number | undefined {
    if (this.#records.length - at < EMPTY_RECORD) return undefined;
    const length = uint32(this.#records, at) & 0x7fff_ffff;
    const to = at + length;
    if (length < EMPTY_RECORD || length > MAX_RECORD || to > this.#records.length) return undefined;
    return to === this.#records.length || this.#goodAt(to) ? to : undefined;
  }

  /**
   * Where good records begin again, from `from` on; the end of the block when they do not. Not behind `whole`, where
   * the damaged record says that it ends: only records that lead there without a gap prove it wrong.
   */
  next(from: number, whole: number | undefined): number {
    const { length } = this.#records;
    const last = whole ?? length;
    let fallback = last;
    for (let at = from; at + EMPTY_RECORD <= last && this.#budget > 0; at++) {
      if (!this.#goodAt(at)) continue;
      let end = this.#record.to;
      while (end !== last && this.#goodAt(end)) end = this.#record.to;
      if (end === last) return at;
      if (fallback === length && whole === undefined) fallback = at;
      at = end - 1;
    }
    return fallback;
  }

  #goodAt(at: number): boolean {
    const records = this.#records;
    if (records.length - at < EMPTY_RECORD || (uint32(records, at + 8) & SEQ_HIGH_MASK) !== 0) return false;
    if (this.#record.readUnchecked(records, at, records.length) !== undefined) return false;
    this.#budget -= this.#record.to - at;
    return this.#record.read(records, at, records.length) === undefined;
  }
}
