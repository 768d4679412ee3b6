// SUB and UNSUB as a client sees them.

import { afterEach, describe, expect, test } from "vitest";
import { stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

describe.each(transports)("over $name", ({ start }) => {
  test("UNSUB ends a subscription at once", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo 1", "PUB foo 1", "a", "UNSUB 1", "PUB foo 1", "b");
    expect(await a.ping()).toEqual(["MSG foo 1 1", "a"]);
  });

  test("UNSUB with a number counts from the start of the subscription", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo 1", "PUB foo 1", "a", "UNSUB 1 3", "PUB foo 1", "b", "PUB foo 1", "c", "PUB foo 1", "d");
    expect(await a.ping()).toEqual(["MSG foo 1 1", "a", "MSG foo 1 1", "b", "MSG foo 1 1", "c"]);
  });

  test("UNSUB with a number already reached ends it at once", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo 1", "PUB foo 1", "a", "PUB foo 1", "b", "UNSUB 1 2", "PUB foo 1", "c");
    expect(await a.ping()).toEqual(["MSG foo 1 1", "a", "MSG foo 1 1", "b"]);
  });

  test("a later UNSUB replaces the number", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo 1", "UNSUB 1 1", "UNSUB 1 2", "PUB foo 1", "a", "PUB foo 1", "b", "PUB foo 1", "c");
    expect(await a.ping()).toEqual(["MSG foo 1 1", "a", "MSG foo 1 1", "b"]);
  });

  test("UNSUB of a number that is none, of 0 and of an unknown sid", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo 1", "SUB foo 2", "UNSUB 1 many", "UNSUB 2 0", "UNSUB 99", "PUB foo 1", "a");
    expect(await a.ping()).toEqual([]);
  });

  test("after its last message the sid can be used again", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo 1", "UNSUB 1 1", "PUB foo 1", "a", "SUB bar 1", "PUB foo 1", "b", "PUB bar 1", "c");
    expect(await a.ping()).toEqual(["MSG foo 1 1", "a", "MSG bar 1 1", "c"]);
  });

  test("a sid in use keeps its subscription", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo 1", "SUB bar 1", "PUB foo 1", "a", "PUB bar 1", "b");
    expect(await a.ping()).toEqual(["MSG foo 1 1", "a"]);
  });

  test("the same sid of another client is another subscription", async () => {
    const server = await start();
    const [a, b] = [await server.connect(), await server.connect()];
    a.send("SUB foo 1");
    b.send("SUB foo 1");
    await a.ping();
    await b.ping();
    a.send("UNSUB 1");
    await a.ping();
    b.send("PUB foo 1", "x");
    expect(await b.ping()).toEqual(["MSG foo 1 1", "x"]);
    expect(await a.ping()).toEqual([]);
  });

  test("a sid is any word", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo sid-ü.*", "PUB foo 1", "a");
    expect(await a.ping()).toEqual(["MSG foo sid-ü.* 1", "a"]);
  });

  test.each(["foo..bar", ".foo", "foo.", "foo.>.bar", ">.foo", "."])(
    "SUB %s is refused, the connection stays",
    async (subject) => {
      const a = await (await start()).connect();
      a.send(`SUB ${subject} 1`);
      expect(await a.ping()).toEqual(["-ERR 'Invalid Subject'"]);
    },
  );

  test("wildcards are whole tokens only", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo* 1", "SUB >foo.bar 2", "SUB a.* 3", "SUB a.> 4", "SUB * 5");
    a.send("PUB foo* 1", "1", "PUB foox 1", "2", "PUB >foo.bar 1", "3", "PUB a.b.c 1", "4", "PUB a 1", "5");
    const heads = (await a.ping()).filter((line) => line.startsWith("MSG"));
    expect(heads.slice(0, 2).toSorted()).toEqual(["MSG foo* 1 1", "MSG foo* 5 1"]);
    expect(heads.slice(2)).toEqual(["MSG foox 5 1", "MSG >foo.bar 2 1", "MSG a.b.c 4 1", "MSG a 5 1"]);
  });

  test("a subject with an empty token reaches nobody", async () => {
    const a = await (await start()).connect();
    a.send("SUB > 1", "SUB a.*.b 2", "PUB a..b 1", "x", "PUB a. 1", "x", "PUB .a 1", "x");
    expect(await a.ping()).toEqual([]);
  });

  test("a published wildcard is a letter", async () => {
    const a = await (await start()).connect();
    a.send("SUB a.b 1", "SUB a.* 2", "PUB a.* 1", "x");
    expect(await a.ping()).toEqual(["MSG a.* 2 1", "x"]);
  });

  test("a client that goes takes its subscriptions with it", async () => {
    const server = await start({ http_port: -1 });
    const [a, b] = [await server.connect(), await server.connect()];
    a.send("SUB foo 1", "SUB bar 2");
    await a.ping();
    const before = (await server.page<{ subscriptions: number }>("/varz")).subscriptions;
    a.close();
    await expect
      .poll(async () => (await server.page<{ subscriptions: number }>("/varz")).subscriptions)
      .toBe(before - 2);
    b.send("PUB foo box 1", "x", "SUB box 1", "PUB foo box 0", "");
    expect(await b.ping()).toEqual(["HMSG box 1 35 35", "NATS/1.0 503", "Nats-Subject: foo", "", ""]);
  });

  test("a client that subscribes and unsubscribes without end leaves nothing", async () => {
    const server = await start({ http_port: -1 });
    const a = await server.connect();
    const before = (await server.page<{ subscriptions: number }>("/varz")).subscriptions;
    for (let round = 0; round < 20; round++) {
      let out = "";
      for (let i = 0; i < 200; i++) out += `SUB s.${i}.${round} ${i}\r\nSUB w.${i}.* q ${i}w\r\n`;
      for (let i = 0; i < 200; i++) out += `UNSUB ${i}\r\nUNSUB ${i}w\r\n`;
      a.raw(out);
    }
    expect(await a.ping()).toEqual([]);
    expect((await server.page<{ subscriptions: number }>("/varz")).subscriptions).toBe(before);
  });
});
