// A part of the simulation of the file store; `make sim` runs all of it, SEED=n one seed.

import { expect, test } from "vitest";
import { modeOf, MODES, simulate } from "./store_sim.ts";

const BUDGET_MS = 9000;
const SEEDS = 1500;

test.each(MODES)("a file store keeps what it confirmed: %s", (mode) => {
  const started = Date.now();
  let messages = 0;
  for (let seed = 1; seed <= SEEDS && Date.now() - started < BUDGET_MS / MODES.length; seed++) {
    if (modeOf(seed) === mode) messages += simulate(seed).messages;
  }
  expect(messages).toBeGreaterThan(0);
});

/** They found something; what it was has a test of its own in test/store/. */
test.each([
  [4864, "the last sequence, when its mark is not in the last block of its group"],
  [4755, "the same when commits are only written"],
  [3760, "the time of the last message, erased"],
  [8847, "an erased message in a block that its own group drops"],
  [370, "messages behind a record with a wrong length, behind a good index"],
  [582, "a message behind a damaged one"],
  [2250, "tombstones about a damaged block"],
  [3170, "a rollup of a subject with a damaged message"],
  [3734, "the same, with a limit"],
  [417, "a rollup of a subject that limits had emptied"],
  [245, "bytes after a read that failed"],
  [649, "subjects after a read that failed"],
  [653, "the first message of a subject after a read that failed"],
  [625, "a torn end on a full disk"],
  [2217, "bytes of a failed commit that a start shows"],
  [2377, "a truncation whose sync failed"],
  [5649, "marks of what limits took, in a group that was refused"],
  [1242, "all that told the last sequence is damaged"],
  [2458, "a mark of the first sequence is damaged"],
  [8659, "a message in a packed block that goes while it is erased"],
])("seed %i: %s", (seed) => {
  simulate(seed);
});

test("a file store counts and keeps what it could not read for a while", () => {
  const started = Date.now();
  let messages = 0;
  for (let seed = 1; seed <= SEEDS && Date.now() - started < BUDGET_MS / MODES.length; seed++) {
    messages += simulate(seed, "reads").messages;
  }
  expect(messages).toBeGreaterThan(0);
});

test.each([
  [3, "bytes of a message that was removed unread"],
  [13, "subjects of messages that were removed unread"],
  [28, "a rollup that found nothing of what it removes"],
  [1429, "tombstones of a rollup that found nothing"],
  [407, "a plan that cannot look at its messages"],
])("seed %i, reads: %s", (seed) => {
  simulate(seed, "reads");
});

test("the same seed does the same again", () => {
  for (const seed of [4, 6, 7, 8]) {
    const [first, second] = [simulate(seed), simulate(seed)];
    expect(second.life.store.state()).toEqual(first.life.store.state());
    expect(second.life.disk.calls).toBe(first.life.disk.calls);
  }
});
