// Finds the messages of a stream that have headers without reading the others: from record to record, of which only the
// lengths are looked at.
//
// Owns nothing. Does not check what it finds: who loads a message learns whether it is damaged.

import { RECORD_HEAD } from "../format/record.ts";
import type { BlockReader } from "./block_reader.ts";
import type { BlockTable } from "./block_table.ts";

/** The highest byte of a record's length, and the bit in it that says that there are headers. */
const LENGTH_TOP = 3;
const HAS_HEADERS = 0x80;

/** As `StreamStore.withHeaders`: those of one block. */
export function walkHeaders(table: BlockTable, reader: BlockReader, from: number, into: number[]): number {
  const blocks = table.all;
  let at = table.indexFrom(from);
  while (at < blocks.length && (blocks[at]!.msgs === 0 || blocks[at]!.plainUpTo >= blocks[at]!.lastSeq)) at++;
  const block = blocks[at];
  if (block === undefined) return 0;
  const start = Math.max(from, block.firstSeq);
  const before = into.length;
  let last = 0;
  let isPlain = true;
  const end = reader.walk(block, 0, (seq, _at, isHole, bytes, subjectFrom) => {
    // One that is not where it may be is damaged, and perhaps not the only one.
    if (seq <= last || seq > block.lastSeq) return false;
    last = seq;
    if (isHole || (bytes[subjectFrom - RECORD_HEAD + LENGTH_TOP]! & HAS_HEADERS) === 0) return true;
    isPlain = false;
    if (seq >= start && block.has(seq)) into.push(seq);
    return true;
  });
  if (end >= block.size) {
    // Who asks again need not look.
    if (isPlain) block.plainUpTo = last;
    return block.lastSeq + 1;
  }
  // In a block with damage that nobody has looked at any of them may have headers: also before that, where a sequence may
  // have been another one.
  into.length = before;
  for (let seq = block.liveFrom(start); seq > 0; seq = block.liveFrom(seq + 1)) into.push(seq);
  return block.lastSeq + 1;
}
