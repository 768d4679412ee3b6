// Walkthrough 4: a queue group of three, one added, one taken away.

import assert from "node:assert/strict";
import { within } from "../clients/lib/wait.mjs";
import { replyWith, walkthrough } from "./walk.mjs";

await walkthrough("04 queueing", {
  "exactly one member answers each request, whoever comes and goes": async (w) => {
    const server = await w.start();
    const client = await w.connect(server);
    const members = new Map();
    const join = async (name) => {
      const nc = await w.connect(server);
      replyWith(nc, "foo", `service instance ${name} Reply# {{Count}}`);
      await nc.flush();
      members.set(name, nc);
    };
    /** Sends `count` requests and returns who answered how often; every request must get one answer only. */
    const ask = async (count) => {
      const answered = new Map();
      for (let n = 0; n < count; n++) {
        const inbox = `_INBOX.walk.${n}`;
        const answers = [];
        const sub = client.subscribe(inbox, { callback: (_error, msg) => answers.push(msg.string()) });
        client.publish("foo", "Simple request", { reply: inbox });
        await within(5000, "an answer", () => answers.length > 0);
        // Whatever else was answered is here after a round through everybody.
        for (const nc of members.values()) await nc.flush();
        await client.flush();
        sub.unsubscribe();
        assert.equal(answers.length, 1, `request ${n} got ${JSON.stringify(answers)}`);
        const name = /instance (.) Reply/.exec(answers[0])[1];
        answered.set(name, (answered.get(name) ?? 0) + 1);
      }
      return answered;
    };
    for (const name of ["A", "B", "C"]) await join(name);
    assert.ok((await ask(10)).size >= 2, "ten requests all went to one member");
    const shares = await ask(60);
    for (const name of ["A", "B", "C"]) assert.ok(shares.get(name) >= 5, `${name} answered ${shares.get(name)} of 60`);
    await join("D");
    assert.ok((await ask(60)).get("D") >= 3, "the new member is not asked");
    await members.get("A").drain();
    members.delete("A");
    await client.flush();
    assert.equal((await ask(30)).has("A"), false);
    for (const name of ["B", "C"]) {
      await members.get(name).drain();
      members.delete(name);
    }
    await client.flush();
    assert.deepEqual([...(await ask(5)).keys()], ["D"]);
  },
});
