// Walkthrough 3: request and reply.

import assert from "node:assert/strict";
import { replyWith, walkthrough } from "./walk.mjs";

await walkthrough("03 request/reply", {
  "the request prints OK, I CAN HELP!!!": async (w) => {
    const server = await w.start();
    const [receiver, requestor] = [await w.connect(server), await w.connect(server)];
    replyWith(receiver, "help.please", "OK, I CAN HELP!!!");
    await receiver.flush();
    const reply = await requestor.request("help.please", "I need help!", { timeout: 2000 });
    assert.equal(reply.string(), "OK, I CAN HELP!!!");
  },

  "by hand: the reply subject travels with the message": async (w) => {
    const server = await w.start();
    const [receiver, requestor] = [await w.raw(server), await w.raw(server)];
    receiver.send(`CONNECT {"verbose":false}`, "SUB help.please 1");
    await receiver.ping();
    requestor.send(`CONNECT {"verbose":false}`, "SUB _INBOX.x 7", "PUB help.please _INBOX.x 12", "I need help!");
    await receiver.expect("MSG help.please 1 _INBOX.x 12\r\nI need help!\r\n");
    receiver.send("PUB _INBOX.x 17", "OK, I CAN HELP!!!");
    await requestor.expect("MSG _INBOX.x 7 17\r\nOK, I CAN HELP!!!\r\n");
  },
});
