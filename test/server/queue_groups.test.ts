// Queue groups: one member of each group gets a message.

import { afterEach, describe, expect, test } from "vitest";
import type { Peer } from "../support/peer.ts";
import { stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

async function heads(peer: Peer): Promise<string[]> {
  return (await peer.ping()).filter((line) => line.startsWith("MSG"));
}

describe.each(transports)("over $name", ({ start }) => {
  test("each message goes to one member, over time to every one", async () => {
    const server = await start();
    const members = [await server.connect(), await server.connect(), await server.connect()];
    for (const member of members) {
      member.send("SUB work q 1");
      await member.ping();
    }
    const b = await server.connect();
    for (let i = 0; i < 300; i++) b.send("PUB work 1", "x");
    await b.ping();
    const counts = await Promise.all(members.map(async (member) => (await heads(member)).length));
    expect(counts.reduce((sum, count) => sum + count)).toBe(300);
    // A fair choice gives less than 50 to one of three once in 10^9 runs.
    for (const count of counts) expect(count).toBeGreaterThan(50);
  });

  test("plain subscribers and each group get their own copy", async () => {
    const a = await (await start()).connect();
    a.send("SUB t 1", "SUB t q1 2", "SUB t q1 3", "SUB t q2 4", "PUB t 1", "x");
    const got = await heads(a);
    expect(got).toHaveLength(3);
    expect(got).toContain("MSG t 1 1");
    expect(got).toContain("MSG t 4 1");
    expect(got.some((head) => head === "MSG t 2 1" || head === "MSG t 3 1")).toBe(true);
  });

  test("groups of one name over several patterns are one group", async () => {
    const a = await (await start()).connect();
    a.send("SUB t.a q 1", "SUB t.* q 2", "SUB > q 3", "PUB t.a 1", "x");
    expect(await heads(a)).toHaveLength(1);
  });

  test("a member that has gone is passed over", async () => {
    const server = await start();
    const [a, b, c] = [await server.connect(), await server.connect(), await server.connect()];
    a.send("SUB t q 1");
    b.send("SUB t q 1");
    await a.ping();
    await b.ping();
    a.close();
    // Whoever publishes right after the end is served by the one that is left.
    await expect.poll(() => a.isEnded).toBe(true);
    for (let i = 0; i < 50; i++) c.send("PUB t 1", "x");
    await c.ping();
    expect(await heads(b)).toHaveLength(50);
  });

  test("the publisher itself is no candidate without echo", async () => {
    const server = await start();
    const [a, b] = [await server.connect({ echo: false }), await server.connect()];
    a.send("SUB t q 1");
    b.send("SUB t q 1");
    await b.ping();
    for (let i = 0; i < 20; i++) a.send("PUB t 1", "x");
    expect(await heads(a)).toEqual([]);
    expect(await heads(b)).toHaveLength(20);
  });

  test("UNSUB with a number is for the member, the others go on", async () => {
    const a = await (await start()).connect();
    a.send("SUB t q 1", "UNSUB 1 2", "SUB t q 2");
    for (let i = 0; i < 40; i++) a.send("PUB t 1", "x");
    const got = await heads(a);
    expect(got).toHaveLength(40);
    expect(got.filter((head) => head === "MSG t 1 1")).toHaveLength(2);
  });

  test("the servers' own group is not for clients", async () => {
    const a = await (await start()).connect();
    a.send("SUB t _sys_ 1");
    expect(await a.ping()).toEqual([`-ERR 'Permissions Violation for Subscription to "t" using queue "_sys_"'`]);
  });
});
