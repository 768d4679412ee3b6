// Subject transforms. answers/transforms.jsonl is what nats-server 2.14.5 said to some of 20,000 random ones.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { byteString, bytesOf } from "../../src/base/bytes.ts";
import { type Random, SubjectTransform, subjectTransform } from "../../src/subject/transform.ts";
import { MappingFault, mappingFault } from "../../src/subject/transform_destination.ts";

interface Answer {
  readonly source: string;
  readonly destination: string;
  /** What a stream's configuration is refused with. */
  readonly mapping: string | null;
  /** Why the transform can not be made. */
  readonly transform: string | null;
  readonly subjects: readonly [subject: string, becomes: string | null][];
}
const answers = readFileSync(join(import.meta.dirname, "answers/transforms.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Answer);

const zero = (): number => 0;
function made(source: string, destination: string): SubjectTransform {
  const transform = subjectTransform(byteString(source), byteString(destination));
  if (!(transform instanceof SubjectTransform)) throw new Error(transform?.text);
  return transform;
}
function becomes(transform: SubjectTransform, subject: string, random: Random = zero): string | null {
  const bytes = Buffer.from(subject);
  const into = Buffer.alloc(transform.roomFor(bytes.length));
  const end = transform.apply(bytes, 0, bytes.length, into, 0, random);
  return end < 0 ? null : into.toString("utf8", 0, end);
}

describe("a transform, as nats-server answers", () => {
  test("is refused with its texts", () => {
    const said = answers.map(({ source, destination }) => {
      const transform = subjectTransform(byteString(source), byteString(destination));
      return {
        source,
        destination,
        mapping: mappingFault(byteString(source), byteString(destination))?.text ?? null,
        transform: transform instanceof MappingFault ? transform.text : null,
      };
    });
    expect(said).toEqual(
      answers.map(({ source, destination, mapping, transform }) => ({ source, destination, mapping, transform })),
    );
  });
  test("makes the same of the same subjects", () => {
    const good = answers.filter(({ transform, destination }) => transform === null && destination !== "");
    expect(good.length).toBeGreaterThan(100);
    for (const { source, destination, subjects } of good) {
      const transform = made(source, destination);
      const got = subjects.map(([subject]) => [subject, becomes(transform, subject)]);
      expect({ source, destination, got }).toEqual({ source, destination, got: subjects });
    }
  });
});

describe("a transform", () => {
  test("hashes partitions with FNV-1a", () => {
    // Known answers of FNV-1a: "" is 0x811c9dc5, "a" 0xe40c292c, "foobar" 0xbf9cf968.
    const whole = made("*", "{{partition(2147483647)}}");
    expect(becomes(whole, "a")).toBe(String(0xe40c292c % 2147483647));
    expect(becomes(whole, "foobar")).toBe(String(0xbf9cf968 % 2147483647));
    expect(becomes(made("*.*", "{{partition(2147483647,1,2)}}"), "foo.bar")).toBe(String(0xbf9cf968 % 2147483647));
  });
  test("takes random partitions from the one who calls, below the bound, whose sign does not matter", () => {
    const bounds: number[] = [];
    const random = (below: number): number => {
      bounds.push(below);
      return below - 1;
    };
    expect(becomes(made("a.*", "x.{{random(12)}}.{{Random(-3)}}.{{random(0)}}"), "a.b", random)).toBe("x.11.2.0");
    expect(bounds).toEqual([12, 3]);
  });
  test("reads and writes at offsets and says where it ended", () => {
    const transform = made("a.*.>", "b.$1.>");
    const bytes = bytesOf(byteString("xx.a.bcd.e.f.yy"));
    const into = new Uint8Array(4 + transform.roomFor(9)).fill(0x2d);
    const end = transform.apply(bytes, 3, 12, into, 4, zero);
    expect(Buffer.from(into.subarray(0, end + 1)).toString()).toBe("----b.bcd.e.f-");
    expect(transform.apply(bytes, 0, 12, into, 0, zero)).toBe(-1);
    expect(Buffer.from(into.subarray(0, 4)).toString()).toBe("----");
  });
  test("never needs more than the room it asked for", () => {
    for (const { source, destination, transform, subjects } of answers) {
      if (transform !== null || destination === "") continue;
      const asked = made(source, destination);
      for (const [subject] of subjects) {
        const bytes = bytesOf(byteString(subject));
        const into = new Uint8Array(1000);
        expect(asked.apply(bytes, 0, bytes.length, into, 0, zero)).toBeLessThanOrEqual(asked.roomFor(bytes.length));
      }
    }
  });
  test("has no longest subject", () => {
    const tokens = Array.from({ length: 500 }, (_, i) => `t${i}`);
    expect(becomes(made("t0.>", "x.>"), tokens.join("."))).toBe(["x", ...tokens.slice(1)].join("."));
    const source = tokens.map(() => "*").join(".");
    expect(becomes(made(source, "{{wildcard(500)}}.$1"), tokens.join("."))).toBe("t499.t0");
  });
  test("does not take a subject with wildcards or empty tokens", () => {
    const transform = made(">", "x.>");
    expect(["a.*", ">", "a..b", "", "a.", "*"].map((subject) => becomes(transform, subject))).toEqual(
      Array.from({ length: 6 }, () => null),
    );
    expect(becomes(transform, "a.*b.>c")).toBe("x.a.*b.>c");
  });
  test("takes $n without a number as it is", () => {
    expect(becomes(made("a.*", "$JS.$1.$x"), "a.b")).toBe("$JS.b.$x");
  });
});
