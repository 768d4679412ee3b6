import { describe, expect, test } from "vitest";
import { ConsumerRig } from "./support.ts";

const SECOND = 1e9;

describe("a pull consumer", () => {
  test("delivers what there is, with the subject it was stored with and an ack subject", () => {
    const rig = new ConsumerRig();
    rig.put("s.a one", "s.b two");
    rig.consumer();
    rig.pull("2");
    expect(rig.sent()).toEqual([
      { subject: "s.a", reply: "$JS.ACK.S.C.1.1.1.1800000000000000000.1", headers: [], body: "one" },
      { subject: "s.b", reply: "$JS.ACK.S.C.1.2.2.1800000000000000000.0", headers: [], body: "two" },
    ]);
  });

  test("lets the client read what is there while it makes more, unless others wait for theirs", () => {
    const rig = new ConsumerRig();
    rig.put(...Array.from({ length: 2400 }, () => `s.a ${"x".repeat(128)}`));
    rig.consumer({ ack_policy: "none" });
    rig.consumer({ name: "D", durable_name: "D", ack_policy: "none" });
    const writesFor = (...pulls: [batch: string, consumer: string][]): number => {
      const before = rig.writes;
      for (const [batch, consumer] of pulls) rig.pull(batch, "inbox.1", consumer);
      expect(rig.sent().length).toBe(500);
      return rig.writes - before;
    };
    // The connection gets a large slot.
    writesFor(["500", "C"]);
    expect(writesFor(["500", "C"])).toBe(2);
    expect(writesFor(["250", "C"], ["250", "D"])).toBe(1);
  });

  test("keeps a request until something is stored", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer();
    rig.pull({ batch: 2, expires: SECOND });
    expect(rig.sent()).toEqual([]);
    expect(consumer.info().numWaiting).toBe(1);
    rig.put("s.a one");
    expect(rig.got()).toEqual(["one"]);
    rig.world.advance(1001);
    expect(rig.sent()).toEqual([
      {
        subject: "inbox.1",
        reply: "",
        headers: ["NATS/1.0 408 Request Timeout", "Nats-Pending-Messages: 1", "Nats-Pending-Bytes: 0"],
        body: "",
      },
    ]);
    expect(consumer.info().numWaiting).toBe(0);
  });

  test.each([
    ["nothing", "", 1],
    ["a number", "2", 2],
    ["a number with blanks", " 2 \n", 2],
    ["text", "many", 1],
    ["zero", "0", 1],
    ["JSON without a batch", "{}", 1],
    ["JSON", '{"batch":2}', 2],
    ["JSON in other case", '{"BATCH":2,"x":1}', 2],
  ])("reads a request of %s", (_what, body, messages) => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2", "s.a 3");
    rig.consumer();
    rig.pull(body);
    expect(rig.got().length).toBe(messages);
  });

  test("ignores a request nobody could be answered on", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    const consumer = rig.consumer();
    rig.pull("1", "");
    expect(rig.got()).toEqual([]);
    expect(consumer.info().delivered.consumerSeq).toBe(0);
  });

  test.each([
    ["{", "400 Bad Request - unexpected end of JSON input"],
    [
      '{"batch":"x"}',
      "400 Bad Request - json: cannot unmarshal string into Go struct field JSApiConsumerGetNextRequest.batch of type int",
    ],
    [{ batch: 1, idle_heartbeat: SECOND }, "400 Bad Request - heartbeat value too large"],
    [{ batch: 1, idle_heartbeat: SECOND, expires: 2 * SECOND - 1 }, "400 Bad Request - heartbeat value too large"],
    [{ batch: 11 }, "409 Exceeded MaxRequestBatch of 10"],
    ["11", "409 Exceeded MaxRequestBatch of 10"],
    [{ batch: 1, expires: 61 * SECOND }, "409 Exceeded MaxRequestExpires of 1m0s"],
    [{ batch: 1, max_bytes: 1025 }, "409 Exceeded MaxRequestMaxBytes of 1024"],
    [{ batch: 1, min_pending: 1 }, "400 Bad Request - Not a Overflow Priority consumer"],
    [{ batch: 1, min_ack_pending: 1 }, "400 Bad Request - Not a Overflow Priority consumer"],
    [{ batch: 1, id: "x" }, "400 Bad Request - Not a Pinned Client Priority consumer"],
    [{ batch: 1, priority: 10 }, "400 Bad Request - Priority must be between 0 and 9"],
    [{ batch: 1, priority: -1 }, "400 Bad Request - Priority must be between 0 and 9"],
  ])("refuses %j", (body, status) => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    const consumer = rig.consumer({ max_batch: 10n, max_expires: 60n * 10n ** 9n, max_bytes: 1024n });
    rig.pull(body);
    expect(rig.got()).toEqual([status]);
    expect(consumer.info().delivered.consumerSeq).toBe(0);
  });

  test("refuses a request of a client that counts on more than the server knows", () => {
    const rig = new ConsumerRig();
    rig.consumer();
    rig.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", "1", ["Nats-Required-Api-Level: 5"]);
    rig.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", "1", ["Nats-Required-Api-Level: x"]);
    rig.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", '{"no_wait":true}', ["Nats-Required-Api-Level: 4"]);
    expect(rig.got()).toEqual(["412 Required Api Level", "412 Required Api Level", "404 No Messages"]);
  });

  test("serves waiting requests in turn, a message each", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer();
    const heard = rig.listen("a", "b", "c");
    rig.pull("2", "a");
    rig.pull("1", "b");
    rig.pull("3", "c");
    rig.put("s.1 1", "s.2 2", "s.3 3", "s.4 4", "s.5 5");
    expect(heard).toEqual(["a 1", "b 2", "c 3", "a 4", "c 5"]);
    expect(consumer.info().numWaiting).toBe(1);
    rig.put("s.6 6", "s.7 7");
    expect(heard.slice(5)).toEqual(["c 6"]);
    expect(consumer.info()).toMatchObject({ numWaiting: 0, numPending: 1 });
  });
});

describe("a request that does not wait", () => {
  test("is told at once that there is nothing", () => {
    const rig = new ConsumerRig();
    rig.consumer();
    rig.pull({ batch: 1, no_wait: true });
    expect(rig.sent()).toEqual([{ subject: "inbox.1", reply: "", headers: ["NATS/1.0 404 No Messages"], body: "" }]);
  });

  test("gets what there is, and is told that that was all", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2");
    rig.consumer();
    rig.pull({ batch: 5, no_wait: true });
    expect(rig.got()).toEqual(["1", "2", "404 No Messages"]);
  });

  test("waits for its first message when it has an expiry", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer();
    rig.pull({ batch: 5, no_wait: true, expires: SECOND });
    expect(rig.got()).toEqual([]);
    rig.put("s.a 1", "s.a 2");
    expect(rig.got()).toEqual(["1", "2", "404 No Messages"]);
    expect(consumer.info().numWaiting).toBe(0);
    rig.pull({ batch: 5, no_wait: true, expires: SECOND });
    rig.world.advance(1000);
    expect(rig.got()).toEqual(["408 Request Timeout"]);
  });

  test("is told when others want more than there is", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2");
    const consumer = rig.consumer({ max_ack_pending: 1n });
    rig.pull({ batch: 5, expires: SECOND });
    expect(rig.got()).toEqual(["1"]);
    rig.pull({ batch: 1, no_wait: true });
    expect(rig.got()).toEqual(["408 Requests Pending"]);
    expect(consumer.info().numWaiting).toBe(1);
  });

  test("stays while only acks are missing", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2");
    rig.consumer({ max_ack_pending: 1n });
    rig.pull({ batch: 5, no_wait: true, expires: SECOND });
    const [first, ...rest] = rig.sent();
    expect(rest).toEqual([]);
    rig.ack(first!);
    expect(rig.got()).toEqual(["2"]);
  });
});

describe("max_bytes of a request", () => {
  // s.a + $JS.ACK.S.C.1.1.1.1800000000000000000.1 + 10 bytes
  const size = 3 + 39 + 10;

  test("ends it before a message that is too large", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1234567890", "s.a 1234567890", "s.a 1234567890");
    rig.consumer();
    rig.pull({ batch: 5, max_bytes: 2 * size + 5 });
    const sent = rig.sent();
    expect(sent.slice(0, 2).map(({ body }) => body)).toEqual(["1234567890", "1234567890"]);
    expect(sent[2]!.headers).toEqual([
      "NATS/1.0 409 Message Size Exceeds MaxBytes",
      "Nats-Pending-Messages: 3",
      "Nats-Pending-Bytes: 5",
    ]);
    expect(sent.length).toBe(3);
  });

  test("ends it silently when exactly used up", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1234567890", "s.a 1234567890", "s.a 1234567890");
    const consumer = rig.consumer();
    rig.pull({ batch: 5, max_bytes: 2 * size });
    expect(rig.got()).toEqual(["1234567890", "1234567890"]);
    expect(consumer.info().numWaiting).toBe(0);
  });

  test("leaves bytes over when the batch is full", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1234567890", "s.a 1234567890");
    rig.consumer();
    rig.pull({ batch: 1, max_bytes: 2 * size });
    expect(rig.sent()[1]!.headers).toEqual([
      "NATS/1.0 409 Batch Completed",
      "Nats-Pending-Messages: 0",
      `Nats-Pending-Bytes: ${size}`,
    ]);
  });

  test("counts headers", () => {
    const rig = new ConsumerRig();
    rig.stage("s.a 1234567890", ["A: b"]);
    rig.consumer();
    rig.pull({ batch: 1, max_bytes: size + "NATS/1.0\r\nA: b\r\n\r\n".length });
    expect(rig.sent().map(({ body }) => body)).toEqual(["1234567890"]);
  });
});

describe("heartbeats of a request", () => {
  test("come while it waits, from its last message on", () => {
    const rig = new ConsumerRig();
    rig.consumer();
    rig.pull({ batch: 2, expires: 2 * SECOND, idle_heartbeat: SECOND / 2 });
    rig.world.advance(600);
    expect(rig.sent().map(({ headers }) => headers)).toEqual([
      ["NATS/1.0 100 Idle Heartbeat", "Nats-Last-Consumer: 0", "Nats-Last-Stream: 0"],
    ]);
    rig.put("s.a 1");
    expect(rig.got()).toEqual(["1"]);
    rig.world.advance(450);
    expect(rig.got()).toEqual([]);
    rig.world.advance(100);
    expect(rig.sent().map(({ headers }) => headers)).toEqual([
      ["NATS/1.0 100 Idle Heartbeat", "Nats-Last-Consumer: 1", "Nats-Last-Stream: 1"],
    ]);
    rig.world.advance(850);
    expect(rig.got()).toEqual(["100 Idle Heartbeat", "408 Request Timeout"]);
    rig.world.advance(5000);
    expect(rig.got()).toEqual([]);
  });
});

describe("max_waiting", () => {
  test("refuses one more request, unless that has heartbeats", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer({ max_waiting: 2n });
    rig.pull({ batch: 1, expires: 10 * SECOND });
    rig.pull({ batch: 1, expires: 10 * SECOND });
    rig.pull({ batch: 1, expires: 10 * SECOND, idle_heartbeat: SECOND });
    expect(rig.got()).toEqual([]);
    rig.pull({ batch: 1, expires: 10 * SECOND });
    expect(rig.got()).toEqual(["409 Exceeded MaxWaiting"]);
    expect(consumer.info().numWaiting).toBe(2);
  });

  test("has room again when nobody listens for an earlier one", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer({ max_waiting: 2n });
    rig.pull({ batch: 1, expires: 10 * SECOND }, "nobody.1");
    rig.pull({ batch: 1, expires: 10 * SECOND }, "nobody.2");
    rig.pull({ batch: 1, expires: 10 * SECOND });
    expect(rig.got()).toEqual([]);
    expect(consumer.info().numWaiting).toBe(1);
  });
});

describe("a requester that is gone", () => {
  test("gets nothing, and loses nothing for the others", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer();
    rig.pull("3", "nobody.1");
    rig.pull("1");
    rig.put("s.a 1");
    expect(rig.got()).toEqual(["1"]);
    expect(consumer.info().delivered.consumerSeq).toBe(1);
    expect(consumer.info().numWaiting).toBe(0);
  });

  test("is forgotten, also when somebody listens later", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer();
    rig.pull("1", "later");
    rig.world.settle();
    const heard = rig.listen("later");
    rig.put("s.a 1");
    expect(heard).toEqual([]);
    expect(consumer.info()).toMatchObject({ numWaiting: 0, numPending: 1 });
  });

  test("is not counted as waiting", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer();
    rig.pull("3", "nobody.1");
    expect(consumer.info().numWaiting).toBe(0);
  });
});

describe("the end of a pull consumer", () => {
  test("is told to those who wait", () => {
    const rig = new ConsumerRig();
    rig.consumer().close("deleted");
    expect(rig.got()).toEqual([]);
    const other = rig.consumer({ name: "D", durable_name: "D", ack_policy: "none" });
    rig.pull({ batch: 1, expires: SECOND }, "inbox.1", "D");
    other.close("deleted");
    expect(rig.sent().map(({ headers }) => headers)).toEqual([["NATS/1.0 409 Consumer Deleted"]]);
    expect(rig.world.pendingTimers).toBe(0);
    expect(rig.bus.hasInterest("$JS.API.CONSUMER.MSG.NEXT.S.D" as never)).toBe(false);
  });

  test("of the server is told with what they still wanted", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer();
    rig.pull({ batch: 3, expires: SECOND, max_bytes: 100 });
    consumer.close("shutdown");
    expect(rig.sent().map(({ headers }) => headers)).toEqual([
      ["NATS/1.0 409 Server Shutdown", "Nats-Pending-Messages: 3", "Nats-Pending-Bytes: 100"],
    ]);
    expect(rig.world.pendingTimers).toBe(0);
  });
});

describe("a message that cannot be read", () => {
  test("is passed over", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2", "s.a 3");
    const consumer = rig.consumer();
    const load = rig.kept.load.bind(rig.kept);
    rig.kept.load = (seq, into) => seq !== 2 && load(seq, into);
    rig.pull({ batch: 5, no_wait: true });
    expect(rig.got()).toEqual(["1", "3", "404 No Messages"]);
    expect(consumer.info()).toMatchObject({ numPending: 0, numAckPending: 2, delivered: { streamSeq: 3 } });
  });
});

describe("headers_only", () => {
  test("says how large the payload is instead of sending it", () => {
    const rig = new ConsumerRig();
    rig.stage("s.a 1234567890", ["A: b"]);
    rig.stage("s.b xyz");
    rig.consumer({ headers_only: true });
    rig.pull("2");
    expect(rig.sent().map(({ headers, body }) => [headers, body])).toEqual([
      [["NATS/1.0", "A: b", "Nats-Msg-Size: 10"], ""],
      [["NATS/1.0", "Nats-Msg-Size: 3"], ""],
    ]);
  });
});
