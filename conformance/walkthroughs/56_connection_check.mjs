// Walkthrough 56: a connection check (connect, round trip, echo), and what -V and -D write about it.

import assert from "node:assert/strict";
import { collect, filled, walkthrough } from "./walk.mjs";

await walkthrough("56 connection check", {
  "connect, rtt and a message to oneself": async (w) => {
    const server = await w.start();
    const startedAt = Date.now();
    const nc = await w.connect(server);
    assert.ok(Date.now() - startedAt < 2000);
    assert.ok((await nc.rtt()) < 2000);
    const got = collect(nc, "_INBOX.check", { max: 1 });
    nc.publish("_INBOX.check", "round trip test");
    await filled(got, 1);
    assert.equal(got[0], "round trip test");
  },

  "-DV shows the connection and its operations": async (w) => {
    const server = await w.start({ flags: ["-DV"] });
    const nc = await w.connect(server, { name: "NATS CLI Version", user: "derek", pass: "pa55" });
    const { client_id: cid } = nc.info;
    const got = collect(nc, "foo", { queue: "q" });
    nc.publish("foo", "hello", { reply: "bar" });
    await filled(got, 1);
    await nc.flush();
    got.sub.unsubscribe();
    await nc.flush();
    await nc.close();
    await server.logged(/Client connection closed/);
    const line = (level, text) =>
      assert.match(
        server.log,
        new RegExp(`\\[${level}\\] 127\\.0\\.0\\.1:\\d+ - cid:${cid} - ${text}`),
        `\n${server.log}`,
      );
    line("DBG", "Client connection created");
    line("TRC", `<<- \\[CONNECT \\{.*"lang":"nats\\.js".*\\}\\]`);
    const client = `"v2\\.29\\.\\d+:nats\\.js:NATS CLI Version" - "\\$G/user:derek" - `;
    line("TRC", `${client}<<- \\[PING\\]`);
    line("TRC", `${client}->> \\[PONG\\]`);
    line("TRC", `${client}<<- \\[SUB foo q 1\\]`);
    line("TRC", `${client}<<- \\[PUB foo bar 5\\]`);
    line("TRC", `${client}<<- MSG_PAYLOAD: \\["hello"\\]`);
    line("TRC", `${client}->> \\[MSG foo 1 bar 5\\]`);
    line("TRC", `${client}<<- \\[UNSUB 1\\]`);
    line("DBG", `${client}Client connection closed: Client Closed`);
    assert.equal(server.log.includes("pa55"), false);
  },

  "max_traced_msg_len cuts payloads": async (w) => {
    const server = await w.start({ flags: ["-V", "--max_traced_msg_len", "10"] });
    const nc = await w.connect(server);
    nc.publish("foo", "0123456789abcdef");
    await nc.flush();
    await server.logged(/MSG_PAYLOAD: \["0123456789\.\.\."\]/);
  },
});
