// Walkthrough 15, the consumer half: a pull consumer with the printed defaults, a thousand messages, and again.

import assert from "node:assert/strict";
import { api, askedByDefault, jetStream } from "./streams.mjs";
import { walkthrough } from "./walk.mjs";

const COUNT = 1000;

/** What `nats consumer add` asks for when "all" and "explicit" are chosen and the rest is Enter. */
const asked = {
  durable_name: "pull_consumer",
  ack_policy: "explicit",
  deliver_policy: "all",
  replay_policy: "instant",
};

async function withPublications(w, count) {
  const all = await jetStream(w);
  await all.jsm.streams.add({ ...askedByDefault, name: "my_stream", subjects: ["foo"] });
  const js = all.nc.jetstream();
  for (let n = 1; n <= count; n += 100)
    await Promise.all(Array.from({ length: 100 }, (_, i) => js.publish("foo", `publication #${n + i}`)));
  return { ...all, js };
}

/** `nats consumer next my_stream pull_consumer --count …`. */
async function next(js, count) {
  const got = [];
  const consumer = await js.consumers.get("my_stream", "pull_consumer");
  for await (const msg of await consumer.fetch({ max_messages: count, expires: 5000 })) {
    got.push(msg.string());
    msg.ack();
  }
  return got;
}

const publications = Array.from({ length: COUNT }, (_, i) => `publication #${i + 1}`);

await walkthrough("15 pull consumer", {
  "consumer add: Ack Wait 30s, Max Ack Pending 1,000, Max Waiting Pulls 512": async (w) => {
    const { jsm } = await withPublications(w, 100);
    const { config, ...info } = await jsm.consumers.add("my_stream", asked);
    assert.deepEqual([config.ack_wait, config.max_ack_pending, config.max_waiting], [30_000_000_000, 1000, 512]);
    assert.deepEqual([config.deliver_policy, config.ack_policy, config.replay_policy], ["all", "explicit", "instant"]);
    assert.deepEqual([config.max_deliver, config.num_replicas], [-1, 0]);
    assert.deepEqual([info.delivered, info.ack_floor], [{ consumer_seq: 0, stream_seq: 0 }, { consumer_seq: 0, stream_seq: 0 }]); // prettier-ignore
    assert.deepEqual([info.num_pending, info.num_ack_pending, info.num_redelivered, info.num_waiting], [100, 0, 0, 0]);
  },

  "next --count 1000 prints all, in order; again with a consumer made anew": async (w) => {
    const { jsm, js } = await withPublications(w, COUNT);
    for (let time = 0; time < 2; time++) {
      await jsm.consumers.add("my_stream", asked);
      assert.deepEqual(await next(js, COUNT), publications);
      assert.equal(await jsm.consumers.delete("my_stream", "pull_consumer"), true);
    }
  },

  "two of them with 500 each share the consumer": async (w) => {
    const { server, jsm, js } = await withPublications(w, COUNT);
    await jsm.consumers.add("my_stream", asked);
    const other = (await w.connect(server)).jetstream();
    const [a, b] = await Promise.all([next(js, 500), next(other, 500)]);
    assert.deepEqual([a.length, b.length], [500, 500]);
    assert.deepEqual(
      [...a, ...b].sort((x, y) => Number(x.slice(13)) - Number(y.slice(13))),
      publications,
    );
  },

  "a stream that is removed takes its consumers with it": async (w) => {
    const { nc, jsm } = await withPublications(w, 100);
    await jsm.consumers.add("my_stream", asked);
    assert.equal((await api(nc, "INFO")).consumers, 1);
    assert.equal(await jsm.streams.delete("my_stream"), true);
    assert.equal((await api(nc, "INFO")).consumers, 0);
    assert.equal((await api(nc, "CONSUMER.INFO.my_stream.pull_consumer")).error.err_code, 10_059);
  },
});
