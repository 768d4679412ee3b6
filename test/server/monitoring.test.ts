// Monitoring over HTTP of a server that is in use. (Every page and option by
// itself: test/monitor/. HTTP by itself: test/io/http.test.ts.)

import { afterEach, describe, expect, test } from "vitest";
import { reference, stopAll, tcp, transports } from "../support/transports.ts";

afterEach(stopAll);

interface Connection {
  cid: number;
  kind: string;
  type: string;
  ip: string;
  port: number;
  rtt: string;
  in_msgs: number;
  out_msgs: number;
  in_bytes: number;
  out_bytes: number;
  pending_bytes: number;
  subscriptions: number;
  subscriptions_list?: string[];
  subscriptions_list_detail?: { subject: string; sid: string; qgroup?: string; msgs: number; max?: number }[];
  name: string;
  lang: string;
  version: string;
  tls_version: string;
  tls_cipher_suite: string;
  authorized_user?: string;
  account?: string;
  reason?: string;
  stop?: string;
  start: string;
  last_activity: string;
}
interface Connz {
  num_connections: number;
  total: number;
  connections: Connection[];
}

describe.each(transports)("over $name", ({ name, start }) => {
  test("connz shows a client as it is now", async () => {
    const server = await start({ http_port: -1 });
    const a = await server.connect({ name: "täst", lang: "node", version: "2.1" });
    const b = await server.connect();
    a.send("SUB foo 1", "SUB bar.> q x7", "UNSUB x7 5");
    await a.ping();
    b.send("PUB foo 5", "hello", "HPUB bar.a 12 14", "NATS/1.0", "", "hi", "PUB nobody 3", "123");
    await b.ping();
    await a.ping();
    const page = await server.page<Connz>("/connz?subs=detail&auth=1");
    expect(page).toMatchObject({ num_connections: 2, total: 2 });
    const [of_a, of_b] = page.connections;
    expect(of_a).toMatchObject({
      cid: a.info["client_id"],
      kind: "Client",
      type: name === "WebSocket" ? "websocket" : "nats",
      in_msgs: 0,
      out_msgs: 2,
      out_bytes: 19,
      subscriptions: 2,
      name: "täst",
      lang: "node",
      version: "2.1",
      pending_bytes: 0,
    });
    expect(of_b).toMatchObject({ in_msgs: 3, in_bytes: 22, out_msgs: 0, subscriptions: 0 });
    const listed = of_a!.subscriptions_list_detail!.toSorted((x, y) => x.sid.localeCompare(y.sid));
    expect(listed).toMatchObject([
      { subject: "foo", sid: "1", msgs: 1 },
      { subject: "bar.>", qgroup: "q", sid: "x7", msgs: 1, max: 5 },
    ]);
    if (name === "TLS") {
      expect(of_a!.tls_version).toMatch(/^1\.[23]$/);
      expect(of_a!.tls_cipher_suite).toMatch(/^TLS_/);
    } else expect(of_a!.tls_version).toBeUndefined();
    if (name !== "pipe") expect(of_a!.ip).toBe("127.0.0.1");
    const plain = await server.page<Connz>(`/connz?subs=1&cid=${of_a!.cid}`);
    expect(plain.connections[0]!.subscriptions_list!.toSorted()).toEqual(["bar.>", "foo"]);
  });

  test("who is closed is in the other list, with the reason", async () => {
    const server = await start({ http_port: -1 });
    const [a, b] = [await server.connect({ name: "goes" }), await server.connect({ name: "errs" })];
    a.send("SUB foo 1");
    await a.ping();
    a.close();
    b.send("nonsense");
    await b.closed();
    const closed = async (): Promise<Connz> => server.page<Connz>("/connz?state=closed&subs=1");
    await expect.poll(async () => (await closed()).connections.length).toBeGreaterThanOrEqual(2);
    const { connections } = await closed();
    const of = (wanted: string): Connection => connections.find(({ name }) => name === wanted)!;
    expect(of("goes").subscriptions_list).toEqual(["foo"]);
    expect(of("errs")).toMatchObject({ reason: "Protocol Violation" });
    expect(Date.parse(of("errs").stop!)).toBeGreaterThanOrEqual(Date.parse(of("errs").start));
    expect((await server.page<Connz>("/connz")).num_connections).toBe(0);
  });

  test("the numbers of varz move", async () => {
    const server = await start({ http_port: -1 });
    type Varz = Record<string, number> & { now: string; http_req_stats: Record<string, number> };
    const before = await server.page<Varz>("/varz");
    const a = await server.connect();
    a.send("SUB foo 1", "SUB foo 2", "PUB foo 5", "hello", "PUB none 1", "x");
    await a.ping();
    const after = await server.page<Varz>("/varz");
    const moved = (key: string): number => after[key]! - before[key]!;
    expect({
      connections: moved("connections"),
      total: moved("total_connections"),
      subscriptions: moved("subscriptions"),
      in_msgs: moved("in_msgs"),
      in_bytes: moved("in_bytes"),
      out_msgs: moved("out_msgs"),
      out_bytes: moved("out_bytes"),
    }).toEqual({ connections: 1, total: 1, subscriptions: 2, in_msgs: 2, in_bytes: 6, out_msgs: 2, out_bytes: 10 });
    expect(after["mem"]).toBeGreaterThan(0);
    expect(Date.parse(after.now)).toBeGreaterThanOrEqual(Date.parse(before.now));
    expect(after.http_req_stats["/varz"]).toBe(2);
  });
});

test("subsz, accountz, accstatz and healthz know of what is live", async () => {
  const server = await tcp.start({ http_port: -1, accounts: { A: { users: [{ user: "a", password: "p" }] } } });
  const a = await server.connect({ user: "a", pass: "p" });
  a.send("SUB foo.* q 1");
  await a.ping();
  interface Subsz {
    subscriptions_list: { subject: string; qgroup: string; account: string; cid: number }[];
  }
  const subsz = await server.page<Subsz>("/subsz?subs=1&test=foo.x&acc=A");
  expect(subsz.subscriptions_list).toMatchObject([
    { subject: "foo.*", qgroup: "q", account: "A", cid: a.info["client_id"] },
  ]);
  const accounts = await server.page<{ accounts: string[] }>("/accountz");
  expect(accounts.accounts).toEqual(expect.arrayContaining(["$G", "$SYS", "A"]));
  const detail = await server.page<{ account_detail: { client_connections: number } }>("/accountz?acc=A");
  expect(detail.account_detail.client_connections).toBe(1);
  expect(await server.page("/healthz")).toEqual({ status: "ok" });
});

test("max_closed_clients is how many are remembered, the newest", async () => {
  const server = await tcp.start({ http_port: -1, max_closed_clients: 3 });
  for (let i = 0; i < 6; i++) {
    const a = await server.connect({ name: `c${i}` });
    a.send("nonsense");
    await a.closed();
  }
  const { connections } = await server.page<Connz>("/connz?state=closed");
  expect(connections.map(({ name }) => name)).toEqual(["c3", "c4", "c5"]);
});

test("http_base_path is in front of every page", async () => {
  const server = await tcp.start({ http_port: -1, http_base_path: "/nats" });
  const { monitorUrl } = server.server;
  const status = async (path: string): Promise<number> => (await fetch(monitorUrl + path)).status;
  expect(await status("/nats/varz")).toBe(200);
  expect(await status("/nats/healthz")).toBe(200);
  expect(await status("/varz")).toBe(404);
});

test("a thousand connections with subscriptions are listed while others are served", async () => {
  const server = await tcp.start({ http_port: -1 });
  const peers = await Promise.all(Array.from({ length: 200 }, () => server.connect()));
  for (const peer of peers) {
    let out = "";
    for (let i = 0; i < 100; i++) out += `SUB s.${i} ${i}\r\n`;
    peer.raw(out);
  }
  await Promise.all(peers.map((peer) => peer.ping()));
  const pages = Promise.all([1, 2, 3].map(() => server.page<Connz>("/connz?subs=detail&limit=1000")));
  for (let i = 0; i < 20; i++) await peers[0]!.ping();
  for (const { connections } of await pages) {
    expect(connections).toHaveLength(200);
    expect(connections.every(({ subscriptions_list_detail }) => subscriptions_list_detail!.length === 100)).toBe(true);
  }
});

test.skipIf(reference !== undefined)("no page shows a secret", async () => {
  const secrets = ["Sw0rdfish", "T0ken", "N0nce"];
  const server = await tcp.start({
    http_port: -1,
    authorization: { user: "u", password: "Sw0rdfish" },
    websocket: { port: -1, no_tls: true, authorization: { user: "w", password: "T0ken" } },
  });
  await server.connect({ user: "u", pass: "Sw0rdfish" });
  await server.tryConnect({ user: "u", pass: "Sw0rdfish-wrong", auth_token: "T0ken", jwt: "T0ken", sig: "N0nce" });
  for (const path of [
    "/varz",
    "/connz?auth=1&subs=1",
    "/connz?state=any&auth=1",
    "/accountz?acc=$G",
    "/subsz?subs=1",
    "/",
  ]) {
    const text = await (await fetch(server.server.monitorUrl + path)).text();
    for (const secret of secrets) expect(text, path).not.toContain(secret);
  }
});
