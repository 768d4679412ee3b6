// Which exports and imports hold.

import { describe, expect, test } from "vitest";
import { byteString as s } from "../../src/base/bytes.ts";
import {
  type ExportRule,
  type ImportRule,
  serviceExport,
  serviceImport,
  streamExport,
  streamImport,
} from "../../src/subject/sharing.ts";
import { type Activation, checkSharing } from "../../src/subject/sharing_check.ts";

type Rules = Record<string, { exports?: ExportRule[]; imports?: ImportRule[] }>;
function faults(rules: Rules, activates?: Activation, measures?: boolean): string[] {
  const all = new Map(Object.entries(rules).map(([name, rule]) => [name, { exports: [], imports: [], ...rule }]));
  return checkSharing(all, activates, measures).faults.map(
    ({ account, text, missing }) => `${account}: ${missing ?? ""}${text}`,
  );
}

describe("an export", () => {
  test("is for those it names, or for everybody", () => {
    const rules = (accounts: string[] | undefined): Rules => ({
      A: { exports: [streamExport(s("a"), { accounts })] },
      B: { imports: [streamImport("A", s("a"))] },
    });
    expect(faults(rules(undefined))).toEqual([]);
    expect(faults(rules(["B"]))).toEqual([]);
    expect(faults(rules(["A"]))).toEqual(["B: stream import not authorized"]);
    expect(faults(rules([]))).toEqual(["B: stream import not authorized"]);
    expect(faults(rules(["B", "X"]))).toEqual(["A: Xaccount missing"]);
  });

  test("of exactly the subject decides before one that covers it", () => {
    const rules: Rules = {
      A: { exports: [serviceExport(s("a.>")), serviceExport(s("a.b"), { accounts: ["A"] })] },
      B: { imports: [serviceImport("A", s("a.b")), serviceImport("A", s("a.c"))] },
    };
    expect(faults(rules)).toEqual(["B: service import not authorized"]);
  });

  test("may want the importing account in the subject, and nothing else then", () => {
    const rules = (subject: string): Rules => ({
      A: { exports: [serviceExport(s("a.*.>"), { accountTokenPosition: 2, accounts: [], tokenRequired: true })] },
      B: { imports: [serviceImport("A", s(subject))] },
    });
    expect(faults(rules("a.B.x"))).toEqual([]);
    expect(faults(rules("a.C.x"))).toEqual(["B: service import not authorized"]);
    expect(faults(rules("a.*.>"))).toEqual(["B: service import not authorized"]);
    expect(faults({ A: { exports: [streamExport(s("a.b"), { accountTokenPosition: 2 })] } })).toEqual([
      "A: sublist: invalid subject",
    ]);
  });

  test("may want a token, which somebody else judges", () => {
    const asked: unknown[] = [];
    const rules = (token: string): Rules => ({
      A: { exports: [streamExport(s("a.>"), { tokenRequired: true })] },
      B: { imports: [streamImport("A", s("a.b"), { token })] },
    });
    const activates: Activation = (importer, rule, through) => {
      asked.push([importer, rule.token, through.subject]);
      return rule.token === "good";
    };
    expect(faults(rules("good"), activates)).toEqual([]);
    expect(faults(rules("bad"), activates)).toEqual(["B: stream import not authorized"]);
    expect(faults(rules(""), activates)).toEqual(["B: stream import not authorized"]);
    expect(asked).toEqual([
      ["B", "good", "a.>"],
      ["B", "bad", "a.>"],
    ]);
    expect(faults(rules("good"))).toEqual(["B: stream import not authorized"]);
  });

  test("that cannot be measured is not measured", () => {
    const rules: Rules = { A: { exports: [serviceExport(s("a"), { latency: { subject: s("l"), sampling: 100 } })] } };
    expect(faults(rules)).toEqual([]);
    expect(faults(rules, undefined, false)).toEqual(["A: system account not setup"]);
    const all = new Map([["A", { exports: rules["A"]!.exports!, imports: [] }]]);
    expect(checkSharing(all, undefined, false).exports.get("A")).toMatchObject([{ subject: "a", latency: undefined }]);
  });
});

describe("an import", () => {
  test("of the server itself needs no export", () => {
    const rules: Rules = { A: {}, B: { imports: [serviceImport("A", s("a"), { isInternal: true })] } };
    expect(faults(rules)).toEqual([]);
  });

  test("that is refused leaves the others", () => {
    const rules = new Map([
      ["A", { exports: [serviceExport(s("a"))], imports: [] }],
      [
        "B",
        { exports: [], imports: [serviceImport("A", s("b")), serviceImport("A", s("a")), serviceImport("X", s("a"))] },
      ],
    ]);
    const { services, faults: wrong } = checkSharing(rules);
    expect(services.get("B")!.map(({ rule }) => rule.subject)).toEqual(["a"]);
    expect(wrong.map(({ text, missing }) => missing ?? text)).toEqual(["service import not authorized", "X"]);
  });

  test("closes no circle of names", () => {
    const ring = (count: number): Rules =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [
          `N${i}`,
          { exports: [serviceExport(s("x"))], imports: [serviceImport(`N${(i + 1) % count}`, s("x"))] },
        ]),
      );
    for (const count of [2, 3, 10, 500]) expect(faults(ring(count))).toEqual([`N${count - 1}: import forms a cycle`]);
    expect(faults(ring(1100))).toEqual([`N1099: search cycle depth exhausted`]);
  });

  test("may come twice to one account by different ways", () => {
    const rules: Rules = {
      A: { exports: [streamExport(s("x"))] },
      B: { exports: [streamExport(s("x"))], imports: [streamImport("A", s("x"))] },
      C: { exports: [streamExport(s("x"))], imports: [streamImport("A", s("x"))] },
      D: { imports: [streamImport("B", s("x")), streamImport("C", s("x"))] },
    };
    expect(faults(rules)).toEqual([]);
  });

  test("is looked at in bounded time, however many there are", () => {
    const names = Array.from({ length: 40 }, (_, i) => `N${i}`);
    // Everybody imports everything of everybody before.
    const rules: Rules = Object.fromEntries(
      names.map((name, i) => [
        name,
        {
          exports: [serviceExport(s(">"))],
          imports: names.slice(0, i).map((other) => serviceImport(other, s("x.>"), { to: s("x.>") })),
        },
      ]),
    );
    expect(faults(rules)).toEqual([]);
  });
});
