import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteString, bytesOf } from "../../src/base/bytes.ts";
import { subjectMatches } from "../../src/subject/subject.ts";
import { Sublist } from "../../src/subject/sublist.ts";
import { TailMemo } from "../../src/subject/tail_memo.ts";

const bytes = (text: string): Uint8Array => bytesOf(byteString(text));

describe("subjects that begin alike", () => {
  const token = fc.constantFrom("a", "b", "$JS", "ack", "7", "*");
  const subject = fc.array(token, { minLength: 1, maxLength: 7 }).map((tokens) => tokens.join("."));
  const pattern = fc
    .tuple(
      fc.array(fc.constantFrom("a", "b", "$JS", "ack", "*", "*", "*"), { minLength: 1, maxLength: 6 }),
      fc.boolean(),
    )
    .map(([tokens, rest]) => tokens.join(".") + (rest ? ".>" : ""));

  test("match as a naive list says, in any order, while patterns come and go", () => {
    const step = fc.oneof(
      { weight: 1, arbitrary: fc.record({ insert: pattern }) },
      { weight: 1, arbitrary: fc.record({ remove: fc.nat(9) }) },
      { weight: 8, arbitrary: fc.record({ ask: fc.array(subject, { minLength: 1, maxLength: 6 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const list = new Sublist<string>(1);
        const held: string[] = [];
        for (const one of steps) {
          if ("insert" in one) {
            if (held.includes(one.insert)) continue;
            held.push(one.insert);
            list.insert(byteString(one.insert), one.insert);
          } else if ("remove" in one) {
            const [gone] = held.splice(one.remove, 1);
            if (gone !== undefined) list.remove(byteString(gone), gone);
          } else {
            for (const asked of one.ask) {
              const found: string[] = [];
              const source = bytes(`xx${asked}yy`);
              list.match(source, 2, source.length - 2, found);
              const expected = held.filter((each) => subjectMatches(byteString(each), byteString(asked)));
              expect(found.sort()).toEqual(expected.sort());
            }
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  test("are found without the trie: what it costs to find them does not grow with their tokens", () => {
    const list = new Sublist<string>(1);
    list.insert(byteString("$JS.ACK.S.C.*.*.*.*.*"), "acks");
    list.insert(byteString("$JS.API.>"), "api");
    const found: string[] = [];
    for (let i = 1; i < 100; i++) {
      const source = bytes(`$JS.ACK.S.C.1.${i}.${i}.1700.${100 - i}`);
      list.match(source, 0, source.length, found);
      expect(list.visited).toBe(i === 1 ? 10 : 1);
    }
    expect(found.length).toBe(99);
    const empty = bytes("$JS.ACK.S.C.1..3.4.5");
    list.match(empty, 0, empty.length, found);
    const long = bytes("$JS.ACK.S.C.1.2.3.4.5.6");
    list.match(long, 0, long.length, found);
    expect(found.length).toBe(99);
  });
});

test("a load that nothing is known of is not looked for each time", () => {
  const memo = new TailMemo<number>();
  const known = bytes("a.b.c");
  memo.keep(known, 0, 2, 2, [1], 0);
  expect(memo.find(known, 0, known.length)).toEqual([1]);
  const other = bytes("x.y.z");
  for (let i = 0; i < 40; i++) expect(memo.find(other, 0, other.length)).toBeUndefined();
  expect(memo.find(known, 0, known.length)).toBeUndefined();
  const found = Array.from({ length: 80 }, () => memo.find(known, 0, known.length) !== undefined);
  expect(found.indexOf(true)).toBeGreaterThan(30);
  expect(found.slice(found.indexOf(true))).not.toContain(false);
});
