// Attacks across accounts: what belongs to another account stays out of reach.

import { afterEach, describe, expect, test } from "vitest";
import type { Peer } from "../support/peer.ts";
import { type Running, stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

const user = (name: string): readonly object[] => [{ user: name, password: "p" }];

async function as(server: Running, name: string, more: object = {}): Promise<Peer> {
  const peer = await server.dial();
  const options = { verbose: false, headers: true, no_responders: true, user: name, pass: "p", ...more };
  peer.send(`CONNECT ${JSON.stringify(options)}`);
  await peer.ping();
  return peer;
}

/** The payload of the answer; the status for an answer without one. */
async function ask(peer: Peer, subject: string, body = ""): Promise<string> {
  peer.send("SUB box 9", "UNSUB 9 1", `PUB ${subject} box ${body.length}`, body);
  const head = await peer.line();
  const size = Number(head.split(" ").at(-1));
  const text = (await peer.bytes(size + 2)).toString("utf8", 0, size);
  return text.startsWith("NATS/1.0 503") ? "503" : text;
}

const S = '{"name":"S","subjects":["s.>"],"storage":"memory"}';
const C = '{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit"}}';

/** Every request that changes or reads a stream or a consumer by its name. */
const requests: readonly (readonly [subject: string, body: string])[] = [
  ["STREAM.UPDATE.S", S.replace("s.>", "t.>")],
  ["STREAM.INFO.S", ""],
  ["STREAM.PURGE.S", ""],
  ["STREAM.DELETE.S", ""],
  ["STREAM.MSG.GET.S", '{"seq":1}'],
  ["STREAM.MSG.DELETE.S", '{"seq":1}'],
  ["STREAM.SNAPSHOT.S", '{"deliver_subject":"x"}'],
  ["DIRECT.GET.S", '{"seq":1}'],
  ["DIRECT.GET.S.s.a", ""],
  ["CONSUMER.CREATE.S", C],
  ["CONSUMER.CREATE.S.D", C.replace('"C"', '"D"')],
  ["CONSUMER.DURABLE.CREATE.S.D", C.replace('"C"', '"D"')],
  ["CONSUMER.NAMES.S", ""],
  ["CONSUMER.LIST.S", ""],
  ["CONSUMER.INFO.S.C", ""],
  ["CONSUMER.DELETE.S.C", ""],
  ["CONSUMER.PAUSE.S.C", '{"pause_until":"2050-01-01T00:00:00Z"}'],
  ["CONSUMER.RESET.S.C", '{"seq":1}'],
  ["CONSUMER.UNPIN.S.C", '{"group":"g"}'],
  ["CONSUMER.MSG.NEXT.S.C", "1"],
  ["ACCOUNT.PURGE.A", ""],
  ["SERVER.REMOVE", '{"peer":"x"}'],
  ["META.LEADER.STEPDOWN", ""],
];

describe("CVE-2025-30215: the JetStream API of one account does nothing to another", () => {
  const states = async (peer: Peer): Promise<unknown[]> => {
    const found = [];
    for (const subject of ["STREAM.INFO.S", "CONSUMER.INFO.S.C"]) {
      const { ts: _, ...rest } = JSON.parse(await ask(peer, `$JS.API.${subject}`)) as Record<string, unknown>;
      found.push(rest);
    }
    return found;
  };

  test.each([
    ["with JetStream of its own", { jetstream: "enabled" }, "$JS.API"],
    ["without", {}, "$JS.API"],
    [
      "that imports one request of it",
      { imports: [{ service: { account: "A", subject: "$JS.API.STREAM.NAMES" }, to: "api.STREAM.NAMES" }] },
      "api",
    ],
  ])("asked by an account %s", async (_name, more, prefix) => {
    const server = await tcp.start({
      jetstream: true,
      accounts: {
        A: { users: user("a"), jetstream: "enabled", exports: [{ service: "$JS.API.STREAM.NAMES" }] },
        B: { users: user("b"), ...more },
      },
    } as never);
    const [a, b] = [await as(server, "a"), await as(server, "b")];
    await ask(a, "$JS.API.STREAM.CREATE.S", S);
    await ask(a, "$JS.API.CONSUMER.CREATE.S.C", C);
    await ask(a, "s.a", "one");
    const before = await states(a);
    expect(before).toMatchObject([{ state: { messages: 1 } }, { name: "C", num_pending: 1 }]);
    for (const [subject, body] of requests) {
      b.send("SUB box 9", `PUB ${prefix}.${subject} box ${body.length}`, body, "UNSUB 9");
      const answer = (await b.ping()).join("\n");
      expect(answer, subject).not.toContain('"success":true');
      expect(answer, subject).not.toContain('"config"');
      expect(answer, subject).not.toContain("one");
    }
    for (const subject of ["$JS.ACK.S.C.1.1.1.1.0", "$JS.FC.S.C.1", "s.a", "$JS.SNAPSHOT.ACK.S.x"])
      b.send(`PUB ${subject} 0`, "");
    await b.ping();
    expect(await states(a)).toEqual(before);
  });
});

test("CVE-2026-33249: a trace goes nowhere its sender may not publish, and keeps no message from others", async () => {
  const server = await tcp.start({
    accounts: {
      A: { users: [...user("a"), { user: "m", password: "p", permissions: { publish: { deny: "secret" } } }] },
    },
  } as never);
  const [a, m] = [await as(server, "a"), await as(server, "m")];
  a.send("SUB secret 1", "SUB x 2");
  await a.ping();
  const header = "NATS/1.0\r\nNats-Trace-Dest: secret\r\nNats-Trace-Only: true\r\n\r\n";
  m.raw(`HPUB x ${header.length} ${header.length}\r\n${header}\r\nPUB x 2\r\nhi\r\n`);
  expect(await m.ping()).toEqual([`-ERR 'Permissions Violation for Publish to "secret"'`]);
  expect(await a.ping()).toEqual(["MSG x 2 2", "hi"]);
});

test("CVE-2020-28466, CVE-2022-42709: imports in a circle are refused, or end", async () => {
  const ring = (to: (i: number) => string): object => ({
    accounts: Object.fromEntries(
      ["A", "B", "C"].map((name, i) => [
        name,
        {
          users: user(name.toLowerCase()),
          mappings: { [`m${i}.*`]: `${to(i)}.$1`.replace(".$1", "") },
          exports: [{ service: to(i) }, { stream: ">" }],
          imports: [{ service: { account: ["B", "C", "A"][i], subject: to((i + 1) % 3) }, to: to(i) }],
        },
      ]),
    ),
  });
  await expect(tcp.start(ring(() => "x") as never)).rejects.toThrow("import forms a cycle");
  const server = await tcp.start(ring((i) => `x${i}`) as never);
  const a = await as(server, "a");
  a.send("SUB > 1");
  await a.ping();
  a.send("PUB m0.q box 1", "?");
  const heard = (await a.ping()).filter((line) => /^H?MSG x0 /.test(line));
  expect(heard).toHaveLength(2);
});

test("a service learns no subject of who asks, nor does an answer lead further than to the requester", async () => {
  const server = await tcp.start({
    accounts: {
      A: { users: user("a"), exports: [{ service: "svc", allow_trace: true }] },
      B: { users: user("b"), imports: [{ service: { account: "A", subject: "svc" }, to: "private.name" }] },
    },
  } as never);
  const [a, b, spy] = [await as(server, "a"), await as(server, "b"), await as(server, "b")];
  a.send("SUB > 1");
  spy.send("SUB private.inbox.other 2");
  await a.ping();
  await spy.ping();
  const header = "NATS/1.0\r\nNats-Trace-Dest: private.trace\r\n\r\n";
  b.raw(
    `SUB private.inbox.1 1\r\nHPUB private.name private.inbox.1 ${header.length} ${header.length}\r\n${header}\r\n`,
  );
  await b.ping();
  const got = (await a.ping()).join("\n");
  expect(got).toContain("HMSG svc 1 _R_.");
  expect(got).not.toContain("private");
  const reply = /_R_\.\S+/.exec(got)![0];
  const guess = reply.replace(/.$/, (letter) => (letter === "0" ? "1" : "0"));
  // Traced answers tell nothing either, and a guess leads nowhere.
  a.raw(
    `PUB ${guess} 1\r\n?\r\nHPUB ${reply} ${header.length - 8} ${header.length - 8}\r\n${header.replace("private.", "")}\r\n`,
  );
  const told = (await a.ping()).join("\n");
  expect(told).not.toContain("private");
  expect((await b.ping())[0]).toMatch(/^HMSG private\.inbox\.1 1 /);
  expect(await spy.ping()).toEqual([]);
});
