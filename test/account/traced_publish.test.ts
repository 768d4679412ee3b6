// What becomes of a traced message, and what is told of it.

import { describe, expect, test } from "vitest";
import type { Frame } from "../../src/account/bus.ts";
import { Trace } from "../../src/account/trace.ts";
import { publishTraced } from "../../src/account/traced_publish.ts";
import { byteString as s } from "../../src/base/bytes.ts";
import { serviceExport, serviceImport, streamExport, streamImport } from "../../src/subject/sharing.ts";
import { SharedAccounts, type SharingClient } from "../support/shared_accounts.ts";

/** Publishes like `client.pub`, traced. How many got it, and the events. */
function traced(rig: SharedAccounts, client: SharingClient, subject: string, isOnly = false): [number, unknown[]] {
  const from = { cid: 1, name: "me", subject: s(subject) };
  const trace = new Trace(rig.world, client.account.name, s("tr"), isOnly, new Map(), 1, "$SYS", from);
  client.route = (frame) => publishTraced(client.account.router, frame, client.receiver, trace, undefined);
  const reached = client.hpub(subject, "box", "NATS/1.0\r\nNats-Trace-Dest: tr\r\n\r\n");
  client.route = undefined;
  const { events } = JSON.parse(`{${trace.text()}`) as { events: Record<string, unknown>[] };
  return [reached, events.map(({ ts: _ts, kind: _kind, cid: _cid, ...event }) => event)];
}

describe("a traced message", () => {
  test("reaches whom it would, one of each group", () => {
    const rig = new SharedAccounts(["A"]);
    const a = rig.client("A", { name: "one" }).sub("x", "1").sub("x.*", "2").sub("*", "3", "q");
    const b = rig.client("A", { name: "two" }).sub("x", "1", "q");
    const [reached, events] = traced(rig, a, "x");
    expect(reached).toBe(2);
    expect(events[0]).toEqual({ type: "in", name: "me", acc: "A", subj: "x" });
    expect(events[1]).toEqual({ type: "eg", name: "one", sub: "x" });
    expect(events[2]).toMatchObject({ type: "eg", queue: "q" });
    expect(a.messages().length + b.messages().length).toBe(2);
    expect(traced(rig, a, "x", true)).toMatchObject([2, [{}, { sub: "x" }, { queue: "q" }]]);
    expect(a.messages().concat(b.messages())).toEqual([]);
  });

  test("tells who went without, and why", () => {
    const rig = new SharedAccounts(["A"]);
    const a = rig.client("A").sub("x", "1");
    a.receiver.echo = false;
    expect(traced(rig, a, "x")).toMatchObject([0, [{}, { error: "Not delivered because of no echo" }]]);
    const b = rig.client("A").sub("x", "1");
    b.receiver.isOpen = false;
    a.unsub("1");
    expect(traced(rig, a, "x")).toMatchObject([0, [{}, { error: "Not delivered because client is closed" }]]);
  });

  test("goes through accounts that allow it, and is silent beyond others", () => {
    const rig = new SharedAccounts(["A", "B", "C"]).share({
      A: {
        exports: [serviceExport(s("open"), { allowTrace: true }), serviceExport(s("shut")), streamExport(s("st.>"))],
      },
      B: {
        imports: [
          serviceImport("A", s("open")),
          serviceImport("A", s("shut"), { to: s("my") }),
          streamImport("A", s("st.>"), { allowTrace: true, prefix: s("far") }),
        ],
      },
      C: { imports: [streamImport("A", s("st.>"))] },
    });
    const a = rig.client("A", { name: "a" }).sub("open", "1").sub("shut", "2");
    const b = rig.client("B", { name: "b" }).sub("far.>", "1");
    const c = rig.client("C", { name: "c" }).sub("st.*", "1");
    expect(traced(rig, b, "open")).toEqual([
      1,
      [
        { type: "in", name: "me", acc: "B", subj: "open" },
        { type: "si", acc: "A", from: "open", to: "open" },
        { type: "eg", name: "a", acc: "A", sub: "open" },
      ],
    ]);
    const seen = a.read();
    expect(seen).toMatch(/Nats-Request-Info: .*\r\nNats-Trace-Dest: _R_\.\w+\.\w+\r\n/);
    expect(traced(rig, b, "my")).toMatchObject([1, [{}, { type: "si", acc: "A", from: "my", to: "shut" }]]);
    expect(a.read()).toContain("Nats-Trace-Dest: trace disabled\r\n");
    expect(traced(rig, b, "my", true)).toMatchObject([0, [{}, { type: "si" }]]);
    const [reached, events] = traced(rig, a, "st.x");
    expect(reached).toBe(2);
    expect(events.slice(1)).toEqual([
      { type: "se", acc: "B", to: "far.st.x" },
      { type: "eg", name: "b", acc: "B", sub: "st.>" },
      { type: "se", acc: "C", to: "st.x" },
    ]);
    expect([b.messages(), c.messages()]).toEqual([["far.st.x 1 box x"], ["st.x 1 box x"]]);
    expect(traced(rig, a, "st.x", true)[0]).toBe(2);
    expect([b.messages(), c.messages()]).toEqual([[], []]);
    // One request waits for its answer; those that were only traced, and the traces, do not.
    expect(rig.accounts.get("A")!.responses.count).toBe(2);
  });

  test("is looked at by streams, and kept from other parts of the server when it is only traced", () => {
    const rig = new SharedAccounts(["A"]);
    const seen: string[] = [];
    const { bus } = rig.accounts.get("A")!;
    bus.subscribe(s("s"), {
      readsTrace: true,
      onMsg(frame: Frame) {
        const stream = frame.trace?.stream("S");
        seen.push(`stream ${stream?.isOnly}`);
        stream?.passed(s("t"), false);
        return true;
      },
    });
    bus.subscribe(s("$JS.API.>"), { onMsg: () => seen.push("api") > 0 });
    const a = rig.client("A");
    expect(traced(rig, a, "s")).toMatchObject([1, [{}, { type: "js", stream: "S", subject: "t", nointerest: true }]]);
    expect(traced(rig, a, "s", true)[0]).toBe(1);
    expect(traced(rig, a, "$JS.API.INFO")).toMatchObject([1, [{}, { type: "si", acc: "$SYS", to: "$JS.API.INFO" }]]);
    expect(traced(rig, a, "$JS.API.INFO", true)[0]).toBe(0);
    a.pub("s");
    expect(seen).toEqual(["stream false", "stream true", "api", "stream undefined"]);
  });
});
