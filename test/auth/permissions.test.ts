import { describe, expect, test } from "vitest";
import { PermissionRules } from "../../src/auth/permission_rules.ts";
import { Permissions } from "../../src/auth/permissions.ts";
import { ReplyTable } from "../../src/auth/reply_table.ts";
import { type ByteString, byteString } from "../../src/base/bytes.ts";
import type { Permissions as PermissionOptions } from "../../src/config/options.ts";
import { FakeWorld } from "../support/fake_world.ts";

const opt = (text: string | undefined): ByteString | undefined => (text === undefined ? undefined : byteString(text));

/** Permissions as a session asks them, in plain text. */
class Asked {
  readonly world = new FakeWorld();
  readonly permissions: Permissions;

  constructor(options: PermissionOptions) {
    this.permissions = new Permissions(PermissionRules.compile(options)!, this.world);
  }
  pub(subject: string): boolean {
    const bytes = Buffer.from(`..${subject}..`, "utf8");
    return this.permissions.canPublish(bytes, 2, bytes.length - 2);
  }
  /** "subject" or "subject queue". */
  sub(text: string): boolean {
    const [subject, queue] = text.split(" ");
    return this.permissions.canSubscribe(byteString(subject!), opt(queue));
  }
  drops(subject: string, queue?: string): boolean {
    const bytes = Buffer.from(subject, "utf8");
    return this.permissions.deniesDelivery(bytes, 0, bytes.length, opt(queue));
  }
  reply(subject: string): void {
    this.permissions.onReply(byteString(subject));
  }
}
const perms = (options: PermissionOptions): Asked => new Asked(options);

describe("publish", () => {
  test("only what an allow matches and no deny", () => {
    const p = perms({ publish: { allow: ["a.*", "b.>", "c"], deny: ["b.secret", "*.no"] } });
    expect(["a.x", "b.x", "b.x.y", "c"].map((subject) => p.pub(subject))).toEqual([true, true, true, true]);
    expect(["a", "a.x.y", "b", "c.x", "b.secret", "a.no"].map((subject) => p.pub(subject))).toEqual(
      Array(6).fill(false),
    );
  });
  test("wildcards published are letters", () => {
    const p = perms({ publish: { allow: ["a.b", "c.*"], deny: ["c.d"] } });
    expect(["a.*", "c.*", "c.>", ">", "a.>"].map((subject) => p.pub(subject))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
  test("subjects with empty tokens are on no allow list", () => {
    const p = perms({ publish: { allow: [">"] } });
    expect(["a..b", ".a", "a.", ""].map((subject) => p.pub(subject))).toEqual([false, false, false, false]);
  });
  test("subjects are UTF-8 in the configuration and on the wire", () => {
    const p = perms({ publish: { allow: ["städte.Malmö", "日本.*"] }, subscribe: { deny: ["ö.> q-ö"] } });
    expect([p.pub("städte.Malmö"), p.pub("日本.東京"), p.pub("日本"), p.pub("stadte.Malmo")]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([p.sub("ö.a q-ö"), p.sub("ö.a q-o"), p.drops("ö.a", "q-ö"), p.drops("ö.a")]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

describe("lists", () => {
  test("empty ones are none", () => {
    expect(PermissionRules.compile({ publish: { allow: [] }, subscribe: { allow: [], deny: [] } })).toBeUndefined();
    expect(PermissionRules.compile({})).toBeUndefined();
    expect(PermissionRules.compile(undefined)).toBeUndefined();
  });
  test("the same entry may stand twice", () => {
    const p = perms({ publish: { allow: ["a", "a"] }, subscribe: { deny: ["b q", "b q", "b", "b"] } });
    expect([p.pub("a"), p.sub("b")]).toEqual([true, false]);
  });
  test("an entry that is no subject is a bug of whoever read the configuration, not an open door", () => {
    for (const bad of ["", " ", "a b c", "a..b", "a >.b", ">.a", " a"]) {
      expect(() => PermissionRules.compile({ subscribe: { allow: [bad] } })).toThrow();
      expect(() => PermissionRules.compile({ publish: { deny: [bad] } })).toThrow();
    }
  });
});

describe("subscribe", () => {
  test("only what an allow covers entirely", () => {
    const p = perms({ subscribe: { allow: ["a.*", "b.>"] } });
    expect(["a.x", "a.*", "b.*.x.>", "a.x q"].map((text) => p.sub(text))).toEqual([true, true, true, true]);
    // nats-server 2.14.5 takes `a.>` here and delivers a.b.c: not followed.
    expect(["a.>", ">", "a", "*.x q", "a..b", "b..c"].map((text) => p.sub(text))).toEqual(Array(6).fill(false));
  });
  test("a deny names subjects as letters too; what is wider is accepted", () => {
    const p = perms({ subscribe: { deny: ["foo.*"] } });
    expect(["foo.>", "foo.*", "foo.a"].map((text) => p.sub(text))).toEqual([false, false, false]);
    expect(["*.*", "foo", "foo.a.b", ">"].map((text) => p.sub(text))).toEqual([true, true, true, true]);
  });
  test("an allow with a queue is for that queue only, and decides over a plain one", () => {
    const p = perms({
      subscribe: { allow: ["foo v1", "bar v1.*", "baz *.dev", "qux", "qux v1", "wide.>", "wide.a v1"] },
    });
    const good = [
      "foo v1",
      "bar v1.prod",
      "baz a.dev",
      "qux",
      "qux v1",
      "wide.b v2",
      "wide.* v2",
      "wide.a",
      "wide.a v1",
    ];
    const bad = ["foo", "foo v2", "bar v2.prod", "bar v1", "baz dev", "qux v2", "wide.a v2"];
    expect(good.map((text) => p.sub(text))).toEqual(good.map(() => true));
    expect(bad.map((text) => p.sub(text))).toEqual(bad.map(() => false));
  });
  test("an allow with a queue decides over a wider plain one also for a subscription wider than itself", () => {
    const p = perms({ subscribe: { allow: ["a.* v1", ">"] } });
    expect([p.sub("a.> v2"), p.sub("a.> v1"), p.sub("a.* v1"), p.sub("a.>"), p.sub("> v2")]).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });
  test("a deny with a queue is for that queue only", () => {
    const p = perms({ subscribe: { deny: ["foo v1", "> *.prod"] } });
    const good = ["foo", "foo v2", "any.thing v1.dev", "x a.b.prod", "> q"];
    const bad = ["foo v1", "any.thing v1.prod", "> a.prod"];
    expect(good.map((text) => p.sub(text))).toEqual(good.map(() => true));
    expect(bad.map((text) => p.sub(text))).toEqual(bad.map(() => false));
  });
});

describe("advisories", () => {
  test("GHSA-jx8g-9g95-6322: a queue deny does not override a plain deny", () => {
    const p = perms({ subscribe: { deny: ["foo", "foo v1"] } });
    expect(["foo", "foo v1", "foo v2"].map((text) => p.sub(text))).toEqual([false, false, false]);
    expect([p.drops("foo"), p.drops("foo", "v1"), p.drops("foo", "v2")]).toEqual([true, true, true]);
  });
  test("CVE-2022-29946: a queue subscription wider than a deny gets nothing denied", () => {
    const p = perms({ subscribe: { allow: ["foo.>"], deny: ["foo.secret"] } });
    expect([p.sub("foo.>"), p.sub("foo.> q"), p.sub("foo.* q"), p.sub("foo.secret q")]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect([p.drops("foo.secret", "q"), p.drops("foo.secret"), p.drops("foo.open", "q")]).toEqual([true, true, false]);
  });
  test("GHSA-wh7g-5m82-pmhr: a wildcard that overlaps a denied wildcard gets nothing denied", () => {
    const p = perms({ subscribe: { deny: ["a.*"] } });
    expect([p.sub("*.b"), p.drops("a.b"), p.drops("c.b")]).toEqual([true, true, false]);
    expect(p.permissions.filtersDeliveries).toBe(true);
  });
  test("a deny for one queue is filtered for that queue and no other", () => {
    const p = perms({ subscribe: { deny: ["foo.bar q", "foo.baz q.*"] } });
    expect([p.sub("foo.* q"), p.sub("foo.*")]).toEqual([true, true]);
    expect([p.drops("foo.bar", "q"), p.drops("foo.bar"), p.drops("foo.bar", "z"), p.drops("foo.baz", "q.1")]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
  test("nothing to filter, nothing to ask", () => {
    const p = perms({ publish: { allow: ["a"] }, subscribe: { allow: ["b"] } });
    expect([p.permissions.filtersDeliveries, p.permissions.tracksReplies]).toEqual([false, false]);
  });
});

describe("allow_responses", () => {
  const responder = (max: number, expires: number, more: PermissionOptions = {}): Asked =>
    perms({ ...more, allow_responses: { max, expires } });

  test("only replies that were delivered, once each unless told", () => {
    const p = responder(0, 0);
    expect(p.pub("in.1")).toBe(false);
    p.reply("in.1");
    expect([p.pub("in.2"), p.pub("in.1"), p.pub("in.1")]).toEqual([false, true, false]);
  });
  test("so many answers", () => {
    const p = responder(3, 60_000);
    p.reply("in.1");
    expect([1, 2, 3, 4].map(() => p.pub("in.1"))).toEqual([true, true, true, false]);
  });
  test("for two minutes unless told, counted from the last delivery", () => {
    const p = responder(-1, 0);
    p.reply("in.1");
    p.world.advance(120_000);
    expect(p.pub("in.1")).toBe(true);
    p.world.advance(1);
    expect(p.pub("in.1")).toBe(false);
    p.reply("in.1");
    expect(p.pub("in.1")).toBe(true);
  });
  test("-1 is without end", () => {
    const p = responder(-1, -1);
    p.reply("in.1");
    p.world.advance(365 * 86_400_000);
    expect(Array.from({ length: 100 }, () => p.pub("in.1"))).not.toContain(false);
  });
  test("answers come on top of the lists, also where these deny", () => {
    const p = responder(1, 0, { publish: { allow: ["ok"], deny: ["in.>"] } });
    p.reply("in.1");
    expect([p.pub("ok"), p.pub("in.1"), p.pub("in.1"), p.pub("other")]).toEqual([true, true, false, false]);
    const denyOnly = responder(1, 0, { publish: { deny: ["in.>"] } });
    expect(denyOnly.pub("other")).toBe(false);
  });
  test("a reply with any bytes", () => {
    const p = responder(1, 0);
    p.reply("in.日本.ö");
    expect(p.pub("in.日本.ö")).toBe(true);
  });
  test("the table of replies is pruned by time and bounded", () => {
    const world = new FakeWorld();
    const table = new ReplyTable(world, { max: 1, expiresMs: 1000 }, 5000);
    for (let i = 0; i < 4000; i++) table.add(byteString(`in.${i}`));
    world.advance(2000);
    table.add(byteString("in.new"));
    expect(table.count).toBe(1);
    for (let i = 0; i < 6000; i++) table.add(byteString(`in.${i}`));
    expect(table.count).toBe(5000);
    expect([table.use(byteString("in.0")), table.use(byteString("in.5999"))]).toEqual([false, true]);
  });
});

test("replacing the rules keeps the replies seen while the rule about them is the same", () => {
  const p = perms({ allow_responses: { max: 2, expires: 0 } });
  p.reply("in.1");
  expect(p.pub("in.1")).toBe(true);
  p.permissions.replace(
    PermissionRules.compile({ publish: { allow: ["x"] }, allow_responses: { max: 2, expires: 0 } })!,
  );
  expect([p.pub("x"), p.pub("in.1"), p.pub("in.1")]).toEqual([true, true, false]);
  p.reply("in.2");
  p.permissions.replace(PermissionRules.compile({ publish: { allow: ["x"] } })!);
  expect([p.pub("in.2"), p.permissions.tracksReplies]).toEqual([false, false]);
});
