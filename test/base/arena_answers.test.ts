// The kernel that writes answers does what its plain twin does.

import fc from "fast-check";
import { expect, test } from "vitest";
import { bytes, INNER, READ } from "../../src/base/arena.ts";
import { answersKernel, plainAnswers, type Answers } from "../../src/base/arena_answers.ts";

const LINE = INNER;
const SUBJECTS = INNER + 1000;

/** What `answers` writes, how many there are, and the number that stands there then. */
function written(answers: Answers, subjects: readonly string[], prefix: number, first: number): unknown {
  const head = Buffer.from(` 1 37\r\n{"stream":"S","seq":`);
  const line = Buffer.concat([head, Buffer.from(`${first}}\r\n`)]);
  bytes.fill(0, READ, READ + 10_000);
  bytes.set(line, LINE);
  bytes.set(Buffer.from(subjects.join("")), SUBJECTS);
  const { length } = subjects[0]!;
  const digits = LINE + line.length - 3;
  const count = answers(READ, SUBJECTS, length, prefix, subjects.length, LINE, line.length, digits);
  const end = READ + count * (4 + length + line.length);
  return {
    count,
    text: Buffer.from(bytes.subarray(READ, end)).toString(),
    number: Buffer.from(bytes.subarray(LINE + head.length, digits)).toString(),
  };
}

test("as many as are alike, each with the number behind that of the one before", () => {
  expect(answersKernel()).not.toBe(plainAnswers);
  const alike = ["_INBOX.a.1", "_INBOX.a.2", "_INBOX.a.3"];
  const line = (i: number): string => `MSG _INBOX.a.${i} 1 37\r\n{"stream":"S","seq":${i + 97}}\r\n`;
  for (const answers of [answersKernel(), plainAnswers]) {
    // It has no room for a third digit: whoever wants more begins anew.
    expect(written(answers, alike.slice(0, 2), 9, 98)).toEqual({ count: 2, text: line(1) + line(2), number: "00" });
    expect(written(answers, ["_INBOX.a.1", "_INBOX.b.2"], 9, 98)).toEqual({ count: 1, text: line(1), number: "99" });
  }
});

test("the kernel and its twin write the same", () => {
  const letter = fc.constantFrom("a", "b", ".");
  const subject = (length: number): fc.Arbitrary<string> =>
    fc.array(letter, { minLength: length, maxLength: length }).map((letters) => letters.join(""));
  const sizes = fc.record({ prefix: fc.integer({ min: 8, max: 50 }), tail: fc.integer({ min: 1, max: 40 }) });
  const runs = sizes.chain(({ prefix, tail }) =>
    fc.record({
      prefix: fc.constant(prefix),
      begin: subject(prefix),
      tails: fc.array(
        fc.oneof({ weight: 5, arbitrary: fc.constant("x".repeat(tail)) }, { weight: 1, arbitrary: subject(tail) }),
        { minLength: 1, maxLength: 30 },
      ),
      other: fc.nat(prefix + 200),
    }),
  );
  fc.assert(
    fc.property(runs, fc.integer({ min: 100, max: 9_999_900 }), ({ prefix, begin, tails, other }, first) => {
      const subjects = tails.map((tail) => begin + tail);
      // One of them begins otherwise.
      const odd = other % subjects.length;
      if (other < prefix) subjects[odd] = `${begin.slice(0, other)}y${begin.slice(other + 1)}${tails[odd]}`;
      const expected = written(plainAnswers, subjects, prefix, first);
      expect(written(answersKernel(), subjects, prefix, first)).toEqual(expected);
    }),
  );
});
