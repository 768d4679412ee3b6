// Every row of the benchmarks is explained in their README, and the README names no other.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
// @ts-expect-error: a script without types
import { rows } from "../../bench/rows.mjs";

const names = (rows as { name: string }[]).map(({ name }) => name);

/** `a-{b,c}` means a-b and a-c. */
function expanded(pattern: string): string[] {
  const braces = /^([^{]*)\{([^}]*)\}(.*)$/.exec(pattern);
  if (braces === null) return [pattern];
  const [, before, choices, behind] = braces;
  return choices!.split(",").flatMap((choice) => expanded(before! + choice + behind!));
}

test("the README of the benchmarks explains each row", () => {
  const text = readFileSync(new URL("../../bench/README.md", import.meta.url), "utf8");
  const table = text.slice(text.indexOf("## Rows"));
  const told = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)]);
  const patterns = told.map(([, pattern]) => pattern!);
  const starts = patterns.filter((pattern) => pattern.endsWith("…")).map((pattern) => pattern.slice(0, -1));
  const whole = patterns.filter((pattern) => !pattern.endsWith("…")).flatMap(expanded);
  expect(names.filter((name) => !whole.includes(name) && !starts.some((start) => name.startsWith(start)))).toEqual([]);
  expect(whole.filter((name) => !names.includes(name))).toEqual([]);
  expect(starts.filter((start) => !names.some((name) => name.startsWith(start)))).toEqual([]);
});
