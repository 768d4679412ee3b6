// Walkthroughs 16, 19 and 20: the ORDERS example with its consumers, how acks count, where consumers start.

import assert from "node:assert/strict";
import { api, askedByDefault, jetStream } from "./streams.mjs";
import { collect, filled, walkthrough } from "./walk.mjs";

const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));
const orders = { ...askedByDefault, name: "ORDERS", subjects: ["ORDERS.*"] };

async function withOrders(w, count = 0) {
  const all = await jetStream(w);
  await all.jsm.streams.add(orders);
  const js = all.nc.jetstream();
  for (let n = 1; n <= count; n++) await js.publish("ORDERS.received", `order ${n}`);
  return { ...all, js };
}

/** `nats consumer next`. */
async function next(js, consumer) {
  return (await js.consumers.get("ORDERS", consumer)).next({ expires: 2000 });
}

const counts = ({ delivered, ack_floor: floor, num_pending, num_ack_pending, num_redelivered }) => ({
  delivered: [delivered.consumer_seq, delivered.stream_seq],
  floor: [floor.consumer_seq, floor.stream_seq],
  waits: [num_pending, num_ack_pending, num_redelivered],
});

await walkthrough("16, 19, 20 ORDERS", {
  "NEW, DISPATCH and MONITOR": async (w) => {
    const { nc, jsm, js } = await withOrders(w);
    const pull = { ack_policy: "explicit", deliver_policy: "all", max_deliver: 20, sample_freq: "100" };
    const consumers = {
      NEW: { ...pull, filter_subject: "ORDERS.received" },
      DISPATCH: { ...pull, filter_subject: "ORDERS.processed" },
      MONITOR: { ack_policy: "none", deliver_policy: "last", deliver_subject: "monitor.ORDERS" },
    };
    for (const [name, config] of Object.entries(consumers))
      await jsm.consumers.add("ORDERS", { durable_name: name, ...config });
    assert.deepEqual((await api(nc, "CONSUMER.NAMES.ORDERS")).consumers, ["DISPATCH", "MONITOR", "NEW"]);
    const monitored = collect(nc, "monitor.ORDERS");
    await nc.flush();
    await js.publish("ORDERS.received", "order 1");
    const order = await next(js, "NEW");
    assert.equal(order.string(), "order 1");
    await js.publish("ORDERS.processed", "order 1");
    assert.equal(await order.ackAck(), true);
    const done = await next(js, "DISPATCH");
    assert.deepEqual([done.subject, done.seq], ["ORDERS.processed", 2]);
    assert.equal(await done.ackAck(), true);
    await filled(monitored, 2);
    assert.deepEqual([...monitored], ["order 1", "order 1"]);
  },

  "what is not acked is delivered again, the floor waits": async (w) => {
    const { jsm, js } = await withOrders(w, 3);
    const config = { durable_name: "ACKS", ack_policy: "explicit", ack_wait: 1_000_000_000 };
    assert.deepEqual(counts(await jsm.consumers.add("ORDERS", config)), {
      delivered: [0, 0],
      floor: [0, 0],
      waits: [3, 0, 0],
    });
    await next(js, "ACKS");
    await pause(1200);
    const again = await next(js, "ACKS");
    assert.deepEqual([again.seq, again.info.redeliveryCount, again.redelivered], [1, 2, true]);
    assert.deepEqual(counts(await jsm.consumers.info("ORDERS", "ACKS")), {
      delivered: [2, 1],
      floor: [0, 0],
      waits: [2, 1, 1],
    });
    assert.equal(await again.ackAck(), true);
    assert.deepEqual(counts(await jsm.consumers.info("ORDERS", "ACKS")), {
      delivered: [2, 1],
      floor: [2, 1],
      waits: [2, 0, 0],
    });
  },

  "all begins with order 1, last with 100, 10 with 10, a time with what came since": async (w) => {
    const { jsm, js } = await withOrders(w, 98);
    await pause(1000);
    const since = new Date().toISOString();
    for (const n of [99, 100]) await js.publish("ORDERS.received", `order ${n}`);
    const starts = {
      ALL: [{ deliver_policy: "all" }, "order 1"],
      LAST: [{ deliver_policy: "last" }, "order 100"],
      TEN: [{ deliver_policy: "by_start_sequence", opt_start_seq: 10 }, "order 10"],
      SINCE: [{ deliver_policy: "by_start_time", opt_start_time: since }, "order 99"],
    };
    for (const [name, [policy, first]] of Object.entries(starts)) {
      await jsm.consumers.add("ORDERS", { durable_name: name, ack_policy: "explicit", ...policy });
      assert.equal((await next(js, name)).string(), first, name);
    }
  },
});
