import fc from "fast-check";
import { expect, test } from "vitest";
import { SequenceSet } from "../../src/store/sequence_set.ts";

function rangesOf(set: SequenceSet, from = 1): [number, number][] {
  const found: [number, number][] = [];
  set.ranges(from, (first, last) => void found.push([first, last]));
  return found;
}

test("ranges join and split", () => {
  const set = new SequenceSet();
  expect(set.addRange(10, 12)).toBe(3);
  expect(set.addRange(11, 15)).toBe(3);
  expect(set.add(20)).toBe(true);
  expect(set.add(20)).toBe(false);
  expect(set.delete(13)).toBe(true);
  expect(set.delete(13)).toBe(false);
  expect(rangesOf(set)).toEqual([[10, 12], [14, 15], [20, 20]]); // prettier-ignore
  expect([set.size, set.first, set.last, set.nextGap(14), set.nextFrom(16)]).toEqual([6, 10, 20, 16, 20]);
});

test("a range across pages, up to the highest sequence, costs little", () => {
  const set = new SequenceSet();
  expect(set.addRange(5, 5_000_000)).toBe(4_999_996);
  expect(rangesOf(set)).toEqual([[5, 5_000_000]]);
  expect(set.heldBytes).toBeLessThan(100_000);
  set.clear();
  set.addRange(2 ** 53 - 3000, 2 ** 53 - 1);
  expect([set.first, set.last, set.size]).toEqual([2 ** 53 - 3000, 2 ** 53 - 1, 3000]);
  expect(set.previousGap(2 ** 53 - 1)).toBe(2 ** 53 - 3001);
  expect(set.deleteBelow(2 ** 53 - 1)).toBe(2999);
});

test("any run of operations agrees with a Set", () => {
  const seq = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 2040, max: 2060 }), fc.integer({ min: 1, max: 9000 })); // prettier-ignore
  const operation = fc.tuple(
    fc.constantFrom("add", "range", "delete", "below"),
    seq,
    fc.integer({ min: 0, max: 3000 }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), fc.array(seq, { maxLength: 8 }), (operations, probes) => {
      const set = new SequenceSet();
      const model = new Set<number>();
      for (const [kind, at, length] of operations) {
        if (kind === "add") {
          expect(set.add(at)).toBe(!model.has(at));
          model.add(at);
        } else if (kind === "range") {
          const before = model.size;
          for (let i = at; i <= at + length; i++) model.add(i);
          expect(set.addRange(at, at + length)).toBe(model.size - before);
        } else if (kind === "delete") {
          expect(set.delete(at)).toBe(model.delete(at));
        } else {
          const gone = [...model].filter((each) => each < at);
          for (const each of gone) model.delete(each);
          expect(set.deleteBelow(at)).toBe(gone.length);
        }
      }
      set.checkInvariants();
      const sorted = [...model].sort((a, b) => a - b);
      expect([set.size, set.first, set.last]).toEqual([model.size, sorted[0] ?? 0, sorted.at(-1) ?? 0]);
      const spelled = rangesOf(set).flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      );
      expect(spelled).toEqual(sorted);
      for (const at of probes) {
        expect(set.has(at)).toBe(model.has(at));
        expect(set.nextFrom(at)).toBe(sorted.find((each) => each >= at) ?? 0);
        let gap = at;
        while (model.has(gap)) gap++;
        expect(set.nextGap(at)).toBe(gap);
        gap = at;
        while (model.has(gap)) gap--;
        expect(set.previousGap(at)).toBe(gap);
        expect(set.count(at, at + 2500)).toBe(sorted.filter((each) => each >= at && each <= at + 2500).length);
      }
    }),
    { numRuns: 300 },
  );
});
