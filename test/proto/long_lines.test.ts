// Lines that are longer than anybody means them: refused where they begin to cost memory, the same however they are cut.

import { describe, expect, test } from "vitest";
import { LONGEST_LINE } from "../../src/base/arena.ts";
import { run } from "../support/parser_run.ts";

const everyBytes = (input: string, step: number): number[] =>
  Array.from({ length: Math.floor(input.length / step) }, (_, i) => (i + 1) * step);
const cutsOf = (input: string): readonly (readonly number[])[] => [
  [],
  everyBytes(input, 4096),
  everyBytes(input, 65_537),
];

describe.each(["CONNECT", "PUB", "HPUB", "SUB", "UNSUB", "INFO", "-ERR"])("%s", (verb) => {
  test.each([
    ["blanks", " "],
    ["tabs", "\t"],
  ])("endless %s behind it are a line too long", (_, blank) => {
    const input = `${verb}${blank.repeat(600_000)}`;
    for (const cuts of cutsOf(input)) expect(run(input, cuts).seen).toEqual(["mistake maximumControlLine"]);
  });

  test("an endless argument is a line too long, also with the longest line there may be", () => {
    const input = `${verb} ${"a".repeat(LONGEST_LINE + 70_000)}`;
    for (const maxControlLine of [4096, LONGEST_LINE]) {
      const { seen } = run(input, everyBytes(input, 65_537), { maxControlLine });
      expect(seen).toEqual(["mistake maximumControlLine"]);
    }
  });
});

test("as many blanks as a line may have are skipped, however they are cut", () => {
  const input = `SUB${" ".repeat(4096)}foo 1\r\n`;
  for (const cuts of cutsOf(input)) expect(run(input, cuts).seen).toEqual(["SUB foo  1"]);
});

test("the longest line there may be is read, however it is cut", () => {
  const subject = "a".repeat(LONGEST_LINE - 2);
  const input = `SUB${" ".repeat(LONGEST_LINE)}${subject} 1\r\nPING\r\n`;
  for (const cuts of [[], everyBytes(input, 65_537)]) {
    const { seen } = run(input, cuts, { maxControlLine: LONGEST_LINE });
    expect(seen[0] === `SUB ${subject}  1`).toBe(true);
    expect(seen.slice(1)).toEqual(["PING"]);
  }
});

test.each([
  ["a line end in front of the arguments", (size: number) => `PUB \na ${size}\r\n`],
  ["a CR among them", (size: number) => `PUB a\r ${size}0\n`],
  ["blanks in front of them", (size: number) => `HPUB   a 12 ${size}\r\n`],
])("a large message with %s is the same gathered and whole", (_, line) => {
  const size = 200_000;
  const payload = `NATS/1.0\r\n\r\n${"x".repeat(size - 12)}`;
  const input = `${line(size)}${payload}\r\nPING\r\n`;
  const whole = run(input, []).seen;
  expect(whole).toHaveLength(2);
  expect(whole[0]).toContain(payload);
  const cut = run(input, everyBytes(input, 30_000)).seen;
  expect(cut.map((line) => line.slice(0, 40))).toEqual(whole.map((line) => line.slice(0, 40)));
  expect(cut[0] === whole[0]).toBe(true);
});
