// Places in the arena for groups that are on their way to disk: a message that lies in the arena
// becomes a record there in one call.
//
// One set for the process, as the arena. Who finds none has memory of its own. A slot is its group's
// from the first record until it has landed, or was refused; also when it is gone before: nobody ends the groups of a
// disk that has ended. Knows nothing of what is in groups.

import { bytes, GROUPS, GROUPS_BYTES } from "../../base/arena.ts";
import { assert } from "../../base/assert.ts";

const SLOT_BYTES = 1 << 20;
/** What the kernel may scribble past the last record. */
const SLACK = 64;
/** What a group may have in a slot. */
export const SLOT_ROOM = SLOT_BYTES - SLACK;

const NOBODY: WeakRef<object> | undefined = undefined as WeakRef<object> | undefined;

const places = Array.from({ length: GROUPS_BYTES / SLOT_BYTES }, (_, slot) => {
  const at = GROUPS + slot * SLOT_BYTES;
  return { at, bytes: bytes.subarray(at, at + SLOT_ROOM), owner: NOBODY };
});

/** A free slot for `owner`; −1 when there is none. The lowest is taken first: it lies in the processor's cache. */
export function takeGroupSlot(owner: WeakRef<object>): number {
  const slot = places.findIndex((place) => place.owner?.deref() === undefined);
  if (slot >= 0) places[slot]!.owner = owner;
  return slot;
}

/** Nobody reads what lies there any more. */
export function giveGroupSlot(slot: number): void {
  assert(places[slot]!.owner !== undefined, "no slot is given back twice");
  places[slot]!.owner = undefined;
}

/** Where in the arena a slot begins. */
export function slotAt(slot: number): number {
  return places[slot]!.at;
}
/** Its bytes: part of the arena. */
export function slotBytes(slot: number): Uint8Array {
  return places[slot]!.bytes;
}

/** For tests. */
export function freeGroupSlots(): number {
  return places.filter(({ owner }) => owner?.deref() === undefined).length;
}
