// Walkthrough 25, the consumer half: consumers made, asked and read with nothing but requests.

import assert from "node:assert/strict";
import { api, jetStream } from "./streams.mjs";
import { collect, filled, walkthrough } from "./walk.mjs";

const next = "$JS.API.CONSUMER.MSG.NEXT.ORDERS.test";

async function withOrders(w, count) {
  const all = await jetStream(w);
  await api(all.nc, "STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["js.*"] });
  for (let n = 1; n <= count; n++) await all.nc.request("js.1", `message ${n}`, { timeout: 5000 });
  return all;
}
const durable = (nc, config = {}) =>
  api(nc, "CONSUMER.DURABLE.CREATE.ORDERS.test", {
    stream_name: "ORDERS",
    config: { durable_name: "test", ack_policy: "explicit", ...config },
  });

/** A status that came in place of a message. */
const status = (msg) => [msg.headers?.code, msg.headers?.description];

await walkthrough("25 raw consumers", {
  "MSG.NEXT '1' is answered with the next message": async (w) => {
    const { nc } = await withOrders(w, 3);
    await durable(nc);
    for (const n of [1, 2]) {
      const msg = await nc.request(next, "1", { timeout: 5000, noMux: true });
      assert.deepEqual([msg.subject, msg.string()], ["js.1", `message ${n}`]);
      assert.match(msg.reply, new RegExp(`^\\$JS\\.ACK\\.ORDERS\\.test\\.1\\.${n}\\.${n}\\.\\d+\\.${3 - n}$`));
      msg.respond("+ACK");
    }
  },

  "a batch, and under ack all one ack for it": async (w) => {
    const { nc } = await withOrders(w, 5);
    await durable(nc, { ack_policy: "all" });
    const got = [];
    nc.subscribe("here", { callback: (_error, msg) => got.push(msg) });
    nc.publish(next, "4", { reply: "here" });
    await filled(got, 4);
    const acked = await nc.request(got[3].reply, "+ACK", { timeout: 5000 });
    assert.equal(acked.string(), "");
    const info = await api(nc, "CONSUMER.INFO.ORDERS.test");
    assert.deepEqual([info.ack_floor.stream_seq, info.num_ack_pending, info.num_pending], [4, 0, 1]);
  },

  "no_wait: 404 when there is nothing; expires: 408": async (w) => {
    const { nc } = await withOrders(w, 1);
    await durable(nc);
    const got = [];
    nc.subscribe("here", { callback: (_error, msg) => got.push(msg) });
    nc.publish(next, JSON.stringify({ batch: 2, no_wait: true }), { reply: "here" });
    await filled(got, 2);
    assert.equal(got[0].string(), "message 1");
    assert.deepEqual(status(got[1]), [404, "No Messages"]);
    nc.publish(next, JSON.stringify({ batch: 2, no_wait: true }), { reply: "here" });
    await filled(got, 3);
    assert.deepEqual(status(got[2]), [404, "No Messages"]);
    nc.publish(next, JSON.stringify({ batch: 1, expires: 100_000_000 }), { reply: "here" });
    await filled(got, 4);
    assert.deepEqual(status(got[3]), [408, "Request Timeout"]);
    assert.equal(got[3].headers.get("Nats-Pending-Messages"), "1");
  },

  "+NXT acks and asks for more": async (w) => {
    const { nc } = await withOrders(w, 3);
    await durable(nc);
    let msg = await nc.request(next, "", { timeout: 5000, noMux: true });
    for (const n of [2, 3]) {
      msg = await nc.request(msg.reply, "+NXT", { timeout: 5000, noMux: true });
      assert.equal(msg.string(), `message ${n}`);
    }
    await nc.request(msg.reply, "+ACK", { timeout: 5000 });
    assert.equal((await api(nc, "CONSUMER.INFO.ORDERS.test")).ack_floor.stream_seq, 3);
  },

  "create, names, list, info, delete": async (w) => {
    const { nc } = await withOrders(w, 2);
    const created = await durable(nc);
    assert.equal(created.type, "io.nats.jetstream.api.v1.consumer_create_response");
    assert.deepEqual([created.stream_name, created.name, created.num_pending], ["ORDERS", "test", 2]);
    const named = await api(nc, "CONSUMER.CREATE.ORDERS.other.js.2", {
      stream_name: "ORDERS",
      config: { name: "other", filter_subject: "js.2", ack_policy: "none" },
      action: "create",
    });
    assert.deepEqual([named.name, named.config.filter_subject, named.num_pending], ["other", "js.2", 0]);
    assert.deepEqual(await api(nc, "CONSUMER.NAMES.ORDERS"), {
      type: "io.nats.jetstream.api.v1.consumer_names_response",
      total: 2,
      offset: 0,
      limit: 1024,
      consumers: ["other", "test"],
    });
    const list = await api(nc, "CONSUMER.LIST.ORDERS", { offset: 1 });
    assert.deepEqual([list.total, list.offset, list.limit], [2, 1, 256]);
    assert.deepEqual(list.consumers.map(({ name }) => name), ["test"]); // prettier-ignore
    assert.deepEqual(await api(nc, "CONSUMER.DELETE.ORDERS.test"), {
      type: "io.nats.jetstream.api.v1.consumer_delete_response",
      success: true,
    });
    assert.deepEqual(await api(nc, "CONSUMER.INFO.ORDERS.test"), {
      type: "io.nats.jetstream.api.v1.consumer_info_response",
      error: { code: 404, err_code: 10_014, description: "consumer not found" },
    });
    await assert.rejects(nc.request(next, "", { timeout: 2000 }), { code: "503" });
  },

  "an advisory tells of consumers that come and go": async (w) => {
    const { nc } = await withOrders(w, 0);
    const seen = collect(nc, "$JS.EVENT.ADVISORY.CONSUMER.>");
    await nc.flush();
    await durable(nc);
    await api(nc, "CONSUMER.DELETE.ORDERS.test");
    await filled(seen, 2);
    assert.deepEqual(
      seen
        .map((text) => JSON.parse(text))
        .map(({ type, stream, consumer, action }) => [type, stream, consumer, action]),
      ["create", "delete"].map((action) => ["io.nats.jetstream.advisory.v1.consumer_action", "ORDERS", "test", action]),
    );
  },
});
