// Limits of the server and of accounts, and what happens at each.

import { afterEach, describe, expect, test } from "vitest";
import { stopAll, tcp, transports } from "../support/transports.ts";

afterEach(stopAll);

describe.each(transports)("over $name", ({ name, start }) => {
  test("max_payload: that much and no more", async () => {
    const a = await (await start({ max_payload: 100 })).connect();
    a.send("SUB t 1", "PUB t 100", "x".repeat(100));
    expect(await a.ping()).toEqual(["MSG t 1 100", "x".repeat(100)]);
    a.send("PUB t 101");
    expect(await a.closed()).toEqual(["-ERR 'Maximum Payload Violation'"]);
  });

  test("max_payload counts headers", async () => {
    const a = await (await start({ max_payload: 20 })).connect();
    a.send("SUB t 1", "HPUB t 12 20", "NATS/1.0", "", "12345678", "HPUB t 12 21");
    expect(await a.closed()).toEqual([
      "HMSG t 1 12 20",
      "NATS/1.0",
      "",
      "12345678",
      "-ERR 'Maximum Payload Violation'",
    ]);
  });

  test("max_control_line: that much and no more, also when the line never ends", async () => {
    const server = await start({ max_control_line: 512 });
    const a = await server.connect();
    a.send(`SUB ${"x".repeat(510)} 1`);
    expect(await a.ping()).toEqual([]);
    a.send(`SUB ${"x".repeat(511)} 1`);
    expect(await a.closed()).toEqual(["-ERR 'maximum control line exceeded'"]);
    const b = await server.connect();
    b.raw(`SUB ${"x".repeat(600)}`);
    expect(await b.closed()).toEqual(["-ERR 'maximum control line exceeded'"]);
  });

  test("max_connections: one too many is told and sent away, and a place that gets free is taken", async () => {
    const server = await start({ max_connections: 2 });
    const [a] = [await server.connect(), await server.connect()];
    // A TLS server says so in clear: there is no handshake for who is not let in.
    const third = await server.dial().catch((error: unknown) => String(error));
    if (typeof third === "string") expect(name).toBe("TLS");
    else expect(await third.closed()).toEqual(["-ERR 'maximum connections exceeded'"]);
    a.close();
    await expect
      .poll(async () =>
        server.connect().then(
          () => "in",
          () => "out",
        ),
      ) // prettier-ignore
      .toBe("in");
  });

  test("max_subscriptions of one client", async () => {
    const a = await (await start({ max_subscriptions: 2 })).connect();
    a.send("SUB a 1", "SUB b 2", "SUB c 3", "SUB a 1", "PUB c 1", "x");
    expect(await a.ping()).toEqual(Array(2).fill("-ERR 'maximum subscriptions exceeded'"));
    a.send("UNSUB 1", "SUB c 3", "PUB c 1", "x");
    expect(await a.ping()).toEqual(["MSG c 3 1", "x"]);
  });

  test("max_subscription_tokens", async () => {
    const a = await (await start({ max_subscription_tokens: 3 })).connect();
    a.send("SUB a.b.c 1", "SUB a.b.* 2", "SUB a.b.c.d 3");
    expect(await a.ping()).toEqual([`-ERR 'Permissions Violation for Subscription to "a.b.c.d", too many tokens'`]);
  });

  test("an account's limits hold where they are lower", async () => {
    const server = await start({
      max_payload: 1000,
      accounts: {
        A: {
          users: [{ user: "a", password: "a" }],
          limits: { max_connections: 2, max_subscriptions: 1, max_payload: 10 },
        },
        B: { users: [{ user: "b", password: "b" }], limits: { max_payload: 5000 } },
      },
    });
    const a = await server.connect({ user: "a", pass: "a" });
    expect(a.info["max_payload"]).toBe(10);
    a.send("SUB t 1", "SUB u 2");
    expect(await a.ping()).toEqual(["-ERR 'maximum subscriptions exceeded'"]);
    await server.connect({ user: "a", pass: "a" });
    expect(await server.tryConnect({ user: "a", pass: "a" })).toEqual([
      "-ERR 'maximum account active connections exceeded'",
    ]);
    a.send("PUB t 11");
    expect(await a.closed()).toEqual(["-ERR 'Maximum Payload Violation'"]);
    await expect.poll(async () => server.tryConnect({ user: "a", pass: "a" })).toEqual(["PONG"]);
    const b = await server.connect({ user: "b", pass: "b" });
    expect(b.info["max_payload"]).toBe(1000);
  });

  test("sizes of many digits are refused", async () => {
    const server = await start();
    for (const size of ["2147483648", "4294967296", "9007199254740993", "9".repeat(64), "0x10", "+1", "1.0", "1 "]) {
      const a = await server.connect();
      a.send(`SUB t 1`, `PUB t ${size}`);
      const told = size === "1 " ? [] : await a.closed();
      expect(told.filter((line) => line !== "-ERR 'Maximum Payload Violation'")).toEqual([]);
    }
    // Nobody else is any worse for it.
    expect(await (await server.connect()).ping()).toEqual([]);
  });
});

test("a closed connection tells which limit it was", async () => {
  const server = await tcp.start({ http_port: -1, max_payload: 10, max_control_line: 128, max_connections: 1 });
  const lines = ["PUB t 11", `SUB ${"x".repeat(200)} 1`, "PUB t", "NO"];
  for (const line of lines) {
    const a = await server.dial();
    a.send(line);
    await a.closed();
  }
  await server.connect();
  await (await server.dial()).closed();
  const page = await server.page<{ connections: { reason: string }[] }>("/connz?state=closed");
  expect(page.connections.map(({ reason }) => reason).filter((reason) => reason !== "Client Closed")).toEqual([
    "Maximum Message Payload Exceeded",
    "Maximum Control Line Exceeded",
    "Protocol Violation",
    "Protocol Violation",
    "Maximum Connections Exceeded",
  ]);
});
