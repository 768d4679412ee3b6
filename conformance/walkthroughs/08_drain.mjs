// Walkthrough 8: drain a connection, drain a subscription.

import assert from "node:assert/strict";
import { sleep } from "../clients/lib/wait.mjs";
import { collect, walkthrough } from "./walk.mjs";

await walkthrough("08 drain", {
  "a drained connection handles what is in flight, then closes": async (w) => {
    const server = await w.start();
    const [nc, other] = [await w.connect(server), await w.connect(server)];
    const got = collect(nc, "foo");
    await nc.flush();
    for (let n = 0; n < 200; n++) other.publish("foo", String(n));
    await other.flush();
    await nc.drain();
    assert.equal(got.length, 200);
    assert.equal(nc.isClosed(), true);
    other.publish("foo", "after");
    await other.flush();
    assert.equal(got.length, 200);
  },

  "a drained subscription gets what is in flight and no more": async (w) => {
    const server = await w.start();
    const [nc, other] = [await w.connect(server), await w.connect(server)];
    const got = collect(nc, "foo");
    await nc.flush();
    for (let n = 0; n < 200; n++) other.publish("foo", String(n));
    await other.flush();
    await got.sub.drain();
    other.publish("foo", "after");
    await other.flush();
    await nc.flush();
    assert.equal(got.length, 200);
    assert.equal(nc.isClosed(), false);
  },

  "queue members come and go by draining without losing a message": async (w) => {
    const server = await w.start();
    const publisher = await w.connect(server);
    const handled = [];
    const member = async () => {
      const nc = await w.connect(server);
      nc.subscribe("work", { queue: "q", callback: (_error, msg) => handled.push(msg.string()) });
      await nc.flush();
      return nc;
    };
    let [old, next] = [await member(), await member()];
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 100; n++) publisher.publish("work", `${round}.${n}`);
      const drained = old.drain();
      for (let n = 100; n < 200; n++) publisher.publish("work", `${round}.${n}`);
      await Promise.all([drained, publisher.flush()]);
      [old, next] = [next, await member()];
    }
    await Promise.all([old.flush(), next.flush()]);
    for (let tries = 0; tries < 100 && handled.length < 1000; tries++) await sleep(10);
    assert.equal(new Set(handled).size, 1000);
    assert.equal(handled.length, 1000);
  },
});
