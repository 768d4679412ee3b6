// What a route or a re-encoded head may take of the arena, however long sids, subjects and replies are.

import { expect, test } from "vitest";
import { Receiver } from "../../src/account/receiver.ts";
import { Router } from "../../src/account/router.ts";
import { Subscription } from "../../src/account/subscription.ts";
import { bytes, LONGEST_LINE, READ_LOW, SLOTS } from "../../src/base/arena.ts";
import { byteString } from "../../src/base/bytes.ts";
import { Outbound } from "../../src/outbound/outbound.ts";
import { Turn } from "../../src/outbound/turn.ts";
import { Frame } from "../../src/proto/frame.ts";
import { unknownClient } from "../support/clients.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";

const ignore = (): void => {};

function bench(): { router: Router; receiver: Receiver; read: () => string } {
  const world = new FakeWorld({ seed: 3 });
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  const transport = new FakeTransport(world);
  const owner = { onPendingExceeded: ignore, onWriteDeadline: ignore };
  const limits = { maxPendingBytes: 1 << 30, writeDeadlineMs: 0 };
  const outbound = new Outbound(turn, world, transport, owner, limits);
  const hooks = { deniesDelivery: () => false, onReply: ignore, onTrace: ignore, info: unknownClient };
  const receiver = new Receiver(outbound, hooks, ignore);
  return {
    router: new Router(world),
    receiver,
    read: () => {
      world.settle();
      return transport.take();
    },
  };
}

function frameOf(subject: string, reply: string, payload: string): Frame {
  const line = Buffer.from(`${subject} ${reply} ${payload.length}\r\n${payload}\r\n`, "latin1");
  const frame = new Frame();
  frame.source = line;
  frame.inArena = false;
  frame.subjectTo = subject.length;
  frame.replyFrom = subject.length + 1;
  frame.replyTo = frame.replyFrom + reply.length;
  frame.sizeFrom = frame.replyTo + 1;
  frame.sizeTo = frame.sizeFrom + `${payload.length}`.length;
  frame.payloadFrom = frame.sizeTo + 2;
  frame.payloadTo = frame.payloadFrom + payload.length;
  return frame;
}

test("heads of very many and very long sids stay out of everybody's slots", () => {
  const { router, receiver } = bench();
  receiver.echo = false;
  const sid = "S".repeat(4000);
  for (let i = 0; i < 5000; i++) {
    router.insert(new Subscription(receiver, byteString("x"), undefined, byteString(`${sid}${i}`)));
  }
  const slots = bytes.subarray(SLOTS, SLOTS + (8 << 20));
  const before = Buffer.from(slots);
  const frame = frameOf("x", "r", "hello");
  for (let i = 0; i < 3; i++) router.publish(frame, receiver);
  expect(Buffer.compare(slots, before)).toBe(0);
});

test("the longest subject, sid and reply stay within scratch and arrive", () => {
  const { router, receiver, read } = bench();
  const [subject, sid, reply] = ["a", "b", "c"].map((letter) => letter.repeat(LONGEST_LINE)) as [
    string,
    string,
    string,
  ];
  router.insert(new Subscription(receiver, byteString("*"), undefined, byteString(sid)));
  const behind = bytes.subarray(READ_LOW, READ_LOW + (1 << 20));
  const before = Buffer.from(behind);
  const frame = frameOf(subject, reply, "NATS/1.0\r\n\r\nhello");
  for (const headerBytes of [-1, 12, -1]) {
    frame.headerBytes = headerBytes;
    router.publish(frame, undefined);
    const [size, payload] = headerBytes < 0 ? [17, "NATS/1.0\r\n\r\nhello"] : [5, "hello"];
    expect(read() === `MSG ${subject} ${sid} ${reply} ${size}\r\n${payload}\r\n`).toBe(true);
  }
  expect(Buffer.compare(behind, before)).toBe(0);
});

test("routes of very many targets do not pile up", () => {
  const { router, receiver } = bench();
  receiver.echo = false;
  for (let i = 0; i < 20_000; i++) {
    router.insert(new Subscription(receiver, byteString(">"), undefined, byteString(`${i}`)));
  }
  for (let i = 0; i < 100; i++) {
    const frame = frameOf(`s${i}`, "r", "hello");
    frame.subjectHash = i;
    for (let k = 0; k < 3; k++) router.publish(frame, receiver);
    expect(router.cachedRoutes * 20_000).toBeLessThanOrEqual(1 << 19);
  }
  expect(router.cachedRoutes).toBeGreaterThan(0);
  expect(router.stats.cacheHits).toBeGreaterThan(90);
});
