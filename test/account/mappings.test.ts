// Mappings of an account's subjects.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteString as s } from "../../src/base/bytes.ts";
import { type MappingDestination, type MappingRule, mappingRuleFault } from "../../src/subject/mapping_rule.ts";
import { SharedAccounts } from "../support/shared_accounts.ts";

const to = (subject: string, weight = 100, cluster = ""): MappingDestination => ({
  subject: s(subject),
  weight,
  cluster,
});
const rule = (source: string, ...destinations: MappingDestination[]): MappingRule => ({
  source: s(source),
  destinations,
});

describe("mappings", () => {
  test("the first that matches decides, and once", () => {
    const rig = new SharedAccounts(["A"]).map("A", [
      rule("a.*", to("first.$1")),
      rule("a.b", to("second")),
      rule("first.>", to("no.>")),
    ]);
    const a = rig.client("A").sub(">", "1");
    for (const subject of ["a.b", "a.b", "a.c", "b", "first.x"]) a.pub(subject);
    expect(a.messages()).toEqual(["first.b 1 x", "first.b 1 x", "first.c 1 x", "b 1 x", "no.x 1 x"]);
  });

  test("keep reply, headers and payload, however large", () => {
    const rig = new SharedAccounts(["A"]).map("A", [rule("a", to("b.b.b"))]);
    const a = rig.client("A").sub("b.>", "1");
    a.hpub("a", "box", "NATS/1.0\r\nX: y\r\n\r\n", "z");
    expect(a.read()).toBe("HMSG b.b.b 1 box 18 19\r\nNATS/1.0\r\nX: y\r\n\r\nz\r\n");
    a.raw("PUB  a   box\t1 \nz\r\n");
    expect(a.read()).toBe("MSG b.b.b 1 box 1\r\nz\r\n");
    const large = "z".repeat(200_000);
    a.pub("a", "", large);
    expect(a.messages()).toEqual([`b.b.b 1 ${large}`]);
  });

  test("what is left of a hundred keeps its subject, or is lost where the mapping names it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.integer(),
        (weights, isLossy, seed) => {
          const destinations = weights.map((weight, i) => to(`d${i}`, weight));
          if (isLossy) destinations.push(to("src", 5));
          const made = rule("src", ...destinations);
          const total = destinations.reduce((sum, { weight }) => sum + weight, 0);
          expect(mappingRuleFault(made)).toBe(total > 100 ? "total weight needs to be <= 100" : undefined);
          if (total > 100) return;
          const rig = new SharedAccounts(["A"], seed).map("A", [made]);
          const a = rig.client("A").sub("*", "1");
          const rounds = 600;
          for (let i = 0; i < rounds; i++) a.pub("src");
          const counts = new Map<string, number>();
          for (const each of a.messages()) {
            const [subject] = each.split(" ");
            counts.set(subject!, (counts.get(subject!) ?? 0) + 1);
          }
          for (const { subject, weight } of destinations) {
            const wanted = subject === "src" ? weight : weight;
            expect(Math.abs((counts.get(subject) ?? 0) - (rounds * wanted) / 100)).toBeLessThan(75);
          }
          const rest = (rounds * (100 - total)) / 100;
          const got = [...counts.values()].reduce((sum, count) => sum + count, 0);
          if (isLossy) expect(Math.abs(rounds - got - rest)).toBeLessThan(75);
          else expect(got).toBe(rounds);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("of other clusters do not count", () => {
    const rig = new SharedAccounts(["A"]).map("A", [
      rule("a", to("b", 100, "east"), to("c")),
      rule("d", to("e", 100, "east")),
    ]);
    const a = rig.client("A").sub("*", "1");
    a.pub("a");
    a.pub("d");
    expect(a.messages()).toEqual(["c 1 x", "d 1 x"]);
  });

  test("that cannot be say why", () => {
    expect(mappingRuleFault(rule("a..b", to("c")))).toBe("invalid subject");
    expect(mappingRuleFault(rule("a", to("c", 10), to("c", 10)))).toBe('duplicate entry for "c"');
    expect(mappingRuleFault(rule("a", to("c", 101)))).toBe("individual weights need to be <= 100");
    expect(mappingRuleFault(rule("a", to("c", 60, "x"), to("d", 60, "y")))).toBeUndefined();
    expect(mappingRuleFault(rule("a.*", to("c.{{left(1,2)}}")))).toContain("unknown function");
  });
});
