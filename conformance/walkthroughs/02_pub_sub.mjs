// Walkthrough 2: publish and subscribe, step by step as the tutorial does with `nats sub` and `nats pub`.

import assert from "node:assert/strict";
import { collect, filled, walkthrough } from "./walk.mjs";

await walkthrough("02 pub/sub", {
  "subscribers get what matches, from when they subscribed": async (w) => {
    const server = await w.start();
    const publisher = await w.connect(server);
    const subscriber = async (subject) => {
      const nc = await w.connect(server);
      const got = collect(nc, subject);
      await nc.flush();
      return got;
    };
    const one = await subscriber("msg.test");
    publisher.publish("msg.test", "NATS MESSAGE");
    publisher.publish("msg.test", "NATS MESSAGE 2");
    await filled(one, 2);
    const two = await subscriber("msg.test");
    publisher.publish("msg.test", "NATS MESSAGE 3");
    await filled(two, 1);
    const three = await subscriber("msg.test.new");
    publisher.publish("msg.test", "NATS MESSAGE 4");
    await filled(two, 2);
    const four = await subscriber("msg.*");
    publisher.publish("msg.test", "NATS MESSAGE 5");
    await Promise.all([filled(one, 5), filled(two, 3), filled(four, 1)]);
    assert.equal(one.join(), "NATS MESSAGE,NATS MESSAGE 2,NATS MESSAGE 3,NATS MESSAGE 4,NATS MESSAGE 5");
    assert.equal(two.join(), "NATS MESSAGE 3,NATS MESSAGE 4,NATS MESSAGE 5");
    assert.equal(four.join(), "NATS MESSAGE 5");
    assert.equal(three.length, 0);
  },
});
