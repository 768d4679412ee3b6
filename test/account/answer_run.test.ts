// Answers that are sent together arrive as they do one by one, byte for byte, whoever waits for them.

import { describe, expect, test } from "vitest";
import { AnswerRun, Bus, OutMsg } from "../../src/account/bus.ts";
import { InnerQueue } from "../../src/account/inner_queue.ts";
import { Receiver } from "../../src/account/receiver.ts";
import { Router } from "../../src/account/router.ts";
import { Subscription } from "../../src/account/subscription.ts";
import { bytes, READ } from "../../src/base/arena.ts";
import { byteString } from "../../src/base/bytes.ts";
import { Outbound } from "../../src/outbound/outbound.ts";
import { freeSlots } from "../../src/outbound/slots.ts";
import { Turn } from "../../src/outbound/turn.ts";
import { unknownClient } from "../support/clients.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";

const ignore = (): void => {};

interface Who {
  readonly subject: string;
  readonly queue?: string;
  readonly max?: number;
  readonly denied?: boolean;
  readonly traces?: boolean;
  readonly maxPendingBytes?: number;
}

const INBOX = "_INBOX.abcdefghijk";
const one = { subject: `${INBOX}.*` };
const many = Array.from({ length: 2000 }, (_, i) => `${INBOX}.${1_000_000 + i}`);
/** Who subscribes, the inboxes, the first number, and the least that must have gone together. */
const cases: Record<string, readonly [readonly Who[], readonly string[], number, number]> = {
  "a wildcard": [[one], many, 1, 1990],
  "numbers that get longer": [[one], many.slice(0, 200), 99_950, 190],
  "the largest numbers": [[one], many.slice(0, 9), Number.MAX_SAFE_INTEGER - 9, 5],
  "a longer wildcard": [[{ subject: "_INBOX.>" }], many, 7, 0],
  "two wildcards": [[one, { subject: "_INBOX.other-token.*" }], [...many.slice(0, 50), ...many.slice(0, 50).map((inbox) => inbox.replace("abcdefghijk", "other-token")), ...many.slice(0, 50)], 1, 140], // prettier-ignore
  "another wildcard where a number gets longer": [[one, { subject: "_INBOX.other-token.*" }], [...many.slice(0, 20), ...many.slice(20, 40).map((inbox) => inbox.replace("abcdefghijk", "other-token"))], 80, 30], // prettier-ignore
  "another wildcard after each number of messages": [[one, { subject: "_INBOX.other-token.*" }], Array.from({ length: 61 }, (_, i) => many.slice(0, 20 + i).map((inbox) => (i % 2 === 0 ? inbox : inbox.replace("abcdefghijk", "other-token")))).flat(), 10_000, 1000], // prettier-ignore
  "one that is deeper": [[one, { subject: `${INBOX}.*.*` }], [...many.slice(0, 20), `${INBOX}.100.000`, ...many.slice(20, 30), `${INBOX}.1000.00`], 1, 28], // prettier-ignore
  "an empty token": [[one], [...many.slice(0, 20), `${INBOX}.100000.`, ...many.slice(0, 20)], 1, 30],
  "one inbox of its own": [[one, { subject: many[30]! }], many.slice(0, 60), 1, 0],
  nobody: [[], many.slice(0, 20), 1, 0],
  "a queue group": [[{ ...one, queue: "q" }], many.slice(0, 20), 1, 0],
  "two connections": [[one, one], many.slice(0, 20), 1, 0],
  "a subscription that ends": [[{ ...one, max: 5 }], many.slice(0, 20), 1, 0],
  "one that may not have it": [[{ ...one, denied: true }], many.slice(0, 20), 1, 0],
  "a connection that is traced": [[{ ...one, traces: true }], many.slice(0, 20), 1, 0],
  "a connection that cannot take so much": [[{ ...one, maxPendingBytes: 20_000 }], many, 1, 100],
};

/** What everyone got, and what was counted; `together` how many went in runs. */
function sent(who: readonly Who[], inboxes: readonly string[], first: number, how: "run" | "each", source: Uint8Array) {
  const world = new FakeWorld({ seed: 1 });
  const inner = new InnerQueue();
  const router = new Router(world, inner);
  const bus = new Bus(router, inner);
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  const receivers = who.map(
    ({ subject, queue, max = 0, denied = false, traces = false, maxPendingBytes = 1 << 26 }, i) => {
      const transport = new FakeTransport(world);
      const tooMuch = { count: 0 };
      const onPendingExceeded = (): void => {
        tooMuch.count++;
        receiver.isOpen = false;
        outbound.close();
      };
      const owner = { onPendingExceeded, onWriteDeadline: ignore };
      const outbound = new Outbound(turn, world, transport, owner, { maxPendingBytes, writeDeadlineMs: 0 });
      const hooks = { deniesDelivery: () => denied, onReply: ignore, onTrace: ignore, info: unknownClient };
      const receiver: Receiver = new Receiver(outbound, hooks, (sub) => router.remove(sub));
      receiver.filtersDeliveries = denied;
      receiver.traces = traces;
      const name = queue === undefined ? undefined : byteString(queue);
      const sub = new Subscription(receiver, byteString(subject), name, byteString(`${7 + i}`));
      sub.max = max;
      router.insert(sub);
      return { transport, receiver, sub, tooMuch };
    },
  );
  const at = 100;
  const bytesOfAll = Buffer.from(inboxes.join(""));
  source.set(bytesOfAll, READ + at);
  const { length } = inboxes[0]!;
  const run = new AnswerRun();
  [run.inboxes, run.length] = [source, length];
  run.head = Buffer.from(`{"stream":"S","seq":xxxxxx`);
  run.headTo = run.head.length - 6;
  run.tail = Buffer.from("}");
  const out = new OutMsg();
  out.subject = source;
  let together = 0;
  for (let i = 0; i < inboxes.length;) {
    if (how === "run") {
      run.from = READ + at + i * length;
      run.count = inboxes.length - i;
      run.first = first + i;
      const count = bus.answerRun(run);
      together += count;
      i += count;
      if (count > 0) continue;
    }
    out.subjectFrom = READ + at + i * length;
    out.subjectTo = out.subjectFrom + length;
    out.body = Buffer.from(`{"stream":"S","seq":${first + i}}`);
    out.bodyTo = out.body.length;
    bus.answer(out);
    i++;
  }
  world.settle();
  const got = receivers.map(({ transport, receiver, sub, tooMuch }) =>
    tooMuch.count > 0 ? tooMuch : [transport.take(), receiver.outMsgs, receiver.outBytes, sub.delivered],
  );
  const { stats, outMsgs, outBytes } = router;
  const counted = [outMsgs, outBytes, stats.totalFanout, stats.matches, stats.maxFanout];
  return { together, told: { got, counted: receivers.some(({ tooMuch }) => tooMuch.count > 0) ? [] : counted } };
}

describe.each(Object.entries(cases))("answers to %s", (_, [who, inboxes, first, least]) => {
  test.each(["in the arena", "elsewhere"])("whose inboxes lie %s are the same", (where) => {
    const source = where === "elsewhere" ? new Uint8Array(READ + 200_000) : bytes;
    const free = freeSlots();
    const expected = sent(who, inboxes, first, "each", source).told;
    const { told, together } = sent(who, inboxes, first, "run", source);
    expect(told).toEqual(expected);
    expect(together).toBeGreaterThanOrEqual(least);
    if (least === 0) expect(together).toBe(0);
    expect(freeSlots()).toEqual(free);
  });
});

test("a connection with nothing to send keeps no slot, wherever the answers that it gets end", () => {
  const free = freeSlots();
  const deeper = Array.from({ length: 70 }, () => `${INBOX}.100.000`);
  for (let count = 150; count < 300; count++) sent([one], [...many.slice(0, count), ...deeper], 10_000, "run", bytes);
  expect(freeSlots()).toEqual(free);
});
