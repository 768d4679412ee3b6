// Rules that change, one account at a time.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteString as s } from "../../src/base/bytes.ts";
import {
  serviceExport,
  serviceImport,
  type SharingRules,
  streamExport,
  streamImport,
} from "../../src/subject/sharing.ts";
import { SharedAccounts } from "../support/shared_accounts.ts";

const NAMES = ["A", "B", "C", "D", "E"];
const some = fc.constantFrom("x", "y.*", "y.>", "z");
/** Imports from accounts before it only: no circle, so the order of updates does not matter. */
const rulesOf = (index: number): fc.Arbitrary<SharingRules> =>
  fc.record({
    exports: fc.array(
      fc.oneof(
        some.map((each) => serviceExport(s(each))),
        some.map((each) => streamExport(s(each))),
      ),
    ),
    imports:
      index === 0
        ? fc.constant([])
        : fc.array(
            fc
              .tuple(fc.integer({ min: 0, max: index - 1 }), some, fc.boolean(), fc.constantFrom("", "far.>", "w"))
              .map(([from, subject, isStream, to]) => {
                const rule = isStream ? streamImport : serviceImport;
                return rule(NAMES[from]!, s(subject), { to: s(subject.endsWith(">") ? to.replace("w", "") : "") });
              }),
            { maxLength: 4 },
          ),
  });
const all = fc.tuple(...NAMES.map((_, i) => rulesOf(i)));

function held(rig: SharedAccounts): unknown {
  const { streams, services, faults } = rig.exchange.checked;
  const shown = (lists: typeof streams | typeof services, name: string): unknown =>
    (lists.get(name) ?? []).map(({ rule, transform }) => [rule.account, rule.subject, transform.local]);
  return {
    held: NAMES.map((name) => [shown(streams, name), shown(services, name)]),
    faults: faults.map(({ account, text }) => `${account} ${text}`).toSorted(),
    counts: NAMES.map((name) => rig.accounts.get(name)!.router.subscriptionCount),
  };
}

describe("accounts that change one at a time", () => {
  test("come to the same as all at once", () => {
    fc.assert(
      fc.property(all, all, fc.shuffledSubarray(NAMES, { minLength: 5 }), (first, last, order) => {
        const both = [new SharedAccounts(NAMES), new SharedAccounts(NAMES)] as const;
        for (const rig of both)
          for (const name of NAMES) rig.client(name).sub("far.>", "1").sub("x", "2").sub("y.a", "3");
        const named = (rules: typeof first): Map<string, SharingRules> =>
          new Map(NAMES.map((name, i) => [name, rules[i]!]));
        both[0].exchange.apply(named(last));
        both[1].exchange.apply(named(first));
        for (const name of order) both[1].exchange.update(name, last[NAMES.indexOf(name)]!);
        expect(held(both[1])).toEqual(held(both[0]));
      }),
      { numRuns: 150 },
    );
  });

  test("an account that comes later lets in who waited for it", () => {
    const rig = new SharedAccounts(["A", "B"]);
    const b = rig.client("B").sub("t", "1");
    rig.exchange.update("B", { exports: [], imports: [streamImport("A", s("t"))] });
    expect(rig.exchange.checked.faults.map(({ missing }) => missing)).toEqual(["A"]);
    rig.exchange.update("A", { exports: [streamExport(s("t"))], imports: [] });
    expect(rig.exchange.checked.faults).toEqual([]);
    rig.client("A").pub("t");
    expect(b.messages()).toEqual(["t 1 x"]);
    rig.exchange.update("A", { exports: [], imports: [] });
    expect(rig.client("A").pub("t")).toBe(0);
    expect(rig.exchange.imports("B", s("t"))).toBe(false);
  });

  test("a request that waits is answered, whatever changed meanwhile", () => {
    const rig = new SharedAccounts(["A", "B"]).share({
      A: { exports: [serviceExport(s("s"))] },
      B: { imports: [serviceImport("A", s("s"))] },
    });
    const [a, b] = [rig.client("A").sub("s", "1"), rig.client("B").sub("box", "2")];
    b.pub("s", "box");
    const reply = /_R_\.\S+/.exec(a.read())![0];
    rig.exchange.update("A", { exports: [serviceExport(s("s"), { thresholdMs: 5000 })], imports: [] });
    b.pub("s", "box");
    rig.exchange.update("B", { exports: [], imports: [] });
    expect(a.pub(reply)).toBe(1);
    expect(b.messages()).toEqual(["box 2 x"]);
    rig.world.advance(6000);
    expect(rig.accounts.get("A")!.responses.count).toBe(0);
    expect(rig.world.pendingTimers).toBe(0);
  });
});
