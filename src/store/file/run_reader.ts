// Reads records of a page that follow each other, all at once: what a consumer
// that delivers in order wants.
//
//     page    │ record │ record │ … │      in a slot of the arena: read and hashed where they are
//     RUN     │ record │ record │ … │      else copied there first
//
// Knows no files and no blocks; a record that is not what it should be ends the run.

import { bytes, RUN, RUN_BYTES } from "../../base/arena.ts";
import { recordCheck } from "../../base/arena_hash.ts";
import { HASH_BYTES, type Hasher } from "../../base/highway_hash.ts";
import { nanosOf, secOf } from "../../base/nanos.ts";
import { EMPTY_RECORD, RECORD_HEAD } from "../format/record.ts";
import { RUN_MSGS, type StoredRun } from "../stored_run.ts";
import type { RecordPage } from "./record_page.ts";

const LENGTH_MASK = 0x7fff_ffff;
/** From here on the upper half of a sequence says that it is no message, or is none. */
const HIGHEST_HALF = 0x20_0000;
const TWO32 = 4_294_967_296;
const HEADERS_LENGTH = 4;

const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Reads the message at an entry of a page and those that follow it, `most` at most; how many are there and intact. */
export function readRun(page: RecordPage, entry: number, most: number, hasher: Hasher, into: StoredRun): number {
  let count = page.runFrom(entry, Math.min(most, RUN_MSGS));
  let home = page.arenaAt;
  if (home < 0) {
    const from = page.startOf(entry);
    while (count > 0 && page.endOf(entry + count - 1) - from > RUN_BYTES) count >>= 1;
    if (count === 0) return 0;
    bytes.set(page.bytes.subarray(from, page.endOf(entry + count - 1)), RUN);
    home = RUN - from;
  }
  into.subject = bytes;
  const at = home + page.startOf(entry);
  // Records in a row from the first one on, whatever they are, that are good: an entry is one of them by where it lies.
  let good = page.isIntact(entry) ? 0 : (recordCheck()?.(hasher.lendKey(), at, count) ?? 0);
  for (let i = 0, record = at; i < count; i++) {
    const start = home + page.startOf(entry + i);
    for (; record < start && good > 0; good--) record += view.getInt32(record, true) & LENGTH_MASK;
    const isKnown = good > 0 || page.isIntact(entry + i);
    if (!showIn(into, i, start, isKnown ? undefined : hasher)) return i;
    page.setIntact(entry + i);
  }
  return count;
}

/**
 * Adds the record of `length` bytes at `at` in the arena, where a run has its room, to it; false when it is no message, or
 * not intact: without `hasher` that is not asked.
 */
export function addRecord(at: number, length: number, hasher: Hasher | undefined, into: StoredRun): boolean {
  if (length < EMPTY_RECORD || (view.getInt32(at, true) & LENGTH_MASK) !== length) return false;
  if (RECORD_HEAD + view.getUint16(at + 20, true) + HASH_BYTES > length) return false;
  if (!showIn(into, into.count, at, hasher)) return false;
  into.count++;
  into.used += length;
  return true;
}

/** The message `i` of a run is the record at `at`, whose length and that of its subject are right; as `addRecord`. */
function showIn(into: StoredRun, i: number, at: number, hasher: Hasher | undefined): boolean {
  const first = view.getInt32(at, true);
  const bodyTo = at + (first & LENGTH_MASK) - HASH_BYTES;
  const subjectFrom = at + RECORD_HEAD;
  const subjectTo = subjectFrom + view.getUint16(at + 20, true);
  let headerFrom = subjectTo;
  let headerBytes = 0;
  if (first < 0) {
    headerFrom += HEADERS_LENGTH;
    if (headerFrom > bodyTo) return false;
    headerBytes = view.getUint32(subjectTo, true);
    if (headerBytes > bodyTo - headerFrom) return false;
  }
  const high = view.getUint32(at + 8, true);
  if (high >= HIGHEST_HALF) return false;
  if (hasher !== undefined) {
    const isIntact = hasher
      .start()
      .add(bytes, at + 4, at + 20)
      .add(bytes, subjectFrom, subjectTo)
      .add(bytes, headerFrom, bodyTo)
      .matches(bytes, bodyTo);
    if (!isIntact) return false;
  }
  const low = view.getUint32(at + 12, true);
  const sec = secOf(low, view.getInt32(at + 16, true));
  into.seq[i] = high * TWO32 + view.getUint32(at + 4, true);
  into.sec[i] = sec;
  into.nanos[i] = nanosOf(low, sec);
  into.subjectFrom[i] = subjectFrom;
  into.subjectTo[i] = subjectTo;
  into.headerFrom[i] = headerFrom;
  into.bodyFrom[i] = headerFrom + headerBytes;
  into.bodyTo[i] = bodyTo;
  return true;
}
