// Walkthrough 6: one request, many answers, gathered by time or by count.

import assert from "node:assert/strict";
import { createInbox } from "nats";
import { sleep } from "../clients/lib/wait.mjs";
import { collect, filled, walkthrough } from "./walk.mjs";

async function responders(w, server, count) {
  for (let n = 0; n < count; n++) {
    const nc = await w.connect(server);
    nc.subscribe("scatter", { callback: (_error, msg) => msg.respond(`from ${n}`) });
    await nc.flush();
  }
}

await walkthrough("06 scatter-gather", {
  "all answers within a time": async (w) => {
    const server = await w.start();
    await responders(w, server, 5);
    const nc = await w.connect(server);
    const inbox = createInbox();
    const got = collect(nc, inbox);
    nc.publish("scatter", "input", { reply: inbox });
    await sleep(100);
    await filled(got, 5);
    assert.deepEqual(
      [...got].sort(),
      [0, 1, 2, 3, 4].map((n) => `from ${n}`),
    );
  },

  "the first N answers": async (w) => {
    const server = await w.start();
    await responders(w, server, 5);
    const nc = await w.connect(server);
    const inbox = createInbox();
    const got = collect(nc, inbox, { max: 3 });
    nc.publish("scatter", "input", { reply: inbox });
    await filled(got, 3);
    await nc.flush();
    await sleep(50);
    assert.equal(got.length, 3);
  },
});
