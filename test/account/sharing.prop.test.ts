// Accounts that import from each other at random, also in circles: a publish
// ends, reaches nobody endlessly, and leaves nothing behind.

import fc from "fast-check";
import { expect, test } from "vitest";
import { byteString as s } from "../../src/base/bytes.ts";
import {
  type ExportRule,
  type ImportRule,
  serviceExport,
  serviceImport,
  streamExport,
  streamImport,
} from "../../src/subject/sharing.ts";
import { SharedAccounts } from "../support/shared_accounts.ts";

const NAMES = ["A", "B", "C", "D", "E"];
const subject = fc.constantFrom("x", "y", "z.*", "z.>", "w.*.*", ">", "z.a");
const local = fc.constantFrom("", "x", "y", "z.$1", "z.*", "w.$2.$1", "v.>", "z.a");
const account = fc.constantFrom(...NAMES);
const graph = fc.array(fc.tuple(account, account, subject, local, fc.constantFrom("stream", "service"), fc.boolean()), {
  minLength: 1,
  maxLength: 25,
});

test("random imports and exports stay bounded", () => {
  fc.assert(
    fc.property(
      graph,
      fc.integer(),
      fc.array(fc.tuple(account, fc.constantFrom("x", "y", "z.a", "z.a.b", "w.a.b", "v.q")), { maxLength: 12 }),
      (edges, seed, sent) => {
        const rules: Record<string, { exports: ExportRule[]; imports: ImportRule[] }> = {};
        for (const name of NAMES) {
          const exports = [
            ...["x", "y", "z.>", "w.>", ">"].map((each) => serviceExport(s(each))),
            streamExport(s(">")),
          ];
          rules[name] = { exports, imports: [] };
        }
        for (const [here, there, from, to, kind, isMapped] of edges) {
          rules[here]!.imports.push(
            kind === "stream"
              ? streamImport(there, s(from), { to: s(to) })
              : serviceImport(there, s(from), { to: s(to) }),
          );
          void isMapped;
        }
        const rig = new SharedAccounts(NAMES, seed).share(rules);
        for (const [here, , , , , isMapped] of edges) {
          if (isMapped)
            rig.map(here, [{ source: s("z.*"), destinations: [{ subject: s("x"), weight: 50, cluster: "" }] }]);
        }
        const clients = NAMES.map((name) => rig.client(name).sub(">", "1").sub("z.*", "2", "q"));
        for (const [name, to] of sent) {
          const client = clients[NAMES.indexOf(name)]!;
          expect(client.pub(to, "box")).toBeLessThan(1000);
        }
        for (const client of clients) {
          const got = client.messages();
          expect(got.length).toBeLessThan(100_000);
          client.close();
        }
        // Who imports everything waits for everything, until its time is over.
        rig.world.advance(300_000);
        for (const each of rig.accounts.values()) expect(each.awaited.count).toBe(0);
        rig.share({});
        for (const each of rig.accounts.values()) {
          expect(each.responses.count).toBe(0);
          // What is left takes answers.
          expect([...each.router.subscriptions()].filter((sub) => !sub.subject.startsWith("_R_."))).toEqual([]);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("a chain of accounts ends somewhere", () => {
  const names = Array.from({ length: 200 }, (_, i) => `N${i}`);
  const rig = new SharedAccounts(names).share(
    Object.fromEntries(
      names.map((name, i) => [
        name,
        {
          exports: [serviceExport(s("x"))],
          imports: i + 1 < names.length ? [serviceImport(`N${i + 1}`, s("x"))] : [],
        },
      ]),
    ),
  );
  const last = rig.client("N199").sub("x", "1");
  const near = rig.client("N150");
  expect(near.pub("x")).toBe(1);
  expect(last.messages()).toEqual(["x 1 x"]);
  expect(rig.client("N0").pub("x", "box")).toBe(0);
});

test("many ways through few accounts are not all gone", () => {
  // Without cycles there are 2^28 ways from the last to the first.
  const names = Array.from({ length: 30 }, (_, i) => `N${i}`);
  const rig = new SharedAccounts(names).share(
    Object.fromEntries(
      names.map((name, i) => [
        name,
        { exports: [serviceExport(s("x"))], imports: names.slice(0, i).map((other) => serviceImport(other, s("x"))) },
      ]),
    ),
  );
  expect(rig.checked!.faults).toEqual([]);
  const first = rig.client("N0").sub("x", "1");
  expect(rig.client("N29").pub("x")).toBeGreaterThan(0);
  expect(first.messages().length).toBeLessThan(30_000);
  expect(rig.client("N3").pub("x")).toBe(3);
  expect(first.messages()).toHaveLength(4);
});
