// Transforms of imports against a naive model: what a subscription here gets is
// what its shadow there gets, under the subject here.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ByteString, byteString as s } from "../../src/base/bytes.ts";
import { ImportTransform, importTransform, intersection } from "../../src/subject/import_transform.ts";
import { subjectMatches } from "../../src/subject/subject.ts";
import type { SubjectTransform } from "../../src/subject/transform.ts";

const word = fc.constantFrom("a", "b", "c");
const patternToken = fc.constantFrom("a", "b", "*", "*");
const pattern = fc
  .tuple(fc.array(patternToken, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([tokens, isRest]) => s([...tokens, ...(isRest ? [">"] : [])].join(".")));
const literal = fc.array(word, { minLength: 1, maxLength: 6 }).map((tokens) => s(tokens.join(".")));

/** A pattern and where an import puts its wildcards: each once, in any order. */
const imported = pattern.chain((from) => {
  const stars = from.split(".").filter((token) => token === "*").length;
  const places = fc.shuffledSubarray(
    Array.from({ length: stars }, (_, i) => `$${i + 1}`),
    { minLength: stars, maxLength: stars },
  );
  return fc.tuple(places, fc.array(word, { minLength: 1, maxLength: 2 })).map(([order, words]) => {
    const rest = from.endsWith(">") ? [">"] : [];
    return { from, to: s([words[0]!, ...order, ...words.slice(1), ...rest].join(".")) };
  });
});

function made(from: ByteString, to: ByteString): ImportTransform {
  const transform = importTransform(from, to);
  if (!(transform instanceof ImportTransform)) throw new Error(`${from} ${to}: ${transform.text}`);
  return transform;
}
function apply(
  transform: SubjectTransform | undefined,
  subject: ByteString,
  otherwise: ByteString,
): string | undefined {
  if (transform === undefined) return otherwise;
  const bytes = Buffer.from(subject);
  const into = Buffer.alloc(transform.roomFor(bytes.length));
  const end = transform.applyToLiteral(bytes, 0, bytes.length, into, 0, () => 0);
  return end < 0 ? undefined : into.toString("latin1", 0, end);
}
/** The subject there as it is here, by hand. */
function naive(from: ByteString, to: ByteString, subject: ByteString): ByteString | undefined {
  if (!subjectMatches(from, subject)) return undefined;
  const tokens = subject.split(".");
  const wanted = from.split(".");
  const values = tokens.filter((_, i) => wanted[i] === "*");
  const rest = wanted.at(-1) === ">" ? tokens.slice(wanted.length - 1) : [];
  return s(
    to
      .split(".")
      .flatMap((token) =>
        token === ">" ? rest : [/^\$\d+$/.test(token) ? values[Number(token.slice(1)) - 1]! : token],
      )
      .join("."),
  );
}

describe("the transform of an import", () => {
  test("brings a subject here and back", () => {
    fc.assert(
      fc.property(imported, literal, ({ from, to }, subject) => {
        const transform = made(from, to);
        const here = naive(from, to, subject);
        if (here === undefined) return;
        expect(apply(transform.inward, subject, transform.isSame ? subject : transform.local)).toBe(here);
        expect(subjectMatches(transform.local, here)).toBe(true);
        expect(apply(transform.outward, here, transform.isSame ? here : from)).toBe(subject);
      }),
      { numRuns: 3000 },
    );
  });

  test("makes of a subscription here the one there that gets the same", () => {
    fc.assert(
      fc.property(imported, pattern, literal, ({ from, to }, wanted, subject) => {
        const there = made(from, to).patternThere(wanted);
        const here = naive(from, to, subject);
        const gets = here !== undefined && subjectMatches(wanted, here);
        expect(there !== undefined && subjectMatches(there, subject)).toBe(gets);
      }),
      { numRuns: 5000 },
    );
  });

  test("knows what two patterns have in common", () => {
    fc.assert(
      fc.property(pattern, pattern, literal, (a, b, subject) => {
        const both = intersection(a, b);
        const inBoth = subjectMatches(a, subject) && subjectMatches(b, subject);
        expect(both !== undefined && subjectMatches(both, subject)).toBe(inBoth);
      }),
      { numRuns: 5000 },
    );
  });

  test("may put wildcards of the same pattern in another order", () => {
    const transform = made(s("a.*.*"), s("a.$2.$1"));
    expect([transform.isSame, transform.patternThere(s("a.x.>")), transform.patternThere(s("a.x.y"))]).toEqual([
      false,
      "a.*.x",
      "a.y.x",
    ]);
  });

  test("may use a wildcard twice, which has one value then", () => {
    const transform = made(s("a.*"), s("b.$1.$1"));
    expect(transform.patternThere(s("b.x.*"))).toBe("a.x");
    expect(transform.patternThere(s("b.x.y"))).toBeUndefined();
    expect(transform.patternThere(s("b.>"))).toBe("a.*");
  });

  test("of one subject is one subject, whatever it is called", () => {
    const transform = made(s("a.b"), s("c.*"));
    expect([transform.local, transform.patternThere(s("c.x")), transform.patternThere(s("d"))]).toEqual([
      "c.*",
      "a.b",
      undefined,
    ]);
  });
});
