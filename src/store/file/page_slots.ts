// Places in the arena for pages of blocks that are read in order: what lies there
// is hashed and sent from where it is, and is written over once it was read.
//
//     slots    │ page │ page │ …      a free one is taken, else the next one that was read to its end
//
// One set for the process, as the arena. Whoever reads many places at once, or keeps what was read, finds
// no slot, and has pages of its own. Knows no store: whose page goes is told.

import { bytes, PAGES, PAGES_BYTES } from "../../base/arena.ts";
import { EMPTY_RECORD } from "../format/record.ts";

/** What a page may hold that lies in a slot. */
export const SLOT_BYTES = 1 << 16;
const ENTRIES = Math.ceil(SLOT_BYTES / EMPTY_RECORD);

/** What lies in a slot. */
export interface SlotPage {
  /** Nobody reads it any more, nor borrows what was read last. */
  readonly isDone: boolean;
  /** It is written over: whoever knows of it forgets it. */
  evict(): void;
}

export class PageSlot {
  /** Where in the arena it begins. */
  readonly at: number;
  readonly bytes: Uint8Array;
  /** For the entries of a page, as it has them. */
  readonly starts = new Uint32Array(ENTRIES);
  readonly intact = new Uint8Array(Math.ceil(ENTRIES / 8));
  page: SlotPage | undefined = undefined;

  constructor(at: number) {
    this.at = at;
    this.bytes = bytes.subarray(at, at + SLOT_BYTES);
  }
}

let slots: readonly PageSlot[] | undefined;
let next = 0;

/** A slot for a page, which is then set; undefined when all are being read. */
export function takePageSlot(): PageSlot | undefined {
  slots ??= Array.from({ length: PAGES_BYTES / SLOT_BYTES }, (_, i) => new PageSlot(PAGES + i * SLOT_BYTES));
  for (let left = slots.length; left > 0; left--) {
    const slot = slots[next]!;
    next = (next + 1) % slots.length;
    if (slot.page !== undefined && !slot.page.isDone) continue;
    slot.page?.evict();
    return slot;
  }
  return undefined;
}
