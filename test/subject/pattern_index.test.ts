import fc from "fast-check";
import { expect, test } from "vitest";
import { byteString } from "../../src/base/bytes.ts";
import { PatternIndex } from "../../src/subject/pattern_index.ts";
import { collides } from "../../src/subject/subject.ts";

const ENOUGH = 100_000;
const pattern = fc
  .array(fc.constantFrom("a", "b", "*", ">", "", "a>"), { minLength: 1, maxLength: 5 })
  .map((tokens) => byteString(tokens.join(".")));

test("whatever comes and goes, collisions are those that comparing each finds", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pattern, fc.nat(3), fc.boolean()), { maxLength: 30 }), pattern, (steps, asked) => {
      const index = new PatternIndex<number>();
      const held: (readonly [ReturnType<typeof byteString>, number])[] = [];
      for (const [one, owner, isRemoved] of steps) {
        const at = held.findIndex(([other, of]) => other === one && of === owner);
        if (isRemoved) index.remove(one, owner);
        else index.add(one, owner);
        if (!isRemoved) held.push([one, owner]);
        else if (at >= 0) held.splice(at, 1);
      }
      const expected = held.some(([one, owner]) => owner !== 1 && collides(one, asked));
      expect(index.hasCollision(asked, 1, ENOUGH)).toBe(expected);
      expect(index.count).toBe(held.length);
    }),
    { numRuns: 2000 },
  );
});

test("a question goes through so many nodes at most", () => {
  const index = new PatternIndex<number>();
  for (let i = 0; i < 1000; i++) index.add(byteString(`a.${i}.x`), 0);
  expect(index.hasCollision(byteString("a.*.y"), 1, 100)).toBeUndefined();
  expect(index.visited).toBeLessThanOrEqual(101);
  expect(index.hasCollision(byteString("a.*.y"), 1, ENOUGH)).toBe(false);
  expect(index.hasCollision(byteString("a.*.x"), 1, ENOUGH)).toBe(true);
});

test("a pattern of very many tokens needs no stack", () => {
  const index = new PatternIndex<number>();
  const long = byteString("a.".repeat(300_000) + ">");
  index.add(long, 0);
  expect(index.hasCollision(byteString("*.".repeat(300_000) + "b"), 1, 1_000_000)).toBe(true);
  index.remove(long, 0);
  expect(index.count).toBe(0);
});
