// Slots: pieces of the arena that hold bytes waiting for one peer.
//
// Three grades, 2, 16 and 128 KB. A connection borrows one while it has bytes
// to send and gives it back when they are gone. Owned by the process, like the
// arena; a server that leaks one leaks it for all.

import { SLOTS, SLOTS_BYTES } from "../base/arena.ts";
import { assert } from "../base/assert.ts";

const KB = 1024;

/** Sizes by grade, in bytes. */
export const SLOT_BYTES: readonly number[] = [2 * KB, 16 * KB, 128 * KB];
export const LARGEST_GRADE = 2;
/** Left free at the end of a slot: the copy kernel writes past its pieces. */
export const SLOT_SLACK = 64;

const SMALL = 2048;
const MIDDLE = 512;
const COUNTS = [SMALL, MIDDLE, (SLOTS_BYTES - SMALL * 2 * KB - MIDDLE * 16 * KB) / (128 * KB)];

function freeList(grade: number, from: number): Int32Array {
  const free = new Int32Array(Math.floor(COUNTS[grade]!));
  for (let i = 0; i < free.length; i++) free[i] = from + (free.length - 1 - i) * SLOT_BYTES[grade]!;
  return free;
}

const starts = [SLOTS, SLOTS + SMALL * 2 * KB, SLOTS + SMALL * 2 * KB + MIDDLE * 16 * KB];
const free = starts.map((start, grade) => freeList(grade, start));
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
