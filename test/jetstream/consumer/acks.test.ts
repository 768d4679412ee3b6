import { describe, expect, test } from "vitest";
import { byteString } from "../../../src/base/bytes.ts";
import { ConsumerRig } from "./support.ts";

const SECOND = 10n ** 9n;

function delivered(messages: number, changes: Parameters<ConsumerRig["consumer"]>[0] = {}) {
  const rig = new ConsumerRig();
  for (let i = 1; i <= messages; i++) rig.put(`s.${i} ${i}`);
  const consumer = rig.consumer(changes);
  const events = rig.events();
  rig.pull(String(messages));
  return { rig, consumer, events, sent: rig.sent() };
}

describe("acks", () => {
  test.each(["+ACK", "+OK", "", "+NXT", "+TERM", "+TERM because"])("%s ends a message", (payload) => {
    const { rig, consumer, sent } = delivered(2);
    rig.ack(sent[0]!, payload);
    expect(consumer.info()).toMatchObject({
      numAckPending: 1,
      ackFloor: { consumerSeq: 1, streamSeq: 1 },
    });
    expect(rig.finished).toEqual(["C 1"]);
    rig.world.advance(31_000);
    expect(consumer.info()).toMatchObject({ numAckPending: 1 });
    rig.pull("5");
    expect(rig.got()).toEqual(["2"]);
  });

  test.each(["+ack", "ACK", "+ACK ", "+WPI", "+WPI ", "-nak", "hello"])("%j does not", (payload) => {
    const { rig, consumer, sent } = delivered(1);
    rig.ack(sent[0]!, payload);
    expect(consumer.info().numAckPending).toBe(1);
  });

  test("may come in the second form, and with more behind it", () => {
    const { rig, consumer } = delivered(3);
    rig.ack("$JS.ACK._.ACCHASH1.S.C.1.1.1.1.1");
    rig.ack("$JS.ACK._.ACCHASH1.S.C.1.2.2.1.1.more.to.come");
    expect(consumer.info().numAckPending).toBe(1);
    rig.ack("$JS.ACK._.OTHER.S.C.1.3.3.1.1");
    rig.ack("$JS.ACK.S.C.1.x.3.1.1");
    expect(consumer.info().numAckPending).toBe(1);
  });

  test("are measured when asked for", () => {
    const { rig, events, sent } = delivered(2, { sample_freq: "100%" });
    rig.world.advance(1500);
    rig.ack(sent[1]!);
    rig.ack(sent[1]!);
    expect(events).toEqual([
      {
        on: "METRIC.CONSUMER.ACK.S.C",
        type: "io.nats.jetstream.metric.v1.consumer_ack",
        stream: "S",
        consumer: "C",
        consumer_seq: 2,
        stream_seq: 2,
        ack_time: 1_500_000_000,
        deliveries: 1,
      },
    ]);
  });

  test("of all below, with the policy all, are not measured", () => {
    const { rig, consumer, events, sent } = delivered(5, { ack_policy: "all", sample_freq: "100" });
    rig.ack(sent[2]!);
    expect(events).toEqual([]);
    expect(consumer.info()).toMatchObject({ numAckPending: 2, ackFloor: { consumerSeq: 3, streamSeq: 3 } });
    expect([...rig.finished].sort()).toEqual(["C 1", "C 2", "C 3"]);
  });

  test("are not listened for with the policy none, whose messages are finished when delivered", () => {
    const { rig, consumer } = delivered(2, { ack_policy: "none" });
    expect(rig.finished).toEqual(["C 1", "C 2"]);
    expect(rig.bus.hasInterest("$JS.ACK.S.C.1.1.1.1.1" as never)).toBe(false);
    expect(consumer.info()).toMatchObject({ numAckPending: 0, ackFloor: { consumerSeq: 2, streamSeq: 2 } });
  });
});

describe("an ack that wants an answer", () => {
  test.each(["+ACK", "+TERM"])("(%s) has it when it is on disk", (payload) => {
    const { rig, sent } = delivered(1);
    rig.slowDisk = true;
    rig.ack(sent[0]!, payload, "inbox.ok");
    expect(rig.sent()).toEqual([]);
    // The state, and the removal from the stream.
    expect(rig.confirms.length).toBe(2);
    rig.confirms.shift()!();
    expect(rig.sent()).toEqual([]);
    rig.confirms.shift()!();
    expect(rig.sent()).toEqual([{ subject: "inbox.ok", reply: "", headers: [], body: "" }]);
  });

  test.each(["-NAK", "-NAK 1s", "+WPI", "hello"])("(%s) has it at once when it acknowledges nothing", (payload) => {
    const { rig, sent } = delivered(1);
    rig.slowDisk = true;
    rig.ack(sent[0]!, payload, "inbox.ok");
    expect(rig.sent()).toEqual([{ subject: "inbox.ok", reply: "", headers: [], body: "" }]);
  });

  test("has it again for what was acked before", () => {
    const { rig, sent } = delivered(1);
    rig.ack(sent[0]!, "+ACK", "inbox.ok");
    rig.ack(sent[0]!, "+ACK", "inbox.ok");
    expect(rig.sent().length).toBe(2);
  });

  test("has none for what was not delivered, or what is no ack", () => {
    const { rig } = delivered(1);
    rig.ack("$JS.ACK.S.C.1.9.9.1.1", "+ACK", "inbox.ok");
    rig.ack("$JS.ACK.S.C.1.0.1.1.1", "+WPI", "inbox.ok");
    rig.ack("$JS.ACK.S.C.1.x.1.1.1", "+ACK", "inbox.ok");
    expect(rig.sent()).toEqual([]);
  });
});

describe("+NXT", () => {
  test("acks, and asks for the next one", () => {
    const rig = new ConsumerRig();
    rig.put("s.1 1", "s.2 2", "s.3 3", "s.4 4");
    const consumer = rig.consumer();
    rig.pull("1");
    const [first] = rig.sent();
    rig.ack(first!, "+NXT", "inbox.x");
    const [second] = rig.sent();
    expect(second!.body).toBe("2");
    rig.ack(second!, '+NXT {"batch":2}', "inbox.x");
    expect(rig.got()).toEqual(["3", "4"]);
    rig.ack(second!, "+NXT 1", "inbox.x");
    rig.ack(second!, '+NXT {"no_wait":true}', "inbox.x");
    expect(rig.got()).toEqual(["404 No Messages"]);
    expect(consumer.info()).toMatchObject({ numAckPending: 2, numWaiting: 1 });
  });
});

describe("-NAK", () => {
  test("delivers again at once, and tells of it", () => {
    const { rig, events, sent } = delivered(2);
    rig.ack(sent[1]!, "-NAK");
    rig.ack(sent[0]!, "-NAK");
    rig.ack(sent[0]!, "-NAK");
    rig.pull("5");
    const again = rig.sent();
    expect(again.map(({ reply, body }) => [reply.split(".").slice(4, 7).join(" "), body])).toEqual([
      ["2 2 3", "2"],
      ["2 1 4", "1"],
    ]);
    const of = { type: "io.nats.jetstream.advisory.v1.nak", stream: "S", consumer: "C", deliveries: 1 };
    const on = "ADVISORY.CONSUMER.MSG_NAKED.S.C";
    expect(events).toEqual([
      { on, ...of, consumer_seq: 2, stream_seq: 2 },
      { on, ...of, consumer_seq: 1, stream_seq: 1 },
      { on, ...of, consumer_seq: 1, stream_seq: 1 },
    ]);
  });

  test.each(["-NAK 5s", '-NAK {"delay":5000000000}', "-NAK 4s1000ms"])("%s delivers again later", (payload) => {
    const { rig, sent } = delivered(1);
    rig.ack(sent[0]!, payload);
    rig.pull({ batch: 5, expires: 60e9 });
    rig.world.advance(4990);
    expect(rig.got()).toEqual([]);
    rig.world.advance(20);
    expect(rig.got()).toEqual(["1"]);
  });

  test("with a delay that cannot be read is for now, and logged", () => {
    const { rig, sent } = delivered(1);
    rig.ack(sent[0]!, "-NAK soon");
    rig.pull("1");
    expect(rig.got()).toEqual(["1"]);
    expect(rig.warnings).toEqual([`JetStream consumer 'A > S > C' bad NAK delay value: "soon"`]);
  });

  test("of what was acked does nothing", () => {
    const { rig, events, sent } = delivered(1);
    rig.ack(sent[0]!);
    rig.ack(sent[0]!, "-NAK");
    rig.pull({ no_wait: true });
    expect(rig.got()).toEqual(["404 No Messages"]);
    expect(events).toEqual([]);
  });
});

describe("+TERM", () => {
  test("tells why", () => {
    const { rig, events, sent } = delivered(1);
    rig.ack(sent[0]!, "+TERM  no use ");
    expect(events).toEqual([
      {
        on: "ADVISORY.CONSUMER.MSG_TERMINATED.S.C",
        type: "io.nats.jetstream.advisory.v1.terminated",
        stream: "S",
        consumer: "C",
        consumer_seq: 1,
        stream_seq: 1,
        deliveries: 1,
        reason: "no use",
      },
    ]);
  });
});

describe("a missing ack", () => {
  test("delivers again after ack_wait, in stream order, before what is new", () => {
    const { rig, consumer } = delivered(3, { ack_wait: 2n * SECOND });
    rig.world.advance(1999);
    rig.put("s.4 4");
    rig.pull({ batch: 10, expires: 60e9 });
    expect(rig.got()).toEqual(["4"]);
    rig.world.advance(2);
    expect(rig.got()).toEqual(["1", "2", "3"]);
    expect(consumer.info()).toMatchObject({ numRedelivered: 3, numAckPending: 4 });
  });

  test("is waited for anew after +WPI", () => {
    const { rig, sent } = delivered(1, { ack_wait: 2n * SECOND });
    rig.world.advance(1500);
    rig.ack(sent[0]!, "+WPI");
    rig.pull({ batch: 10, expires: 60e9 });
    rig.world.advance(1900);
    expect(rig.got()).toEqual([]);
    rig.world.advance(200);
    expect(rig.got()).toEqual(["1"]);
  });

  test("is waited for by the backoff", () => {
    const { rig } = delivered(1, { ack_wait: SECOND, backoff: [SECOND, 3n * SECOND], max_deliver: 4n });
    rig.pull({ batch: 10, expires: 600e9 });
    const at: number[] = [];
    for (let ms = 10; ms <= 20_000; ms += 10) {
      rig.world.advance(10);
      if (rig.got().length > 0) at.push(ms);
    }
    expect(at).toEqual([1010, 4010, 7010].map((ms) => expect.closeTo(ms, -2)));
  });

  test("is not waited for again when it was delivered often enough, which is told once", () => {
    const { rig, consumer, events } = delivered(2, { ack_wait: SECOND, max_deliver: 2n });
    rig.pull({ batch: 10, expires: 600e9 });
    rig.world.advance(10_000);
    expect(rig.got()).toEqual(["1", "2"]);
    const of = { type: "io.nats.jetstream.advisory.v1.max_deliver", stream: "S", consumer: "C", deliveries: 2 };
    const on = "ADVISORY.CONSUMER.MAX_DELIVERIES.S.C";
    expect(events).toEqual([
      { on, ...of, stream_seq: 1 },
      { on, ...of, stream_seq: 2 },
    ]);
    expect(consumer.info()).toMatchObject({ numAckPending: 0, numRedelivered: 2, ackFloor: { streamSeq: 0 } });
    // The stream keeps them.
    expect(rig.finished).toEqual([]);
    expect(consumer.isFinishedWith(1)).toBe(false);
  });
});

describe("max_ack_pending", () => {
  test("holds new messages back, not those that are delivered again", () => {
    const rig = new ConsumerRig();
    rig.put("s.1 1", "s.2 2", "s.3 3", "s.4 4");
    const consumer = rig.consumer({ max_ack_pending: 2n, ack_wait: SECOND });
    rig.pull({ batch: 10, expires: 600e9 });
    const sent = rig.sent();
    expect(sent.map(({ body }) => body)).toEqual(["1", "2"]);
    rig.world.advance(1010);
    expect(rig.got()).toEqual(["1", "2"]);
    rig.ack(sent[1]!);
    expect(rig.got()).toEqual(["3"]);
    rig.ack(sent[0]!, "+TERM");
    expect(rig.got()).toEqual(["4"]);
    expect(consumer.info()).toMatchObject({ numAckPending: 2, numPending: 0 });
  });
});

describe("a message that leaves the stream", () => {
  test("is not waited for any more, which is told", () => {
    const { rig, consumer, events } = delivered(2);
    rig.remove(1);
    expect(consumer.info()).toMatchObject({ numAckPending: 1, ackFloor: { streamSeq: 1 } });
    expect(events).toEqual([
      {
        on: "ADVISORY.CONSUMER.MSG_TERMINATED.S.C",
        type: "io.nats.jetstream.advisory.v1.terminated",
        stream: "S",
        consumer: "C",
        consumer_seq: 1,
        stream_seq: 1,
        deliveries: 1,
        reason: "Unacknowledged message was deleted",
      },
    ]);
  });

  test("frees its place under max_ack_pending", () => {
    const rig = new ConsumerRig();
    rig.put("s.1 1", "s.2 2");
    rig.consumer({ max_ack_pending: 1n });
    rig.pull({ batch: 10, expires: 600e9 });
    expect(rig.got()).toEqual(["1"]);
    rig.remove(1);
    expect(rig.got()).toEqual(["2"]);
  });

  test("with all before it ends them silently", () => {
    const { rig, consumer, events } = delivered(5);
    rig.put("s.6 6", "s.7 7");
    rig.compact(5);
    expect(events).toEqual([]);
    expect(consumer.info()).toMatchObject({ numAckPending: 1, numPending: 2, ackFloor: { streamSeq: 4 } });
    rig.compact(8);
    expect(consumer.info()).toMatchObject({ numAckPending: 0, numPending: 0, ackFloor: { streamSeq: 7 } });
  });
});

describe("a purge by subject", () => {
  test("moves those on that see no more than it, to what is left of it; wider ones to what is left", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2", "s.a 3", "s.b 4", "s.b 5", "s.b 6");
    const wide = rig.consumer();
    const narrow = rig.consumer({ name: "D", durable_name: "D", filter_subject: "s.a" });
    const other = rig.consumer({ name: "E", durable_name: "E", filter_subject: "s.b" });
    rig.pull("2");
    expect(rig.got()).toEqual(["1", "2"]);
    for (const seq of [1, 2, 3]) rig.remove(seq);
    for (const consumer of rig.consumers) consumer.onPurged(byteString("s.a"));
    expect(wide.info()).toMatchObject({
      delivered: { consumerSeq: 2, streamSeq: 3 },
      ackFloor: { consumerSeq: 2, streamSeq: 3 },
      numPending: 3,
    });
    expect(narrow.info()).toMatchObject({ delivered: { streamSeq: 6 }, ackFloor: { streamSeq: 6 }, numPending: 0 });
    expect(other.info()).toMatchObject({ delivered: { streamSeq: 0 }, numPending: 3 });
    rig.put("s.a 7");
    rig.pull({ batch: 5, expires: 1e9 });
    rig.pull({ batch: 5, expires: 1e9 }, "inbox.1", "D");
    expect(rig.sent().map(({ reply }) => reply.split(".").slice(3, 7).join(" "))).toEqual([
      "C 1 4 3",
      "C 1 5 4",
      "C 1 6 5",
      "C 1 7 6",
      "D 1 7 1",
    ]);
  });
});
