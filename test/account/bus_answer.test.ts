// An answer goes where a publish would, byte for byte, whoever subscribes.

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

interface Who {
  readonly subject: string;
  readonly queue?: string;
  readonly hears?: boolean;
  readonly max?: number;
  readonly headers?: boolean;
  readonly denied?: boolean;
}

const cases: Record<string, readonly Who[]> = {
  nobody: [],
  "a wildcard": [{ subject: "_INBOX.a.*" }],
  "a literal": [{ subject: "_INBOX.a.1" }],
  "another inbox": [{ subject: "_INBOX.b.*" }],
  "two connections": [{ subject: "_INBOX.a.*" }, { subject: "_INBOX.>" }],
  "a queue group": [{ subject: "_INBOX.a.*", queue: "q" }],
  "a part of the server": [{ subject: "_INBOX.a.*", hears: true }],
  both: [{ subject: "_INBOX.a.*" }, { subject: "_INBOX.a.*", hears: true }],
  "a subscription that ends": [{ subject: "_INBOX.a.*", max: 2 }],
  "a client without headers": [{ subject: "_INBOX.a.*", headers: false }],
  "one that may not have it": [{ subject: "_INBOX.a.*", denied: true }],
};

/** What everyone got of three messages, and how many there were of each; and what was counted. */
function sent(who: readonly Who[], how: "answer" | "publish", bytes: number): unknown {
  const world = new FakeWorld({ seed: 1 });
  const inner = new InnerQueue();
  const router = new Router(world, inner);
  const bus = new Bus(router, inner);
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  const heard: string[] = [];
  const transports = who.map((one, i) => {
    if (one.hears === true) {
      const listener: Listener = {
        onMsg: ({ source, payloadFrom, payloadTo, headerBytes }) => {
          heard.push(`${headerBytes}:${byteStringOf(source, payloadFrom, payloadTo)}`);
          return true;
        },
      };
      bus.subscribe(byteString(one.subject), listener);
      return undefined;
    }
    const transport = new FakeTransport(world);
    const owner = { onPendingExceeded: ignore, onWriteDeadline: ignore };
    const outbound = new Outbound(turn, world, transport, owner, { maxPendingBytes: 1 << 26, writeDeadlineMs: 0 });
    const hooks = { deniesDelivery: () => one.denied === true, onReply: ignore, onTrace: ignore, info: unknownClient };
    const receiver = new Receiver(outbound, hooks, (sub) => router.remove(sub));
    receiver.headers = one.headers !== false;
    receiver.filtersDeliveries = one.denied === true;
    const queue = one.queue === undefined ? undefined : byteString(one.queue);
    const sub = new Subscription(receiver, byteString(one.subject), queue, byteString(`${i}`));
    sub.max = one.max ?? 0;
    router.insert(sub);
    return { transport, receiver };
  });
  const out = new OutMsg();
  const subject = Buffer.from("x_INBOX.a.1x");
  [out.subject, out.subjectFrom, out.subjectTo] = [subject, 1, subject.length - 1];
  const counts = [];
  for (const [header, body] of [
    ["", "one"],
    ["NATS/1.0\r\nA: b\r\n\r\n", "x".repeat(bytes)],
    ["NATS/1.0\r\n\r\n", ""],
  ]) {
    out.header = Buffer.from(header!);
    out.headerTo = out.header.length;
    out.body = Buffer.from(body!);
    out.bodyTo = out.body.length;
    counts.push(how === "answer" ? bus.answer(out) : bus.publish(out));
  }
  world.settle();
  const got = transports.map((one) => [one?.transport.take(), one?.receiver.outMsgs, one?.receiver.outBytes]);
  const { stats, outMsgs, outBytes } = router;
  return { got, heard, counts, outMsgs, outBytes, fanout: stats.totalFanout, matches: stats.matches };
}

describe.each(Object.entries(cases))("an answer to %s", (_, who) => {
  test.each([10, 200, 40_000, 200_000])("is as a publish of %d bytes", (bytes) => {
    expect(sent(who, "answer", bytes)).toEqual(sent(who, "publish", bytes));
  });
});
