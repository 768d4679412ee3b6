// Walkthroughs 26, 27, 28 and 29: flows of a client, a durable queue, an ordered consumer, and messages given up.

import assert from "node:assert/strict";
import { within } from "../clients/lib/wait.mjs";
import { api, askedByDefault, jetStream } from "./streams.mjs";
import { collect, filled, rejection, walkthrough } from "./walk.mjs";

const events = { ...askedByDefault, name: "EVENTS", subjects: ["events.>"] };

async function withEvents(w, count = 0) {
  const all = await jetStream(w);
  await all.jsm.streams.add(events);
  const js = all.nc.jetstream();
  for (let n = 1; n <= count; n++) await js.publish("events.new", `event ${n}`);
  return { ...all, js };
}

await walkthrough("26, 27, 28, 29 flows", {
  "duplicates, expected sequences, consumers listed": async (w) => {
    const { jsm, js } = await withEvents(w, 2);
    assert.equal((await js.publish("events.new", "x", { msgID: "a" })).duplicate, false);
    assert.equal((await js.publish("events.new", "x", { msgID: "a" })).duplicate, true);
    const wrong = await rejection(js.publish("events.new", "x", { expect: { lastSequence: 1 } }));
    assert.match(wrong.message, /wrong last sequence: 3/);
    assert.equal((await js.publish("events.new", "x", { expect: { lastSequence: 3 } })).seq, 4);
    for (const name of ["TWO", "ONE"])
      await jsm.consumers.add("EVENTS", { durable_name: name, ack_policy: "explicit" });
    const listed = await jsm.consumers.list("EVENTS").next();
    assert.deepEqual(listed.map(({ name }) => name).sort(), ["ONE", "TWO"]);
    assert.equal(await jsm.consumers.delete("EVENTS", "ONE"), true);
    assert.match((await rejection(jsm.consumers.info("EVENTS", "ONE"))).message, /consumer not found/);
  },

  "100 messages are shared by 5 subscribers of a queue, none twice": async (w) => {
    const { server, jsm, js } = await withEvents(w, 100);
    const got = [];
    await jsm.consumers.add("EVENTS", {
      durable_name: "QUEUE",
      ack_policy: "explicit",
      deliver_subject: "to.queue",
      deliver_group: "workers",
    });
    const shares = [];
    for (let i = 0; i < 5; i++) {
      const nc = await w.connect(server);
      const share = (shares[i] = []);
      nc.subscribe("to.queue", {
        queue: "workers",
        callback: (_error, msg) => {
          got.push(msg.string());
          share.push(msg);
          msg.respond("+ACK");
        },
      });
      await nc.flush();
    }
    // Some may have had all before the others came.
    for (let n = 101; n <= 200; n++) await js.publish("events.new", `event ${n}`);
    await filled(got, 200);
    assert.equal(new Set(got).size, 200);
    for (const [i, share] of shares.entries()) assert.ok(share.length > 0, `subscriber ${i} got none`);
    await within(
      5000,
      () => "all acked",
      async () => (await jsm.consumers.info("EVENTS", "QUEUE")).ack_floor.stream_seq === 200,
    );
  },

  "an ordered consumer has all in order, also when the server is started again": async (w) => {
    const { server } = await withEvents(w, 50);
    const nc = await w.connect(server, { reconnect: true, reconnectTimeWait: 100, maxReconnectAttempts: -1 });
    const consumer = await nc.jetstream().consumers.get("EVENTS");
    const seqs = [];
    const messages = await consumer.consume({ callback: (msg) => void seqs.push(msg.seq), idle_heartbeat: 1000 });
    await filled(seqs, 50);
    await server.restart("SIGKILL");
    const again = (await w.connect(server)).jetstream();
    for (let n = 51; n <= 60; n++) await again.publish("events.new", `event ${n}`);
    await filled(seqs, 60, 20_000);
    messages.stop();
    assert.deepEqual(
      seqs,
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
  },

  "what is given up, or terminated, is told of": async (w) => {
    const { nc, jsm } = await withEvents(w, 2);
    await jsm.consumers.add("EVENTS", {
      durable_name: "C",
      ack_policy: "explicit",
      ack_wait: 300_000_000,
      max_deliver: 2,
      deliver_subject: "to.c",
    });
    const advisories = collect(nc, "$JS.EVENT.ADVISORY.CONSUMER.*.EVENTS.C");
    await nc.flush();
    nc.subscribe("to.c", {
      callback: (_error, msg) => {
        if (msg.string() === "event 2") msg.respond("+TERM no good");
      },
    });
    await filled(advisories, 2);
    const [terminated, given] = advisories.map((text) => JSON.parse(text));
    assert.deepEqual(
      [terminated.type, terminated.stream_seq, terminated.reason],
      ["io.nats.jetstream.advisory.v1.terminated", 2, "no good"],
    );
    assert.deepEqual(
      [given.type, given.stream, given.consumer, given.stream_seq, given.deliveries],
      ["io.nats.jetstream.advisory.v1.max_deliver", "EVENTS", "C", 1, 2],
    );
    const { message } = await api(nc, "STREAM.MSG.GET.EVENTS", { seq: given.stream_seq });
    assert.equal(Buffer.from(message.data, "base64").toString(), "event 1");
  },
});
