// Requests, replies, and requests nobody can answer.

import { afterEach, describe, expect, test } from "vitest";
import { stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

describe.each(transports)("over $name", ({ start }) => {
  test("a request reaches the service and its answer the asker", async () => {
    const server = await start();
    const [service, asker] = [await server.connect(), await server.connect()];
    service.send("SUB help.> q 9");
    await service.ping();
    asker.send("SUB _INBOX.1.* 1", "PUB help.me _INBOX.1.7 3", "how");
    expect(await service.lines(2)).toEqual(["MSG help.me 9 _INBOX.1.7 3", "how"]);
    service.send("PUB _INBOX.1.7 4", "thus");
    expect(await asker.lines(2)).toEqual(["MSG _INBOX.1.7 1 4", "thus"]);
  });

  test("nobody there is answered with 503 at once", async () => {
    const a = await (await start()).connect();
    a.send("SUB box.* 4", "PUB nobody.home box.1 5", "hello");
    expect(await a.ping()).toEqual(["HMSG box.1 4 43 43", "NATS/1.0 503", "Nats-Subject: nobody.home", "", ""]);
  });

  test("only to who asked for it, with a reply, and a plain subscription for it", async () => {
    const server = await start();
    const off = await server.connect({ no_responders: false });
    off.send("SUB box 1", "PUB nobody box 0", "");
    expect(await off.ping()).toEqual([]);
    const on = await server.connect();
    on.send("PUB nobody box 0", "", "SUB queued q 1", "PUB nobody queued 0", "", "PUB nobody 0", "");
    expect(await on.ping()).toEqual([]);
  });

  test("a subscriber without echo is nobody", async () => {
    const a = await (await start()).connect({ echo: false });
    a.send("SUB box 1", "SUB t 2", "PUB t box 0", "");
    expect(await a.ping()).toEqual(["HMSG box 1 33 33", "NATS/1.0 503", "Nats-Subject: t", "", ""]);
  });

  test("503 does not count as a message of the inbox", async () => {
    const a = await (await start()).connect();
    a.send("SUB box 1", "UNSUB 1 1", "PUB no box 0", "", "PUB no box 0", "", "PUB box 1", "x", "PUB box 1", "y");
    const got = await a.ping();
    expect(got.filter((line) => line.startsWith("HMSG"))).toHaveLength(2);
    expect(got.filter((line) => line.startsWith("MSG"))).toEqual(["MSG box 1 1"]);
  });

  test("a request with headers keeps its reply", async () => {
    const a = await (await start()).connect();
    a.send("SUB t 1", "HPUB t r.1 12 14", "NATS/1.0", "", "hi");
    expect(await a.ping()).toEqual(["HMSG t 1 r.1 12 14", "NATS/1.0", "", "hi"]);
  });

  test.each(["$JS.ACK.s.c.1.2.3", "_R_.x", "_GR_.x"])(
    "a reply of %s is refused, the message dropped",
    async (reply) => {
      const a = await (await start()).connect();
      a.send("SUB t 1", `PUB t ${reply} 1`, "x");
      expect(await a.ping()).toEqual([`-ERR 'Permissions Violation for Publish with Reply of "${reply}"'`]);
    },
  );

  test.each(["_GR_.a.b", "$NRG.x"])("publishing to %s is refused", async (subject) => {
    const a = await (await start()).connect();
    a.send("SUB > 1", `PUB ${subject} 1`, "x");
    expect(await a.ping()).toEqual([`-ERR 'Permissions Violation for Publish to "${subject}"'`]);
  });
});
