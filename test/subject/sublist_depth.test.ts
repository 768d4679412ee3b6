// Patterns of very many tokens: the trie is as deep, the stack is not.

import { expect, test } from "vitest";
import { byteString } from "../../src/base/bytes.ts";
import { Sublist } from "../../src/subject/sublist.ts";

test.each([
  ["any", (depth: number) => [`${"*.".repeat(depth)}b`]],
  ["literal", (depth: number) => [`${"a.".repeat(depth)}b`]],
  [
    "both, apart",
    (depth: number) => [`${"*.".repeat(depth)}b`, `${"a.".repeat(depth)}b`, `a.${"*.".repeat(depth - 1)}b`],
  ],
])("%s tokens", (_, patternsOf) => {
  const depth = 200_000;
  const list = new Sublist<string>();
  const patterns = patternsOf(depth);
  for (const pattern of patterns) list.insert(byteString(pattern), pattern);
  const found: string[] = [];
  const subject = Buffer.from(`${"a.".repeat(depth)}b`);
  list.match(subject, 0, subject.length, found);
  expect(found.length).toBe(patterns.length);
  for (const pattern of patterns) expect(list.remove(byteString(pattern), pattern)).toBe(true);
});

test("any and literal tokens at each of many levels", () => {
  const depth = 3000;
  const list = new Sublist<number>();
  for (let i = 0; i < depth; i++) list.insert(byteString(`${"*.".repeat(i)}a`), i);
  const subject = Buffer.from(`${"a.".repeat(depth - 1)}a`);
  const found: number[] = [];
  list.match(subject, 0, subject.length, found);
  expect(found).toEqual([depth - 1]);
});
