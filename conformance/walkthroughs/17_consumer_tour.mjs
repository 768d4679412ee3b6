// Walkthrough 17, the consumer half: NEW, DISPATCH and MONITOR are added, listed, asked and read, as in the tour; and the
// numbers of the tour's ack model and starting positions (19, 20).

import assert from "node:assert/strict";
import { api, askedByDefault, jetStream } from "./streams.mjs";
import { collect, filled, walkthrough } from "./walk.mjs";

const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));
const pull = { ack_policy: "explicit", deliver_policy: "all", max_deliver: 20, sample_freq: "100" };
const dispatch = { durable_name: "DISPATCH", filter_subject: "ORDERS.processed", ...pull };
const monitor = {
  durable_name: "MONITOR",
  deliver_subject: "monitor.ORDERS",
  deliver_policy: "last",
  ack_policy: "none",
};

async function withOrders(w) {
  const all = await jetStream(w);
  await all.jsm.streams.add({ ...askedByDefault, name: "ORDERS", subjects: ["ORDERS.*"] });
  return { ...all, js: all.nc.jetstream() };
}

/** `nats con next ORDERS NAME`, with and without --no-ack. */
async function next(js, name, isAcked = true) {
  const msg = await (await js.consumers.get("ORDERS", name)).next({ expires: 3000 });
  if (isAcked) assert.equal(await msg.ackAck(), true);
  return msg;
}

/** Delivered and ack floor as the tour shows them, consumer sequence first; pending acks, redelivered. */
async function state(jsm, name) {
  const { delivered, ack_floor, num_ack_pending, num_redelivered } = await jsm.consumers.info("ORDERS", name);
  return [
    [delivered.consumer_seq, delivered.stream_seq],
    [ack_floor.consumer_seq, ack_floor.stream_seq],
    num_ack_pending,
    num_redelivered,
  ];
}

await walkthrough("17 consumer tour", {
  "con add by flags, and again by the configuration that info tells": async (w) => {
    const { nc, jsm } = await withOrders(w);
    await jsm.consumers.add("ORDERS", { durable_name: "NEW", filter_subject: "ORDERS.received", ...pull });
    await jsm.consumers.add("ORDERS", dispatch);
    await jsm.consumers.add("ORDERS", monitor);
    assert.deepEqual((await api(nc, "CONSUMER.NAMES.ORDERS")).consumers, ["DISPATCH", "MONITOR", "NEW"]);
    for (const name of ["DISPATCH", "MONITOR", "NEW"]) {
      const { config } = await jsm.consumers.info("ORDERS", name);
      await jsm.consumers.delete("ORDERS", name);
      const again = await api(nc, `CONSUMER.DURABLE.CREATE.ORDERS.${name}`, { stream_name: "ORDERS", config });
      assert.deepEqual(again.config, config);
    }
    const { config } = await jsm.consumers.info("ORDERS", "DISPATCH");
    assert.deepEqual([config.sample_freq, config.max_deliver, config.ack_wait], ["100", 20, 30_000_000_000]);
    assert.deepEqual((await jsm.consumers.info("ORDERS", "MONITOR")).config.deliver_subject, "monitor.ORDERS");
  },

  "con next of a pull consumer; a request by hand gets the third": async (w) => {
    const { nc, jsm, js } = await withOrders(w);
    await jsm.consumers.add("ORDERS", dispatch);
    for (const n of [1, 2, 3]) await js.publish("ORDERS.processed", `order ${n}`);
    for (const n of [1, 2]) assert.equal((await next(js, "DISPATCH")).string(), `order ${n}`);
    const third = await nc.request("$JS.API.CONSUMER.MSG.NEXT.ORDERS.DISPATCH", "", { timeout: 5000, noMux: true });
    assert.deepEqual([third.subject, third.string()], ["ORDERS.processed", "order 3"]);
    assert.match(third.reply, /^\$JS\.ACK\.ORDERS\.DISPATCH\.1\.3\.3\.\d+\.0$/);
    // An empty reply acks.
    third.respond("");
    await nc.flush();
    assert.deepEqual(await state(jsm, "DISPATCH"), [[3, 3], [3, 3], 0, 0]); // prettier-ignore
  },

  "sub monitor.ORDERS: the last one, then what comes": async (w) => {
    const { nc, jsm, js } = await withOrders(w);
    for (const n of [1, 2, 3]) await js.publish("ORDERS.processed", `order ${n}`);
    await jsm.consumers.add("ORDERS", monitor);
    const got = [];
    nc.subscribe("monitor.ORDERS", { callback: (_error, msg) => got.push([msg.subject, msg.string()]) });
    await filled(got, 1);
    await js.publish("ORDERS.processed", "order 4");
    await filled(got, 2);
    assert.deepEqual(got, [3, 4].map((n) => ["ORDERS.processed", `order ${n}`])); // prettier-ignore
  },

  "19: orders 4 and 5, and what info tells after each step": async (w) => {
    const { jsm, js } = await withOrders(w);
    await jsm.consumers.add("ORDERS", { ...dispatch, ack_wait: 500_000_000 });
    assert.deepEqual(await state(jsm, "DISPATCH"), [[0, 0], [0, 0], 0, 0]); // prettier-ignore
    await js.publish("ORDERS.processed", "order 4");
    const { messages, bytes, consumer_count } = (await jsm.streams.info("ORDERS")).state;
    assert.deepEqual([messages, bytes, consumer_count], [1, 53, 1]);
    assert.equal((await next(js, "DISPATCH")).string(), "order 4");
    assert.deepEqual(await state(jsm, "DISPATCH"), [[1, 1], [1, 1], 0, 0]); // prettier-ignore
    await js.publish("ORDERS.processed", "order 5");
    for (const [consumerSeq, redelivered] of [
      [2, 0],
      [3, 1],
    ]) {
      assert.equal((await next(js, "DISPATCH", false)).string(), "order 5");
      assert.deepEqual(await state(jsm, "DISPATCH"), [[consumerSeq, 2], [1, 1], 1, redelivered]);
    }
    assert.equal((await next(js, "DISPATCH")).string(), "order 5");
    assert.deepEqual(await state(jsm, "DISPATCH"), [[4, 2], [4, 2], 0, 0]); // prettier-ignore
  },

  "20: orders a second apart; who starts in the middle of the time begins with order 2": async (w) => {
    const { jsm, js } = await withOrders(w);
    const at = [];
    for (const n of [1, 2, 3]) {
      if (n > 1) await pause(1000);
      await js.publish("ORDERS.processed", `order ${n}`);
      at.push(Date.now());
    }
    const config = { durable_name: "2MIN", filter_subject: "ORDERS.processed", ack_policy: "none" };
    const start = { deliver_policy: "by_start_time", opt_start_time: new Date(at[0] + 500).toISOString() };
    await jsm.consumers.add("ORDERS", { ...config, ...start });
    assert.equal((await next(js, "2MIN", false)).string(), "order 2");
    assert.equal((await next(js, "2MIN", false)).string(), "order 3");
  },

  "20: deliver new gives only what is published afterwards": async (w) => {
    const { nc, jsm, js } = await withOrders(w);
    await js.publish("ORDERS.processed", "old");
    const got = collect(nc, "fresh");
    await nc.flush();
    await jsm.consumers.add("ORDERS", { ack_policy: "none", deliver_policy: "new", deliver_subject: "fresh" });
    await js.publish("ORDERS.processed", "new");
    await filled(got, 1);
    assert.deepEqual([...got], ["new"]);
  },
});
