import { describe, expect, test } from "vitest";
import { ConsumerRig } from "./support.ts";

const SECOND = 10n ** 9n;
const at = (ms: number) => ({ sec: 1_800_000_000 + Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 });

describe("inactive_threshold", () => {
  test("ends a pull consumer that nobody asks, a little late", () => {
    const rig = new ConsumerRig();
    rig.consumer({ inactive_threshold: 5n * SECOND });
    rig.world.advance(5099);
    expect(rig.removed).toEqual([]);
    rig.world.advance(901);
    expect(rig.removed).toEqual(["C"]);
    expect(rig.world.pendingTimers).toBe(0);
  });

  test("is 5 seconds for an ephemeral one that does not say", () => {
    const rig = new ConsumerRig();
    rig.consumer({ durable_name: "" });
    rig.world.advance(5000);
    expect(rig.removed).toEqual([]);
    rig.world.advance(1000);
    expect(rig.removed).toEqual(["C"]);
  });

  test("does not end one that is asked, has a request waiting, or acks", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    rig.consumer({ inactive_threshold: 5n * SECOND });
    rig.world.advance(4000);
    rig.pull({ batch: 1, no_wait: true });
    const [sent] = rig.sent();
    rig.world.advance(4000);
    rig.pull({ batch: 5, expires: 30e9 });
    rig.world.advance(30_500);
    rig.ack(sent!);
    rig.world.advance(4000);
    expect(rig.removed).toEqual([]);
    rig.world.advance(2000);
    expect(rig.removed).toEqual(["C"]);
  });

  test("is counted from when what is delivered can no longer be acked in time", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    rig.consumer({ inactive_threshold: SECOND, ack_wait: 10n * SECOND });
    rig.pull("1");
    rig.world.advance(10_900);
    expect(rig.removed).toEqual([]);
  });

  test("of a push consumer runs while nobody listens", () => {
    const rig = new ConsumerRig();
    rig.consumer({ inactive_threshold: 2n * SECOND, deliver_subject: "deliver" });
    rig.world.advance(1900);
    const sub = rig.hear("deliver");
    rig.world.advance(60_000);
    rig.router.remove(sub);
    rig.world.advance(1900);
    expect(rig.removed).toEqual([]);
    rig.world.advance(100);
    expect(rig.removed).toEqual(["C"]);
  });

  test("may be changed, and taken away", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer({ inactive_threshold: 2n * SECOND });
    consumer.update({ ...consumer.config, inactive_threshold: 10n * SECOND });
    rig.world.advance(9000);
    consumer.update({ ...consumer.config, inactive_threshold: 0n });
    rig.world.advance(60_000);
    expect(rig.removed).toEqual([]);
    expect(rig.world.pendingTimers).toBe(0);
  });
});

describe("a paused consumer", () => {
  test("delivers nothing until its time has come, which is told", () => {
    const rig = new ConsumerRig();
    const events = rig.events();
    rig.put("s.a 1");
    const consumer = rig.consumer({ deliver_subject: "deliver", idle_heartbeat: SECOND });
    consumer.pause(at(3500));
    rig.hear("deliver");
    expect(rig.got()).toEqual([]);
    expect(consumer.info().pausedUntil).toMatchObject(at(3500));
    rig.world.advance(3400);
    expect(rig.got()).toEqual(["100 Idle Heartbeat", "100 Idle Heartbeat", "100 Idle Heartbeat"]);
    rig.world.advance(200);
    expect(rig.got()).toEqual(["1"]);
    expect(consumer.info().pausedUntil).toBe(undefined);
    const of = { type: "io.nats.jetstream.advisory.v1.consumer_pause", stream: "S", consumer: "C" };
    const until = { pause_until: "2027-01-15T08:00:03.5Z" };
    const on = "ADVISORY.CONSUMER.PAUSE.S.C";
    expect(events).toEqual([
      { on, ...of, paused: true, ...until },
      { on, ...of, paused: false, ...until },
    ]);
  });

  test("goes on when it is resumed, and is paused from the start when made so", () => {
    const rig = new ConsumerRig();
    const events = rig.events();
    rig.put("s.a 1");
    const consumer = rig.consumer({ pause_until: { ...at(60_000), offsetMinutes: 0 } });
    rig.pull({ batch: 1, expires: 10e9 });
    rig.pull({ batch: 1, no_wait: true });
    expect(rig.got()).toEqual(["404 No Messages"]);
    consumer.pause(undefined);
    expect(rig.got()).toEqual(["1"]);
    expect(events).toMatchObject([{ paused: false, pause_until: "0001-01-01T00:00:00Z" }]);
  });

  test("hears acks, and waits for those that are missing", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2");
    const consumer = rig.consumer({ ack_wait: SECOND });
    rig.pull("2");
    const sent = rig.sent();
    consumer.pause(at(5000));
    rig.ack(sent[0]!);
    rig.world.advance(2000);
    rig.pull({ batch: 1, expires: 10e9 });
    expect(rig.got()).toEqual([]);
    expect(consumer.info().numAckPending).toBe(1);
    rig.world.advance(3000);
    expect(rig.got()).toEqual(["2"]);
  });
});

describe("a reset", () => {
  function after(changes: Parameters<ConsumerRig["consumer"]>[0] = {}) {
    const rig = new ConsumerRig();
    for (let i = 1; i <= 6; i++) rig.put(`s.${i} ${i}`);
    const consumer = rig.consumer(changes);
    rig.pull("4");
    const sent = rig.sent();
    for (const one of sent.slice(0, 2)) rig.ack(one);
    return { rig, consumer };
  }

  test("without a sequence begins behind the ack floor, as if new", () => {
    const { rig, consumer } = after();
    expect(consumer.reset(0)).toBe(3);
    let isCounted = false;
    consumer.whenCounted(() => (isCounted = true));
    expect(isCounted).toBe(true);
    expect(consumer.info()).toMatchObject({
      delivered: { consumerSeq: 0, streamSeq: 2 },
      ackFloor: { consumerSeq: 0, streamSeq: 2 },
      numAckPending: 0,
      numPending: 4,
    });
    rig.pull("9");
    expect(rig.sent().map(({ reply }) => reply.split(".").slice(4, 7).join(" "))).toEqual([
      "1 3 1",
      "1 4 2",
      "1 5 3",
      "1 6 4",
    ]);
  });

  test.each([
    [{}, 1, 1],
    [{}, 100, 100],
    [{ deliver_policy: "by_start_sequence", opt_start_seq: 2n } as const, 1, "below start seq"],
    [{ deliver_policy: "by_start_sequence", opt_start_seq: 2n } as const, 2, 2],
    [{ deliver_policy: "by_start_time", opt_start_time: { ...at(0), offsetMinutes: 0 } } as const, 1, 1],
    [{ deliver_policy: "last" } as const, 3, "not allowed"],
    [{ deliver_policy: "new" } as const, 3, "not allowed"],
    [{ deliver_policy: "last_per_subject", filter_subject: "s.*" } as const, 3, "not allowed"],
  ])("of %o to %i gives %s", (changes, seq, result) => {
    const { consumer } = after(changes);
    expect(consumer.reset(seq)).toBe(result);
  });

  test("by time may not be below it", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    rig.world.advance(1000);
    rig.put("s.a 2");
    const consumer = rig.consumer({
      deliver_policy: "by_start_time",
      opt_start_time: { ...at(500), offsetMinutes: 0 },
    });
    expect(consumer.reset(1)).toBe("below start time");
    expect(consumer.reset(2)).toBe(2);
  });
});

describe("an update", () => {
  test("of the filters counts anew, and goes on where it was", () => {
    const rig = new ConsumerRig();
    for (let i = 1; i <= 6; i++) rig.put(`s.${i % 2} ${i}`);
    const consumer = rig.consumer({ filter_subject: "s.1" });
    rig.pull("1");
    expect(rig.got()).toEqual(["1"]);
    consumer.update({ ...consumer.config, filter_subject: "s.0" });
    consumer.whenCounted(() => undefined);
    expect(consumer.info().numPending).toBe(3);
    rig.pull("9");
    expect(rig.got()).toEqual(["2", "4", "6"]);
    rig.put("s.1 7", "s.0 8");
    expect(rig.got()).toEqual(["8"]);
  });

  test("of max_ack_pending lets more out", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2", "s.a 3");
    const consumer = rig.consumer({ max_ack_pending: 1n });
    rig.pull({ batch: 9, expires: 60e9 });
    expect(rig.got()).toEqual(["1"]);
    consumer.update({ ...consumer.config, max_ack_pending: 2n });
    expect(rig.got()).toEqual(["2"]);
    consumer.update({ ...consumer.config, headers_only: true, max_ack_pending: -1n });
    expect(rig.sent().map(({ headers }) => headers[1])).toEqual(["Nats-Msg-Size: 1"]);
  });

  test("of ack_wait holds for what is pending", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    const consumer = rig.consumer();
    rig.pull({ batch: 9, expires: 600e9 });
    expect(rig.got()).toEqual(["1"]);
    consumer.update({ ...consumer.config, ack_wait: SECOND });
    rig.world.advance(1010);
    expect(rig.got()).toEqual(["1"]);
  });
});
