import { describe, expect, test } from "vitest";
import { byteString } from "../../../src/base/bytes.ts";
import { ConsumerRig } from "./support.ts";

const SECOND = 10n ** 9n;
const push = { deliver_subject: "deliver" };

describe("a push consumer", () => {
  test("delivers while somebody listens", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    const consumer = rig.consumer(push);
    expect(consumer.info()).toMatchObject({ pushBound: false, numPending: 1 });
    const sub = rig.hear("deliver");
    expect(rig.got()).toEqual(["1"]);
    expect(consumer.info()).toMatchObject({ pushBound: true, numPending: 0, numAckPending: 1, numWaiting: 0 });
    rig.put("s.b 2");
    const [sent] = rig.sent();
    expect(sent).toMatchObject({ subject: "s.b", reply: "$JS.ACK.S.C.1.2.2.1800000000000000000.0" });
    rig.router.remove(sub);
    rig.put("s.c 3");
    expect(rig.got()).toEqual([]);
    expect(consumer.info()).toMatchObject({ pushBound: false, numPending: 1, numAckPending: 2 });
    rig.hear("deliver");
    expect(rig.got()).toEqual(["3"]);
  });

  test("counts nobody who listens to more than its subject", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    const consumer = rig.consumer(push);
    rig.hear(">");
    expect(rig.got()).toEqual([]);
    expect(consumer.info().pushBound).toBe(false);
  });

  test("with a group delivers to one of it, and only while it is there", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer({ ...push, deliver_group: "g" });
    rig.put("s.a 1");
    const plain = rig.hear("deliver");
    expect(rig.got()).toEqual([]);
    rig.router.remove(plain);
    rig.hear("deliver", "other");
    expect(rig.got()).toEqual([]);
    rig.hear("deliver", "g");
    expect(consumer.info().pushBound).toBe(true);
    // As in nats-server a member of every group there gets it.
    expect(rig.got()).toEqual(["1", "1"]);
  });

  test("has nothing for who asks", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    rig.consumer(push);
    rig.pull("1");
    expect(rig.got()).toEqual(["409 Consumer is push based"]);
  });

  test("delivers to another subject when it is told to, also what was not acked", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.b 2");
    const consumer = rig.consumer(push);
    const sub = rig.hear("deliver");
    const [first] = rig.sent();
    rig.ack(first!);
    rig.router.remove(sub);
    consumer.update({ ...consumer.config, deliver_subject: "elsewhere" });
    expect(rig.got()).toEqual([]);
    rig.hear("elsewhere");
    expect(rig.sent().map(({ body, reply }) => [body, reply.split(".")[4]])).toEqual([["2", "2"]]);
  });

  test("leaves nothing behind", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    const consumer = rig.consumer({ ...push, flow_control: true, idle_heartbeat: SECOND, rate_limit_bps: 8n });
    const sub = rig.hear("deliver");
    rig.world.settle();
    consumer.close("deleted");
    expect(rig.world.pendingTimers).toBe(0);
    expect(rig.router.subscriptionCount).toBe(2);
    rig.put("s.b 2");
    rig.router.remove(sub);
    expect(rig.world.pendingTimers).toBe(0);
  });
});

describe("idle heartbeats", () => {
  test("come when nothing was sent for the interval, while somebody listens", () => {
    const rig = new ConsumerRig();
    rig.consumer({ ...push, idle_heartbeat: SECOND });
    rig.world.advance(2500);
    rig.hear("deliver");
    expect(rig.got()).toEqual([]);
    rig.world.advance(500);
    expect(rig.sent()).toEqual([
      {
        subject: "deliver",
        reply: "",
        headers: ["NATS/1.0 100 Idle Heartbeat", "Nats-Last-Consumer: 0", "Nats-Last-Stream: 0"],
        body: "",
      },
    ]);
    rig.world.advance(600);
    rig.put("s.a 1");
    expect(rig.got()).toEqual(["1"]);
    rig.world.advance(900);
    expect(rig.got()).toEqual([]);
    rig.world.advance(200);
    expect(rig.sent()[0]!.headers).toEqual([
      "NATS/1.0 100 Idle Heartbeat",
      "Nats-Last-Consumer: 1",
      "Nats-Last-Stream: 1",
    ]);
  });
});

describe("flow control", () => {
  const flow = { ...push, flow_control: true, idle_heartbeat: SECOND, ack_policy: "none" } as const;
  const body = "x".repeat(100_000);

  function flowing(messages: number) {
    const rig = new ConsumerRig();
    for (let i = 0; i < messages; i++) rig.stage(`s.a ${body}`);
    rig.world.settle();
    rig.hear("deliver");
    const consumer = rig.consumer(flow);
    return { rig, consumer };
  }

  test("is asked for in the middle of the window, and stops at its end", () => {
    const { rig, consumer } = flowing(100);
    const sent = rig.sent();
    const asked = sent.findIndex(({ headers }) => headers[0] === "NATS/1.0 100 FlowControl Request");
    // Half of 2 MiB.
    expect(asked).toBe(11);
    expect(sent[asked]).toMatchObject({ subject: "deliver", body: "" });
    expect(sent[asked]!.reply).toMatch(/^\$JS\.FC\.S\.C\.[0-9A-Za-z]{4}$/);
    expect(sent.length).toBe(22);
    rig.world.advance(1000);
    expect(rig.sent()[0]!.headers).toEqual([
      "NATS/1.0 100 Idle Heartbeat",
      "Nats-Last-Consumer: 21",
      "Nats-Last-Stream: 21",
      `Nats-Consumer-Stalled: ${sent[asked]!.reply}`,
    ]);
    rig.bus.publishText(byteString("$JS.FC.S.C.none"), "");
    expect(rig.sent()).toEqual([]);
    rig.bus.publishText(byteString(sent[asked]!.reply), "");
    const more = rig.sent();
    // The window is twice as large.
    expect(more.filter(({ headers }) => headers.length > 0).length).toBe(1);
    expect(more.length).toBeGreaterThan(30);
    expect(consumer.info().delivered.consumerSeq).toBe(21 + more.length - 1);
  });

  test("acknowledges, where that is the policy", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2", "s.a 3");
    const consumer = rig.consumer({ ...flow, ack_policy: "flow_control", max_ack_pending: 2n });
    rig.hear("deliver");
    const sent = rig.sent();
    expect(sent.map(({ headers, body: text }) => headers[0] ?? text)).toEqual([
      "1",
      "2",
      "NATS/1.0 100 FlowControl Request",
    ]);
    expect(consumer.info().numAckPending).toBe(2);
    rig.publish(sent[2]!.reply, "", ["Nats-Last-Consumer: 2", "Nats-Last-Stream: 2"]);
    expect(rig.got()).toEqual(["3"]);
    expect(consumer.info()).toMatchObject({ numAckPending: 1, ackFloor: { consumerSeq: 2, streamSeq: 2 } });
    rig.world.advance(1000);
    expect(rig.got()).toEqual(["100 Idle Heartbeat", "100 FlowControl Request"]);
  });
});

describe("a rate limit", () => {
  test("lets one largest message through at once, then its bits a second", () => {
    const rig = new ConsumerRig();
    for (let i = 0; i < 40; i++) rig.stage(`s.a ${"x".repeat(100_000)}`);
    rig.world.settle();
    rig.hear("deliver");
    rig.consumer({ ...push, ack_policy: "none", rate_limit_bps: 8_000_000n });
    const first = rig.sent().length;
    expect(first).toBe(10);
    rig.world.advance(1000);
    expect(rig.sent().length).toBe(10);
    rig.world.advance(500);
    expect(rig.sent().length).toBe(5);
  });
});

describe("replay as it was", () => {
  test("leaves as much time between messages as there was", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    rig.world.advance(1000);
    rig.put("s.a 2", "s.a 3");
    rig.world.advance(3000);
    rig.put("s.a 4");
    rig.world.advance(60_000);
    rig.hear("deliver");
    rig.consumer({ ...push, replay_policy: "original" });
    expect(rig.got()).toEqual(["1"]);
    rig.world.advance(999);
    expect(rig.got()).toEqual([]);
    rig.world.advance(1);
    expect(rig.got()).toEqual(["2", "3"]);
    rig.world.advance(3000);
    expect(rig.got()).toEqual(["4"]);
    rig.put("s.a 5");
    expect(rig.got()).toEqual(["5"]);
  });
});

describe("a reader that does not keep up", () => {
  test("is not sent more, while others are", () => {
    const rig = new ConsumerRig();
    for (let i = 0; i < 200; i++) rig.stage(`s.a ${"x".repeat(100_000)}`);
    rig.world.settle();
    rig.hear("deliver");
    rig.hold();
    const slow = rig.consumer({ ...push, ack_policy: "none" });
    const heard = rig.listen("other");
    const other = rig.consumer({ name: "D", durable_name: "D", deliver_subject: "other", ack_policy: "none" });
    rig.world.settle();
    expect(other.info().numPending).toBe(0);
    expect(heard.length).toBe(200);
    const { numPending } = slow.info();
    expect(numPending).toBeGreaterThan(80);
    rig.world.settle();
    expect(slow.info().numPending).toBe(numPending);
    rig.release();
    expect(rig.sent().length).toBe(200);
    expect(slow.info().numPending).toBe(0);
  });
});
