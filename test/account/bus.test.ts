import { describe, expect, test } from "vitest";
import { Bus, type Listener, OutMsg } from "../../src/account/bus.ts";
import { InnerQueue } from "../../src/account/inner_queue.ts";
import { Receiver } from "../../src/account/receiver.ts";
import { Router } from "../../src/account/router.ts";
import { Subscription } from "../../src/account/subscription.ts";
import { byteString, byteStringOf } from "../../src/base/bytes.ts";
import { Outbound } from "../../src/outbound/outbound.ts";
import { Turn } from "../../src/outbound/turn.ts";
import { unknownClient } from "../support/clients.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";

const ignore = (): void => {};
const NONE = new Uint8Array(0);

function open() {
  const world = new FakeWorld({ seed: 1 });
  const inner = new InnerQueue();
  const router = new Router(world, inner);
  const bus = new Bus(router, inner);
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  const client = (): { receiver: Receiver; read: () => string } => {
    const transport = new FakeTransport(world);
    const outbound = new Outbound(
      turn,
      world,
      transport,
      { onPendingExceeded: ignore, onWriteDeadline: ignore },
      { maxPendingBytes: 1 << 26, writeDeadlineMs: 0 },
    );
    const hooks = { deniesDelivery: () => false, onReply: ignore, onTrace: ignore, info: unknownClient };
    const receiver = new Receiver(outbound, hooks, ignore);
    receiver.headers = true;
    return {
      receiver,
      read: () => {
        world.settle();
        return transport.take();
      },
    };
  };
  /** A listener that notes what it gets, then does `then`. */
  const listen = (subject: string, log: string[], then: (body: string) => void = ignore): Subscription => {
    const listener: Listener = {
      onMsg: (frame, sub) => {
        const reply = byteStringOf(frame.source, frame.replyFrom, frame.replyTo);
        const body = byteStringOf(frame.source, frame.payloadFrom, frame.payloadTo);
        log.push(`${sub.subject}:${reply}:${frame.headerBytes}:${body}`);
        then(body);
        log.push(`${sub.subject} done`);
        return true;
      },
    };
    return bus.subscribe(byteString(subject), listener);
  };
  return { router, bus, client, listen };
}

describe("the bus", () => {
  test("delivers to clients with reply and headers", () => {
    const { router, bus, client } = open();
    const { receiver, read } = client();
    router.insert(new Subscription(receiver, byteString("a.*"), undefined, byteString("9")));
    expect(bus.publishText(byteString("a.b"), "hi")).toBe(1);
    const header = Buffer.from("NATS/1.0\r\nX: y\r\n\r\n");
    expect(bus.publishParts(byteString("a.c"), byteString("r"), header, Buffer.from("body"))).toBe(1);
    expect(bus.publishText(byteString("b"), "nobody")).toBe(0);
    expect(read()).toBe("MSG a.b 9 2\r\nhi\r\nHMSG a.c 9 r 18 22\r\nNATS/1.0\r\nX: y\r\n\r\nbody\r\n");
  });

  test("carries messages too large for its region", () => {
    const { router, bus, client } = open();
    const { receiver, read } = client();
    router.insert(new Subscription(receiver, byteString("big"), undefined, byteString("1")));
    const body = Buffer.alloc(300_000, "x");
    bus.publishParts(byteString("big"), byteString(""), NONE, body);
    expect(read()).toBe(`MSG big 1 300000\r\n${body.toString()}\r\n`);
  });

  test("calls no listener while one is being called, and each with its own bytes", () => {
    const { bus, listen } = open();
    const log: string[] = [];
    listen("first", log, () => {
      bus.publishText(byteString("second"), "from first");
      bus.publishText(byteString("second"), "again");
    });
    listen("second", log, (body) => {
      if (body !== "again") return;
      bus.publishText(byteString("third"), "one");
      bus.publishText(byteString("third"), "two");
    });
    listen("third", log);
    expect(bus.publishText(byteString("first"), "go")).toBe(1);
    expect(log).toEqual([
      "first::-1:go",
      "first done",
      "second::-1:from first",
      "second done",
      "second::-1:again",
      "second done",
      "third::-1:one",
      "third done",
      "third::-1:two",
      "third done",
    ]);
  });

  test("runs work as a listener is run", () => {
    const { bus, listen } = open();
    const log: string[] = [];
    listen("a", log);
    bus.run(() => {
      bus.publishText(byteString("a"), "x");
      log.push("work done");
    });
    expect(log).toEqual(["work done", "a::-1:x", "a done"]);
  });

  test("tells nobody of a subscription that ended", () => {
    const { bus, listen } = open();
    const log: string[] = [];
    const sub = listen("a", log);
    bus.run(() => {
      bus.publishText(byteString("a"), "x");
      bus.unsubscribe(sub);
    });
    expect(log).toEqual([]);
    expect(bus.hasInterest(byteString("a"))).toBe(false);
  });

  test("opens an address that shows other subjects, and sees who comes and goes", () => {
    const { router, bus, client } = open();
    const inbox = bus.open(byteString("_INBOX.1.2"));
    expect(inbox.isAlive).toBe(false);
    const { receiver, read } = client();
    const sub = new Subscription(receiver, byteString("_INBOX.1.*"), undefined, byteString("9"));
    router.insert(sub);
    expect(inbox.isAlive).toBe(true);
    const msg = outMsg("orders.new", "$JS.ACK.1", "NATS/1.0\r\nA: b\r\n\r\n", "hello");
    expect(inbox.put(msg)).toBe(1);
    expect(inbox.pendingBytes).toBeGreaterThan(0);
    expect(read()).toBe("HMSG orders.new 9 $JS.ACK.1 18 23\r\nNATS/1.0\r\nA: b\r\n\r\nhello\r\n");
    router.remove(sub);
    expect(inbox.isAlive).toBe(false);
    expect(inbox.put(msg)).toBe(0);
  });

  test("gives a message of an opened address to one of each queue group", () => {
    const { router, bus, client } = open();
    const clients = [client(), client()];
    for (const { receiver } of clients) {
      router.insert(new Subscription(receiver, byteString("d"), byteString("q"), byteString("1")));
    }
    const address = bus.open(byteString("d"));
    expect(address.hasQueue(byteString("q"))).toBe(true);
    expect(address.hasQueue(byteString("other"))).toBe(false);
    for (let i = 0; i < 40; i++) expect(address.put(outMsg("s", "", "", "x"))).toBe(1);
    const counts = clients.map(({ read }) => read().split("MSG s 1 1\r\nx\r\n").length - 1);
    expect(counts[0]! + counts[1]!).toBe(40);
    expect(Math.min(...counts)).toBeGreaterThan(5);
  });

  test("does not deliver what a client may not receive, by the address and not by what is shown", () => {
    const { router, bus, client } = open();
    const { receiver, read } = client();
    const denied: string[] = [];
    const hooks = {
      ...receiver.hooks,
      deniesDelivery: (source: Uint8Array, from: number, to: number) => {
        denied.push(byteStringOf(source, from, to));
        return true;
      },
    };
    const picky = new Receiver(receiver.outbound, hooks, ignore);
    picky.filtersDeliveries = true;
    router.insert(new Subscription(picky, byteString(">"), undefined, byteString("1")));
    expect(bus.open(byteString("inbox")).put(outMsg("shown", "", "", "x"))).toBe(0);
    expect(denied).toEqual(["inbox"]);
    expect(read()).toBe("");
  });
});

describe("a message to one connection alone", () => {
  const sizes = [0, 1, 11, 12, 13, 127, 128, 129, 130, 1000, 32_000, 33_000, 70_000];

  test("is what it would be on the way that all others take", () => {
    const sent = [true, false].map((isAlone) => {
      const { router, bus, client, listen } = open();
      const { receiver, read } = client();
      router.insert(new Subscription(receiver, byteString("inbox.*"), undefined, byteString("91")));
      if (!isAlone) listen("inbox.1", []);
      const inbox = bus.open(byteString("inbox.1"));
      const texts: string[] = [];
      for (const size of sizes) {
        for (const header of ["", "NATS/1.0\r\nA: b\r\n\r\n"]) {
          for (const reply of ["", "$JS.ACK.S.C.1.2.3.4.5"]) {
            inbox.put(outMsg("orders.new.and.old", reply, header, "x".repeat(size)));
            texts.push(read());
          }
        }
      }
      return { texts, msgs: receiver.outMsgs, bytes: receiver.outBytes, all: router.outBytes };
    });
    expect(sent[0]).toEqual(sent[1]);
    expect(sent[0]!.texts[0]).toBe("MSG orders.new.and.old 91 0\r\n\r\n");
  });

  test("has no headers when its reader does not know them, and counts for a subscription that ends", () => {
    const { router, bus, client } = open();
    const { receiver, read } = client();
    receiver.headers = false;
    const sub = new Subscription(receiver, byteString("inbox.1"), undefined, byteString("1"));
    sub.max = 2;
    router.insert(sub);
    const inbox = bus.open(byteString("inbox.1"));
    expect(inbox.put(outMsg("a", "", "NATS/1.0\r\nA: b\r\n\r\n", "hi"))).toBe(1);
    expect(read()).toBe("MSG a 1 2\r\nhi\r\n");
    expect(sub.delivered).toBe(1);
    receiver.isOpen = false;
    expect(inbox.put(outMsg("a", "", "", "hi"))).toBe(0);
    expect(read()).toBe("");
  });
});

function outMsg(subject: string, reply: string, header: string, body: string): OutMsg {
  const msg = new OutMsg();
  msg.subject = Buffer.from(subject);
  msg.subjectTo = msg.subject.length;
  msg.reply = Buffer.from(reply);
  msg.replyTo = msg.reply.length;
  msg.header = Buffer.from(header);
  msg.headerTo = msg.header.length;
  msg.body = Buffer.from(body);
  msg.bodyTo = msg.body.length;
  return msg;
}
