// Compiled permissions against the rules as one would say them.

import { array, assert, boolean, constantFrom, option, property, record, tuple } from "fast-check";
import { expect, test } from "vitest";
import { PermissionRules } from "../../src/auth/permission_rules.ts";
import { type ByteString, byteString, bytesOf } from "../../src/base/bytes.ts";
import { FakeWorld } from "../support/fake_world.ts";
import { Permissions } from "../../src/auth/permissions.ts";

const RUNS = { numRuns: 3000 };
const words = ["a", "b", "c", "ö"] as const;
const token = constantFrom(...words, "*");
const literal = array(constantFrom(...words), { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const pattern = tuple(array(token, { minLength: 1, maxLength: 3 }), boolean()).map(([tokens, rest]) =>
  (rest ? [...tokens, ">"] : tokens).join("."),
);
const anyPattern = tuple(pattern, constantFrom(0, 0, 0, 0, 1)).map(([text, all]) => (all === 1 ? ">" : text));
const queue = constantFrom("q", "q.v1", "q.v2", "ö");
const queuePattern = constantFrom("q", "q.*", "q.v1", "*", ">", "*.v2", "ö");
const entry = tuple(anyPattern, option(queuePattern)).map(([subject, q]) => (q === null ? subject : `${subject} ${q}`));
const list = <T>(of: Parameters<typeof array<T>>[0]) => option(array(of, { maxLength: 4 }), { nil: undefined });

/** Whether the pattern matches, token by token; wildcards of `subject` are letters. */
function matches(pattern: string, subject: string): boolean {
  const source = pattern
    .split(".")
    .map((token) => (token === "*" ? String.raw`[^.]+` : token === ">" ? ".+" : token))
    .join(String.raw`\.`);
  return new RegExp(`^${source}$`, "u").test(subject);
}
/** Some literals of a pattern, so many that a pattern not covering it misses one of these. */
function examples(subject: string): string[] {
  const any = ["a", "zz"];
  return subject.split(".").reduce<string[]>(
    (found, token) => {
      const next = token === "*" ? any : token === ">" ? ["a", "zz", "zz.zz", "zz.zz.zz.zz.zz"] : [token];
      return found.flatMap((before) => next.map((after) => (before === "" ? after : `${before}.${after}`)));
    },
    [""],
  );
}
const covers = (wide: string, narrow: string): boolean => examples(narrow).every((subject) => matches(wide, subject));
const split = (text: string): [subject: string, queue: string | undefined] => {
  const [subject, queue] = text.split(" ");
  return [subject!, queue];
};
const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");
const isIn = (rules: PermissionRules | undefined, subject: string): boolean => {
  const padded = bytes(`xx${subject}yy`);
  return rules?.allowsPublish(padded, 2, padded.length - 2) ?? true;
};

test("publish: some allow matches, or there is no list, and no deny matches", () => {
  assert(
    property(list(anyPattern), list(anyPattern), literal, (allow, deny, subject) => {
      const rules = PermissionRules.compile({ publish: { allow, deny } });
      const isAllowed = (allow ?? []).length === 0 || allow!.some((each) => matches(each, subject));
      expect(isIn(rules, subject)).toBe(isAllowed && !(deny ?? []).some((each) => matches(each, subject)));
    }),
    RUNS,
  );
});

const subscribing = record({ allow: list(entry), deny: list(entry) });

test("subscribe: entries with a queue that match the subject decide for a queue, else plain ones; then denies", () => {
  assert(
    property(subscribing, anyPattern, option(queue, { nil: undefined }), ({ allow, deny }, subject, q) => {
      const rules = PermissionRules.compile({ subscribe: { allow, deny } });
      const allowed = (allow ?? []).map(split);
      const forQueues = allowed.filter(([each, queue]) => queue !== undefined && matches(each, subject));
      const isPlainGood = allowed.some(([each, queue]) => queue === undefined && covers(each, subject));
      const isQueueGood = forQueues.some(
        ([each, queue]) => q !== undefined && covers(each, subject) && matches(queue!, q),
      );
      const isAllowed = allowed.length === 0 || (q !== undefined && forQueues.length > 0 ? isQueueGood : isPlainGood);
      const isDenied = (deny ?? [])
        .map(split)
        .some(
          ([each, queue]) => matches(each, subject) && (queue === undefined || (q !== undefined && matches(queue, q))),
        );
      const is = rules?.allowsSubscribe(byteString(subject), q === undefined ? undefined : byteString(q)) ?? true;
      expect(is).toBe(isAllowed && !isDenied);
    }),
    RUNS,
  );
});

test("GHSA-wh7g-5m82-pmhr, CVE-2022-29946: whatever was subscribed, nothing denied is delivered", () => {
  assert(
    property(
      subscribing,
      anyPattern,
      option(queue, { nil: undefined }),
      literal,
      ({ allow, deny }, pattern, q, subject) => {
        const rules = PermissionRules.compile({ subscribe: { allow, deny } });
        const [sub, group] = [byteString(pattern), q === undefined ? undefined : byteString(q)];
        const isAccepted = rules?.allowsSubscribe(sub, group) ?? true;
        const isDelivered = isAccepted && matches(pattern, subject) && !denies(rules, subject, group);
        if (!isDelivered) return;
        const plainDenies = (deny ?? [])
          .map(split)
          .filter(([, queue]) => queue === undefined || (q !== undefined && matches(queue, q)));
        expect(plainDenies.some(([each]) => matches(each, subject))).toBe(false);
        if ((allow ?? []).length > 0) expect(allow!.some((each) => matches(split(each)[0], subject))).toBe(true);
      },
    ),
    RUNS,
  );
});

test("a delivery is denied only where a deny says so", () => {
  assert(
    property(list(entry), option(queue, { nil: undefined }), literal, (deny, q, subject) => {
      const rules = PermissionRules.compile({ subscribe: { deny } });
      const expected = (deny ?? [])
        .map(split)
        .some(
          ([each, queue]) => matches(each, subject) && (queue === undefined || (q !== undefined && matches(queue, q))),
        );
      expect(denies(rules, subject, q === undefined ? undefined : byteString(q))).toBe(expected);
      if (expected) expect(rules!.filtersDeliveries).toBe(true);
    }),
    RUNS,
  );
});

test("replies: as many answers and for as long as allowed, whatever comes in between", () => {
  const replies = ["r.1", "r.2", "a"] as const;
  const step = record({ reply: constantFrom(...replies), what: constantFrom("deliver", "answer", "answer", "wait") });
  assert(
    property(array(step, { maxLength: 40 }), constantFrom(1, 2, -1), constantFrom(1000, -1), (steps, max, expires) => {
      const world = new FakeWorld();
      const rules = PermissionRules.compile({ publish: { allow: ["a"] }, allow_responses: { max, expires } })!;
      const permissions = new Permissions(rules, world);
      const seen = new Map<string, { count: number; at: number }>();
      for (const { reply, what } of steps) {
        const asBytes = byteString(reply);
        if (what === "wait") world.advance(400);
        else if (what === "deliver") {
          permissions.onReply(asBytes);
          seen.set(reply, { count: 0, at: world.nowMs() });
        } else {
          const known = seen.get(reply);
          const isTimely = known !== undefined && (expires < 0 || world.nowMs() - known.at <= expires);
          const isGood = reply === "a" || (isTimely && (max < 0 || known.count < max));
          if (known !== undefined) known.count++;
          const raw = bytesOf(asBytes);
          expect(permissions.canPublish(raw, 0, raw.length)).toBe(isGood);
        }
      }
    }),
    { numRuns: 500 },
  );
});

function denies(rules: PermissionRules | undefined, subject: string, queue: ByteString | undefined): boolean {
  const raw = bytes(subject);
  return rules?.deniesDelivery(raw, 0, raw.length, queue) ?? false;
}
