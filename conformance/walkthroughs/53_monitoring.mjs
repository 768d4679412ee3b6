// Walkthrough 53, without JetStream: the monitoring pages, their arguments, closed connections, JSONP.

import assert from "node:assert/strict";
import { within } from "../clients/lib/wait.mjs";
import { collect, filled, walkthrough } from "./walk.mjs";

const monitored = (w, config, flags = []) => w.start({ config, flags: ["-m", "-1", ...flags] });

async function page(server, path) {
  const response = await fetch(`${server.httpUrl}${path}`);
  assert.equal(response.status, 200, `${path} answered ${response.status}`);
  return response.json();
}

await walkthrough("53 monitoring", {
  "every page answers JSON": async (w) => {
    const server = await monitored(w);
    const root = await fetch(`${server.httpUrl}/`);
    assert.equal(root.status, 200);
    assert.match(root.headers.get("content-type"), /text\/html/);
    const links = await root.text();
    for (const name of [
      "varz",
      "connz",
      "routez",
      "gatewayz",
      "leafz",
      "subsz",
      "accountz",
      "accstatz",
      "jsz",
      "healthz",
    ]) {
      const response = await fetch(`${server.httpUrl}/${name}`);
      assert.equal(response.status, 200, name);
      assert.match(response.headers.get("content-type"), /application\/json/, name);
      assert.equal(typeof (await response.json()), "object", name);
      assert.ok(links.includes(name), `the first page does not link ${name}`);
    }
    assert.equal((await fetch(`${server.httpUrl}/nonsense`)).status, 404);
  },

  varz: async (w) => {
    const server = await monitored(w, `server_tags: ["az:1"]\nserver_name: walker\n`);
    const varz = await page(server, "/varz");
    const expected = {
      server_name: "walker",
      proto: 1,
      host: "127.0.0.1",
      port: server.port,
      max_connections: 65_536,
      ping_interval: 120_000_000_000,
      ping_max: 2,
      max_control_line: 4096,
      max_payload: 1_048_576,
      max_pending: 67_108_864,
      write_deadline: 10_000_000_000,
      auth_timeout: 2,
      tls_timeout: 2,
      slow_consumers: 0,
      connections: 0,
      subscriptions: varz.subscriptions,
      tags: ["az:1"],
    };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(varz[name], value, name);
    for (const name of ["server_id", "version", "go", "start", "now", "uptime", "config_load_time"])
      assert.equal(typeof varz[name], "string", name);
    for (const name of ["mem", "cores", "gomaxprocs", "cpu", "total_connections", "in_msgs", "out_msgs"])
      assert.equal(typeof varz[name], "number", name);
    for (const name of ["cluster", "gateway", "leaf", "mqtt", "websocket", "jetstream"])
      assert.equal(typeof varz[name], "object", name);
    assert.deepEqual(Object.keys(varz.slow_consumer_stats).sort(), ["clients", "gateways", "leafs", "routes"]);
    await page(server, "/connz");
    const { http_req_stats: stats } = await page(server, "/varz");
    assert.deepEqual([stats["/varz"], stats["/connz"]], [2, 1]);
  },

  "connz: paging, one connection, subscriptions, users, states": async (w) => {
    const server = await monitored(w, `authorization { users: [{ user: derek, password: pw }] }\n`);
    const clients = [];
    for (let n = 0; n < 5; n++) clients.push(await w.connect(server, { name: `c${n}`, user: "derek", pass: "pw" }));
    collect(clients[0], "hello.world", { queue: "q" });
    collect(clients[0], "foo");
    clients[0].publish("foo", "12345");
    await clients[0].flush();
    const paged = await page(server, "/connz?offset=2&limit=2");
    assert.deepEqual([paged.num_connections, paged.total, paged.offset, paged.limit], [2, 5, 2, 2]);
    assert.deepEqual(
      paged.connections.map((c) => c.name),
      ["c2", "c3"],
    );
    assert.equal((await page(server, "/connz")).limit, 1024);
    const { client_id: cid } = clients[0].info;
    const [one] = (await page(server, `/connz?cid=${cid}&subs=detail&auth=true`)).connections;
    assert.deepEqual(
      [one.kind, one.type, one.ip, one.lang, one.authorized_user],
      ["Client", "nats", "127.0.0.1", "nats.js", "derek"],
    );
    assert.deepEqual([one.subscriptions, one.in_msgs, one.out_msgs, one.in_bytes, one.out_bytes], [2, 1, 1, 5, 5]);
    const details = one.subscriptions_list_detail.map((s) => [s.subject, s.qgroup, s.msgs]).sort();
    assert.deepEqual(details, [
      ["foo", undefined, 1],
      ["hello.world", "q", 0],
    ]);
    for (const name of ["start", "last_activity", "uptime", "idle"]) assert.equal(typeof one[name], "string", name);
    await clients[4].close();
    const closed = () => page(server, "/connz?state=closed").then((z) => z.connections);
    const [gone] = await within(3000, "a closed connection", async () => {
      const list = await closed();
      return list.length > 0 && list;
    });
    assert.deepEqual([gone.name, gone.reason, typeof gone.stop], ["c4", "Client Closed", "string"]);
    assert.equal((await page(server, "/connz?state=open")).total, 4);
    assert.equal((await page(server, "/connz?state=any")).total, 5);
    await w.refused(server, { user: "derek", pass: "no" });
    const reasons = async () => (await page(server, "/connz?state=closed&sort=stop")).connections.map((c) => c.reason);
    assert.ok((await reasons()).includes("Authentication Failure"));
    for (const sort of ["start", "stop", "reason"]) await page(server, `/connz?state=closed&sort=${sort}`);
    assert.equal((await fetch(`${server.httpUrl}/connz?sort=stop`)).status, 400);
    assert.deepEqual((await page(server, "/connz?user=derek&auth=1")).total, 4);
  },

  "subsz with a test subject": async (w) => {
    const server = await monitored(w);
    const nc = await w.connect(server);
    const got = collect(nc, "orders.*");
    collect(nc, "bills.>");
    nc.publish("orders.1");
    await filled(got, 1);
    const subsz = await page(server, "/subsz?subs=1&test=orders.9");
    assert.deepEqual(
      subsz.subscriptions_list.map((s) => s.subject),
      ["orders.*"],
    );
    assert.deepEqual([subsz.offset, subsz.limit, subsz.subscriptions_list[0].cid], [0, 1024, nc.info.client_id]);
    for (const name of [
      "num_subscriptions",
      "num_cache",
      "num_inserts",
      "num_removes",
      "num_matches",
      "cache_hit_rate",
      "max_fanout",
      "avg_fanout",
    ]) {
      assert.equal(typeof subsz[name], "number", name);
    }
  },

  "accountz and accstatz": async (w) => {
    const config = `accounts { A { users: [{ user: a, password: pw }] }, B { users: [{ user: b, password: pw }] } }\n`;
    const server = await monitored(w, config);
    const nc = await w.connect(server, { user: "a", pass: "pw" });
    collect(nc, "x");
    nc.publish("x", "123");
    await nc.flush();
    const { accounts } = await page(server, "/accountz");
    assert.deepEqual(new Set(accounts), new Set(["$G", "$SYS", "A", "B"]));
    const { account_detail: detail } = await page(server, "/accountz?acc=A");
    assert.deepEqual([detail.account_name, detail.client_connections], ["A", 1]);
    const used = await page(server, "/accstatz");
    assert.deepEqual(
      used.account_statz.map((s) => s.acc),
      ["A"],
    );
    const [stat] = used.account_statz;
    assert.deepEqual([stat.conns, stat.total_conns, stat.sent.msgs, stat.received.bytes], [1, 1, 1, 3]);
    assert.ok((await page(server, "/accstatz?unused=1")).account_statz.length >= 2);
  },

  "healthz, no JSONP, and the base path": async (w) => {
    const server = await monitored(w);
    assert.equal((await page(server, "/healthz")).status, "ok");
    const jsonp = await fetch(`${server.httpUrl}/varz?callback=show`);
    assert.equal((await jsonp.json()).port, server.port, "the callback of JSONP is no longer obeyed");
    const based = await monitored(w, `http_base_path: "/nats"\n`);
    assert.equal((await page(based, "/nats/varz")).port, based.port);
    assert.equal((await fetch(`${based.httpUrl}/varz`)).status, 404);
  },
});
