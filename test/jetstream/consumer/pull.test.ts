import { describe, expect, test } from "vitest";
import { ConsumerRig } from "./support.ts";

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

  test("keeps a request until something is stored", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer();
    rig.pull({ batch: 2, expires: 1e9 });
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
});
