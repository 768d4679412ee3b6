import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteString, bytesOf } from "../../src/base/bytes.ts";
import { collides, isSubset, isValidSubject, subjectMatches } from "../../src/subject/subject.ts";
import { Sublist } from "../../src/subject/sublist.ts";

const match = <T>(list: Sublist<T>, subject: string): T[] => {
  const found: T[] = [];
  const bytes = bytesOf(byteString(subject));
  list.match(bytes, 0, bytes.length, found);
  return found;
};

describe("the sublist", () => {
  test("finds literals, single and rest wildcards", () => {
    const list = new Sublist<string>();
    for (const pattern of ["foo.bar", "foo.*", "foo.>", "*.bar", ">", "foo", "*"])
      list.insert(byteString(pattern), pattern);
    expect(match(list, "foo.bar").sort()).toEqual(["*.bar", ">", "foo.*", "foo.>", "foo.bar"]);
    expect(match(list, "foo").sort()).toEqual(["*", ">", "foo"]);
    expect(match(list, "foo.bar.baz").sort()).toEqual([">", "foo.>"]);
  });
  test("takes wildcard letters inside tokens literally", () => {
    const list = new Sublist<string>();
    for (const pattern of ["foo*", "foo>.a", "a.>b"]) list.insert(byteString(pattern), pattern);
    expect(match(list, "foo*")).toEqual(["foo*"]);
    expect(match(list, "foox")).toEqual([]);
    expect(match(list, "a.>b")).toEqual(["a.>b"]);
  });
  test("matches a published wildcard as a literal", () => {
    const list = new Sublist<string>();
    list.insert(byteString("a.b"), "a.b");
    list.insert(byteString("a.*"), "a.*");
    expect(match(list, "a.*")).toEqual(["a.*"]);
    expect(match(list, "*.b")).toEqual([]);
  });
  test("matches nothing when a token is empty", () => {
    const list = new Sublist<string>();
    for (const pattern of [">", "a.>", "*.*"]) list.insert(byteString(pattern), pattern);
    for (const subject of ["a..b", ".a", "a.", ""]) expect(match(list, subject)).toEqual([]);
  });
  test("keeps letters of 2, 3 and 4 bytes apart", () => {
    const list = new Sublist<string>();
    for (const subject of ["Malmö", "東京.x", "🚀"]) list.insert(byteString(subject), subject);
    expect(match(list, "Malmö")).toEqual(["Malmö"]);
    expect(match(list, "Malmä")).toEqual([]);
    expect(match(list, "東京.x")).toEqual(["東京.x"]);
    expect(match(list, "🚀")).toEqual(["🚀"]);
  });
  test("has room for many values and children, and forgets them all", () => {
    const list = new Sublist<number>();
    for (let i = 0; i < 1000; i++) list.insert(byteString(`a.${i}`), i);
    for (let i = 0; i < 1000; i++) list.insert(byteString("a.same"), i);
    expect(match(list, "a.77")).toEqual([77]);
    expect(match(list, "a.same").length).toBe(1000);
    for (let i = 0; i < 1000; i++) {
      expect(list.remove(byteString(`a.${i}`), i)).toBe(true);
      expect(list.remove(byteString("a.same"), i)).toBe(true);
    }
    expect(list.count).toBe(0);
    expect([...list.entries()]).toEqual([]);
  });
  test("tells tokens of equal hash apart", () => {
    // Two tokens whose 32-bit FNV-1a is the same: "costarring" and "liquid".
    const list = new Sublist<string>();
    for (const subject of ["x.costarring", "x.liquid"]) list.insert(byteString(subject), subject);
    expect(match(list, "x.liquid")).toEqual(["x.liquid"]);
    expect(match(list, "x.costarring")).toEqual(["x.costarring"]);
    expect(list.remove(byteString("x.costarring"), "x.costarring")).toBe(true);
    expect(match(list, "x.liquid")).toEqual(["x.liquid"]);
    expect(match(list, "x.costarring")).toEqual([]);
  });
});

const token = fc.constantFrom("a", "b", "c", "*", "ab", "costarring", "liquid");
const pattern = fc
  .tuple(fc.array(token, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([tokens, rest]) => byteString([...tokens, ...(rest ? [">"] : [])].join(".")));
const literal = fc
  .array(fc.constantFrom("a", "b", "c", "ab", "costarring", "liquid"), { minLength: 1, maxLength: 5 })
  .map((tokens) => byteString(tokens.join(".")));

test("the sublist agrees with a naive list under random inserts and removals", () => {
  const step = fc.record({ pattern, value: fc.integer({ min: 0, max: 3 }), add: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.array(literal, { minLength: 1, maxLength: 5 }),
      (steps, subjects) => {
        const list = new Sublist<string>();
        const naive = new Set<string>();
        for (const { pattern, value, add } of steps) {
          const pair = `${pattern} ${value}`;
          if (add && !naive.has(pair)) {
            naive.add(pair);
            list.insert(pattern, pair);
          } else if (!add) expect(list.remove(pattern, pair)).toBe(naive.delete(pair));
        }
        expect(list.count).toBe(naive.size);
        for (const subject of subjects) {
          const want = [...naive].filter((pair) => subjectMatches(byteString(pair.split(" ")[0]!), subject)).sort();
          // Either may be the first to look, and the other goes by what it found.
          const isSole = want.length === 1 ? want[0] : undefined;
          if (subject.length % 2 === 0) expect(list.sole(bytesOf(subject), 0, subject.length)).toBe(isSole);
          expect(match(list, subject).sort()).toEqual(want);
          expect(list.matchesAny(bytesOf(subject), 0, subject.length)).toBe(want.length > 0);
          expect(list.sole(bytesOf(subject), 0, subject.length)).toBe(isSole);
        }
        expect([...list.entries()].sort()).toEqual([...naive].sort());
      },
    ),
    { numRuns: 300 },
  );
});

test("subset and collision agree with what the patterns match", () => {
  fc.assert(
    fc.property(pattern, pattern, fc.array(literal, { maxLength: 20 }), (a, b, subjects) => {
      for (const subject of subjects) {
        const inA = subjectMatches(a, subject);
        const inB = subjectMatches(b, subject);
        if (isSubset(a, b) && inA) expect(inB).toBe(true);
        if (inA && inB) expect(collides(a, b)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test("a subject has no empty token and nothing after a rest wildcard", () => {
  for (const good of ["a", "a.b", "*", ">", "a.>", "*.*", "foo*", "foo>", "a.b>.c"])
    expect(isValidSubject(byteString(good))).toBe(true);
  for (const bad of ["", ".", "a.", ".a", "a..b", ">.a", "a.>.b"]) expect(isValidSubject(byteString(bad))).toBe(false);
});
