// Walkthrough 45: the protocol demo by telnet.

import assert from "node:assert/strict";
import { walkthrough } from "./walk.mjs";

await walkthrough("45 telnet", {
  "connect, subscribe, publish, in two terminals": async (w) => {
    const server = await w.start();
    const [sub, pub] = [await w.raw(server), await w.raw(server)];
    const afterInfo = (raw) => raw.text.slice(raw.text.indexOf("\r\n") + 2);
    sub.send("sub foo.* 90");
    await sub.expect("+OK\r\n");
    pub.send("pub foo.bar 5", "hello");
    await pub.expect("+OK\r\n");
    await sub.expect("MSG foo.bar 90 5\r\nhello\r\n");
    pub.send("pub foo.bar optional.reply.subject 5", "hello", "ping");
    await pub.expect("PONG\r\n");
    await sub.expect("MSG foo.bar 90 optional.reply.subject 5\r\nhello\r\n");
    sub.send("unsub 90", "PING");
    await sub.expect("PONG\r\n");
    pub.send("pub foo.bar 7", "goodbye", "PING");
    await pub.expect(/PONG[^]*PONG\r\n/);
    await sub.ping();
    assert.equal(afterInfo(sub).includes("goodbye"), false);
    assert.match(afterInfo(pub), /^\+OK\r\n\+OK\r\nPONG\r\n/);
  },

  "CONNECT {} is verbose": async (w) => {
    const raw = await w.raw(await w.start());
    raw.send("CONNECT {}", "SUB foo 1", "PUB foo 2", "hi", "UNSUB 1");
    await raw.expect(
      /\+OK\r\n\+OK\r\n\+OK\r\nMSG foo 1 2\r\nhi\r\n\+OK\r\n|\+OK\r\n\+OK\r\nMSG foo 1 2\r\nhi\r\n\+OK\r\n\+OK\r\n/,
    );
  },

  "nonsense is named, then the connection ends": async (w) => {
    const raw = await w.raw(await w.start());
    raw.send("HELO there");
    await raw.expect("-ERR 'Unknown Protocol Operation'\r\n");
    await raw.expectClosed();
  },
});
