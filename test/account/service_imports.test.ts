// Services that an account imports.

import { describe, expect, test } from "vitest";
import type { Frame } from "../../src/account/bus.ts";
import { byteString as s, byteStringOf } from "../../src/base/bytes.ts";
import { serviceExport, serviceImport } from "../../src/subject/sharing.ts";
import { SharedAccounts, type SharingClient } from "../support/shared_accounts.ts";

type Export = Parameters<typeof serviceExport>[1];
type Import = Parameters<typeof serviceImport>[2];

/** B asks A. */
function pair(more: Export = {}, how: Import = {}, subject = "svc.>"): SharedAccounts {
  return new SharedAccounts(["A", "B", "C"]).share({
    A: { exports: [serviceExport(s(subject), more)] },
    B: { imports: [serviceImport("A", s(subject), how)] },
  });
}
/** The reply of the one request that came. */
function replyIn(client: SharingClient): string {
  return /_R_\.\S+/.exec(client.read())![0];
}

describe("a service import", () => {
  test("sends a request on and hides who asked behind a reply of its own", () => {
    const rig = pair();
    const [a, b] = [rig.client("A").sub("svc.>", "1"), rig.client("B").sub("_INBOX.b.*", "2")];
    for (let i = 0; i < 3; i++) {
      expect(b.pub("svc.add", `_INBOX.b.${i}`, "12")).toBe(1);
      const got = a.read();
      expect(got).toMatch(
        /^HMSG svc\.add 1 _R_\.\w{6}\.\w{6} 44 46\r\nNATS\/1\.0\r\nNats-Request-Info: \{"acc":"B"\}\r\n\r\n12\r\n$/,
      );
      expect(got).not.toContain("_INBOX");
      const reply = /_R_\.\S+/.exec(got)![0];
      expect(a.pub(reply, "", "three")).toBe(1);
      expect(b.read()).toBe(`MSG _INBOX.b.${i} 2 5\r\nthree\r\n`);
      // One request has one answer.
      a.pub(reply, "", "again");
      expect(b.read()).toBe("");
    }
    expect(rig.accounts.get("A")!.responses.count).toBe(0);
    expect(rig.accounts.get("B")!.awaited.count).toBe(0);
  });

  test("says exactly whether somebody got it", () => {
    const rig = pair();
    const b = rig.client("B").sub("box", "1");
    expect(b.pub("svc.add", "box")).toBe(0);
    const a = rig.client("A").sub("svc.add", "1");
    expect(b.pub("svc.add", "box")).toBe(1);
    expect(b.pub("svc.sub", "box")).toBe(0);
    expect(b.pub("svc.add")).toBe(1);
    a.unsub("1");
    expect(b.pub("svc.add", "box")).toBe(0);
    // The one that nobody answered is all that waits.
    expect(rig.accounts.get("A")!.responses.count).toBe(1);
  });

  test("may have another subject here", () => {
    const rig = new SharedAccounts(["A", "B"]).share({
      A: { exports: [serviceExport(s("svc.*.*")), serviceExport(s("one"))] },
      B: {
        imports: [
          serviceImport("A", s("svc.*.*"), { to: s("my.$2.x.$1") }),
          serviceImport("A", s("one"), { to: s("ask.>") }),
        ],
      },
    });
    const [a, b] = [rig.client("A").sub(">", "1"), rig.client("B")];
    for (let i = 0; i < 3; i++) expect(b.pub("my.p.x.q")).toBe(1);
    expect(b.pub("ask.a.b")).toBe(1);
    expect(b.pub("svc.p.q")).toBe(0);
    expect(a.messages()).toEqual(["svc.q.p 1 x", "svc.q.p 1 x", "svc.q.p 1 x", "one 1 x"]);
  });

  test("leaves subscribers here their message", () => {
    const rig = pair();
    const [a, b, b2] = [rig.client("A").sub("svc.add", "1"), rig.client("B"), rig.client("B").sub("svc.>", "2")];
    expect(b.pub("svc.add", "box", "hi")).toBe(2);
    expect(b2.read()).toBe("MSG svc.add 2 box 2\r\nhi\r\n");
    expect(a.read()).toContain("hi");
  });

  test("keeps the request's headers and puts who asks behind them, in place of what was there", () => {
    const rig = pair();
    const [a, b] = [rig.client("A").sub("svc.>", "1"), rig.client("B")];
    b.hpub("svc.a", "", "NATS/1.0\r\nA: b\r\nNats-Request-Info: {}\r\nC: d\r\nNats-Request-Info: x\r\n\r\n", "z");
    expect(a.read()).toBe(
      'HMSG svc.a 1 56 57\r\nNATS/1.0\r\nA: b\r\nC: d\r\nNats-Request-Info: {"acc":"B"}\r\n\r\nz\r\n',
    );
    b.hpub("svc.a", "", "NATS/1.0\r\nNats-Request-Info: {}\r\n\r\n", "z");
    expect(a.read()).toBe('HMSG svc.a 1 44 45\r\nNATS/1.0\r\nNats-Request-Info: {"acc":"B"}\r\n\r\nz\r\n');
    // Not a header at all, which is the sender's business.
    b.hpub("svc.a", "", "\nNats-Request-Info: a", "z");
    b.hpub("svc.a", "", "\nNats-Request-Info:\r\n", "z");
    expect(a.messages()).toEqual(["svc.a 1 z", "svc.a 1 z"]);
  });

  test("tells everything when it is told to share", () => {
    const rig = pair({}, { share: true });
    const who = { name: "n<>", user: "u", lang: "js", version: "3", host: "h", id: 9, rttNanos: 1500 };
    const [a, b] = [rig.client("A").sub("svc.>", "1"), rig.client("B", { ...who, start: { sec: 1.8e9, nanos: 5 } })];
    b.pub("svc.a");
    expect(JSON.parse(/Nats-Request-Info: (.*)/.exec(a.read())![1]!)).toEqual({
      start: "2027-01-15T08:00:00.000000005Z",
      host: "h",
      id: 9,
      acc: "B",
      user: "u",
      name: "n<>",
      lang: "js",
      ver: "3",
      rtt: 1500,
      server: "srv",
      kind: "Client",
      client_type: "nats",
    });
  });

  test("names the account in between", () => {
    const rig = new SharedAccounts(["A", "B", "C"]).share({
      A: { exports: [serviceExport(s("a"))] },
      B: { imports: [serviceImport("A", s("a"), { to: s("b") })], exports: [serviceExport(s("b"))] },
      C: { imports: [serviceImport("B", s("b"), { to: s("c") })] },
    });
    const [a, c] = [rig.client("A").sub("a", "1"), rig.client("C", { rttNanos: 7 }).sub("box", "1")];
    expect(c.pub("c", "box", "?")).toBe(1);
    const got = a.read();
    expect(got).toContain('Nats-Request-Info: {"acc":"C","svc":"B","rtt":7}\r\n');
    expect(a.pub(/_R_\.\S+/.exec(got)![0], "", "!")).toBe(1);
    expect(c.messages()).toEqual(["box 1 !"]);
    for (const name of ["A", "B"]) expect(rig.accounts.get(name)!.responses.count).toBe(0);
    a.unsub("1");
    expect(c.pub("c", "box", "?")).toBe(0);
    for (const name of ["A", "B"]) expect(rig.accounts.get(name)!.responses.count).toBe(0);
  });

  test("goes round no circle", () => {
    // By other names, so that the rules are accepted.
    const rig = new SharedAccounts(["A", "B", "C"]).share({
      A: { exports: [serviceExport(s("x"))], imports: [serviceImport("B", s("y"), { to: s("x") })] },
      B: { exports: [serviceExport(s("y"))], imports: [serviceImport("C", s("z"), { to: s("y") })] },
      C: { exports: [serviceExport(s("z"))], imports: [serviceImport("A", s("x"), { to: s("z") })] },
    });
    expect(rig.checked!.faults).toEqual([]);
    const a = rig.client("A").sub(">", "1");
    expect(a.pub("x", "box")).toBe(2);
    expect(a.messages()).toHaveLength(2);
    expect(rig.client("B").pub("y")).toBe(1);
  });

  test("answers may ask back", () => {
    const rig = pair();
    const [a, b] = [rig.client("A").sub("svc.>", "1").sub("back", "9"), rig.client("B").sub("box", "2")];
    b.pub("svc.a", "box");
    expect(a.pub(replyIn(a), "back", "what?")).toBe(1);
    const back = replyIn(b);
    expect(b.pub(back, "", "that")).toBe(1);
    expect(a.messages()).toEqual(["back 9 that"]);
    for (const name of ["A", "B"]) expect(rig.accounts.get(name)!.responses.count).toBe(0);
  });

  test("a stream of answers ends with an empty one", () => {
    for (const responseType of ["stream", "chunked"] as const) {
      const rig = pair({ responseType });
      const [a, b] = [rig.client("A").sub("svc.>", "1"), rig.client("B").sub("box", "2")];
      b.pub("svc.a", "box");
      const reply = replyIn(a);
      for (const part of ["1", "2", "3", "", "4"]) a.pub(reply, "", part);
      expect(b.messages()).toEqual(["box 2 1", "box 2 2", "box 2 3", "box 2 "]);
      expect(rig.accounts.get("A")!.responses.count).toBe(0);
    }
  });

  test("a request is over when nobody waits for its answer any more", () => {
    const rig = pair();
    const a = rig.client("A").sub("svc.>", "1");
    const { responses } = rig.accounts.get("A")!;
    const b = rig.client("B").sub("_INBOX.b.*", "2").sub("one", "3");
    b.pub("svc.a", "_INBOX.b.1");
    b.pub("svc.a", "_INBOX.b.1");
    b.pub("svc.a", "_INBOX.b.2");
    b.pub("svc.a", "one");
    expect(responses.count).toBe(4);
    b.unsub("3");
    expect(responses.count).toBe(3);
    const other = rig.client("B").sub("_INBOX.b.1", "1");
    b.close();
    expect(responses.count).toBe(2);
    other.close();
    expect(responses.count).toBe(0);
    expect(rig.accounts.get("B")!.awaited.count).toBe(0);
    const c = rig.client("B").sub(">", "1");
    c.pub("svc.a", "any.thing");
    c.unsub("1");
    expect(responses.count).toBe(0);
    expect(a.messages()).toHaveLength(5);
  });

  test("a request waits as long as its export says", () => {
    const rig = pair({ thresholdMs: 500, responseType: "stream" });
    const [a, b] = [rig.client("A").sub("svc.>", "1"), rig.client("B").sub("box.*", "2")];
    const { responses } = rig.accounts.get("A")!;
    b.pub("svc.a", "box.1");
    const reply = replyIn(a);
    rig.world.advance(400);
    b.pub("svc.a", "box.2");
    expect(a.pub(reply, "", "in time")).toBe(1);
    rig.world.advance(400);
    expect(responses.count).toBe(2);
    rig.world.advance(110);
    expect(responses.count).toBe(0);
    a.pub(reply, "", "too late");
    expect(b.messages()).toEqual(["box.1 2 in time"]);
    expect(rig.world.pendingTimers).toBe(0);
  });

  test("acknowledgements go as they are", () => {
    const rig = pair();
    const b = rig.client("B");
    const a = rig.client("A").sub("svc.>", "1");
    b.pub("svc.a", "$JS.ACK.S.C.1.1.1.1.0");
    expect(a.read()).toContain("HMSG svc.a 1 $JS.ACK.S.C.1.1.1.1.0 ");
    expect(rig.accounts.get("A")!.responses.count).toBe(0);
  });

  test("is not passed on to streams", () => {
    const rig = new SharedAccounts(["A", "B", "C"]).share({
      A: {
        exports: [
          serviceExport(s("svc")),
          { kind: "stream", subject: s("svc"), accounts: undefined, tokenRequired: false, accountTokenPosition: 0 },
        ],
      },
      B: { imports: [serviceImport("A", s("svc"))] },
      C: {
        imports: [
          { kind: "stream", account: "A", subject: s("svc"), to: s(""), prefix: s(""), token: "", allowTrace: false },
        ],
      },
    });
    const [a, b, c] = [rig.client("A"), rig.client("B"), rig.client("C").sub("svc", "1").sub("svc", "2", "q")];
    expect([b.pub("svc"), b.pub("svc"), b.pub("svc")]).toEqual([0, 0, 0]);
    expect([a.pub("svc"), a.pub("svc"), a.pub("svc")]).toEqual([2, 2, 2]);
    expect(c.messages()).toHaveLength(6);
  });

  test("a part of the server answers like anybody, and asks like anybody", () => {
    const rig = pair();
    const [one, two] = [rig.accounts.get("A")!, rig.accounts.get("B")!];
    const onMsg = ({ source, replyFrom, replyTo, subjectFrom, subjectTo }: Frame): boolean => {
      one.bus.publishText(
        byteStringOf(source, replyFrom, replyTo),
        `of ${byteStringOf(source, subjectFrom, subjectTo)}`,
      );
      return true;
    };
    one.bus.subscribe(s("svc.*"), { onMsg });
    const b = rig.client("B").sub("box", "1");
    for (let i = 0; i < 3; i++) expect(b.pub("svc.a", "box")).toBe(1);
    expect(b.messages()).toEqual(["box 1 of svc.a", "box 1 of svc.a", "box 1 of svc.a"]);
    const a = rig.client("A").sub("svc.b", "1");
    two.bus.publishText(s("svc.b"), "hello");
    expect(a.read()).toContain('Nats-Request-Info: {"acc":"B"}\r\n\r\nhello\r\n');
  });

  test("what is only shown is shown there too", () => {
    const rig = pair({ responseType: "stream" });
    const [one] = [rig.accounts.get("A")!];
    const a = rig.client("A").sub("svc.>", "1");
    const b = rig.client("B").sub("box", "2");
    b.pub("svc.next", "box");
    const delivery = one.bus.open(s(replyIn(a)));
    expect(delivery.isAlive).toBe(true);
    const stored = { subject: Buffer.from("orders.1"), reply: Buffer.from("$JS.ACK.x"), body: Buffer.from("data") };
    const msg = { ...emptyMsg, ...stored, subjectTo: 8, replyTo: 9, bodyTo: 4 };
    for (let i = 0; i < 3; i++) expect(delivery.put(msg)).toBe(1);
    expect(b.read()).toBe("MSG orders.1 2 $JS.ACK.x 4\r\ndata\r\n".repeat(3));
    b.close();
    expect(delivery.isAlive).toBe(false);
  });

  test("large messages come whole", () => {
    const rig = pair();
    const [a, b] = [rig.client("A").sub("svc.>", "1"), rig.client("B").sub("box", "2")];
    for (const size of [0, 1, 47, 48, 49, 1000, 60_000, 65_536, 70_000, 200_000]) {
      const body = "z".repeat(size);
      b.pub("svc.a", "box", body);
      const got = a.read();
      expect(got.endsWith(`\r\n\r\n${body}\r\n`)).toBe(true);
      a.pub(/_R_\.\S+/.exec(got)![0], "", body);
      expect(b.read()).toBe(`MSG box 2 ${size}\r\n${body}\r\n`);
    }
  });
});

const none = new Uint8Array(0);
const emptyMsg = {
  subject: none,
  subjectFrom: 0,
  subjectTo: 0,
  reply: none,
  replyFrom: 0,
  replyTo: 0,
  header: none,
  headerFrom: 0,
  headerTo: 0,
  body: none,
  bodyFrom: 0,
  bodyTo: 0,
};
