import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FairTurns } from "../../../src/auth/operator/fair_turns.ts";

const limits = { all: 4, each: 2, waitingOfEach: 3, waitingOfAll: 5 };

/** Lets promises that are settled tell so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("turns", () => {
  test("are taken at once while there are some, few by one asker", () => {
    const turns = new FairTurns(limits);
    expect(["a", "a", "a", "b", "b", "c"].map((name) => turns.enter(name))).toEqual([true, true, false, true, true, false]); // prettier-ignore
    turns.leave("b");
    expect(turns.enter("a")).toBe(false);
    expect(turns.enter("c")).toBe(true);
  });

  test("are waited for, one asker after the other, and nobody overtakes its own", async () => {
    const turns = new FairTurns({ all: 1, each: 1, waitingOfEach: 9, waitingOfAll: 99 });
    expect(turns.enter("a")).toBe(true);
    const order: string[] = [];
    for (const name of ["a1", "a2", "a3", "b1", "b2", "c1"]) {
      void turns.wait(name[0]!)!.then(() => order.push(name));
    }
    for (let i = 0; i < 7; i++) {
      expect(turns.enter("a")).toBe(false);
      turns.leave(order.at(-1)?.[0] ?? "a");
      await settled();
    }
    expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
    expect(turns.enter("d")).toBe(true);
  });

  test("are not waited for by too many", () => {
    const turns = new FairTurns(limits);
    const waits = ["a", "a", "a", "a", "b", "b", "b"].map((name) => turns.wait(name) !== undefined);
    expect(waits).toEqual([true, true, true, false, true, true, false]);
  });

  test("never more than there are, whatever happens, and in the end everybody had one", async () => {
    const step = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const turns = new FairTurns(limits);
        const taken: string[] = [];
        const held = (name: string): number => taken.filter((each) => each === name).length;
        let waiting = 0;
        const leaveOne = async (): Promise<void> => {
          turns.leave(taken.shift()!);
          await settled();
        };
        for (const [name, asks] of steps) {
          if (!asks && taken.length > 0) await leaveOne();
          else if (turns.enter(name)) taken.push(name);
          else {
            const turn = turns.wait(name);
            if (turn !== undefined) waiting++;
            void turn?.then(() => {
              waiting--;
              taken.push(name);
            });
          }
          expect(taken.length).toBeLessThanOrEqual(limits.all);
          for (const each of "abcd") expect(held(each)).toBeLessThanOrEqual(limits.each);
        }
        while (taken.length > 0) await leaveOne();
        expect(waiting).toBe(0);
        expect(turns.enter("a")).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
