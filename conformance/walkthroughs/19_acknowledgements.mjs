// Walkthrough 19, the ack model, and what is left of it when the server ends: in good order and by kill -9.

import assert from "node:assert/strict";
import { AckPolicy, nanos } from "nats";
import { Skip } from "../clients/lib/report.mjs";
import { target } from "../clients/lib/target.mjs";
import { jetStream } from "./streams.mjs";
import { walkthrough } from "./walk.mjs";

/** Everything an INFO of a consumer counts. */
async function counts(jsm, stream = "S", consumer = "c") {
  const { delivered, ack_floor, num_ack_pending, num_redelivered, num_pending } = await jsm.consumers.info(
    stream,
    consumer,
  );
  return {
    delivered: [delivered.consumer_seq, delivered.stream_seq],
    floor: [ack_floor.consumer_seq, ack_floor.stream_seq],
    ackPending: num_ack_pending,
    redelivered: num_redelivered,
    pending: num_pending,
  };
}

/** A server, the stream S with `count` messages and the durable consumer c. */
async function setUp(w, count, { stream = {}, consumer = {} } = {}) {
  const { server, nc, jsm } = await jetStream(w);
  await jsm.streams.add({ name: "S", subjects: ["s.>"], ...stream });
  await jsm.consumers.add("S", {
    durable_name: "c",
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(60_000),
    ...consumer,
  });
  const js = nc.jetstream();
  for (let n = 1; n <= count; n++) await js.publish("s.a", String(n));
  return { server, nc, jsm, js };
}

/** The next messages of a consumer, at most `count`, as long as some come. */
async function fetched(js, count, expires = 1000, consumer = "c") {
  const c = await js.consumers.get("S", consumer);
  const got = [];
  for await (const msg of await c.fetch({ max_messages: count, expires })) got.push(msg);
  return got;
}

const seqs = (messages) => messages.map((msg) => msg.seq);

/** Restarts the server and connects anew. */
async function again(w, server, nc, signal) {
  if (signal === "SIGTERM") await nc.close();
  await server.restart(signal);
  const other = await w.connect(server);
  return { nc: other, jsm: await other.jetstreamManager(), js: other.jetstream() };
}

/** nats-server answers a double ack once it knows it, and writes the state of the consumer a moment later. */
function confirmedIsWritten() {
  if (target().name === "reference") throw new Skip("nats-server writes the state a moment after it confirms");
}

const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));

await walkthrough("19 acknowledgements", {
  "delivered, redelivered, acknowledged: what INFO counts": async (w) => {
    const { jsm, js } = await setUp(w, 2, { consumer: { ack_wait: nanos(500) } });
    const of = (delivered, floor, ackPending, redelivered, pending) => ({
      delivered,
      floor,
      ackPending,
      redelivered,
      pending,
    });
    assert.deepEqual(await counts(jsm), of([0, 0], [0, 0], 0, 0, 2));
    const [first] = await fetched(js, 1);
    assert.deepEqual(await counts(jsm), of([1, 1], [0, 0], 1, 0, 1));
    const [second] = await fetched(js, 1, 2000);
    assert.equal(await second.ackAck(), true);
    assert.deepEqual([first.seq, second.seq], [1, 2]);
    const [same] = await fetched(js, 1, 2000);
    assert.deepEqual([same.seq, same.info.redeliveryCount, same.info.deliverySequence], [1, 2, 3]);
    assert.deepEqual(await counts(jsm), of([3, 2], [0, 0], 1, 1, 0));
    assert.equal(await same.ackAck(), true);
    assert.deepEqual(await counts(jsm), of([3, 2], [3, 2], 0, 0, 0));
  },

  "a server that is restarted knows what was delivered and acknowledged": async (w) => {
    const { server, nc, jsm, js } = await setUp(w, 6);
    const got = await fetched(js, 5);
    for (const i of [0, 2]) assert.equal(await got[i].ackAck(), true);
    const before = await counts(jsm);
    assert.deepEqual(before, { delivered: [5, 5], floor: [1, 1], ackPending: 3, redelivered: 0, pending: 1 });
    const after = await again(w, server, nc, "SIGTERM");
    assert.deepEqual(await counts(after.jsm), before);
    assert.equal(await got[1].ackAck().catch(() => "closed"), "closed");
    assert.deepEqual(seqs(await fetched(after.js, 1)), [6]);
    assert.deepEqual(await counts(after.jsm), { ...before, delivered: [6, 6], ackPending: 4, pending: 0 });
  },

  "deliveries go on counting behind a restart, up to max_deliver": async (w) => {
    const { server, nc, js } = await setUp(w, 1, { consumer: { ack_wait: nanos(400), max_deliver: 3 } });
    const deliveries = [];
    for (let n = 0; n < 2; n++) deliveries.push(...(await fetched(js, 1, 2000)).map((msg) => msg.info.redeliveryCount));
    const after = await again(w, server, nc, "SIGTERM");
    deliveries.push(...(await fetched(after.js, 1, 3000)).map((msg) => msg.info.redeliveryCount));
    assert.deepEqual(deliveries, [1, 2, 3]);
    assert.deepEqual(await fetched(after.js, 1, 1500), []);
  },

  "a pause outlives a restart": async (w) => {
    const { server, nc, jsm } = await setUp(w, 1);
    await jsm.consumers.pause("S", "c", new Date(Date.now() + 60_000));
    const after = await again(w, server, nc, "SIGTERM");
    assert.equal((await after.jsm.consumers.info("S", "c")).paused, true);
    assert.deepEqual(await fetched(after.js, 1), []);
    await after.jsm.consumers.resume("S", "c");
    assert.deepEqual(seqs(await fetched(after.js, 1)), [1]);
  },

  "kill -9 a second later: state and configuration are as they were": async (w) => {
    const { server, nc, jsm, js } = await setUp(w, 6, { consumer: { filter_subject: "s.a", metadata: { a: "b" } } });
    const got = await fetched(js, 4);
    for (const i of [0, 1, 3]) assert.equal(await got[i].ackAck(), true);
    await pause(1000);
    const [before, { config, created }] = [await counts(jsm), await jsm.consumers.info("S", "c")];
    const after = await again(w, server, nc, "SIGKILL");
    assert.deepEqual(await counts(after.jsm), before);
    const info = await after.jsm.consumers.info("S", "c");
    assert.deepEqual([info.config, info.created], [config, created]);
  },

  "kill -9 at once: what was confirmed does not come again": async (w) => {
    confirmedIsWritten();
    const { server, nc, js } = await setUp(w, 200, { consumer: { ack_wait: nanos(500) } });
    const got = await fetched(js, 200);
    const odd = got.filter((msg) => msg.seq % 2 === 1);
    assert.deepEqual(await Promise.all(odd.map((msg) => msg.ackAck())), odd.map(() => true)); // prettier-ignore
    const after = await again(w, server, nc, "SIGKILL");
    const rest = await fetched(after.js, 200, 3000);
    assert.deepEqual(
      [...new Set(seqs(rest))].sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => 2 * i + 2),
    );
  },

  "kill -9 between acknowledgements: nothing confirmed comes again": async (w) => {
    confirmedIsWritten();
    const { server, nc, js } = await setUp(w, 500, { consumer: { ack_wait: nanos(500) } });
    const confirmed = new Set();
    const got = await fetched(js, 500);
    const acking = Promise.allSettled(
      got.map((msg) => msg.ackAck({ timeout: 3000 }).then((is) => is && confirmed.add(msg.seq))),
    );
    while (confirmed.size < 50) await pause(1);
    await server.end("SIGKILL");
    await nc.close();
    await acking;
    await server.spawn();
    const nc2 = await w.connect(server);
    // What was on disk when the kill came is acknowledged, also where nobody heard of it any more.
    const { num_ack_pending, num_pending } = await (await nc2.jetstreamManager()).consumers.info("S", "c");
    const rest = seqs(await fetched(nc2.jetstream(), 500, 3000));
    assert.deepEqual(
      rest.filter((seq) => confirmed.has(seq)),
      [],
    );
    assert.equal(new Set(rest).size, num_ack_pending + num_pending);
  },

  "kill -9 at once: a work queue without what was confirmed": async (w) => {
    confirmedIsWritten();
    const { server, nc, js } = await setUp(w, 50, { stream: { retention: "workqueue" } });
    for (const msg of (await fetched(js, 50)).slice(0, 30)) assert.equal(await msg.ackAck(), true);
    const after = await again(w, server, nc, "SIGKILL");
    const { messages, first_seq, last_seq } = (await after.jsm.streams.info("S")).state;
    assert.deepEqual([messages, first_seq, last_seq], [20, 31, 50]);
    assert.deepEqual((await counts(after.jsm)).floor[1], 30);
  },

  "kill -9 at once: interest of two consumers": async (w) => {
    confirmedIsWritten();
    const { server, nc, jsm, js } = await setUp(w, 0, { stream: { retention: "interest" } });
    await jsm.consumers.add("S", { durable_name: "d", ack_policy: AckPolicy.Explicit, ack_wait: nanos(60_000) });
    for (let n = 1; n <= 20; n++) await js.publish("s.a", String(n));
    for (const msg of (await fetched(js, 20)).slice(0, 15)) assert.equal(await msg.ackAck(), true);
    for (const msg of (await fetched(js, 20, 1000, "d")).slice(0, 10)) assert.equal(await msg.ackAck(), true);
    const after = await again(w, server, nc, "SIGKILL");
    const { messages, first_seq } = (await after.jsm.streams.info("S")).state;
    assert.deepEqual([messages, first_seq], [10, 11]);
    assert.deepEqual([(await counts(after.jsm)).floor[1], (await counts(after.jsm, "S", "d")).floor[1]], [15, 10]);
  },
});
