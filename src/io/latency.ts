// Adaptive polling: for a moment after a read the loop asks for the next one
// instead of sleeping, since an answer is often on its way.
//
// One setImmediate keeps the loop from sleeping for one iteration. Costs
// nothing when nothing is read. Measured for the design: request-reply with
// one in flight 124 -> 42 µs, 1 message per ms 7 % -> 8 % of a core.

import * as natives from "./natives.ts";

const POLL_MS = 0.05;
/** After so many polls in vain only one read in so many is followed by polling. */
const VAIN_POLLS = 16;

let polling = false;
let wasRead = false;
let untilMs = 0;
let vain = 0;
let skipped = 0;
let held = 0;

/** Tells that a socket was read: the loop stays awake for the next 50 µs. */
export function socketWasRead(): void {
  wasRead = true;
  if (polling || held > 0) return;
  if (vain >= VAIN_POLLS && skipped++ < VAIN_POLLS) return;
  skipped = 0;
  polling = true;
  wasRead = false;
  untilMs = natives.nowMs() + POLL_MS;
  natives.setImmediate(poll);
}

/** No polling until as many `releasePolling` calls: a disk sync is in flight and needs the core. */
export function holdPolling(): void {
  held++;
}
export function releasePolling(): void {
  held--;
}

function poll(): void {
  const nowMs = natives.nowMs();
  if (wasRead) {
    wasRead = false;
    vain = 0;
    untilMs = nowMs + POLL_MS;
  }
  if (nowMs < untilMs && held === 0) {
    natives.setImmediate(poll);
    return;
  }
  if (vain < VAIN_POLLS) vain++;
  polling = false;
}
