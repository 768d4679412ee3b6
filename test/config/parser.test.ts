// The configuration language by example. What each document is, and what is
// said about one that is wrong, was asked of nats-server 2.14.5's own parser.

import { describe, expect, test } from "vitest";
import { parseFile } from "../../src/config/parser.ts";
import { ConfigError } from "../../src/config/problems.ts";
import { files, parse, plain, tree } from "./support.ts";

describe("documents", () => {
  describe.each<[what: string, rows: [document: string, tree: unknown][]]>([
    [
      "comments",
      [
        ["# a\nport: 1 # b\n// c\nb: 2 // d", { b: 2, port: 1 }],
        ["a { # x\n b: 1 // y\n # z\n}", { a: { b: 1 } }],
        ["a: [ 1 # x\n // y\n 2 ]", { a: [1, 2] }],
        ["s: a#b", { s: "a#b" }],
        ["s: a//b", { s: "a//b" }],
        ["s: '# not //'", { s: "# not //" }],
        ["a: 1 #", { a: 1 }],
        ["# only", {}],
      ],
    ],
    [
      "separators",
      [
        ["a: 1", { a: 1 }],
        ["a = 1", { a: 1 }],
        ["a 1", { a: 1 }],
        ["a:1", { a: 1 }],
        ["a=1", { a: 1 }],
        ["a {b: 1}", { a: { b: 1 } }],
        ["a: {b: 1}", { a: { b: 1 } }],
        ["a= { b = 1 }", { a: { b: 1 } }],
        ["a\t:\t1", { a: 1 }],
        ["'a': 1", { a: 1 }],
        ['"a b" = 1', { "a b": 1 }],
        ["a :1", { a: 1 }],
        ["a: 1", { a: " 1" }],
      ],
    ],
    [
      "ends of values",
      [
        ["a: 1; b: 2", { a: 1, b: 2 }],
        ["a: 1;", { a: 1 }],
        ["a: 1,\nb: 2", { a: 1, b: 2 }],
        ["a: 1\r\nb: 2\r\n", { a: 1, b: 2 }],
        ["{a: 1, b: 2}", { a: 1, b: 2 }],
        ["m {a: 1; b: 2}", { m: { a: 1, b: 2 } }],
        ["m {a: 1\nb: 2\n}", { m: { a: 1, b: 2 } }],
        ["m {a: 1,\n}", { m: { a: 1 } }],
        ["m { a\n 1\n}", { m: { a: 1 } }],
        ["a: 1 }", { a: 1 }],
        ["a: 1\n}", { a: 1 }],
      ],
    ],
    [
      "texts",
      [
        ["s: a{b", { s: "a{b" }],
        ["s: x$HOME", { s: "x$HOME" }],
        ["s: 'a\nb'", { s: "a\nb" }],
        ["s: 'a\"b'", { s: 'a"b' }],
        ['s: "a\'b"', { s: "a'b" }],
        ['s: "a\\tb\\n\\r\\"\\\\"', { s: 'a\tb\n\r"\\' }],
        ['s: "\\x41\\x7A"', { s: "Az" }],
        ["s: a\\tb", { s: "a\tb" }],
        ["s: a;", { s: "a" }],
        ["s: 10s", { s: "10s" }],
        ["s: 1.2.3.4", { s: "1.2.3.4" }],
        ["s: 127.0.0.1:4222", { s: "127.0.0.1:4222" }],
        ["s: 4222a", { s: "4222a" }],
        ["s: 1_000", { s: "1_000" }],
        ["s: yes1", { s: "yes1" }],
        ["s: nats://a:b@h:1/x", { s: "nats://a:b@h:1/x" }],
        ["s: ''", { s: "" }],
        ['s: ""', { s: "" }],
        ["s: gültig", { s: "gültig" }],
        ["s: 日本", { s: "日本" }],
        ["'ключ': 'значение'", { ключ: "значение" }],
        ["s: *.>", { s: "*.>" }],
        ["s: a}", { s: "a" }],
        ["m {s: a}", { m: { s: "a" } }],
      ],
    ],
    [
      "blocks of text",
      [
        ["s (\nab\n)\n", { s: "\nab\n" }],
        ["s: (\n a { b\n )\n)\nt: 1", { s: "\n a { b\n )\n", t: 1 }],
        ["s: (ab\n)\n", { s: "ab\n" }],
        ["s: (\nab\n)", { s: "\nab\n)" }],
      ],
    ],
    [
      "booleans",
      [
        [
          "a: true\nb: FALSE\nc: on\nd: Off\ne: yes\nf: NO",
          { a: true, b: false, c: true, d: false, e: true, f: false },
        ],
        ["a: 'true'", { a: "true" }],
        ["a: truely", { a: "truely" }],
      ],
    ],
    [
      "integers",
      [
        ["a: 8", { a: 8 }],
        ["a: -8", { a: -8 }],
        ["a: 8k", { a: 8000 }],
        ["a: 8K", { a: 8000 }],
        ["a: 8kb", { a: 8192 }],
        ["a: 8KB", { a: 8192 }],
        ["a: 8Ki", { a: 8192 }],
        ["a: 8KiB", { a: 8192 }],
        ["a: 1m", { a: 1000000 }],
        ["a: 1MB", { a: 1048576 }],
        ["a: 1g", { a: 1000000000 }],
        ["a: 1gib", { a: 1073741824 }],
        ["a: 1t", { a: 1000000000000 }],
        ["a: 1p", { a: 1000000000000000 }],
        ["a: 1e", { a: 1000000000000000000 }],
        ["a: 1eb", { a: 1152921504606847000 }],
        ["a: -1k", { a: -1000 }],
        ["a: 0", { a: 0 }],
        ["a: 007", { a: 7 }],
        ["a: 9223372036854775807", { a: 9223372036854776000 }],
      ],
    ],
    [
      "floats",
      [
        ["a: 1.5", { a: 1.5 }],
        ["a: -1.5", { a: -1.5 }],
        ["a: 1.50", { a: 1.5 }],
        ["a: 100.0", { a: 100 }],
        ["a: 0.000001", { a: 0.000001 }],
        ["a: 123456789012345678901.5", { a: 123456789012345680000 }],
      ],
    ],
    [
      "dates",
      [
        ["a: 2016-05-04T18:53:41Z", { a: "2016-05-04T18:53:41Z" }],
        ["a: 2024-02-29T00:00:00Z", { a: "2024-02-29T00:00:00Z" }],
      ],
    ],
    [
      "arrays",
      [
        ["a: [b, c]", { a: ["b", "c"] }],
        ["a: [b,c,]", { a: ["b", "c"] }],
        ["a: [\nb\nc\n]", { a: ["b", "c"] }],
        ["a: []", { a: [] }],
        ["a: [1, 2 ]", { a: [1, 2] }],
        ["a: [1,\n2\n]", { a: [1, 2] }],
        ["a: [[x], [y]]", { a: [["x"], ["y"]] }],
        ["a: [{b: 1}, {c: 2}]", { a: [{ b: 1 }, { c: 2 }] }],
        ["a: [ 1.5]", { a: [1.5] }],
        ["a: ['x' , 'y']", { a: ["x", "y"] }],
        ["a [b]", { a: ["b"] }],
        ["a: [true, false]", { a: [true, false] }],
        ["a: [x\n]", { a: ["x"] }],
      ],
    ],
    [
      "a number before a bracket",
      [
        ["a: [1,2]\nb: ]", { a: [1, "2]", "b:"] }],
        ["a: [8k]", { a: ["8k"] }],
        ["a: [8k, 9kb]", { a: [8000, "9kb"] }],
        ["a: [8KB\n]", { a: [8192] }],
      ],
    ],
    [
      "numbers that become texts",
      [
        ["a: 8k\\tb", { a: "8k\tb" }],
        ["a: 12\\tb", { a: "12\\tb" }],
        ["a: 12'", { a: "12'" }],
        ["a: -8kx", { a: "-8kx" }],
        ["a: 8bi", { a: "8bi" }],
      ],
    ],
    [
      "JSON documents",
      [
        ['{"port": 4222}', { port: 4222 }],
        [
          '{\n "a": {"b": [1, 2, {"c": null_}]},\n "d": "e",\n "f": true\n}\n',
          { a: { b: [1, 2, { c: "null_" }] }, d: "e", f: true },
        ],
        ["{}", {}],
        ['{"a": {}, "b": []}', { a: {}, b: [] }],
        ['{ {"a": 1} }', { a: 1 }],
        ['{"a": 1}\n{"b": 2}', { a: 1, b: 2 }],
      ],
    ],
    [
      "repeated keys",
      [
        ["a: 1\na: 2", { a: 2 }],
        ["a {b: 1}\na {c: 2}", { a: { c: 2 } }],
        ["A: 1\na: 2", { A: 1, a: 2 }],
      ],
    ],
    [
      "passwords",
      [
        ["p: $2a$11$abc", { p: "$2a$11$abc" }],
        ["p: '$2b$11$abc'", { p: "$2b$11$abc" }],
        ['p: "$NAME"', { p: "$NAME" }],
        ["p: a$b", { p: "a$b" }],
      ],
    ],
    [
      "structure that look broken",
      [
        ["a: /", { a: "/" }],
        ["m { a: /x }", { m: { a: "/x" } }],
        ["a:", { a: "" }],
        ["a: 1]", { a: "1]" }],
        ["x: }", { x: "" }],
      ],
    ],
  ])("with %s", (_what, rows) => {
    test.each(rows)("%j", (document, expected) => {
      expect(tree(document)).toEqual(expected);
    });
  });
});

describe("broken documents", () => {
  describe.each<[what: string, rows: [document: string, error: string][]]>([
    [
      "separators that are broken",
      [
        [
          "key with: 1",
          "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got '1' instead.'",
        ],
      ],
    ],
    [
      "texts that are broken",
      [
        [
          "s: a b: c",
          "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got 'b' instead.'",
        ],
      ],
    ],
    [
      "an integer before a bracket that are broken",
      [
        [
          "a: [a,2]\nb: c]",
          "Parse error on line 2: 'Expected an array value terminator \",\" or an array terminator \"]\", but got 'c' instead.'",
        ],
      ],
    ],
    [
      "JSON documents that are broken",
      [
        [
          '{"a": "b"',
          "Parse error on line 1: 'Expected a block-level value to end with a new line, comment or EOF, but got '\0' instead.'",
        ],
      ],
    ],
    [
      "texts",
      [
        [
          's: "\\q"',
          "Parse error on line 1: 'Invalid escape character 'q'. Only the following escape characters are allowed: \\xXX, \\t, \\n, \\r, \\\", \\\\.'",
        ],
        ['s: "\\x4g"', "Parse error on line 1: 'Expected two hexadecimal digits after '\\x', but got '4g''"],
        ['s: "a', "Parse error on line 1: 'Unexpected EOF.'"],
        ["s: 'a", "Parse error on line 1: 'Unexpected EOF.'"],
        [
          "s: a'b",
          "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got 'b' instead.'",
        ],
        ["s: (\nab", "Parse error on line 2: 'Unexpected EOF processing block.'"],
        ['a: 1\ns: "a\n\n', "Parse error on line 4: 'Unexpected EOF.'"],
        ["'a", "Parse error on line 1: 'Unexpected EOF.'"],
        ["m {'a", "Parse error on line 1: 'Unexpected EOF processing quoted map key.'"],
        ['m {"a', "Parse error on line 1: 'Unexpected EOF processing double quoted map key.'"],
      ],
    ],
    [
      "numbers",
      [
        ["s: -abc", "Parse error on line 1: 'Expected a digit but got 'a'.'"],
        ["s: .5", "Parse error on line 1: 'Floats must start with a digit'"],
        ["s: 1.", "Parse error on line 1: 'Floats must have a digit after the '.', but got '\0' instead.'"],
        ["s: 1.x", "Parse error on line 1: 'Floats must have a digit after the '.', but got 'x' instead.'"],
        ["s: 2012-x", "Parse error on line 1: 'Expected digit in ISO8601 datetime, but found 'x' instead.'"],
        ["s: 12-1", "Parse error on line 1: 'All ISO8601 dates must be in full Zulu form.'"],
        ["s: 2012-01-02", "Parse error on line 1: 'Expected 'T' in ISO8601 datetime, but found '\0' instead.'"],
        [
          "s: 2012-01-02T03:04:05",
          "Parse error on line 1: 'Expected 'Z' in ISO8601 datetime, but found '\0' instead.'",
        ],
        ["s: 99999999999999999999", "integer '99999999999999999999' is out of the range"],
        ["s: 2012-13-02T03:04:05Z", "expected Zulu formatted DateTime, but got '2012-13-02T03:04:05Z'"],
        [
          "a: 8k5",
          "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got '5' instead.'",
        ],
        [
          "a: 8k'q",
          "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got 'q' instead.'",
        ],
        [
          "a: 8k\\on",
          "Parse error on line 1: 'Invalid escape character 'o'. Only the following escape characters are allowed: \\xXX, \\t, \\n, \\r, \\\", \\\\.'",
        ],
        ["a: \\x4", "Parse error on line 1: 'Expected two hexadecimal digits after '\\x', but got 'x4''"],
        ["a: \\x4\n", "Parse error on line 2: 'Expected two hexadecimal digits after '\\x', but hit end of line'"],
        [
          "s: -5x",
          "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got 'x' instead.'",
        ],
      ],
    ],
    [
      "structure",
      [
        [
          "a: 1 b: 2",
          "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got 'b' instead.'",
        ],
        [
          "a: 1\n\n\nb 2 3",
          "Parse error on line 4: 'Expected a top-level value to end with a new line, comment or EOF, but got '3' instead.'",
        ],
        ["= 3", "Parse error on line 1: 'Unexpected key separator '=''"],
        [": 3", "Parse error on line 1: 'Unexpected key separator ':''"],
        ["m { = 3 }", "Parse error on line 1: 'Unexpected key separator '='.'"],
        [
          "m { a: 1 b: 2 }",
          "Parse error on line 1: 'Expected a map value terminator \",\" or a map terminator \"}\", but got 'b' instead.'",
        ],
        ["m { a: , }", "Parse error on line 1: 'Unexpected map value terminator \",\".'"],
        ["m { ]", "Parse error on line 1: 'Unexpected array end ']' processing map.'"],
        ["m {", "Parse error on line 1: 'Unexpected EOF processing map.'"],
        ["m { a", "Parse error on line 1: 'Unexpected EOF processing map key.'"],
        [
          "m { a: 1",
          "Parse error on line 1: 'Expected a map value terminator \",\" or a map terminator \"}\", but got '\0' instead.'",
        ],
        ["a: [1,,2]", "Parse error on line 1: 'Unexpected array value terminator ','.'"],
        ["a: [,]", "Parse error on line 1: 'Unexpected array value terminator ','.'"],
        [
          "a: [b c]",
          "Parse error on line 1: 'Expected an array value terminator \",\" or an array terminator \"]\", but got 'c' instead.'",
        ],
        [
          "a: [b",
          "Parse error on line 1: 'Expected an array value terminator \",\" or an array terminator \"]\", but got '\0' instead.'",
        ],
        ["/", "Parse error on line 1: 'Unexpected EOF.'"],
        [
          "a / b",
          "Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got 'b' instead.'",
        ],
        ["a: [/]", "Parse error on line 1: 'Unexpected array value terminator ','.'"],
        ["a:\n1", "Parse error on line 2: 'Expected value but found new line'"],
        ["a", "config is invalid (t.conf:1:1)"],
        ["a: 1\n b", "config is invalid (t.conf:2:3)"],
        [
          "{ a: 1 b: 2 }",
          "Parse error on line 1: 'Expected a block-level value to end with a new line, comment or EOF, but got 'b' instead.'",
        ],
        ["{ { a: 1 } b }", "Parse error on line 1: 'Expected a block-level to end with a '}', but got 'b' instead.'"],
        ["[a]", "config is invalid (t.conf:1:3)"],
        ["a: b,c", "config is invalid (t.conf:1:6)"],
      ],
    ],
    [
      "includes",
      [
        ["include [", "Parse error on line 1: 'Expected include value but found start of an array'"],
        ["include {", "Parse error on line 1: 'Expected include value but found start of a map'"],
        ["include (", "Parse error on line 1: 'Expected include value but found start of a block'"],
        ["include 5", "Parse error on line 1: 'Expected include value but found start of a number'"],
        ["include -", "Parse error on line 1: 'Expected include value but found start of a number'"],
        ["include \n", "Parse error on line 2: 'Expected include value but found new line'"],
        ["include .x", "error parsing include file '.x', open .x: no such file or directory"],
        ["include \\x", "Parse error on line 1: 'Expected include value but found escape sequence'"],
        ["include 'a", "Parse error on line 1: 'Unexpected EOF in quoted include'"],
        ['include "a', "Parse error on line 1: 'Unexpected EOF in double quoted include'"],
        ["include nope.conf", "error parsing include file 'nope.conf', open nope.conf: no such file or directory"],
        ["include = nope.conf", "error parsing include file '=', open =: no such file or directory"],
      ],
    ],
    [
      "variables",
      [
        ["a: $NOPE", "variable reference for 'NOPE' on line 1 can not be found"],
        ["a: $HOST:1", "variable reference for 'HOST:1' on line 1 can not be found"],
        ["a: 1\n\nb: $NOPE", "variable reference for 'NOPE' on line 3 can not be found"],
        ["p: $2b$11$abc", "variable reference for '2b$11$abc' on line 1 can not be found"],
        ["p: $2y$11$abc", "variable reference for '2y$11$abc' on line 1 can not be found"],
        ["a: $b\nb: 1", "variable reference for 'b' on line 1 can not be found"],
        ["m { x: 1 }\na: $x", "variable reference for 'x' on line 2 can not be found"],
        ["a: [$NOPE]", "variable reference for 'NOPE' on line 1 can not be found"],
      ],
    ],
  ])("by their %s", (_what, rows) => {
    test.each(rows)("%j", (document, error) => {
      expect(() => tree(document)).toThrow(new ConfigError(error));
    });
  });
});

describe("numbers beyond the safe integers", () => {
  test.each([
    ["a: 9223372036854775807", 9223372036854775807n],
    ["a: -9223372036854775808", -9223372036854775808n],
    ["a: 1eb", 1n << 60n],
    ["a: 16eb", 0n],
    ["a: 8eb", -(1n << 63n)],
  ])("%s is kept in 64 bits", (document, value) => {
    expect(parse(document).value.get("a")?.node).toMatchObject({ kind: "int", value });
  });
});

describe("included files", () => {
  const source = files({
    "main.conf": "include sub.conf\nb: 2",
    "quoted.conf": "INCLUDE 'sub.conf'",
    "nested.conf": "m { include 'sub.conf', c: 3 }",
    "outer.conf": "include dir/inner.conf",
    "dir/inner.conf": "include next.conf",
    "dir/next.conf": "include ../sub.conf\nd: 4",
    "absolute.conf": "include /sub.conf",
    "sub.conf": "a: 1",
    "over.conf": "a: 5\ninclude sub.conf",
    "own.conf": "x: 1\ninclude uses.conf",
    "uses.conf": "a: $x",
    "after.conf": "include sub.conf\ny: $a",
    "broken.conf": "include bad.conf",
    "bad.conf": "\na: 1 x",
    "self.conf": "include self.conf",
    "deep.conf": "include dir/missing.conf",
    "dir/missing.conf": "include gone.conf",
    "/etc/n/main.conf": "include sub.conf",
    "/etc/n/sub.conf": "e: 5",
  });
  const of = (path: string): unknown => plain(parseFile(path, source));

  test.each([
    ["main.conf", { a: 1, b: 2 }],
    ["quoted.conf", { a: 1 }],
    ["nested.conf", { m: { a: 1, c: 3 } }],
    ["outer.conf", { a: 1, d: 4 }],
    ["absolute.conf", { a: 1 }],
    ["over.conf", { a: 1 }],
    ["after.conf", { a: 1, y: 1 }],
    ["/etc/n/main.conf", { e: 5 }],
  ])("%s is relative to the file it stands in", (path, expected) => {
    expect(of(path)).toEqual(expected);
  });
  test.each([
    ["own.conf", "error parsing include file 'uses.conf', variable reference for 'x' on line 1 can not be found"],
    [
      "broken.conf",
      "error parsing include file 'bad.conf', Parse error on line 2: 'Expected a top-level value to end with a new line, comment or EOF, but got 'x' instead.'",
    ],
    [
      "deep.conf",
      "error parsing include file 'dir/missing.conf', error parsing include file 'gone.conf', open dir/gone.conf: no such file or directory",
    ],
    ["none.conf", "open none.conf: no such file or directory"],
  ])("%s says why not", (path, error) => {
    expect(() => of(path)).toThrow(new ConfigError(error));
  });
  test("a file that includes itself is an error, not the end of the process", () => {
    expect(() => of("self.conf")).toThrow("files include each other without end");
  });
  test("an entry knows the file and the place it came from", () => {
    const at = (path: string): unknown => parseFile(path, source).value.get("a")?.at;
    expect(at("outer.conf")).toEqual({ file: "sub.conf", line: 1, col: 0 });
  });
});

describe("variables", () => {
  const env = {
    SIZE: "8kb",
    QUOTED: '"a-b"',
    CHAIN: "$QUOTED",
    SELF: "$SELF",
    PING: "$PONG",
    PONG: "$PING",
    BROKEN: "[",
    BLOCK: "{ b: 1 }",
    EMPTY: "",
    LIST: "[x, y]",
    a: "5",
  };
  const of = (document: string): unknown => tree(document, {}, env);

  test.each([
    ["foo: 3\nbar: $foo", { foo: 3, bar: 3 }],
    ["a: 1\nm { a: 2, b: $a }", { a: 1, m: { a: 2, b: 2 } }],
    ["a: 1\nm { n { b: $a } }", { a: 1, m: { n: { b: 1 } } }],
    ["m { x: 1 }\na: 2\nb: [$a, $a]", { m: { x: 1 }, a: 2, b: [2, 2] }],
    ["b { c: 1 }\nd: $b", { b: { c: 1 }, d: { c: 1 } }],
    ["x: $a", { x: 5 }],
    ["x: $SIZE", { x: 8192 }],
    ["x: $QUOTED", { x: "a-b" }],
    ["x: $CHAIN", { x: "a-b" }],
    ["x: $BLOCK", { x: { b: 1 } }],
    ["x: $LIST", { x: ["x", "y"] }],
    ["x: '$SIZE'", { x: "$SIZE" }],
    ["x: a$SIZE", { x: "a$SIZE" }],
  ])("%j", (document, expected) => {
    expect(of(document)).toEqual(expected);
  });
  test.each([
    ["x: $SELF", /variable reference cycle for 'SELF'$/],
    ["x: $PING", /variable reference cycle for 'PING'$/],
    ["x: 1\ny: $BROKEN", /^variable reference for 'BROKEN' on line 2 could not be parsed: Parse error on line 1/],
    ["x: $sIZE", /^variable reference for 'sIZE' on line 1 can not be found$/],
  ])("%j is an error", (document, error) => {
    expect(() => of(document)).toThrow(error);
  });
  test("a key that a variable used is marked, one that nobody used is not", () => {
    const { value } = parse("a: 1\nb: 2\nc: $a");
    expect([...value.values()].map(({ key, used }) => [key, used])).toEqual([
      ["a", true],
      ["b", false],
      ["c", false],
    ]);
  });
});
