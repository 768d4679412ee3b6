// What is delivered together is what would be delivered one by one: the same
// frames in the same order, and the consumer stands where it would.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ConsumerConfig } from "../../../src/jetstream/config/consumer_config.ts";
import { ConsumerRig, type Sent } from "./support.ts";

const message = fc.record({
  subject: fc.constantFrom("s.a", "s.a", "s.a", "s.b", "s.longer.one"),
  headers: fc.constantFrom<readonly string[]>([], [], [], ["X: y"], ["X: y", "Longer: 0123456789"]),
  bytes: fc.constantFrom(0, 1, 9, 10, 10, 10, 99, 100, 300),
  afterMs: fc.constantFrom(0, 0, 0, 1, 1100),
});
interface Message {
  readonly subject: string;
  readonly headers: readonly string[];
  readonly bytes: number;
  readonly afterMs: number;
}

const config = fc.record({
  ack_policy: fc.constantFrom("none", "explicit", "all"),
  max_ack_pending: fc.constantFrom(3n, 20n, 1000n, 1000n, 1000n),
  filter_subject: fc.constantFrom("", "", "", "s.>", "s.a", "s.*", "s.longer.>"),
  headers_only: fc.constantFrom(false, false, false, false, true),
  max_deliver: fc.constantFrom(-1n, 2n),
});

const step = fc.oneof(
  fc.record({
    kind: fc.constant("pull"),
    batch: fc.constantFrom(1, 3, 10, 40, 40, 200, 200),
    max_bytes: fc.constantFrom(0, 0, 0, 500),
    inbox: fc.constantFrom("inbox.1", "inbox.1", "inbox.1", "inbox.22"),
  }),
  fc.record({ kind: fc.constant("store"), msgs: fc.array(message, { maxLength: 30 }) }),
  fc.record({ kind: fc.constant("remove"), seq: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant("ack"), every: fc.constantFrom(1, 2, 3) }),
  fc.record({ kind: fc.constant("nak"), at: fc.nat(20) }),
  fc.record({ kind: fc.constant("wait"), ms: fc.constantFrom(10, 31_000) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let together = 0;

/** What a client is sent and what the consumer says of itself, step by step; `isOne`: one message at a time. */
function play(first: readonly Message[], steps: readonly Step[], changes: Partial<ConsumerConfig>, isOne: boolean) {
  const rig = new ConsumerRig();
  const { kept } = rig;
  const loadRun = kept.loadRun.bind(kept);
  kept.loadRun = (seq, most, into) => {
    if (isOne) return 0;
    const count = loadRun(seq, most, into);
    together += count;
    return count;
  };
  const store = (msgs: readonly Message[]): void => {
    for (const { subject, headers, bytes, afterMs } of msgs) {
      rig.world.advance(afterMs);
      rig.stage(`${subject} ${"x".repeat(bytes)}`, headers);
    }
    rig.world.settle();
  };
  store(first);
  if (changes.deliver_subject !== undefined) rig.hear(changes.deliver_subject);
  const consumer = rig.consumer(changes);
  const log: unknown[] = [];
  const seen: Sent[] = [];
  const look = (): void => {
    rig.world.settle();
    const sent = rig.sent();
    seen.push(...sent.filter(({ reply }) => reply.startsWith("$JS.ACK")));
    log.push(...sent, consumer.info());
  };
  look();
  for (const each of steps) {
    if (each.kind === "pull") {
      const { batch, max_bytes: bytes, inbox } = each;
      rig.pull({ batch, max_bytes: bytes, expires: 20_000_000_000, idle_heartbeat: 5_000_000_000 }, inbox);
    } else if (each.kind === "store") store(each.msgs);
    else if (each.kind === "remove") rig.remove(each.seq);
    else if (each.kind === "wait") rig.world.advance(each.ms);
    else if (each.kind === "nak") {
      const [one] = seen.splice(each.at, 1);
      if (one !== undefined) rig.ack(one, "-NAK");
    } else for (let i = 0; i < seen.length; i += each.every) rig.ack(seen.splice(i, 1)[0]!);
    look();
  }
  return log;
}

describe("messages that are delivered together", () => {
  test("are those of one by one, to who asks", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 5, maxLength: 60 }),
        fc.array(step, { maxLength: 12 }),
        config,
        (msgs, steps, changes) => {
          expect(play(msgs, steps, changes, false)).toEqual(play(msgs, steps, changes, true));
        },
      ),
    );
    expect(together).toBeGreaterThan(100);
  });

  test("are those of one by one, to who listens", () => {
    const flow = fc.constantFrom<Partial<ConsumerConfig>>({}, { flow_control: true, idle_heartbeat: 5_000_000_000n });
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 5, maxLength: 60 }),
        fc.array(step, { maxLength: 12 }),
        config,
        flow,
        (msgs, steps, changes, more) => {
          const push = { ...changes, ...more, deliver_subject: "deliver" };
          expect(play(msgs, steps, push, false)).toEqual(play(msgs, steps, push, true));
        },
      ),
    );
  });

  test("ask for flow control behind the same message", () => {
    const msgs = Array.from({ length: 400 }, (_, i) => ({
      subject: "s.a",
      headers: [],
      bytes: 9000 + (i % 7),
      afterMs: 0,
    }));
    const push = { flow_control: true, idle_heartbeat: 5_000_000_000n, deliver_subject: "deliver", ack_policy: "none" } as const; // prettier-ignore
    const log = play(msgs, [{ kind: "wait", ms: 10 }], push, false);
    expect(log).toEqual(play(msgs, [{ kind: "wait", ms: 10 }], push, true));
    expect(JSON.stringify(log, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))).toContain(
      "FlowControl Request",
    );
  });
});
