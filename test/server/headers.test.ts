// Messages with headers, to those who read them and to those who do not.

import { afterEach, describe, expect, test } from "vitest";
import { stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

const BLOCK = "NATS/1.0\r\nA: 1\r\nB: ü\r\n\r\n";
const SIZE = Buffer.byteLength(BLOCK);

describe.each(transports)("over $name", ({ start }) => {
  test("HPUB reaches a subscriber with headers byte by byte", async () => {
    const server = await start();
    const [a, b] = [await server.connect(), await server.connect()];
    a.send("SUB t 1");
    await a.ping();
    b.raw(`HPUB t ${SIZE} ${SIZE + 2}\r\n${BLOCK}hi\r\n`);
    const head = `HMSG t 1 ${SIZE} ${SIZE + 2}\r\n`;
    expect((await a.bytes(head.length + SIZE + 4)).toString()).toBe(`${head}${BLOCK}hi\r\n`);
  });

  test("an old client gets the payload alone", async () => {
    const server = await start();
    const [old, b] = [await server.connect({ headers: false, no_responders: false }), await server.connect()];
    old.send("SUB t 1", "SUB t q 2");
    await old.ping();
    b.raw(`HPUB t r ${SIZE} ${SIZE + 2}\r\n${BLOCK}hi\r\n`);
    expect(new Set(await old.lines(4))).toEqual(new Set(["MSG t 1 r 2", "hi", "MSG t 2 r 2"]));
  });

  test("the same message to both kinds at once", async () => {
    const server = await start();
    const [old, a] = [await server.connect({ headers: false, no_responders: false }), await server.connect()];
    old.send("SUB t 1");
    a.send("SUB t 2");
    await old.ping();
    await a.ping();
    a.raw(`HPUB t ${SIZE} ${SIZE}\r\n${BLOCK}\r\n`);
    expect(await a.ping()).toEqual([`HMSG t 2 ${SIZE} ${SIZE}`, "NATS/1.0", "A: 1", "B: ü", "", ""]);
    expect(await old.ping()).toEqual(["MSG t 1 0", ""]);
  });

  test("headers of no bytes are a plain message", async () => {
    const a = await (await start()).connect();
    a.send("SUB t 1", "HPUB t 0 2", "hi");
    expect(await a.ping()).toEqual(["MSG t 1 2", "hi"]);
  });

  test("what is in a block is not looked at", async () => {
    const a = await (await start()).connect();
    a.send("SUB t 1", "HPUB t 5 7", "no\0\x01:hi");
    expect(await a.ping()).toEqual(["HMSG t 1 5 7", "no\0\x01:hi"]);
  });

  test("HPUB without having said headers ends the connection without a word", async () => {
    const server = await start();
    const a = await server.connect({ headers: false, no_responders: false });
    a.send("HPUB t 12 12", "NATS/1.0", "", "");
    expect(await a.closed()).toEqual([]);
  });

  test("HPUB with more headers than message ends the connection", async () => {
    const a = await (await start()).connect();
    a.send("HPUB t 20 12", "NATS/1.0", "", "");
    expect(await a.closed()).toEqual([]);
  });

  test("a server without headers says so and takes none", async () => {
    const server = await start({ no_header_support: true });
    const a = await server.connect({ no_responders: false });
    expect(a.info["headers"]).toBe(false);
    a.send("HPUB t 12 12", "NATS/1.0", "", "");
    expect(await a.closed()).toEqual([]);
    expect(await server.tryConnect({ no_responders: true })).toEqual(["-ERR 'no responders requires headers support'"]);
  });
});
