// How long the loop polls, by a clock of the test's own.

import { beforeEach, expect, test, vi } from "vitest";

const fake = vi.hoisted(() => ({ nowMs: 0, immediates: [] as (() => void)[] }));
vi.mock("../../src/io/natives.ts", () => ({
  nowMs: () => fake.nowMs,
  setImmediate: (fire: () => void) => fake.immediates.push(fire),
}));
const { socketWasRead } = await import("../../src/io/latency.ts");

/** Lets the loop turn every 10 µs for so long; how long of that it did not sleep. */
function polledUs(us: number): number {
  let polled = 0;
  for (let passed = 0; passed < us; passed += 10) {
    fake.nowMs += 0.01;
    const due = fake.immediates.splice(0);
    if (due.length > 0) polled = passed + 10;
    for (const fire of due) fire();
  }
  return polled;
}

beforeEach(() => {
  fake.nowMs += 1000;
  polledUs(1000);
});

test("after a read the loop polls for 50 µs", () => {
  socketWasRead(1);
  const polled = polledUs(1000);
  expect(polled).toBeGreaterThanOrEqual(50);
  expect(polled).toBeLessThanOrEqual(60);
});

test("after a poll that found one thing it polls for 100 µs, however often", () => {
  socketWasRead(1);
  expect(polledUs(30)).toBe(30);
  for (let i = 0; i < 20; i++) {
    socketWasRead(1);
    expect(polledUs(90)).toBe(90);
  }
  const polled = polledUs(1000);
  expect(polled).toBeLessThanOrEqual(30);
});

test("after a poll that found several it polls for 50 µs", () => {
  socketWasRead(1);
  expect(polledUs(30)).toBe(30);
  socketWasRead(1);
  socketWasRead(1);
  const polled = polledUs(1000);
  expect(polled).toBeGreaterThanOrEqual(50);
  expect(polled).toBeLessThanOrEqual(70);
});

test("what comes later than that is polled for once in seventeen times", () => {
  let polls = 0;
  for (let i = 0; i < 16 + 34; i++) {
    socketWasRead(1);
    if (polledUs(1000) > 0) polls++;
  }
  expect(polls).toBeLessThanOrEqual(18);
  expect(polls).toBeGreaterThanOrEqual(2);
});
