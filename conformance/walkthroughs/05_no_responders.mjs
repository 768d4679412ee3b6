// Walkthrough 5: a request that nobody listens to is answered at once with status 503.

import assert from "node:assert/strict";
import { ErrorCode } from "nats";
import { rejection, walkthrough } from "./walk.mjs";

await walkthrough("05 no responders", {
  "the client fails at once": async (w) => {
    const nc = await w.connect(await w.start());
    const startedAt = Date.now();
    const error = await rejection(nc.request("foo", "", { timeout: 5000 }));
    assert.equal(error.code, ErrorCode.NoResponders);
    assert.ok(Date.now() - startedAt < 1000);
  },

  "by hand: an empty message with status 503 and the subject": async (w) => {
    const server = await w.start();
    const raw = await w.raw(server);
    raw.send(
      `CONNECT {"verbose":false,"headers":true,"no_responders":true}`,
      "SUB _INBOX.a 3",
      "PUB foo _INBOX.a 0",
      "",
    );
    await raw.expect("HMSG _INBOX.a 3 35 35\r\nNATS/1.0 503\r\nNats-Subject: foo\r\n\r\n\r\n");
  },

  "by hand: silence for who did not ask for it": async (w) => {
    const raw = await w.raw(await w.start());
    raw.send(`CONNECT {"verbose":false,"headers":true}`, "SUB _INBOX.a 3", "PUB foo _INBOX.a 0", "");
    await raw.ping();
    assert.equal(raw.text.includes("MSG"), false);
  },
});
