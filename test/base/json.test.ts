import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bigUint64,
  bool,
  byteText,
  decode,
  decodeAll,
  decodeText,
  encode,
  encodeSlices,
  float,
  int,
  int32,
  int64,
  JsonError,
  list,
  map,
  nullable,
  omitEmpty,
  orElse,
  record,
  SLICE_CHARS,
  text,
  uint64,
  via,
} from "../../src/base/json.ts";
import { any, raw } from "../../src/base/json_any.ts";
import { byteString, byteStringOf } from "../../src/base/bytes.ts";

const limits = record({ max: int, ratio: float }, "server.Limits");
const request = record(
  {
    name: text,
    verbose: orElse(bool, true),
    max_msgs: orElse(int64, -1),
    subjects: list(text),
    limits,
    tags: map(text),
    owner: nullable(text),
  },
  "server.Request",
);
const read = (input: string, rules = {}): unknown => decodeText(request, input, rules);
const fault = (input: string, rules = {}): string => {
  const got = read(input, rules);
  return got instanceof JsonError ? got.message : `accepted ${JSON.stringify(got)}`;
};

describe("decoding", () => {
  test("what is absent is what the table says", () => {
    expect(read("{}")).toEqual({
      name: "",
      verbose: true,
      max_msgs: -1,
      subjects: [],
      limits: { max: 0, ratio: 0 },
      tags: new Map(),
      owner: undefined,
    });
    expect(read(" null ")).toEqual(read("{}"));
  });
  test("null leaves a default and empties a list", () => {
    expect(
      read('{"name":"a","name":null,"verbose":null,"subjects":["a"],"subjects":null,"owner":"x","owner":null}'),
    ).toMatchObject({
      name: "a",
      verbose: true,
      subjects: [],
      owner: undefined,
    });
  });
  test("keys match exactly, else without case as Go folds them", () => {
    expect(read('{"NAME":"a","Max_Msgs":5}')).toMatchObject({ name: "a", max_msgs: 5 });
    expect(read('{"\\u017fubjects":["a"]}')).toMatchObject({ subjects: ["a"] });
    const two = record({ a: int, A: int });
    expect(decodeText(two, '{"A":1,"a":2}')).toEqual({ a: 2, A: 1 });
  });
  test("the last of a duplicate wins, nested objects are merged", () => {
    expect(read('{"name":"a","name":"b"}')).toMatchObject({ name: "b" });
    expect(read('{"limits":{"max":1},"limits":{"ratio":2}}')).toMatchObject({ limits: { max: 1, ratio: 2 } });
    expect(read('{"tags":{"a":"1"},"tags":{"b":"2"}}')).toMatchObject({ tags: new Map([["a", "1"], ["b", "2"]]) }); // prettier-ignore
  });
  test("unknown keys are passed over, or named in strict mode", () => {
    expect(read('{"x":[1,{"y":[]},"]"],"name":"a"}')).toMatchObject({ name: "a" });
    expect(fault('{"x":1}', { strict: true })).toBe('json: unknown field "x"');
  });
  test("__proto__ is a key like any other", () => {
    const got = decodeText(any, '{"__proto__":{"polluted":1}}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(got)).toBe(null);
    expect(Object.keys(got)).toEqual(["__proto__"]);
    expect(read('{"__proto__":{"name":"x"},"constructor":1,"name":"a"}')).toMatchObject({ name: "a" });
    expect(({} as Record<string, unknown>)["polluted"]).toBe(undefined);
  });
  test("numbers are exact or refused", () => {
    const numbers = record({ i: int64, u: uint64, s: int32, b: bigUint64 }, "T");
    const get = (input: string): unknown => {
      const got = decodeText(numbers, input);
      return got instanceof JsonError ? got.message : got;
    };
    expect(get('{"i":-9007199254740991,"u":9007199254740991,"s":-2147483648,"b":18446744073709551615}')).toEqual({
      i: -9007199254740991,
      u: 9007199254740991,
      s: -2147483648,
      b: 18446744073709551615n,
    });
    const refused = (field: string, number: string, type: string): void =>
      expect(get(`{"${field}":${number}}`)).toBe(
        `json: cannot unmarshal number ${number} into Go struct field T.${field} of type ${type}`,
      );
    refused("i", "9007199254740993", "int64");
    refused("i", "1.0", "int64");
    refused("i", "1e3", "int64");
    refused("u", "-1", "uint64");
    refused("s", "2147483648", "int32");
    refused("b", "18446744073709551616", "uint64");
    expect(get('{"i":-0}')).toMatchObject({ i: 0 });
    expect(decodeText(any, "-0.5e30101")).toMatchObject({
      message: "json: cannot unmarshal number -0.5e30101 into Go value of type float64",
    });
  });
  test("a mismatch names the field and its type, after any syntax error", () => {
    expect(fault('{"name":1}')).toBe("json: cannot unmarshal number into Go struct field Request.name of type string");
    expect(fault('{"limits":{"max":"1"}}')).toBe(
      "json: cannot unmarshal string into Go struct field Limits.limits.max of type int",
    );
    expect(fault('{"verbose":"true"}')).toBe(
      "json: cannot unmarshal string into Go struct field Request.verbose of type bool",
    );
    expect(fault('{"subjects":"a"}')).toBe(
      "json: cannot unmarshal string into Go struct field Request.subjects of type []string",
    );
    expect(fault("[]")).toBe("json: cannot unmarshal array into Go value of type server.Request");
    expect(fault('{"name":1,}')).toBe("invalid character '}' looking for beginning of object key string");
  });
  test.each([
    ["", "unexpected end of JSON input"],
    ["{", "unexpected end of JSON input"],
    ['{"name":"a', "unexpected end of JSON input"],
    ['{"name" 1}', "invalid character '1' after object key"],
    ['{"name":"a" "b"}', "invalid character '\"' after object key:value pair"],
    ["{} x", "invalid character 'x' after top-level value"],
    ["{,}", "invalid character ',' looking for beginning of object key string"],
    ['{"subjects":["a" "b"]}', "invalid character '\"' after array element"],
    ['{"subjects":["a",]}', "invalid character ']' looking for beginning of value"],
    ['{"x":01}', "invalid character '1' after object key:value pair"],
    ['{"x":-}', "invalid character '}' in numeric literal"],
    ['{"x":1.}', "invalid character '}' after decimal point in numeric literal"],
    ['{"x":1e}', "invalid character '}' in exponent of numeric literal"],
    ['{"x":trux}', "invalid character 'x' in literal true (expecting 'e')"],
    ['{"x":nil}', "invalid character 'i' in literal null (expecting 'u')"],
    ['{"name":"a\n"}', "invalid character '\\n' in string literal"],
    ['{"name":"\\x"}', "invalid character 'x' in string escape code"],
    ['{"name":"\\u12x4"}', "invalid character 'x' in \\u hexadecimal character escape"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
  ])("%j is refused in Go's words", (input, message) => {
    expect(fault(input)).toBe(message);
  });
  test("as a stream, what follows is not read and the end is EOF", () => {
    expect(read('{"name":"a"} x', { stream: true })).toMatchObject({ name: "a" });
    expect(fault("  ", { stream: true })).toBe("EOF");
    expect(fault('{"a', { stream: true })).toBe("unexpected EOF");
  });
  test("depth is bounded", () => {
    expect(fault(`{"x":${"[".repeat(10_001)}`)).toBe("exceeded max depth");
    expect(fault(`{"x":${"[".repeat(9_000)}${"]".repeat(9_000)}}`)).toMatch(/^accepted/);
    expect(decodeText(any, "[".repeat(100_000))).toBeInstanceOf(JsonError);
  });
  test("invalid UTF-8 becomes U+FFFD, byte by byte, and half surrogates too", () => {
    const get = (bytes: number[]): unknown => decode(text, Uint8Array.from([0x22, ...bytes, 0x22]));
    expect(get([0x61, 0xff, 0x62])).toBe("a\ufffdb");
    expect(get([0xe2, 0x82])).toBe("\ufffd\ufffd");
    expect(get([0xe2, 0x82, 0xac])).toBe("€");
    expect(get([0xed, 0xa0, 0x80])).toBe("\ufffd\ufffd\ufffd");
    expect(decodeText(text, '"\\ud83d\\ude00 \\ud800x \\n\\/"')).toBe("😀 \ufffdx \n/");
  });
  test("a value in its own form", () => {
    const even = via(int, 0, (n) => (n % 2 === 0 ? n : new JsonError(`${n} is odd`)), (n) => n); // prettier-ignore
    expect(decodeText(even, "4")).toBe(4);
    expect(decodeText(even, "5")).toMatchObject({ message: "5 is odd" });
    // Go stops at such a refusal and forgets the mismatch before it.
    const refused = decodeText(record({ a: int, b: even }), '{"a":"x","b":5,"b":7}');
    expect(refused).toMatchObject({ message: "5 is odd" });
    expect(decodeText(record({ a: int, b: even }), '{"a":"x","b":5')).toMatchObject({
      message: "unexpected end of JSON input",
    });
  });
  test("raw keeps the bytes of a value", () => {
    const got = decodeText(record({ a: raw, b: int }), '{"a": {"x" : [1]} ,"b":2}');
    expect(got).toMatchObject({ b: 2 });
    expect(Buffer.from((got as { a: Uint8Array }).a).toString()).toBe('{"x" : [1]}');
  });
});

describe("encoding", () => {
  test("fields in order, empty ones left out where the table says", () => {
    const view = record({
      b: int,
      a: omitEmpty(text),
      c: omitEmpty(list(int)),
      d: omitEmpty(nullable(limits)),
      e: nullable(text),
    });
    expect(encode(view, { b: 1, e: undefined })).toBe('{"b":1,"e":null}');
    expect(encode(view, { b: 0, a: "x", c: [1], d: { max: 0, ratio: 0.5 }, e: "" })).toBe(
      '{"b":0,"a":"x","c":[1],"d":{"max":0,"ratio":0.5},"e":""}',
    );
  });
  test("strings are escaped as Go escapes them", () => {
    expect(encode(text, '<a href="x">&\u2028\u2029\b\f\n\r\t\u0001\u007f\\€😀')).toBe(
      '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029\\b\\f\\n\\r\\t\\u0001\u007f\\\\€😀"',
    );
    expect(encode(text, "a\ud800b")).toBe('"a\\ufffdb"');
    expect(encode(byteText, byteStringOf(Uint8Array.of(0x61, 0xff, 0x3c, 0xc3, 0xa9, 0xe2, 0x82), 0, 7))).toBe(
      '"a\\ufffd\\u003cé\\ufffd\\ufffd"',
    );
    expect(encode(byteText, byteString("é"))).toBe('"é"');
  });
  test("numbers as Go prints them", () => {
    expect([0, -0, 1e20, 1e21, 1e-6, 1e-7, 0.1, 123456789.125].map((n) => encode(float, n))).toEqual(
      ["0", "-0", "100000000000000000000", "1e+21", "0.000001", "1e-7", "0.1", "123456789.125"], // prettier-ignore
    );
    expect(encode(int64, 2 ** 63)).toBe("9223372036854775808");
  });
  test("maps are sorted by bytes", () => {
    expect(encode(map(int), new Map([["b", 1], ["a", 2], ["\u{1f600}", 3], ["\uffee", 4]]))).toBe('{"a":2,"b":1,"\uffee":4,"\u{1f600}":3}'); // prettier-ignore
  });
  test("indented as MarshalIndent", () => {
    const view = record({ a: list(int), b: list(int), c: map(text), d: record({ e: int }), f: record({}) });
    expect(encode(view, { a: [1, 2], b: [], c: new Map(), d: { e: 1 }, f: {} }, "  ")).toBe(
      JSON.stringify({ a: [1, 2], b: [], c: {}, d: { e: 1 }, f: {} }, null, 2),
    );
  });
  test("slices are bounded and together are the whole", () => {
    const view = record({ total: int, rows: list(record({ id: int, subs: omitEmpty(list(text)) })) });
    const value = { total: 3, rows: Array.from({ length: 3000 }, (_, id) => ({ id, subs: id === 7 ? Array<string>(20_000).fill("x.y.z") : ["a"] })) }; // prettier-ignore
    const slices = [...encodeSlices(view, value, "  ")];
    expect(slices.join("")).toBe(encode(view, value, "  "));
    expect(slices.length).toBeGreaterThan(5);
    expect(Math.max(...slices.map((slice) => slice.length))).toBeLessThan(SLICE_CHARS + 200);
  });
});

describe("both ways", () => {
  test("what is encoded decodes to the same", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (input) => {
        const value = decodeText(any, JSON.stringify(input)) as never;
        const line = encode(any, value);
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(input)));
        expect(encode(any, decodeText(any, line) as never)).toBe(line);
        expect(encode(any, decodeText(any, encode(any, value, "  ")) as never)).toBe(line);
      }),
    );
  });
  test("any bytes are decoded or refused as JSON.parse would", () => {
    const pieces = fc.constantFrom(
      '{"name":',
      '"a"',
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "1",
      "-0.5",
      "true",
      "null",
      " ",
      '"\\u00e9"',
      "\\",
      "x",
      "01",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (list) => {
        const input = list.join("");
        const got = decodeText(any, input);
        let valid = true;
        try {
          JSON.parse(input);
        } catch {
          valid = false;
        }
        expect(got instanceof JsonError).toBe(!valid);
        expect(decodeText(raw, input) instanceof JsonError).toBe(!valid);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("decodeAll", () => {
  const kind = record({ a: int, b: text });
  const all = (input: string, strict = true) => decodeAll(kind, Buffer.from(input), 0, input.length, { strict });

  test("takes value after value, each over the last", () => {
    expect(all("")).toEqual({ a: 0, b: "" });
    expect(all(' {"a":1}')).toEqual({ a: 1, b: "" });
    expect(all('{"a":1}\n{"b":"x"} {"a":2}')).toEqual({ a: 2, b: "x" });
  });

  test("says what is wrong with the first that is, and where", () => {
    const wrong = (input: string): [string, number | undefined] => {
      const got = all(input);
      return got instanceof JsonError ? [got.text, got.offset] : ["", undefined];
    };
    expect(wrong('{"a":1} x')).toEqual(["invalid character 'x' looking for beginning of value", 9]);
    expect(wrong('{"a":1,}')).toEqual(["invalid character '}' looking for beginning of object key string", 8]);
    expect(wrong('{"c":1} x')).toEqual(['json: unknown field "c"', undefined]);
    expect(wrong('{"a":1} {"a":')).toEqual(["unexpected EOF", undefined]);
  });
});
