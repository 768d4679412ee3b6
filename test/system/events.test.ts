import { describe, expect, test } from "vitest";
import { connection } from "../monitor/fake_source.ts";
import { numbersOf, Rig, SERVER_ID } from "./support.ts";

const bob = connection(7, {
  account: "A",
  nameTag: "",
  authorizedUser: "bob",
  name: "client",
  lang: "go",
  version: "1.2",
});
const gone = { ...bob, stop: { sec: 3000, nanos: 5 }, reason: "Client Closed", rttNanos: 42, inMsgs: 1, inBytes: 2, outMsgs: 3, outBytes: 4 }; // prettier-ignore
const TYPE = "io.nats.server.advisory.v1.";

describe("connections", () => {
  test("a login is told at the end of its turn, with who the client is", () => {
    const rig = new Rig();
    const heard = rig.hear("$SYS.ACCOUNT.*.CONNECT");
    rig.system.onConnected(bob);
    expect(heard).toEqual([]);
    rig.settle();
    expect(heard.map(({ subject }) => subject)).toEqual(["$SYS.ACCOUNT.A.CONNECT"]);
    const { type, client, server, timestamp } = heard[0]!.json as Record<string, unknown>;
    expect([type, timestamp]).toEqual([`${TYPE}client_connect`, "2027-01-15T08:00:00Z"]);
    expect(server).toMatchObject({ name: "one", id: SERVER_ID, seq: 1, jetstream: false, flags: 0 });
    expect(client).toEqual({
      start: "1970-01-01T00:16:47Z",
      host: "127.0.0.1",
      id: 7,
      acc: "A",
      user: "bob",
      name: "client",
      lang: "go",
      ver: "1.2",
      name_tag: "A",
      kind: "Client",
      client_type: "nats",
    });
  });

  test("an end is told with what went through, seen from the client, and why", () => {
    const rig = new Rig();
    const heard = rig.hear("$SYS.ACCOUNT.A.DISCONNECT");
    rig.system.onDisconnected(gone, "left");
    rig.settle();
    expect(heard[0]!.json).toMatchObject({
      type: `${TYPE}client_disconnect`,
      client: { id: 7, rtt: 42, stop: "1970-01-01T00:50:00.000000005Z" },
      sent: { msgs: 1, bytes: 2 },
      received: { msgs: 3, bytes: 4 },
      reason: "Client Closed",
    });
  });

  test("who found its account full came and went, and the number of connections stays", () => {
    const rig = new Rig();
    rig.numbers.set("A", numbersOf("A", 1));
    const heard = rig.hear("$SYS.ACCOUNT.A.>");
    rig.system.onDisconnected(gone, "tooMany");
    rig.settle();
    expect(heard.map(({ subject }) => subject.split(".").at(-1))).toEqual(["CONNECT", "DISCONNECT"]);
    expect(heard[0]!.json["client"]).not.toHaveProperty("stop");
    expect(rig.world.pendingTimers).toBe(0);
  });

  test("nothing is made, nor numbered, where nobody listens", () => {
    const rig = new Rig();
    rig.system.onConnected(bob);
    rig.system.onDisconnected(gone, "left");
    rig.settle();
    const heard = rig.hear("$SYS.ACCOUNT.A.CONNECT");
    rig.system.onConnected(bob);
    rig.settle();
    expect(heard[0]!.json).toMatchObject({ server: { seq: 1 } });
  });

  test("the time of an event is when it happened, not when the turn ended", () => {
    const rig = new Rig();
    const heard = rig.hear("$SYS.ACCOUNT.A.CONNECT");
    rig.system.onConnected(bob);
    rig.world.advance(5000);
    rig.settle();
    expect(heard[0]!.json).toMatchObject({ timestamp: "2027-01-15T08:00:00Z" });
  });

  test("a connection without an account is of the global one", () => {
    const rig = new Rig();
    const heard = rig.hear("$SYS.ACCOUNT.*.CONNECT");
    rig.system.onConnected({ ...bob, account: undefined });
    rig.settle();
    expect(heard.map(({ subject }) => subject)).toEqual(["$SYS.ACCOUNT.$G.CONNECT"]);
  });

  test("tokens and tags of a user are told", () => {
    const rig = new Rig();
    const heard = rig.hear("$SYS.ACCOUNT.A.CONNECT");
    rig.system.onConnected({ ...bob, jwt: "e.y.J", issuerKey: "AB", tags: ["x"], nameTag: "acc", mqttClient: "m" });
    rig.settle();
    expect(heard[0]!.json).toMatchObject({
      client: { jwt: "e.y.J", issuer_key: "AB", tags: ["x"], name_tag: "acc", client_id: "m" },
    });
  });
});

test("a bearer token is told to nobody: whoever has it is its user", () => {
  const rig = new Rig();
  const heard = rig.hear("$SYS.ACCOUNT.A.CONNECT");
  rig.system.onConnected({ ...bob, jwt: "e.y.J", issuerKey: "AB", isBearer: true });
  rig.settle();
  expect(heard[0]!.json["client"]).toMatchObject({ issuer_key: "AB" });
  expect(heard[0]!.json["client"]).not.toHaveProperty("jwt");
});

describe("refused logins", () => {
  test("are told to the server's subject and to the account, with its name for it", () => {
    const rig = new Rig();
    const [server, account, sys] = [
      rig.hear(`$SYS.SERVER.${SERVER_ID}.CLIENT.AUTH.ERR`),
      rig.hear("$SYS.ACCOUNT.CLIENT.AUTH.ERR", rig.a),
      rig.hear("$SYS.ACCOUNT.CLIENT.AUTH.ERR"),
    ];
    rig.system.onDisconnected({ ...gone, account: undefined, reason: "Authentication Failure" }, "refused", {
      account: "A",
      reason: "told so",
    });
    rig.settle();
    expect(server[0]!.json).toMatchObject({ reason: "Authentication Failure", client: { acc: "$G" } });
    expect(account[0]!.json).toMatchObject({ reason: "told so", client: { acc: "A", name_tag: "$G" } });
    expect(sys).toEqual([]);
  });

  test("change no number of connections", () => {
    const rig = new Rig();
    rig.numbers.set("A", numbersOf("A", 1));
    const heard = rig.hear("$SYS.ACCOUNT.A.SERVER.CONNS");
    rig.system.onDisconnected(gone, "refused");
    rig.settle();
    expect(heard).toEqual([]);
    expect(rig.world.pendingTimers).toBe(0);
  });
});

describe("numbers of connections", () => {
  test("are told on both subjects with each change, then every 30 s while there are any", () => {
    const rig = new Rig();
    const heard = rig.hear("$SYS.>");
    const conns = (): string[] =>
      heard
        .splice(0)
        .filter(({ subject }) => subject.endsWith("CONNS"))
        .map(({ subject, json }) => `${subject} ${(json as { conns: number }).conns}`);
    rig.numbers.set("A", numbersOf("A", 1));
    rig.system.onConnected(bob);
    rig.settle();
    const both = (count: number): string[] => [`$SYS.SERVER.ACCOUNT.A.CONNS ${count}`, `$SYS.ACCOUNT.A.SERVER.CONNS ${count}`]; // prettier-ignore
    expect(conns()).toEqual(both(1));
    rig.world.advance(29_999);
    rig.settle();
    expect(conns()).toEqual([]);
    rig.world.advance(1);
    rig.settle();
    expect(conns()).toEqual(both(1));
    rig.numbers.set("A", numbersOf("A", 0));
    rig.system.onDisconnected(gone, "left");
    rig.settle();
    expect(conns()).toEqual(both(0));
    rig.world.advance(120_000);
    rig.settle();
    expect(conns()).toEqual([]);
    expect(rig.world.pendingTimers).toBe(0);
  });

  test("a change begins the 30 s anew", () => {
    const rig = new Rig();
    const heard = rig.hear("$SYS.ACCOUNT.A.SERVER.CONNS");
    rig.numbers.set("A", numbersOf("A", 1));
    rig.system.onConnected(bob);
    rig.settle();
    rig.world.advance(20_000);
    rig.system.onConnected(bob);
    rig.settle();
    rig.world.advance(20_000);
    rig.settle();
    expect(heard.length).toBe(2);
    rig.world.advance(10_000);
    rig.settle();
    expect(heard.length).toBe(3);
  });

  test("of the global account nothing is told", () => {
    const rig = new Rig();
    rig.numbers.set("$G", numbersOf("$G", 1));
    const heard = rig.hear("$SYS.ACCOUNT.*.SERVER.CONNS");
    rig.system.onConnected({ ...bob, account: "$G" });
    rig.settle();
    expect(heard).toEqual([]);
    expect(rig.world.pendingTimers).toBe(0);
  });

  test("can be asked for while there are any", () => {
    const rig = new Rig();
    expect(rig.ask("$SYS.REQ.ACCOUNT.A.CONNS")).toEqual([]);
    rig.numbers.set("A", numbersOf("A", 2, { nameTag: "people's name" }));
    const [answer] = rig.ask("$SYS.REQ.ACCOUNT.A.CONNS");
    expect(answer!.json).toMatchObject({ type: `${TYPE}account_connections`, acc: "A", name: "people's name", conns: 2 }); // prettier-ignore
    rig.numbers.set("A", numbersOf("A", 0));
    expect(rig.ask("$SYS.REQ.ACCOUNT.A.CONNS")).toEqual([]);
  });
});

describe("the end of the server", () => {
  test("lame duck and shutdown are told at once; after that nothing is", () => {
    const rig = new Rig();
    rig.numbers.set("A", numbersOf("A", 1));
    rig.system.start();
    const heard = rig.hear("$SYS.>");
    rig.system.onConnected(bob);
    rig.settle();
    heard.length = 0;
    rig.system.onLameDuck();
    rig.system.shutdown();
    rig.system.shutdown();
    rig.system.onConnected(bob);
    rig.system.onDisconnected(gone, "left");
    rig.settle();
    rig.world.advance(60_000);
    rig.settle();
    expect(heard.map(({ subject }) => subject)).toEqual([
      `$SYS.SERVER.${SERVER_ID}.LAMEDUCK`,
      `$SYS.SERVER.${SERVER_ID}.SHUTDOWN`,
    ]);
    expect(heard[0]!.json).toMatchObject({ name: "one", id: SERVER_ID });
    expect(rig.ask("$SYS.REQ.SERVER.PING.VARZ")).toEqual([]);
    expect(rig.world.pendingTimers).toBe(0);
  });
});
