import { expect, test } from "vitest";
import { Gathering } from "../../src/io/gathering.ts";

/** Rounds that were followed by waiting, when a round reads `reads` times `bytes(waited)` bytes. */
function waits(rounds: number, reads: number, bytes: (waited: boolean) => number): number {
  const gathering = new Gathering();
  let waited = false;
  let count = 0;
  for (let i = 0; i < rounds; i++) {
    waited = gathering.onRound(reads, reads * bytes(waited));
    if (waited) count++;
  }
  return count;
}

test("it waits while clients send more for it, but for a look at what it is without", () => {
  const count = waits(100_000, 16, (waited) => (waited ? 90 : 30));
  expect(count).toBeGreaterThan(98_000);
  expect(count).toBeLessThan(100_000);
});

test("clients that wait for answers are held up more and more seldom", () => {
  expect(waits(10_000, 64, () => 40)).toBeLessThan(10);
  expect(waits(1_000_000, 64, () => 40)).toBeLessThan(80);
});

test("it stops with the first round that is no larger", () => {
  const gathering = new Gathering();
  let waited = false;
  for (let i = 0; i < 1000; i++) waited = gathering.onRound(16, 16 * (waited ? 90 : 30));
  expect(waited).toBe(true);
  expect(gathering.onRound(16, 16 * 30)).toBe(false);
  expect(gathering.onRound(16, 16 * 30)).toBe(false);
});

test.each([
  ["few connections", 7, 30],
  ["large reads", 16, 1025],
  ["rounds without reads", 0, 0],
])("%s never make it wait", (_, reads, bytes) => {
  expect(waits(100_000, reads, (waited) => (waited ? 10 * bytes : bytes))).toBe(0);
});
