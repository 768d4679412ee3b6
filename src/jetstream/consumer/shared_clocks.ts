// The timers that all consumers of a server share.

import type { World } from "../../base/world.ts";
import { SharedTimer } from "./shared_timer.ts";

/** By the wall clock. */
export function wallTimer(world: World): SharedTimer {
  return new SharedTimer({
    nowMs: () => world.wallSec() * 1000 + world.wallNanos() / 1e6,
    after: (delayMs, fire) => world.wallAfter(delayMs, fire),
  });
}

/** By the monotonic clock. */
export function monotonicTimer(world: World): SharedTimer {
  return new SharedTimer({ nowMs: () => world.nowMs(), after: (delayMs, fire) => world.after(delayMs, fire) });
}
