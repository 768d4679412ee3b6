import fc from "fast-check";
import { expect, test } from "vitest";
import { MsgIdIndex } from "../../../src/jetstream/stream/msg_id_index.ts";

function found(index: MsgIdIndex, hash: number, head: number, size: number): number[] {
  const entries: number[] = [];
  index.look(hash);
  for (let entry = index.next(head, size); entry >= 0; entry = index.next(head, size)) entries.push(entry);
  return entries.sort((a, b) => a - b);
}

/** A hash of few values, all over the range, 0 among them. */
const hashes = fc.oneof(
  fc.integer({ min: -2, max: 2 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.integer({ min: 0, max: 40 }).map((n) => n << 26),
);

test("what the queue holds is found by its hash, however far the queue has moved", () => {
  const step = fc.record({ hash: hashes, forget: fc.nat({ max: 3 }) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 400 }),
      fc.constantFrom(0, 2 ** 31 - 100, 2 ** 32 - 50, 2 ** 40 + 2 ** 32 - 7),
      (steps, begin) => {
        const index = new MsgIdIndex();
        let head = begin;
        const queue: number[] = [];
        for (const { hash, forget } of steps) {
          queue.push(hash);
          index.add(hash, head + queue.length - 1, head, queue.length);
          for (let left = queue.length > 1 && forget === 3 ? 2 : 0; left > 0 && queue.length > 0; left--) {
            queue.shift();
            head++;
          }
        }
        for (const { hash } of steps) {
          // A hash of 0 is kept as another; whoever asks compares ids.
          const same = (other: number): boolean => (other === 0 ? 1 : other) === (hash === 0 ? 1 : hash);
          const want = queue.flatMap((other, i) => (same(other) ? [head + i] : []));
          expect(found(index, hash, head, queue.length)).toEqual(want);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("many are found after splits, and what is forgotten makes room", () => {
  const index = new MsgIdIndex();
  const hashOf = (n: number): number => Math.imul(n ^ (n >>> 15), 0x9e3779b1);
  const window = 50_000;
  for (let n = 0; n < 200_000; n++) {
    const head = Math.max(0, n + 1 - window);
    index.add(hashOf(n), n, head, n + 1 - head);
  }
  const head = 200_000 - window;
  for (let n = 0; n < 200_000; n += 7) {
    expect(found(index, hashOf(n), head, window).includes(n)).toBe(n >= head);
  }
  expect(index.heldBytes).toBeLessThan(window * 8 * 4);
});

test("those that share all of their hash are found, too", () => {
  const index = new MsgIdIndex();
  for (let n = 0; n < 3000; n++) index.add(77, n, 0, n + 1);
  expect(found(index, 77, 0, 3000)).toHaveLength(3000);
  expect(found(index, 78, 0, 3000)).toHaveLength(0);
  expect(found(index, 77, 2990, 10)).toEqual(Array.from({ length: 10 }, (_, i) => 2990 + i));
});
