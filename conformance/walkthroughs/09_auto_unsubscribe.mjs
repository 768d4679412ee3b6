// Walkthrough 9: unsubscribe after N messages.

import assert from "node:assert/strict";
import { collect, walkthrough } from "./walk.mjs";

await walkthrough("09 auto-unsubscribe", {
  "only one of two messages is delivered": async (w) => {
    const nc = await w.connect(await w.start());
    const got = collect(nc, "updates", { max: 1 });
    nc.publish("updates", "first");
    nc.publish("updates", "second");
    await nc.flush();
    assert.equal(got.join(), "first");
  },

  "by hand: the count includes messages delivered before": async (w) => {
    const raw = await w.raw(await w.start());
    raw.send(
      `CONNECT {"verbose":false}`,
      "SUB a 1",
      "PUB a 1",
      "1",
      "PUB a 1",
      "2",
      "UNSUB 1 3",
      "PUB a 1",
      "3",
      "PUB a 1",
      "4",
    );
    await raw.ping();
    assert.deepEqual(
      raw.text.match(/MSG a 1 1\r\n(.)/g),
      ["1", "2", "3"].map((n) => `MSG a 1 1\r\n${n}`),
    );
    raw.send("SUB b 2", "PUB b 1", "1", "UNSUB 2 1", "PUB b 1", "2");
    await raw.ping();
    assert.deepEqual(raw.text.match(/MSG b 2 1\r\n(.)/g), ["MSG b 2 1\r\n1"]);
  },
});
