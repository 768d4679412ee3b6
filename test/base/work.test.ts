import { expect, test } from "vitest";
import { Pace, run, runAll, THINGS_A_SLICE, type Work } from "../../src/base/work.ts";

function* count(to: number, seen: number[]): Work<string> {
  const pace = new Pace();
  for (let i = 0; i < to; i++) {
    seen.push(i);
    if (pace.spend()) yield;
  }
  return "over";
}

test("short work ends within the call", () => {
  const seen: number[] = [];
  let result = "";
  run(
    () => expect.unreachable(),
    count(THINGS_A_SLICE - 1, seen),
    (is) => (result = is),
  );
  expect(result).toBe("over");
  expect(seen).toHaveLength(THINGS_A_SLICE - 1);
});

test("long work does a slice a turn, all of it in order", () => {
  const turns: (() => void)[] = [];
  const seen: number[] = [];
  let result = "";
  run(
    (fire) => turns.push(fire),
    count(3 * THINGS_A_SLICE - 1, seen),
    (is) => (result = is),
  );
  for (let slices = 1; slices < 3; slices++) {
    expect([seen.length, result]).toEqual([slices * THINGS_A_SLICE, ""]);
    turns.shift()!();
  }
  expect([seen.length, result]).toEqual([3 * THINGS_A_SLICE - 1, "over"]);
  expect(turns).toEqual([]);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

test("in one go it comes to the same", () => {
  const seen: number[] = [];
  expect(runAll(count(2 * THINGS_A_SLICE, seen))).toBe("over");
  expect(seen).toHaveLength(2 * THINGS_A_SLICE);
});
