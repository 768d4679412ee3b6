// Walkthrough 17, the stream half: ORDERS is added, listed, copied, edited, published into, purged and removed.

import assert from "node:assert/strict";
import { api, askedByDefault, jetStream } from "./streams.mjs";
import { walkthrough } from "./walk.mjs";

const YEAR = 31_536_000_000_000_000;
const orders = { ...askedByDefault, name: "ORDERS", subjects: ["ORDERS.*"], max_age: YEAR };

/** State as the command line shows it. */
async function state(jsm, name) {
  const {
    messages,
    bytes,
    first_seq: first,
    last_seq: last,
    consumer_count: consumers,
  } = (await jsm.streams.info(name)).state;
  return { messages, bytes, first, last, consumers };
}

await walkthrough("17 admin tour", {
  "stream add, ls, info -j": async (w) => {
    const { nc, jsm } = await jetStream(w);
    assert.equal((await api(nc, "STREAM.CREATE.ORDERS", orders)).did_create, true);
    assert.deepEqual(await jsm.streams.names().next(), ["ORDERS"]);
    const [listed] = await jsm.streams.list().next();
    assert.equal(listed.config.name, "ORDERS");
    assert.equal(listed.config.max_age, YEAR);
    assert.deepEqual(await state(jsm, "ORDERS"), { messages: 0, bytes: 0, first: 0, last: 0, consumers: 0 });
    // What info tells can be used to add a stream.
    const { config } = await jsm.streams.info("ORDERS");
    await jsm.streams.delete("ORDERS");
    const again = await api(nc, "STREAM.CREATE.ORDERS", config);
    assert.deepEqual(again.config, config);
  },

  "stream cp ORDERS ARCHIVE": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add(orders);
    const { config } = await jsm.streams.info("ORDERS");
    const copy = { ...config, name: "ARCHIVE", subjects: ["ORDERS_ARCVHIVE.*"], max_age: 2 * YEAR };
    const created = await api(nc, "STREAM.CREATE.ARCHIVE", copy);
    assert.deepEqual(created.config, copy);
    assert.equal((await jsm.streams.names().next()).join(), "ARCHIVE,ORDERS");
    const overlapping = await api(nc, "STREAM.CREATE.THIRD", { ...config, name: "THIRD" });
    assert.deepEqual(overlapping.error, {
      code: 400,
      err_code: 10_065,
      description: "subjects overlap with an existing stream",
    });
  },

  "stream edit": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ ...orders, subjects: ["ORDERS.new"] });
    const { config } = await jsm.streams.info("ORDERS");
    const edited = await api(nc, "STREAM.UPDATE.ORDERS", { ...config, subjects: ["ORDERS.*"] });
    assert.deepEqual(edited.config.subjects, ["ORDERS.*"]);
    const refused = await api(nc, "STREAM.UPDATE.ORDERS", { ...config, retention: "workqueue" });
    assert.equal(refused.error.err_code, 10_052);
  },

  "pub and req into ORDERS: 3 messages, 147 bytes": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add(orders);
    nc.publish("ORDERS.scratch", "hello");
    await nc.flush();
    for (const seq of [2, 3]) {
      const reply = await nc.request("ORDERS.scratch", "hello", { timeout: 5000 });
      assert.equal(reply.string(), `{"stream":"ORDERS","seq":${seq}}`);
    }
    assert.deepEqual(await state(jsm, "ORDERS"), { messages: 3, bytes: 147, first: 1, last: 3, consumers: 0 });
  },

  "one message of 7 bytes on ORDERS.processed is 53 bytes": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add(orders);
    await nc.request("ORDERS.processed", "order 4", { timeout: 5000 });
    assert.equal((await state(jsm, "ORDERS")).bytes, 53);
  },

  "purge after 1,000,000: the first sequence is 1,000,001": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ ...orders, first_seq: 999_998 });
    for (let n = 0; n < 3; n++) await nc.request("ORDERS.scratch", "hello", { timeout: 5000 });
    assert.deepEqual(await state(jsm, "ORDERS"), {
      messages: 3,
      bytes: 147,
      first: 999_998,
      last: 1_000_000,
      consumers: 0,
    });
    assert.equal((await api(nc, "STREAM.PURGE.ORDERS")).purged, 3);
    assert.deepEqual(await state(jsm, "ORDERS"), {
      messages: 0,
      bytes: 0,
      first: 1_000_001,
      last: 1_000_000,
      consumers: 0,
    });
  },

  "rmm erases a message, rm the stream": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add(orders);
    for (const body of ["secret", "open"]) await nc.request("ORDERS.scratch", body, { timeout: 5000 });
    assert.deepEqual(await api(nc, "STREAM.MSG.DELETE.ORDERS", { seq: 1 }), {
      type: "io.nats.jetstream.api.v1.stream_msg_delete_response",
      success: true,
    });
    assert.deepEqual(await state(jsm, "ORDERS"), { messages: 1, bytes: 48, first: 2, last: 2, consumers: 0 });
    assert.equal((await api(nc, "STREAM.DELETE.ORDERS")).success, true);
    assert.deepEqual((await api(nc, "STREAM.INFO.ORDERS")).error, {
      code: 404,
      err_code: 10_059,
      description: "stream not found",
    });
  },
});
