// A part of a block that is in memory, from one record's start on, and the place
// where its reader was last.
//
//     block   ├──────── span ────────┤
//                 at ─┤record├─ next
//
// Knows nothing of where the bytes come from.

import type { FileBlock } from "./file_block.ts";

const NO_BYTES = new Uint8Array(0);

export class Span {
  block: FileBlock | undefined = undefined;
  /** Offsets in the block that `bytes` begins at and ends at; there may be room behind. */
  from = 0;
  to = 0;
  bytes: Uint8Array = NO_BYTES;
  /** Where `bytes` begins in the arena, when it lies there; else −1. */
  arenaAt = -1;
  /** The sequence read last, where its record starts, and where the record behind what was read starts; 0 for none. */
  seq = 0;
  at = 0;
  next = 0;
  /** How long that record is. */
  length = 0;
}
