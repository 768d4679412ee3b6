// Slots: pieces of the arena that hold bytes waiting for one peer.
//
// Four grades, 2, 16, 128 and 256 KB. A connection borrows one while it has bytes
// to send and gives it back when they are gone. Owned by the process, like the
// arena; a server that leaks one leaks it for all.

import { SLOTS, SLOTS_BYTES } from "../base/arena.ts";
import { assert } from "../base/assert.ts";

const KB = 1024;

/** Sizes by grade, in bytes. */
export const SLOT_BYTES: readonly number[] = [2 * KB, 16 * KB, 128 * KB, 256 * KB];
export const LARGEST_GRADE = 3;
/** Left free at the end of a slot: the copy kernel writes past its pieces. */
export const SLOT_SLACK = 64;

/** How many there are of each grade; of the largest as many as the region has room for. */
const COUNTS = [2048, 512, 64];

function freeLists(): Int32Array[] {
  const lists: Int32Array[] = [];
  let start = SLOTS;
  for (const [grade, size] of SLOT_BYTES.entries()) {
    const count = COUNTS[grade] ?? Math.floor((SLOTS + SLOTS_BYTES - start) / size);
    // The lowest is taken first.
    lists.push(Int32Array.from({ length: count }, (_, i) => start + (count - 1 - i) * size));
    start += count * size;
  }
  return lists;
}

const free = freeLists();
const counts = free.map((list) => list.length);

/** Offset of a free slot, or −1 when the arena has none of that grade. */
export function takeSlot(grade: number): number {
  const left = counts[grade]!;
  if (left === 0) return -1;
  counts[grade] = left - 1;
  return free[grade]![left - 1]!;
}

/** Gives a slot back. */
export function giveSlot(grade: number, offset: number): void {
  const left = counts[grade]!;
  assert(left < free[grade]!.length, "no slot is given back twice");
  free[grade]![left] = offset;
  counts[grade] = left + 1;
}

/** Free slots by grade, for tests and statistics. */
export function freeSlots(): readonly number[] {
  return [...counts];
}
