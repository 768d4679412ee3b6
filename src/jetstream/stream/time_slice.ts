// Long work in slices of time: about a millisecond of a turn.

import type { World } from "../../base/world.ts";

/** What a slice may take of a turn, about. */
const SLICE_MS = 1;
/** Steps of a slice, however short they are. */
const MOST_STEPS = 64;

/** Runs `step`, which says whether there is more, until a slice is over, or `most` steps. Whether there is more. */
export function forASlice(world: Pick<World, "nowMs">, step: () => boolean, most = MOST_STEPS): boolean {
  const untilMs = world.nowMs() + SLICE_MS;
  for (let steps = 1; step(); steps++) if (steps === most || world.nowMs() >= untilMs) return true;
  return false;
}
