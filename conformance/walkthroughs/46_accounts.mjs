// Walkthrough 46: accounts, what they export and import, under which names.

import assert from "node:assert/strict";
import { collect, filled, rejection, walkthrough } from "./walk.mjs";

const CONFIG = `accounts: {
  A: {
    users: [ {user: a, password: a} ]
    exports: [
      {stream: puba.>}
      {service: pubq.>}
      {stream: b.>, accounts: [B]}
      {service: q.b, accounts: [B]}
    ]
  },
  B: {
    users: [ {user: b, password: b} ]
    imports: [
      {stream: {account: A, subject: b.>}}
      {service: {account: A, subject: q.b}}
    ]
  }
  C: {
    users: [ {user: c, password: c} ]
    imports: [
      {stream: {account: A, subject: puba.>}, prefix: from_a}
      {service: {account: A, subject: pubq.C}, to: Q}
    ]
  }
}
no_auth_user: a\n`;

const as = (w, server, user) => w.connect(server, { user, pass: user });

await walkthrough("46 accounts", {
  "streams and services": async (w) => {
    const server = await w.start({ config: CONFIG });
    const [a, b, c] = [await as(w, server, "a"), await as(w, server, "b"), await as(w, server, "c")];
    const [heardB, heardC] = [collect(b, ">"), collect(c, ">")];
    const subjects = [];
    c.subscribe("from_a.>", { callback: (_error, msg) => subjects.push(msg.subject) });
    for (const nc of [b, c]) await nc.flush();
    a.publish("puba.news", "for all");
    a.publish("b.news", "for b");
    a.publish("mine", "for nobody");
    await filled(heardB, 1);
    await filled(heardC, 1);
    for (const nc of [a, b, c]) await nc.flush();
    assert.deepEqual([heardB.join(), heardC.join(), subjects.join()], ["for b", "for all", "from_a.puba.news"]);

    a.subscribe("pubq.*", { callback: (_error, msg) => msg.respond(`pubq answers ${msg.subject}`) });
    a.subscribe("q.b", { callback: (_error, msg) => msg.respond("q answers") });
    await a.flush();
    assert.equal((await b.request("q.b", "", { timeout: 2000 })).string(), "q answers");
    assert.equal((await c.request("Q", "", { timeout: 2000 })).string(), "pubq answers pubq.C");
    for (const [nc, subject] of [
      [b, "pubq.C"],
      [b, "Q"],
      [c, "q.b"],
      [c, "pubq.C"],
    ]) {
      // Their own subscription to everything is somebody, and does not answer.
      assert.equal((await rejection(nc.request(subject, "", { timeout: 300 }))).code, "TIMEOUT");
    }
  },

  "whoever says nothing is a user of A": async (w) => {
    const server = await w.start({ config: CONFIG });
    const [anonymous, b] = [await w.connect(server), await as(w, server, "b")];
    const heard = collect(b, "b.>");
    await b.flush();
    anonymous.publish("b.x", "hello");
    await filled(heard, 1);
    assert.equal(heard.join(), "hello");
  },
});
