// verbose, pedantic and echo: what a client may ask of the server's manners.

import { afterEach, describe, expect, test } from "vitest";
import { stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

describe.each(transports)("over $name", ({ start }) => {
  test("a verbose client gets +OK for CONNECT, PUB, HPUB, SUB and UNSUB", async () => {
    const a = await (await start()).dial();
    a.send('CONNECT {"verbose":true,"pedantic":false,"headers":true}');
    a.send("SUB foo 1", "SUB foo 1", "PUB bar 2", "hi", "HPUB bar 12 12", "NATS/1.0", "", "", "UNSUB 1", "UNSUB 9");
    expect(await a.ping()).toEqual(Array(7).fill("+OK"));
  });

  test("+OK comes before what the operation causes", async () => {
    const a = await (await start()).dial();
    a.send('CONNECT {"verbose":true,"pedantic":false}', "SUB foo 1", "PUB foo 2", "hi");
    expect(await a.ping()).toEqual(["+OK", "+OK", "+OK", "MSG foo 1 2", "hi"]);
  });

  test("no +OK for what was refused", async () => {
    const a = await (await start()).dial();
    a.send('CONNECT {"verbose":true,"pedantic":false}', "SUB a..b 1", "PUB _GR_.a.b 0", "");
    expect(await a.ping()).toEqual([
      "+OK",
      "-ERR 'Invalid Subject'",
      `-ERR 'Permissions Violation for Publish to "_GR_.a.b"'`,
    ]);
  });

  test("who sends no CONNECT is verbose and pedantic", async () => {
    const a = await (await start()).dial();
    a.send("SUB foo 1", "PUB foo 2", "hi", "PUB a.* 0", "");
    expect(await a.ping()).toEqual(["+OK", "+OK", "MSG foo 1 2", "hi", "-ERR 'Invalid Publish Subject'", "+OK"]);
  });

  test("an empty CONNECT is verbose and pedantic, each key for itself", async () => {
    const a = await (await start()).dial();
    a.send("CONNECT {}", "PUB a..b 0", "", 'CONNECT {"verbose":false}', "PUB a..b 0", "");
    expect(await a.ping()).toEqual(["+OK", "-ERR 'Invalid Publish Subject'", "+OK", "-ERR 'Invalid Publish Subject'"]);
  });

  test("a pedantic client is told of a subject with wildcards, and the message goes on", async () => {
    const a = await (await start()).connect({ pedantic: true });
    a.send("SUB a.> 1", "PUB a.* 2", "hi");
    expect(await a.ping()).toEqual(["-ERR 'Invalid Publish Subject'", "MSG a.* 1 2", "hi"]);
  });

  test("without echo a client does not hear itself, others do", async () => {
    const server = await start();
    const [a, b] = [await server.connect({ echo: false }), await server.connect()];
    a.send("SUB foo 1");
    b.send("SUB foo 2");
    await b.ping();
    a.send("PUB foo 2", "hi");
    expect(await a.ping()).toEqual([]);
    expect(await b.ping()).toEqual(["MSG foo 2 2", "hi"]);
    b.send("PUB foo 2", "yo");
    await b.ping();
    expect(await a.ping()).toEqual(["MSG foo 1 2", "yo"]);
  });
});
