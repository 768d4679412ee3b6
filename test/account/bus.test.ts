import { describe, expect, test } from "vitest";
import { Bus, type Listener } from "../../src/account/bus.ts";
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
});
