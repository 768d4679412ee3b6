// Many who come at once are seen to one in a turn, in their order; who comes alone at once.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Turn } from "../../src/outbound/turn.ts";

function opened(): {
  turn: Turn;
  come: (name: number | string, more?: () => void) => void;
  seen: unknown[];
  end: () => number;
} {
  const ends: (() => void)[] = [];
  const turn = new Turn((fire) => ends.push(fire));
  const seen: unknown[] = [];
  return {
    turn,
    seen,
    come: (name, more) =>
      turn.newcomers.come(() => {
        seen.push(name);
        more?.();
      }),
    /** Ends the turn; how many were seen to in that. */
    end: () => {
      const before = seen.length;
      for (const fire of ends.splice(0)) fire();
      return seen.length - before;
    },
  };
}

test("who comes alone is seen to at once, in any turn", () => {
  const { come, seen, end } = opened();
  for (const name of ["a", "b", "c"]) {
    come(name);
    expect(seen.at(-1)).toBe(name);
    expect(end()).toBe(0);
  }
});

test("others of a turn come one in a turn, behind its flushes, in their order", () => {
  const { turn, come, seen, end } = opened();
  for (const name of ["a", "b", "c", "d"]) come(name);
  expect(seen).toEqual(["a"]);
  turn.touch({ flush: () => void seen.push("flush") });
  end();
  expect(seen).toEqual(["a", "flush", "b"]);
  // Who comes now is behind those that wait.
  come("e");
  expect([end(), end(), end(), end(), end()]).toEqual([1, 1, 1, 0, 0]);
  expect(seen).toEqual(["a", "flush", "b", "c", "d", "e"]);
  come("f");
  expect(seen.at(-1)).toBe("f");
});

test("where many wait more come in a turn, at most 16", () => {
  const { come, seen, end } = opened();
  for (let i = 0; i < 1001; i++) come(i);
  const counts: number[] = [];
  while (seen.length < 1001) counts.push(end());
  expect(Math.max(...counts)).toBe(16);
  expect(counts[0]).toBe(16);
  expect(counts.slice(-20)).toEqual(Array(20).fill(1));
  expect(counts.length).toBeLessThan(150);
  expect(seen).toEqual(Array.from({ length: 1001 }, (_, i) => i));
});

test("who is seen to may ask for more", () => {
  const { come, seen, end } = opened();
  come("a", () => come("b", () => come("c")));
  expect(seen).toEqual(["a"]);
  expect([end(), end(), end()]).toEqual([1, 1, 0]);
  expect(seen).toEqual(["a", "b", "c"]);
});

test("who was seen to is let go of, also when somebody waits at any time", async () => {
  const { come, end } = opened();
  const gone = ((): WeakRef<object> => {
    const socket = { isSocket: true };
    come(0);
    come(0, () => void socket.isSocket);
    return new WeakRef(socket);
  })();
  for (let i = 0; i < 3000; i++) {
    come(0);
    expect(end()).toBe(1);
  }
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(gone.deref()).toBeUndefined();
});
