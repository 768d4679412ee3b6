// Who goes on at the end of a turn.

import { expect, test } from "vitest";
import { Turn } from "../../src/outbound/turn.ts";
import { FakeWorld } from "../support/fake_world.ts";

test("of those that use up their share a few go on in each turn, the longest waiting first", () => {
  const world = new FakeWorld();
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  let seen = "";
  const busy = (name: string): void =>
    turn.hold(() => {
      seen += name;
      turn.usedUp();
      if (seen.length < 15) busy(name);
    });
  for (const name of "abcde") busy(name);
  for (let i = 1; i <= 3; i++) {
    world.turn();
    expect(seen).toHaveLength(2 * i);
  }
  world.settle();
  expect(seen.slice(0, 15)).toBe("abcdeabcdeabcde");
});

test("all others go on in the next turn", () => {
  const world = new FakeWorld();
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  let count = 0;
  for (let i = 0; i < 100; i++) turn.hold(() => count++);
  world.turn();
  expect(count).toBe(100);
});

test("what is to happen before the flushes does, and what it asks for too", () => {
  const world = new FakeWorld({ seed: 1 });
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  const log: string[] = [];
  turn.touch({ flush: () => log.push("flush") });
  turn.beforeFlush(() => {
    log.push("submit");
    turn.beforeFlush(() => {
      log.push("commit");
      turn.touch({ flush: () => log.push("flush of the commit") });
    });
  });
  world.settle();
  expect(log).toEqual(["submit", "commit", "flush", "flush of the commit"]);
});

test("what asks for the end of the turn again and again goes on in later turns, and the flushes come", () => {
  const world = new FakeWorld();
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  let rounds = 0;
  const again = (): void => {
    rounds++;
    turn.beforeFlush(again);
  };
  turn.beforeFlush(again);
  let flushed = 0;
  for (let i = 1; i <= 3; i++) {
    turn.touch({ flush: () => flushed++ });
    world.turn();
    expect(flushed).toBe(i);
    expect(rounds).toBeLessThanOrEqual(i * 10);
  }
  expect(rounds).toBeGreaterThan(3);
});
