// The language on any text: it ends, complains in its own way only, and reads
// what JSON.stringify writes.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkFile } from "../../src/config/load.ts";
import { parseText } from "../../src/config/parser.ts";
import { ConfigError } from "../../src/config/problems.ts";
import { FILE, files, outcome, plain } from "./support.ts";

/** Pieces that mean something, so that random texts get beyond their first line. */
const pieces = [
  ...Array.from("abcv{}[]()'\":=,;#/\\$.-_012é \t\n\r"),
  "true",
  "8k",
  "1.5",
  "$2a$x",
  "$NUM",
  "include x",
  "2012-01-02T03:04:05Z",
  "port: ",
  "tls {",
  "users: [",
  "\\x41",
];
const texts = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((list) => list.join("")),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.string({ unit: "binary", maxLength: 100 }),
);

// Keys and texts that JSON writes with an escape this language does not have are left out.
const plainText = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !/["\\\0-\x1f\x7f]/.test(text));
const key = plainText.filter((text) => text !== "" && text !== "__proto__");
const { tree: json } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.boolean(),
    fc.integer(),
    fc.double({ min: 0.001, max: 1e15, noNaN: true }).filter((value) => /^\d+\.\d+$/.test(String(value))),
    plainText,
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
  ),
}));

describe("any text", () => {
  test("is a tree or a ConfigError", () => {
    fc.assert(
      fc.property(texts, (text) => {
        outcome(() => String(parseText(text, FILE, files({ x: "a: 1" }, { NUM: "5" })).value.size));
      }),
      { numRuns: 3000 },
    );
  });

  test("is a configuration or a ConfigError", () => {
    fc.assert(
      fc.property(texts, (text) => {
        outcome(() => checkFile(FILE, files({ [FILE]: text })));
      }),
      { numRuns: 1500 },
    );
  });

  test("nested a million deep is a ConfigError, not a full stack", () => {
    for (const open of ["[", "{", "{a ", "a {", "a [", "(\n"]) {
      expect(() => parseText(open.repeat(1_000_000), FILE, files({}))).toThrow(ConfigError);
    }
  });

  test("that includes itself is a ConfigError", () => {
    const source = files({ [FILE]: `include ${FILE}` });
    expect(outcome(() => checkFile(FILE, source))).toContain("files include each other without end");
  });
});

describe("JSON", () => {
  test("that JSON.stringify wrote is the tree that JSON.parse makes of it", () => {
    fc.assert(
      fc.property(fc.dictionary(key, json, { maxKeys: 5 }), fc.constantFrom(1, 2, "\t"), (value, indent) => {
        // Written over lines: an integer touching its bracket is a text in this language.
        const document = JSON.stringify(value, undefined, indent);
        expect(plain(parseText(document, FILE, files({})))).toEqual(JSON.parse(document));
      }),
      { numRuns: 500 },
    );
  });
});

describe("the dialect of configuration files", () => {
  type Value = boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
  const trees: fc.Arbitrary<Value> = json as fc.Arbitrary<Value>;

  /** One way, among those that `choose` picks from, to write a tree. */
  function printed(value: Value, choose: (below: number) => number): string {
    const pick = (...ways: string[]): string => ways[choose(ways.length)]!;
    const gap = (): string => pick("", " ", "\n", " # x ]\n", "\t// y }\n ");
    if (typeof value === "string") {
      const quoted = value.includes("'") ? `"${value}"` : pick(`'${value}'`, `"${value}"`);
      const isBare = /^[a-z][a-z0-9_.*>:/-]*$/i.test(value) && !/^(true|false|on|off|yes|no)$/i.test(value);
      return isBare ? pick(value, quoted) : quoted;
    }
    if (typeof value === "boolean") return value ? pick("true", "on", "YES") : pick("false", "Off", "no");
    if (typeof value === "number") {
      return Number.isInteger(value) && value !== 0 && value % 1024 === 0
        ? pick(`${value / 1024}KB`, `${value / 1024}kib`, String(value))
        : String(value);
    }
    if (Array.isArray(value)) {
      const items = (value as readonly Value[]).map(
        (item) => `${printed(item, choose)}${pick("\n", " ,", " , ", "\n\n")}`,
      );
      return `[${gap()}${items.join("")}${gap()}]`;
    }
    return `{${gap()}${pairs(value as Record<string, Value>, choose)}${gap()}}`;
  }

  function pairs(map: Readonly<Record<string, Value>>, choose: (below: number) => number): string {
    const pick = (...ways: string[]): string => ways[choose(ways.length)]!;
    const list = Object.entries(map).map(([name, value]) => {
      const quoted = name.includes("'") ? `"${name}"` : `'${name}'`;
      const isBare = /^[a-z][a-z0-9_]*$/i.test(name) && name.toLowerCase() !== "include";
      return `${isBare ? pick(name, quoted) : quoted}${pick(": ", " = ", ":", " ")}${printed(value, choose)}${pick("\n", " ;", ",\n", " ,")}`;
    });
    return list.join("");
  }

  test("means the tree that was written in it, however it was written", () => {
    fc.assert(
      fc.property(fc.dictionary(key, trees, { maxKeys: 5 }), fc.infiniteStream(fc.nat(1000)), (value, stream) => {
        const choose = (below: number): number => (stream.next().value as number) % below;
        const document = pairs(value, choose);
        expect([document, plain(parseText(document, FILE, files({})))]).toEqual([
          document,
          JSON.parse(JSON.stringify(value)),
        ]);
      }),
      { numRuns: 1000 },
    );
  });
});
