import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Receiver } from "../../src/account/receiver.ts";
import { Router } from "../../src/account/router.ts";
import { Subscription } from "../../src/account/subscription.ts";
import { bytes, READ } from "../../src/base/arena.ts";
import { byteString, byteStringOf } from "../../src/base/bytes.ts";
import { Outbound } from "../../src/outbound/outbound.ts";
import { Turn } from "../../src/outbound/turn.ts";
import { subjectMatches } from "../../src/subject/subject.ts";
import { unknownClient } from "../support/clients.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";
import { publishingParser } from "../support/publishing_parser.ts";

const ignore = (): void => {};

class Bench {
  readonly world = new FakeWorld({ seed: 7 });
  readonly turn = new Turn((fire) => this.world.atTurnEnd(fire));
  readonly router = new Router(this.world);
  readonly exhausted: Subscription[] = [];
  delivered = 0;
  sender: Receiver | undefined = undefined;
  alsoTo: Router | undefined = undefined;
  /** Whether the message is routed at all. */
  beforeEach = (): boolean => true;
  afterEach: (subject: string, delivered: number) => void = ignore;
  readonly #parser = publishingParser((frame) => {
    if (!this.beforeEach()) return;
    this.delivered = this.router.publish(frame, this.sender);
    this.alsoTo?.publish(frame, this.sender);
    this.afterEach(byteStringOf(frame.source, frame.subjectFrom, frame.subjectTo), this.delivered);
  });

  client(): { receiver: Receiver; transport: FakeTransport; read: () => string } {
    const transport = new FakeTransport(this.world);
    const owner = { onPendingExceeded: ignore, onWriteDeadline: ignore };
    const outbound = new Outbound(this.turn, this.world, transport, owner, {
      maxPendingBytes: 1 << 26,
      writeDeadlineMs: 0,
    });
    const hooks = { deniesDelivery: () => false, onReply: ignore, onTrace: ignore, info: unknownClient };
    const receiver = new Receiver(outbound, hooks, (sub) => {
      this.exhausted.push(sub);
      this.router.remove(sub);
    });
    receiver.headers = true;
    const read = (): string => {
      this.world.settle();
      return transport.take();
    };
    return { receiver, transport, read };
  }
  sub(receiver: Receiver, subject: string, sid: string, queue?: string): Subscription {
    const sub = new Subscription(
      receiver,
      byteString(subject),
      queue === undefined ? undefined : byteString(queue),
      byteString(sid),
    );
    this.router.insert(sub);
    return sub;
  }
  publish(frame: string): number {
    const raw = Buffer.from(frame, "latin1");
    bytes.set(raw, READ);
    this.#parser.parse(READ, READ + raw.length);
    return this.delivered;
  }
  pub(subject: string, payload = "x"): number {
    const name = byteString(subject);
    return this.publish(`PUB ${name} ${payload.length}\r\n${payload}\r\n`);
  }
}

describe("the router", () => {
  test("delivers the same bytes from the trie and from the cache", () => {
    const bench = new Bench();
    const client = bench.client();
    bench.sub(client.receiver, "orders.*", "7");
    for (let i = 0; i < 4; i++) {
      expect(bench.publish("PUB orders.new in.1 2\r\nhi\r\n")).toBe(1);
      expect(client.read()).toBe("MSG orders.new 7 in.1 2\r\nhi\r\n");
    }
    expect(bench.router.stats.cacheHits).toBe(2);
  });

  test("hands a message to each overlapping subscription of one client", () => {
    const bench = new Bench();
    const client = bench.client();
    bench.sub(client.receiver, "a.b", "1");
    bench.sub(client.receiver, "a.*", "2");
    bench.sub(client.receiver, ">", "3");
    for (let i = 0; i < 3; i++) {
      expect(bench.pub("a.b")).toBe(3);
      const got = client.read().match(/MSG a\.b (\d) 1\r\nx\r\n/g)!;
      expect(got.toSorted()).toEqual(["MSG a.b 1 1\r\nx\r\n", "MSG a.b 2 1\r\nx\r\n", "MSG a.b 3 1\r\nx\r\n"]);
    }
  });

  test("what it remembers of a subject holds only as long as the subject and its subscriptions do", () => {
    const bench = new Bench();
    const first = bench.client();
    const second = bench.client();
    const subjects = ["a.b", "a.bc", "a", "a.b", "other"];
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            subject: fc.constantFrom(...subjects),
            times: fc.integer({ min: 1, max: 4 }),
            change: fc.constantFrom("none", "none", "subscribe", "unsubscribe", "skip"),
          }),
          { maxLength: 12 },
        ),
        (steps) => {
          let held = [bench.sub(first.receiver, "a.b", "1"), bench.sub(first.receiver, "other", "2")];
          const wanted: string[] = [];
          let chunk = "";
          let at = 0;
          // The changes happen in the middle of a chunk, as each message is handed on.
          bench.beforeEach = () => {
            const { change } = changes[at++]!;
            if (change === "subscribe") held.push(bench.sub(second.receiver, "a.*", `s${at}`));
            else if (change === "unsubscribe" && held.length > 0) bench.router.remove(held.shift()!);
            return change !== "skip";
          };
          const changes: { change: string }[] = [];
          for (const { subject, times, change } of steps) {
            for (let i = 0; i < times; i++) {
              changes.push({
                change: change === "skip" ? (i < times - 1 ? "skip" : "none") : i === times - 1 ? change : "none",
              });
              chunk += `PUB ${subject} 1\r\nx\r\n`;
            }
          }
          bench.afterEach = (subject, delivered) => {
            const matching = held.filter((sub) => subjectMatches(sub.subject, byteString(subject)));
            wanted.push(`${subject} ${matching.length}`);
            expect(`${subject} ${delivered}`).toBe(wanted.at(-1));
          };
          bench.publish(chunk);
          expect(at).toBe(changes.length);
          for (const sub of held) bench.router.remove(sub);
          held = [];
          bench.beforeEach = () => true;
          bench.afterEach = ignore;
        },
      ),
      { seed: 3, numRuns: 500 },
    );
  });

  test("a frame that went through two routers has each one's receivers, message after message", () => {
    const bench = new Bench();
    const other = new Bench();
    const here = bench.client();
    const there = other.client();
    bench.sub(here.receiver, "a", "1");
    other.sub(there.receiver, "a", "2");
    bench.alsoTo = other.router;
    bench.publish("PUB a 1\r\nx\r\n".repeat(5));
    expect(here.read()).toBe("MSG a 1 1\r\nx\r\n".repeat(5));
    expect(there.read()).toBe("MSG a 2 1\r\nx\r\n".repeat(5));
  });

  test("counts a part of the server only when it says that it was there", () => {
    const bench = new Bench();
    let isThere = true;
    const listener = { onMsg: () => isThere };
    bench.router.insert(new Subscription(listener, byteString("a"), undefined, byteString("")));
    for (let i = 0; i < 3; i++) {
      isThere = true;
      expect(bench.pub("a")).toBe(1);
      isThere = false;
      expect(bench.pub("a")).toBe(0);
    }
  });

  test("strips headers for receivers that do not read them", () => {
    const bench = new Bench();
    const modern = bench.client();
    const old = bench.client();
    old.receiver.headers = false;
    bench.sub(modern.receiver, "h", "1");
    bench.sub(old.receiver, "h", "2");
    for (const frame of ["HPUB h r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n", "HPUB  h r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"]) {
      for (let i = 0; i < 3; i++) {
        expect(bench.publish(frame)).toBe(2);
        expect(modern.read()).toBe("HMSG h 1 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
        expect(old.read()).toBe("MSG h 2 r 2\r\nhi\r\n");
      }
    }
    expect(bench.publish("HPUB h 0 2\r\nhi\r\n")).toBe(2);
    expect(modern.read()).toBe("MSG h 1 2\r\nhi\r\n");
  });

  test("keeps the publisher's spelling of sizes and repairs other spellings", () => {
    const bench = new Bench();
    const client = bench.client();
    bench.sub(client.receiver, "n", "1");
    for (const frame of ["PUB n 007\r\n1234567\r\n", "pub\tn \t007\n1234567\r\n"]) {
      for (let i = 0; i < 3; i++) {
        bench.publish(frame);
        expect(client.read()).toBe("MSG n 1 007\r\n1234567\r\n");
      }
    }
  });

  test("sends large payloads by reference, with and without headers", () => {
    const bench = new Bench();
    const clients = [bench.client(), bench.client()];
    clients[1]!.receiver.headers = false;
    for (const { receiver } of clients) bench.sub(receiver, "big", "1");
    const body = "y".repeat(100_000);
    for (let i = 0; i < 3; i++) {
      expect(bench.publish(`HPUB big 12 100012\r\nNATS/1.0\r\n\r\n${body}\r\n`)).toBe(2);
      expect(clients[0]!.read()).toBe(`HMSG big 1 12 100012\r\nNATS/1.0\r\n\r\n${body}\r\n`);
      expect(clients[1]!.read()).toBe(`MSG big 1 100000\r\n${body}\r\n`);
    }
  });

  test("picks one member of each queue group, every one of them in the long run", () => {
    const bench = new Bench();
    const members = [bench.client(), bench.client(), bench.client()];
    const other = bench.client();
    for (const { receiver } of members) bench.sub(receiver, "q", "1", "g");
    bench.sub(other.receiver, "q", "1", "h");
    bench.sub(other.receiver, "q", "2");
    for (let i = 0; i < 600; i++) expect(bench.pub("q")).toBe(3);
    const counts = members.map(({ read }) => read().length / "MSG q 1 1\r\nx\r\n".length);
    expect(counts.reduce((sum, count) => sum + count)).toBe(600);
    for (const count of counts) expect(count).toBeGreaterThan(120);
  });

  test("treats queue subscriptions of one name under different patterns as one group", () => {
    const bench = new Bench();
    const client = bench.client();
    bench.sub(client.receiver, "q.*", "1", "g");
    bench.sub(client.receiver, "q.a", "2", "g");
    for (let i = 0; i < 10; i++) expect(bench.pub("q.a")).toBe(1);
  });

  test("skips the sender without echo, also as the pick of a queue group", () => {
    const bench = new Bench();
    const self = bench.client();
    const other = bench.client();
    self.receiver.echo = false;
    bench.sender = self.receiver;
    bench.sub(self.receiver, "e", "1", "g");
    bench.sub(other.receiver, "e", "1", "g");
    bench.sub(self.receiver, "e", "2");
    for (let i = 0; i < 20; i++) expect(bench.pub("e")).toBe(1);
    expect(self.read()).toBe("");
    self.receiver.echo = true;
    expect(bench.pub("e")).toBe(2);
  });

  test("ends a subscription with its last message", () => {
    const bench = new Bench();
    const client = bench.client();
    const sub = bench.sub(client.receiver, "m", "1");
    for (let i = 0; i < 3; i++) bench.pub("m");
    sub.max = 5;
    expect([bench.pub("m"), bench.pub("m"), bench.pub("m")]).toEqual([1, 1, 0]);
    expect(bench.exhausted).toEqual([sub]);
  });

  test("knows the new subscribers and forgets the old ones at once", () => {
    const bench = new Bench();
    const client = bench.client();
    for (let i = 0; i < 3; i++) expect(bench.pub("s")).toBe(0);
    const sub = bench.sub(client.receiver, "s", "1");
    for (let i = 0; i < 3; i++) expect(bench.pub("s")).toBe(1);
    bench.router.remove(sub);
    expect(bench.pub("s")).toBe(0);
  });

  test("survives a prefix region that is filled over and over", () => {
    const bench = new Bench();
    const client = bench.client();
    const long = "x".repeat(3000);
    bench.sub(client.receiver, ">", "1");
    for (let i = 0; i < 6_400; i++) bench.pub(`${long}.${i >> 1}`);
    client.read();
    for (let i = 0; i < 3; i++) {
      bench.pub("after");
      expect(client.read()).toBe("MSG after 1 1\r\nx\r\n");
    }
  });

  test("agrees with a naive router about who gets what", () => {
    const token = fc.constantFrom("a", "b", "*");
    const pattern = fc
      .tuple(fc.array(token, { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([tokens, rest]) => [...tokens, ...(rest ? [">"] : [])].join("."));
    const literal = fc
      .array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 3 })
      .map((tokens) => tokens.join("."));
    const step = fc.oneof(
      fc.record({
        do: fc.constant("sub" as const),
        pattern,
        client: fc.nat(2),
        queue: fc.constantFrom(undefined, undefined, "g", "h"),
      }),
      fc.record({ do: fc.constant("unsub" as const), which: fc.nat(30) }),
      fc.record({ do: fc.constant("pub" as const), subject: literal, from: fc.nat(2) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bench = new Bench();
        const clients = [bench.client(), bench.client(), bench.client()];
        clients[2]!.receiver.echo = false;
        const subs: Subscription[] = [];
        let sid = 0;
        for (const each of steps) {
          if (each.do === "sub")
            subs.push(bench.sub(clients[each.client]!.receiver, each.pattern, String(++sid), each.queue));
          else if (each.do === "unsub" && subs.length > 0)
            bench.router.remove(subs.splice(each.which % subs.length, 1)[0]!);
          else if (each.do === "pub") {
            const sender = clients[each.from]!.receiver;
            bench.sender = sender;
            const reached = subs.filter(
              (sub) =>
                subjectMatches(sub.subject, byteString(each.subject)) && !(sub.receiver === sender && !sender.echo),
            );
            const groups = new Set(reached.filter((sub) => sub.queue !== undefined).map((sub) => sub.queue));
            const plain = reached.filter((sub) => sub.queue === undefined);
            expect(bench.pub(each.subject)).toBe(plain.length + groups.size);
            const got = clients.map(({ read }) => read()).join("");
            for (const sub of plain) expect(got).toContain(`MSG ${each.subject} ${sub.sid} 1\r\n`);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
