// When a process that rests gives memory back.

import { expect, test } from "vitest";
import { IdleMemory, thisProcess } from "../../src/io/idle_memory.ts";

const MB = 1 << 20;

function resting() {
  const state = { busy: 0, young: 16 * MB, collections: 0 };
  const memory = new IdleMemory({
    busyShare: () => state.busy,
    youngBytes: () => state.young,
    collect: () => {
      state.collections++;
    },
  });
  const check = (times: number): number => {
    for (let i = 0; i < times; i++) memory.check();
    return state.collections;
  };
  return { state, check };
}

test("memory is given back once in each time of rest", () => {
  const { state, check } = resting();
  expect(check(2)).toBe(0);
  expect(check(1)).toBe(1);
  expect(check(100)).toBe(1);
  state.busy = 0.5;
  expect(check(1)).toBe(1);
  state.busy = 0.01;
  expect(check(3)).toBe(2);
});

test("a process that is busy now and then is left alone", () => {
  const { state, check } = resting();
  for (let i = 0; i < 50; i++) {
    state.busy = i % 3 === 0 ? 0.3 : 0;
    expect(check(1)).toBe(0);
  }
});

test("so is one that has little to give back", () => {
  const { state, check } = resting();
  state.young = MB;
  expect(check(10)).toBe(0);
});

test("the young part of this process is smaller after a collection, and gc stays hidden", () => {
  const process = thisProcess();
  const kept: object[][] = [];
  for (let i = 0; i < 200; i++) kept.push(Array.from({ length: 2000 }, () => ({})));
  expect(process.youngBytes()).toBeGreaterThan(0);
  expect(process.busyShare()).toBeLessThanOrEqual(1);
  expect(() => process.collect()).not.toThrow();
  expect("gc" in globalThis).toBe(false);
  expect(kept.length).toBe(200);
});
