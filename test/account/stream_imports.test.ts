// Streams that an account imports.

import { describe, expect, test } from "vitest";
import type { Frame } from "../../src/account/bus.ts";
import { byteString as s, byteStringOf } from "../../src/base/bytes.ts";
import { streamExport, streamImport } from "../../src/subject/sharing.ts";
import { SharedAccounts } from "../support/shared_accounts.ts";

function pair(to: string, subject = "orders.*.>", more: { prefix?: string } = {}): SharedAccounts {
  const rule = streamImport("A", s(subject), { to: s(to), prefix: s(more.prefix ?? "") });
  return new SharedAccounts(["A", "B", "C"]).share({
    A: { exports: [streamExport(s("orders.>"))] },
    B: { imports: [rule] },
  });
}

describe("a stream import", () => {
  test("brings what is published there, and nothing back", () => {
    const rig = pair("");
    const [a, b] = [rig.client("A").sub(">", "1"), rig.client("B").sub("orders.>", "2")];
    for (let i = 0; i < 3; i++) expect(a.pub("orders.eu.new")).toBe(2);
    expect(b.messages()).toEqual(["orders.eu.new 2 x", "orders.eu.new 2 x", "orders.eu.new 2 x"]);
    a.messages();
    expect(b.pub("orders.eu.new")).toBe(1);
    expect(a.messages()).toEqual([]);
    expect(a.pub("other.eu.new")).toBe(1);
    expect(b.messages()).toEqual(["orders.eu.new 2 x"]);
  });

  test("shows the subject here, cached or not", () => {
    const rig = pair("from.$1.a.>");
    const [a, b] = [
      rig.client("A"),
      rig.client("B").sub("from.>", "7").sub("from.eu.a.new", "8").sub("from.us.>", "9"),
    ];
    for (let i = 0; i < 3; i++) {
      expect(a.pub("orders.eu.new")).toBe(2);
      expect(b.messages().toSorted()).toEqual(["from.eu.a.new 7 x", "from.eu.a.new 8 x"]);
    }
  });

  test("has a prefix", () => {
    const rig = pair("", "orders.>", { prefix: "far" });
    const [a, b] = [rig.client("A"), rig.client("B").sub("far.orders.eu", "1").sub("orders.eu", "2")];
    a.pub("orders.eu", "box");
    expect(b.messages()).toEqual(["far.orders.eu 1 box x"]);
  });

  test("of one subject may have any name", () => {
    const rig = pair("news", "orders.eu");
    const [a, b] = [
      rig.client("A"),
      rig.client("B").sub("news", "1").sub("*", "2").sub(">", "3").sub("orders.eu", "4"),
    ];
    a.pub("orders.eu");
    a.pub("orders.us");
    expect(b.messages().toSorted()).toEqual(["news 1 x", "news 2 x", "news 3 x"]);
  });

  test("meets subscriptions that only overlap", () => {
    const rig = pair("x.$1.>", "orders.*.>");
    const [a, b] = [rig.client("A"), rig.client("B").sub("*.eu.>", "1").sub("*.*.new", "2").sub("x.us.*", "3")];
    a.pub("orders.eu.new");
    a.pub("orders.us.new.late");
    expect(b.messages().toSorted()).toEqual(["x.eu.new 1 x", "x.eu.new 2 x"]);
  });

  test("ends with its subscription, and counts for it", () => {
    const rig = pair("");
    const [a, b] = [rig.client("A"), rig.client("B").sub("orders.>", "1", undefined, 3)];
    b.pub("orders.here");
    for (let i = 0; i < 5; i++) a.pub("orders.eu.new");
    expect(b.messages()).toHaveLength(3);
    b.sub("orders.>", "2");
    b.unsub("2");
    expect(a.pub("orders.eu.new")).toBe(0);
    expect(rig.accounts.get("A")!.router.subscriptionCount).toBe(0);
  });

  test("keeps queue groups", () => {
    const rig = pair("");
    const [a, b, c] = [
      rig.client("A"),
      rig.client("B").sub("orders.>", "1", "q"),
      rig.client("B").sub("orders.>", "1", "q"),
    ];
    for (let i = 0; i < 50; i++) expect(a.pub("orders.eu.new")).toBe(1);
    const [first, second] = [b.messages().length, c.messages().length];
    expect(first + second).toBe(50);
    expect(Math.min(first, second)).toBeGreaterThan(5);
  });

  test("reaches what the server itself subscribes, under the subject here", () => {
    const rig = pair("here.$1.>");
    const seen: string[] = [];
    const onMsg = ({ source, subjectFrom, subjectTo, payloadFrom, payloadTo }: Frame): boolean => {
      seen.push(byteStringOf(source, subjectFrom, subjectTo), byteStringOf(source, payloadFrom, payloadTo));
      return true;
    };
    const sub = rig.accounts.get("B")!.bus.subscribe(s("here.>"), { onMsg });
    const a = rig.client("A");
    expect([a.pub("orders.eu.new"), a.pub("orders.eu.new")]).toEqual([1, 1]);
    expect(seen).toEqual(["here.eu.new", "x", "here.eu.new", "x"]);
    rig.accounts.get("B")!.bus.unsubscribe(sub);
    expect(a.pub("orders.eu.new")).toBe(0);
  });

  test("follows rules that change", () => {
    const rig = pair("");
    const [a, b] = [rig.client("A"), rig.client("B").sub(">", "1")];
    expect(a.pub("orders.eu.new")).toBe(1);
    rig.share({
      A: { exports: [streamExport(s("orders.>"))] },
      B: { imports: [streamImport("A", s("orders.>"), { prefix: s("p") })] },
    });
    a.pub("orders.eu.new");
    rig.share({ A: { exports: [streamExport(s("orders.>"))] } });
    expect(a.pub("orders.eu.new")).toBe(0);
    expect(b.messages()).toEqual(["orders.eu.new 1 x", "p.orders.eu.new 1 x"]);
    expect(rig.accounts.get("A")!.router.subscriptionCount).toBe(0);
  });

  test("of an account that imports from a third one takes one step only", () => {
    const rig = new SharedAccounts(["A", "B", "C"]).share({
      A: { exports: [streamExport(s("t"))] },
      B: { imports: [streamImport("A", s("t"))], exports: [streamExport(s("t"))] },
      C: { imports: [streamImport("B", s("t"))] },
    });
    const [a, c] = [rig.client("A"), rig.client("C").sub("t", "1")];
    expect(a.pub("t")).toBe(0);
    expect(c.messages()).toEqual([]);
  });

  test("passes on large messages and headers", () => {
    const rig = pair("far.$1.>");
    const [a, b] = [rig.client("A"), rig.client("B").sub("far.>", "1")];
    const large = "y".repeat(200_000);
    a.pub("orders.eu.new", "", large);
    expect(b.messages()).toEqual([`far.eu.new 1 ${large}`]);
    a.hpub("orders.eu.new", "box", "NATS/1.0\r\nA: b\r\n\r\n", "z");
    expect(b.read()).toBe("HMSG far.eu.new 1 box 18 19\r\nNATS/1.0\r\nA: b\r\n\r\nz\r\n");
  });
});
