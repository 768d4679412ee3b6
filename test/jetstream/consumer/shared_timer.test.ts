import { describe, expect, test } from "vitest";
import { monotonicTimer, wallTimer } from "../../../src/jetstream/consumer/shared_clocks.ts";
import { FakeWorld } from "../../support/fake_world.ts";

describe.each([
  ["wall", wallTimer],
  ["monotonic", monotonicTimer],
] as const)("one timer for many delays, by the %s clock", (_name, open) => {
  test("fires each in its time, in order, with one timer of the world", () => {
    const world = new FakeWorld({ wallNanos: 123_456_789 });
    const timer = open(world);
    const fired: string[] = [];
    for (const ms of [300, 100, 200, 100, 250.5]) timer.after(ms, () => fired.push(`${ms} at ${world.nowMs()}`));
    expect(world.pendingTimers).toBe(1);
    world.advance(99);
    expect(fired).toEqual([]);
    world.advance(1);
    expect(fired.length).toBe(2);
    world.advance(500);
    expect(fired.map((line) => Number(line.split(" ")[0]))).toEqual([100, 100, 200, 250.5, 300]);
    expect(world.pendingTimers).toBe(0);
    expect(timer.count).toBe(0);
  });

  test("forgets what is cancelled, also in the turn it is due", () => {
    const world = new FakeWorld();
    const timer = open(world);
    const fired: string[] = [];
    const second = { cancel: (): void => undefined };
    timer.after(10, () => {
      fired.push("first");
      second.cancel();
    });
    const due = timer.after(10, () => fired.push("second"));
    second.cancel = () => due.cancel();
    const never = timer.after(5, () => fired.push("never"));
    never.cancel();
    never.cancel();
    world.advance(20);
    expect(fired).toEqual(["first"]);
    expect([world.pendingTimers, timer.count]).toEqual([0, 0]);
  });

  test("is set again from inside", () => {
    const world = new FakeWorld();
    const timer = open(world);
    let fired = 0;
    const again = (): void => {
      fired++;
      if (fired < 5) timer.after(10, again);
    };
    timer.after(0, again);
    world.advance(35);
    expect(fired).toBe(4);
    world.advance(1000);
    expect(fired).toBe(5);
  });

  test("keeps little of what was cancelled, and everything else", () => {
    const world = new FakeWorld();
    const timer = open(world);
    const fired: number[] = [];
    const timers = Array.from({ length: 5000 }, (_, i) => timer.after((i * 7919) % 5000, () => fired.push(i)));
    for (const [i, one] of timers.entries()) if (i % 50 !== 0) one.cancel();
    expect(timer.count).toBe(100);
    world.advance(5000);
    expect(fired.length).toBe(100);
    const due = fired.map((i) => (i * 7919) % 5000);
    expect(due).toEqual([...due].sort((a, b) => a - b));
  });
});
