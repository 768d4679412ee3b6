// Walkthroughs 21, 22 and 23: a consumer that goes with its subscriber, replay in the original time, samples of acks.

import assert from "node:assert/strict";
import { within } from "../clients/lib/wait.mjs";
import { askedByDefault, jetStream } from "./streams.mjs";
import { collect, filled, walkthrough } from "./walk.mjs";

const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));

async function withOrders(w) {
  const all = await jetStream(w);
  await all.jsm.streams.add({ ...askedByDefault, name: "ORDERS", subjects: ["ORDERS.*"] });
  return { ...all, js: all.nc.jetstream() };
}

await walkthrough("21, 22, 23 consumers", {
  "an ephemeral consumer is removed after its subscriber left": async (w) => {
    const { nc, jsm, js } = await withOrders(w);
    await js.publish("ORDERS.new", "one");
    const got = collect(nc, "my.monitor");
    await nc.flush();
    await jsm.consumers.add("ORDERS", {
      ack_policy: "none",
      deliver_subject: "my.monitor",
      inactive_threshold: 500_000_000,
    });
    await filled(got, 1);
    assert.equal((await jsm.consumers.list("ORDERS").next()).length, 1);
    got.sub.unsubscribe();
    await within(
      5000,
      () => "no consumer",
      async () => (await jsm.streams.info("ORDERS")).state.consumer_count === 0,
    );
  },

  "replay original: as far apart as they were stored": async (w) => {
    const { nc, jsm, js } = await withOrders(w);
    for (const n of [1, 2, 3]) {
      if (n > 1) await pause(1000);
      await js.publish("ORDERS.new", `order ${n}`);
    }
    const at = [];
    nc.subscribe("replayed", { callback: () => at.push(performance.now()) });
    await nc.flush();
    await jsm.consumers.add("ORDERS", {
      durable_name: "REPLAY",
      ack_policy: "none",
      replay_policy: "original",
      deliver_subject: "replayed",
    });
    await filled(at, 3);
    for (const [a, b] of [at.slice(0, 2), at.slice(1)]) assert.ok(b - a > 700 && b - a < 1700, `${b - a} ms apart`);
  },

  "every ack is sampled": async (w) => {
    const { nc, jsm, js } = await withOrders(w);
    await js.publish("ORDERS.new", "one");
    await jsm.consumers.add("ORDERS", { durable_name: "NEW", ack_policy: "explicit", sample_freq: "100%" });
    const metrics = collect(nc, "$JS.EVENT.METRIC.CONSUMER.ACK.ORDERS.NEW");
    await nc.flush();
    const msg = await (await js.consumers.get("ORDERS", "NEW")).next({ expires: 2000 });
    await pause(50);
    assert.equal(await msg.ackAck(), true);
    await filled(metrics, 1);
    const { id, timestamp, ack_time: took, ...rest } = JSON.parse(metrics[0]);
    assert.deepEqual(rest, {
      type: "io.nats.jetstream.metric.v1.consumer_ack",
      stream: "ORDERS",
      consumer: "NEW",
      consumer_seq: 1,
      stream_seq: 1,
      deliveries: 1,
    });
    assert.ok(typeof id === "string" && Number.isFinite(Date.parse(timestamp)));
    assert.ok(took >= 40e6 && took < 5e9, `${took} ns`);
  },
});
