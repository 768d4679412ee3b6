// When the first message of a block was stored, found in slices: in a block of
// which much was deleted it may lie behind very many records, and where they are
// is only known of blocks that were read before.

import type { Moment } from "../../base/nanos.ts";
import type { FileBlock } from "./file_block.ts";
import type { RecordFinder } from "./record_finder.ts";
import type { Effort, Slices } from "./sliced_job.ts";

/** Records that are passed in one go, at most; and bytes, as far as they are read. */
const PASSED = 2048;
const PASSED_BYTES = 1 << 20;
/** What passing a record costs, in bytes hashed. */
const RECORD_COST = 64;
/** What reading the first record of a block costs. */
const READING_COST = 64 << 10;

/** Its moment; undefined when the block has no message, or it cannot be read. */
export function* firstMoment(finder: RecordFinder, block: FileBlock, effort: Effort): Slices<Moment | undefined> {
  if (block.msgs === 0) return undefined;
  const { reader } = finder;
  const place = { at: block.index === undefined ? 0 : block.size, found: -1 };
  while (place.found < 0 && place.at < block.size) {
    const from = place.at;
    let left = PASSED;
    place.at = reader.walk(block, from, (seq, offset) => {
      if (seq >= block.firstSeq) place.found = offset;
      return place.found < 0 && --left > 0 && offset - from < PASSED_BYTES;
    });
    // At least one record is passed, unless it cannot be read.
    if (place.at === from) break;
    if (effort.spend(READING_COST + (PASSED - left) * RECORD_COST)) yield undefined;
  }
  const { found } = place;
  const isThere =
    found >= 0 && reader.read(block, found) && reader.record.seq === block.firstSeq && reader.record.kind === "message";
  if (!isThere && !finder.find(block, block.firstSeq)) return undefined;
  const { sec, nanos } = reader.record;
  return { sec, nanos };
}
