// The items that a text is made of, and where each is said to stand. Places are nats-server's: columns from 0 on the
// first line, from 1 below.

import { describe, expect, test } from "vitest";
import { lex } from "../../src/config/lexer.ts";
import { ConfigError } from "../../src/config/problems.ts";

const items = (text: string): string[] =>
  [...lex(text)].map(({ kind, text }) => (text === "" ? kind : `${kind} ${text}`));
const places = (text: string): string[] => [...lex(text)].map(({ text, line, col }) => `${text}@${line}:${col}`);

describe("items", () => {
  test.each([
    ["", ["end"]],
    [" \n\t\r\n", ["end"]],
    ["a: 1", ["key a", "int 1", "end"]],
    ["a: 1.5", ["key a", "float 1.5", "end"]],
    ["a: -8KiB", ["key a", "int -8KiB", "end"]],
    ["a: 1.2.3.4:5", ["key a", "string 1.2.3.4:5", "end"]],
    ["a: 2016-05-04T18:53:41Z", ["key a", "datetime 2016-05-04T18:53:41Z", "end"]],
    ["a: Yes", ["key a", "bool Yes", "end"]],
    ["a: 'Yes'", ["key a", "string Yes", "end"]],
    ["a: $B", ["key a", "variable B", "end"]],
    ["a: $2a$x", ["key a", "string $2a$x", "end"]],
    ["a: '$B'", ["key a", "string $B", "end"]],
    ["a: \\x24B", ["key a", "string $B", "end"]],
    ["include x.conf", ["include x.conf", "end"]],
    ["Include 'x y'", ["include x y", "end"]],
    ["'include' x", ["key include", "string x", "end"]],
    ["a {b: [1, c ]}", ["key a", "mapStart", "key b", "arrayStart", "int 1", "string c", "arrayEnd", "mapEnd", "end"]],
    ['{"a": 1}', ["key a", "int 1", "end"]],
    ["a # b", ["key a", "string #"]],
  ])("%j", (text, expected) => {
    if (expected.at(-1) === "end") expect(items(text)).toEqual(expected);
    else expect(partly(text)).toEqual(expected);
  });

  test("come before the error behind them", () => {
    expect(partly("a: 1\nb: -x\nc: 2")).toEqual(["key a", "int 1", "key b"]);
  });
});

/** The items before the error. */
function partly(text: string): string[] {
  const found: string[] = [];
  expect(() => {
    for (const { kind, text: inner } of lex(text)) found.push(inner === "" ? kind : `${kind} ${inner}`);
  }).toThrow(ConfigError);
  return found;
}

describe("places", () => {
  test.each([
    ["a: 1", ["a@1:0", "1@1:3", "@1:4"]],
    ["\n a: 1", ["a@2:2", "1@2:5", "@2:6"]],
    ["a: 1\nbc: 2\n", ["a@1:0", "1@1:3", "bc@2:1", "2@2:5", "@3:1"]],
    ["é: 1", ["é@1:0", "1@1:4", "@1:5"]],
    ["a {\n  b: 1\n}", ["a@1:0", "@1:2", "b@2:3", "1@2:6", "@3:2", "@3:2"]],
  ])("%j", (text, expected) => {
    expect(places(text)).toEqual(expected);
  });
});

describe("nesting", () => {
  const deep = (depth: number, open: string, close: string): string => `a: ${open.repeat(depth)}${close.repeat(depth)}`;
  test("is possible to a depth that nobody writes", () => {
    expect(() => [...lex(deep(300, "[", "]"))]).not.toThrow();
  });
  test.each([
    ["[", "]"],
    ["{a:", "}"],
    ["{a ", ""],
  ])("has a bound, so that %s without end does not exhaust the stack", (open, close) => {
    expect(() => [...lex(deep(100_000, open, close))]).toThrow(
      new ConfigError("Parse error on line 1: 'Nested too deeply.'"),
    );
  });
  test("has that bound for blocks within blocks too", () => {
    expect(() => [...lex("{".repeat(100_000))]).toThrow("Nested too deeply.");
  });
});
