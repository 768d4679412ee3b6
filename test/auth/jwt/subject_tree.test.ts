// Subjects in a tree are found as by comparing each with each.

import { describe, expect, test } from "vitest";
import { isContained } from "../../../src/auth/jwt/subject_rules.ts";
import { SubjectTree, Work } from "../../../src/auth/jwt/subject_tree.ts";

/** Park and Miller's numbers, the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

const split = (subject: string): string[] => subject.split(".");

function subjectsOf(random: (below: number) => number): string[] {
  const tokens = ["a", "b", "*", ">", "", "a", "*"];
  return Array.from({ length: 1 + random(12) }, () =>
    Array.from({ length: 1 + random(4) }, () => tokens[random(tokens.length)]).join("."),
  );
}

describe("as by comparing each with each", () => {
  test.each([1, 2, 3, 4, 5])("seed %i", (seed) => {
    const random = numbers(seed);
    for (let round = 0; round < 2000; round++) {
      const subjects = subjectsOf(random);
      const tree = new SubjectTree(new Work(1e9));
      for (const [number, subject] of subjects.entries()) tree.add(split(subject), number);
      for (const [own, subject] of subjects.entries()) {
        const under = subjects.findIndex((each, i) => i !== own && isContained(split(each), split(subject)));
        const isFirst = subjects.indexOf(subject) === own;
        if (isFirst && subjects.lastIndexOf(subject) === own) {
          expect([subjects, subject, tree.firstUnder(split(subject), own) ?? -1]).toEqual([subjects, subject, under]);
        }
        const over = subjects.flatMap((each, i) => {
          const isFirst = subjects.indexOf(each) === i;
          const overlaps = isContained(split(each), split(subject)) || isContained(split(subject), split(each));
          return isFirst && overlaps ? [i] : [];
        });
        expect([subjects, subject, tree.overlapping(split(subject))]).toEqual([subjects, subject, over]);
      }
    }
  });
});

test("what it costs is bounded: wildcards on both sides, and a great many tokens", () => {
  const work = new Work(50_000);
  const tree = new SubjectTree(work);
  for (let i = 0; i < 1000; i++) tree.add(["x", String(i), "y", "z"], i);
  for (let i = 0; i < 1000 && !work.isOver; i++) tree.overlapping(["*", "*", "*", String(i)]);
  expect(work.isOver).toBe(true);
  tree.add(
    Array.from({ length: 300_000 }, () => "a"),
    1000,
  );
  expect(tree.overlapping(Array.from({ length: 300_000 }, () => "*"))).toEqual([]);
  expect(
    tree.firstUnder(
      Array.from({ length: 300_000 }, () => "*"),
      -1,
    ),
  ).toBeUndefined();
});
