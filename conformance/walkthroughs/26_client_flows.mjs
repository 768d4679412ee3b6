// Walkthrough 26: what the documented programs of the JavaScript client do with streams and consumers.

import assert from "node:assert/strict";
import { AckPolicy, consumerOpts, Empty, nanos } from "nats";
import { within } from "../clients/lib/wait.mjs";
import { jetStream } from "./streams.mjs";
import { rejection, walkthrough } from "./walk.mjs";

await walkthrough("26 client flows", {
  "publish with an id and with what is expected": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ name: "example-stream", subjects: ["example-subject"] });
    const js = nc.jetstream();
    const first = await js.publish("example-subject", Empty, { msgID: "a", expect: { streamName: "example-stream" } });
    assert.deepEqual([first.stream, first.seq, first.duplicate], ["example-stream", 1, false]);
    const again = await js.publish("example-subject", Empty, { msgID: "a", expect: { lastSequence: 1 } });
    assert.deepEqual([again.stream, again.seq, again.duplicate], ["example-stream", 1, true]);
    const refused = await rejection(js.publish("example-subject", Empty, { expect: { streamName: "other" } }));
    assert.match(refused.message, /expected stream does not match/);
  },

  "a stream is found, updated, purged in every way; its consumers listed": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ name: "mystream", subjects: ["mystream.*"] });
    const js = nc.jetstream();
    for (const subject of ["a", "b", "c", "d"]) for (let n = 0; n < 10; n++) await js.publish(`mystream.${subject}`);
    assert.equal(await jsm.streams.find("mystream.A"), "mystream");
    const info = await jsm.streams.info("mystream");
    info.config.subjects.push("a.b");
    assert.deepEqual((await jsm.streams.update("mystream", info.config)).config.subjects, ["mystream.*", "a.b"]);
    assert.equal((await jsm.streams.getMessage("mystream", { seq: 1 })).seq, 1);
    assert.equal(await jsm.streams.deleteMessage("mystream", 5), true);
    const purged = async (options) => (await jsm.streams.purge("mystream", options)).purged;
    assert.equal(await purged({ filter: "mystream.b" }), 10);
    assert.equal(await purged({ filter: "mystream.c", keep: 4 }), 6);
    assert.equal(await purged({ filter: "mystream.d", seq: 33 }), 2);
    assert.equal(await purged({ seq: 4 }), 3);
    assert.equal(await purged(), 39 - 10 - 6 - 2 - 3);
    await jsm.consumers.add("mystream", { durable_name: "me", ack_policy: AckPolicy.Explicit });
    assert.deepEqual((await jsm.consumers.list("mystream").next()).map(({ name }) => name), ["me"]); // prettier-ignore
    assert.equal((await jsm.consumers.info("mystream", "me")).config.durable_name, "me");
    assert.equal(await jsm.consumers.delete("mystream", "me"), true);
  },

  "lists come in pages": async (w) => {
    const { jsm } = await jetStream(w);
    for (let n = 0; n < 300; n++) await jsm.streams.add({ name: `S${String(n).padStart(3, "0")}`, storage: "memory" });
    for (let n = 0; n < 260; n++)
      await jsm.consumers.add("S000", { durable_name: `c${n}`, ack_policy: AckPolicy.None });
    const streams = jsm.streams.list();
    assert.deepEqual([(await streams.next()).length, (await streams.next()).length], [256, 44]);
    const consumers = jsm.consumers.list("S000");
    assert.deepEqual([(await consumers.next()).length, (await consumers.next()).length], [256, 4]);
  },

  "pulls with an ack wait of 2 s: what is not acked comes again, and again": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ name: "PULLED", subjects: ["pulled"] });
    const js = nc.jetstream();
    for (let n = 0; n < 4; n++) await js.publish("pulled");
    const options = consumerOpts();
    options.durable("me").ackExplicit().manualAck();
    options.config.ack_wait = nanos(2000);
    const psub = await js.pullSubscribe("pulled", options);
    const seen = [];
    const began = performance.now();
    const reading = (async () => {
      for await (const msg of psub) {
        seen.push([msg.seq, msg.info.redeliveryCount, performance.now() - began]);
        if (msg.seq % 2 === 0) msg.ack();
      }
    })();
    psub.pull({ batch: 1000, expires: 9000 });
    await within(10_000, "two redeliveries of each", () => seen.length >= 8);
    psub.unsubscribe();
    await reading;
    assert.deepEqual(seen.slice(0, 8).map(([seq, times]) => [seq, times]), [[1, 1], [2, 1], [3, 1], [4, 1], [1, 2], [3, 2], [1, 3], [3, 3]]); // prettier-ignore
    const first = seen[4][2] - seen[0][2];
    assert.ok(first > 1800 && first < 3500, `came again after ${first} ms`);
  },

  "a durable is read one by one, and ten of a fetch": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ name: "sample-stream", subjects: ["foo"] });
    const js = nc.jetstream();
    await Promise.all(Array.from({ length: 500 }, (_, i) => js.publish("foo", `hello world: ${i}`)));
    await jsm.consumers.add("sample-stream", { durable_name: "wq", ack_policy: "explicit", max_waiting: 128 });
    const consumer = await js.consumers.get("sample-stream", "wq");
    const got = new Set();
    while (got.size < 500) {
      for await (const msg of await consumer.fetch({ max_messages: 10, expires: 1000 })) {
        got.add(msg.string());
        msg.ack();
      }
    }
    await within(5000, "all acked", async () => (await consumer.info()).num_ack_pending === 0);
    assert.equal((await consumer.info()).ack_floor.stream_seq, 500);
  },
});
