import { expect, test } from "vitest";
import { forASlice } from "../../../src/jetstream/stream/time_slice.ts";

test("a slice ends with the work, with its time, or with its steps", () => {
  let nowMs = 100;
  let steps = 0;
  const world = { nowMs: () => nowMs };
  expect(forASlice(world, () => ++steps < 3)).toBe(false);
  expect(steps).toBe(3);
  steps = 0;
  const slow = (): boolean => {
    steps++;
    nowMs += 0.6;
    return true;
  };
  expect(forASlice(world, slow)).toBe(true);
  expect(steps).toBe(2);
  steps = 0;
  const quick = (): boolean => ++steps > 0;
  expect(forASlice(world, quick)).toBe(true);
  expect(steps).toBe(64);
});
