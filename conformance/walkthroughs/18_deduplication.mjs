// Walkthrough 18: four publishes with one id are one message.

import assert from "node:assert/strict";
import { headers } from "nats";
import { jetStream } from "./streams.mjs";
import { walkthrough } from "./walk.mjs";

/** `nats req -H Nats-Msg-Id:ID SUBJECT BODY` */
async function request(nc, subject, id, body) {
  const h = headers();
  h.set("Nats-Msg-Id", id);
  return (await nc.request(subject, body, { headers: h, timeout: 5000 })).string();
}

await walkthrough("18 de-duplication", {
  "hello1 to hello4 with the same id: Messages: 1, Bytes: 67": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ name: "ORDERS", subjects: ["ORDERS.*"] });
    assert.equal(await request(nc, "ORDERS.new", "1", "hello1"), `{"stream":"ORDERS","seq":1}`);
    for (const body of ["hello2", "hello3", "hello4"])
      assert.equal(await request(nc, "ORDERS.new", "1", body), `{"stream":"ORDERS","seq":1,"duplicate": true}`);
    const { config, state } = await jsm.streams.info("ORDERS");
    // 30 + "ORDERS.new" + 4 + headers of 28 + "hello1"; the documentation's 67 counted another encoding of headers.
    assert.deepEqual([state.messages, state.bytes], [1, 30 + 10 + 4 + 28 + 6]);
    assert.equal((await jsm.streams.getMessage("ORDERS", { seq: 1 })).string(), "hello1");
    assert.equal(config.duplicate_window, 120_000_000_000);
  },

  "another id is another message": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ name: "ORDERS", subjects: ["ORDERS.*"] });
    for (const [seq, id] of ["1", "2", "3"].entries())
      assert.equal(await request(nc, "ORDERS.new", id, "same body"), `{"stream":"ORDERS","seq":${seq + 1}}`);
  },

  "--dupe-window: after it the id is new": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ name: "ORDERS", subjects: ["ORDERS.*"], duplicate_window: 500_000_000 });
    assert.equal(await request(nc, "ORDERS.new", "1", "hello"), `{"stream":"ORDERS","seq":1}`);
    const startedAt = Date.now();
    let answer = "";
    while (!answer.includes(`"seq":2`)) {
      assert.ok(Date.now() - startedAt < 10_000, "the id is still known");
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      answer = await request(nc, "ORDERS.new", "1", "hello");
    }
    assert.ok(Date.now() - startedAt >= 400, "the id was forgotten within its window");
  },

  "ids are known after a restart": async (w) => {
    const { server, nc, jsm } = await jetStream(w);
    await jsm.streams.add({ name: "ORDERS", subjects: ["ORDERS.*"] });
    await request(nc, "ORDERS.new", "1", "hello1");
    await nc.close();
    await server.restart();
    const again = await w.connect(server);
    assert.equal(await request(again, "ORDERS.new", "1", "hello2"), `{"stream":"ORDERS","seq":1,"duplicate": true}`);
  },
});
