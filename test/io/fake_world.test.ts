import { expect, test } from "vitest";
import { FAKE_EPOCH_SEC, FakeWorld } from "../support/fake_world.ts";

test("timers fire in order, each at its own moment", () => {
  const world = new FakeWorld();
  const seen: string[] = [];
  const note = (name: string) => () => seen.push(`${name}@${world.nowMs()}`);
  world.after(20, note("b"));
  world.wallAfter(10, note("a"));
  world.after(10, () => world.after(5, note("late")));
  world.after(10, note("never")).cancel();
  world.advance(30);
  expect(seen).toEqual(["a@10", "late@15", "b@20"]);
  expect(world.nowMs()).toBe(30);
  expect(world.pendingTimers).toBe(0);
});

test("the wall clock can be set, and moves what hangs on it", () => {
  const world = new FakeWorld();
  let fired = 0;
  world.wallAfter(1000, () => fired++);
  world.setWall(FAKE_EPOCH_SEC - 10);
  world.advance(10_999);
  expect(fired).toBe(0);
  world.setWall(FAKE_EPOCH_SEC + 5, 7);
  world.turn();
  expect(fired).toBe(1);
  expect([world.wallSec(), world.wallNanos()]).toEqual([FAKE_EPOCH_SEC + 5, 7]);
});

test("what is asked for at a turn's end waits for the next one", () => {
  const world = new FakeWorld();
  const seen: string[] = [];
  world.atTurnEnd(() => {
    seen.push("one");
    world.atTurnEnd(() => seen.push("two"));
  });
  world.turn();
  expect(seen).toEqual(["one"]);
  world.settle();
  expect(seen).toEqual(["one", "two"]);
});

test("a delay of a year comes after a year", () => {
  const world = new FakeWorld();
  const yearMs = 365 * 86_400_000;
  let fired = 0;
  world.after(yearMs, () => fired++);
  world.advance(yearMs - 1);
  expect(fired).toBe(0);
  world.advance(1);
  expect(fired).toBe(1);
});
