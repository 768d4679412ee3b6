import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ClaimPermissions } from "../../../src/auth/jwt/user_claims.ts";
import { limitOf, permissionsOf } from "../../../src/auth/operator/claim_permissions.ts";
import { PermissionRules } from "../../../src/auth/permission_rules.ts";
import { byteString, bytesOf } from "../../../src/base/bytes.ts";

const lists = (allow: string[] = [], deny: string[] = []): { allow: string[]; deny: string[] } => ({ allow, deny });
const claims = (pub = lists(), sub = lists(), resp?: { max: number; ttl: number }): ClaimPermissions => ({
  pub,
  sub,
  resp,
});
function rulesOf(said: ClaimPermissions): PermissionRules | undefined {
  return PermissionRules.compile(permissionsOf(said));
}
function mayPublish(rules: PermissionRules, subject: string): boolean {
  const bytes = bytesOf(byteString(subject));
  return rules.allowsPublish(bytes, 0, bytes.length);
}

describe("permissions of tokens", () => {
  test("that say nothing restrict nothing", () => {
    expect(permissionsOf(claims())).toBeUndefined();
  });

  test("to answer are all there is, unless a list says so", () => {
    const rules = rulesOf(claims(lists(), lists(), { max: 3, ttl: 5e9 }))!;
    expect(rules.responses).toEqual({ max: 3, expiresMs: 5000 });
    expect(mayPublish(rules, "a")).toBe(false);
    expect(rulesOf(claims(lists(), lists(), { max: 0, ttl: 0 }))!.responses).toEqual({ max: 1, expiresMs: 120_000 });
    expect(rulesOf(claims(lists(), lists(), { max: -1, ttl: -1 }))!.responses!.max).toBe(-1);
  });

  test("with a queue: it narrows a subscription, is no publish permission, and widens no publish deny", () => {
    const rules = rulesOf(claims(lists(["a q", "b"], ["b.x q"]), lists(["s q"])))!;
    expect(["a", "b", "b.x"].map((subject) => mayPublish(rules, subject))).toEqual([false, true, false]);
    const [s, q] = [byteString("s"), byteString("q")];
    expect([rules.allowsSubscribe(s, q), rules.allowsSubscribe(s, undefined)]).toEqual([true, false]);
  });

  test("whatever a template made of them compile, and never allow more than the good entries do", () => {
    const token = fc.oneof(fc.constantFrom("a", "b", "*", ">", "", " ", "q r", "\t", "é", "\u00a0"), fc.string());
    const entry = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
    const entries = fc.array(entry, { maxLength: 4 });
    fc.assert(
      fc.property(entries, entries, entries, entries, (pubAllow, pubDeny, subAllow, subDeny) => {
        const rules = rulesOf(claims(lists(pubAllow, pubDeny), lists(subAllow, subDeny)));
        if (pubAllow.length + pubDeny.length + subAllow.length + subDeny.length === 0) {
          expect(rules).toBeUndefined();
          return;
        }
        const isNamed = (list: string[]): boolean =>
          list.some((text) => [">", "*", "zz"].some((t) => text.startsWith(t)));
        // Nothing that begins like "zz" is named: an allow list, however odd, does not let it through.
        if (pubAllow.length > 0 && !isNamed(pubAllow)) expect(mayPublish(rules!, "zz")).toBe(false);
        if (subAllow.length > 0 && !isNamed(subAllow)) {
          expect(rules!.allowsSubscribe(byteString("zz"), undefined)).toBe(false);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test("limits are 32 bits wide; -1 is none, less is nothing", () => {
  expect([-1, 0, 5, 2 ** 40, -2, -(2 ** 60)].map(limitOf)).toEqual([-1, 0, 5, 2 ** 31 - 1, 0, 0]);
});
