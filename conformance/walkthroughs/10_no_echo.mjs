// Walkthrough 10: turning off echoed messages.

import assert from "node:assert/strict";
import { collect, filled, walkthrough } from "./walk.mjs";

await walkthrough("10 no echo", {
  "own messages are not received, another's are": async (w) => {
    const server = await w.start();
    const [quiet, other] = [await w.connect(server, { noEcho: true }), await w.connect(server)];
    const got = collect(quiet, "greetings");
    const otherGot = collect(other, "greetings");
    await Promise.all([quiet.flush(), other.flush()]);
    quiet.publish("greetings", "from A");
    await quiet.flush();
    other.publish("greetings", "from B");
    await other.flush();
    await filled(got, 1);
    await quiet.flush();
    assert.equal(got.join(), "from B");
    assert.equal(otherGot.join(), "from A,from B");
  },

  "a queue member without echo leaves its own message to the others": async (w) => {
    const server = await w.start();
    const [quiet, other] = [await w.connect(server, { noEcho: true }), await w.connect(server)];
    const [own, others] = [collect(quiet, "work", { queue: "q" }), collect(other, "work", { queue: "q" })];
    await Promise.all([quiet.flush(), other.flush()]);
    for (let n = 0; n < 30; n++) quiet.publish("work");
    await quiet.flush();
    await filled(others, 30);
    assert.equal(own.length, 0);
  },
});
