// Accounts are name spaces: what happens in one is not seen in another.

import { afterEach, describe, expect, test } from "vitest";
import { stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

const accounts = {
  A: {
    users: [
      { user: "a", password: "p" },
      { user: "a2", password: "p" },
    ],
  },
  B: { users: [{ user: "b", password: "p" }] },
};
const authorization = { users: [{ user: "g", password: "p" }] };

describe.each(transports)("over $name", ({ start }) => {
  test("the same subject is another one in each account", async () => {
    const server = await start({ accounts, authorization });
    const [a, a2, b, g] = [
      await server.connect({ user: "a", pass: "p" }),
      await server.connect({ user: "a2", pass: "p" }),
      await server.connect({ user: "b", pass: "p" }),
      await server.connect({ user: "g", pass: "p" }),
    ];
    expect([a, a2, b, g].map(({ info }) => info["remote_account"])).toEqual(["A", "A", "B", "$G"]);
    for (const peer of [a2, b, g]) {
      peer.send("SUB > 1", "SUB orders q 2");
      await peer.ping();
    }
    a.send("PUB orders box 1", "x");
    await a.ping();
    expect((await a2.ping()).filter((line) => line.startsWith("MSG")).toSorted()).toEqual([
      "MSG orders 1 box 1",
      "MSG orders 2 box 1",
    ]);
    expect(await b.ping()).toEqual([]);
    expect(await g.ping()).toEqual([]);
  });

  test("nobody in this account is nobody, whoever is in others", async () => {
    const server = await start({ accounts });
    const [a, b] = [await server.connect({ user: "a", pass: "p" }), await server.connect({ user: "b", pass: "p" })];
    b.send("SUB help 1");
    await b.ping();
    a.send("SUB box 1", "PUB help box 0", "");
    expect((await a.ping())[0]).toBe("HMSG box 1 36 36");
    expect(await b.ping()).toEqual([]);
  });

  test("a group of the same name is another group", async () => {
    const server = await start({ accounts });
    const [a, b] = [await server.connect({ user: "a", pass: "p" }), await server.connect({ user: "b", pass: "p" })];
    a.send("SUB t q 1");
    b.send("SUB t q 1");
    await b.ping();
    for (let i = 0; i < 20; i++) a.send("PUB t 0", "");
    expect((await a.ping()).filter((line) => line !== "")).toHaveLength(20);
    expect(await b.ping()).toEqual([]);
  });

  test("numbers are kept by account", async () => {
    const server = await start({ accounts, http_port: -1 });
    const a = await server.connect({ user: "a", pass: "p" });
    await server.connect({ user: "b", pass: "p" });
    a.send("SUB t 1", "PUB t 5", "hello", "PUB t 5", "hello");
    await a.ping();
    interface Stats {
      account_statz: { acc: string; conns: number; sent: { msgs: number; bytes: number } }[];
    }
    const { account_statz } = await server.page<Stats>("/accstatz?unused=1");
    const of = (name: string): unknown => account_statz.find(({ acc }) => acc === name);
    expect(of("A")).toMatchObject({
      conns: 1,
      sent: { msgs: 2, bytes: 10 },
      received: { msgs: 2, bytes: 10 },
    });
    expect(of("B")).toMatchObject({ conns: 1, sent: { msgs: 0, bytes: 0 }, received: { msgs: 0, bytes: 0 } });
    const connz = await server.page<{ connections: { account: string }[] }>("/connz?auth=1&acc=A");
    expect(connz.connections.map(({ account }) => account)).toEqual(["A"]);
  });
});
