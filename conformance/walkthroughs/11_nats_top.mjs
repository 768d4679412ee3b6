// Walkthrough 11: what nats-top reads from /varz and /connz, through its tutorial.

import assert from "node:assert/strict";
import { collect, filled, walkthrough } from "./walk.mjs";

const get = async (server, path) => (await fetch(`${server.httpUrl}${path}`)).json();

/** Every field nats-top puts on its screen, as one row a connection. */
function render({ varz, connz }) {
  for (const name of ["version", "uptime"]) assert.equal(typeof varz[name], "string", name);
  for (const name of ["cpu", "mem", "slow_consumers", "in_msgs", "in_bytes", "out_msgs", "out_bytes"]) {
    assert.equal(typeof varz[name], "number", name);
  }
  assert.equal(typeof connz.num_connections, "number");
  return connz.connections.map((c) => {
    for (const name of ["ip", "lang", "version"]) assert.equal(typeof c[name], "string", name);
    const numbers = ["port", "cid", "subscriptions", "pending_bytes", "out_msgs", "in_msgs", "out_bytes", "in_bytes"];
    for (const name of numbers) assert.equal(typeof c[name], "number", name);
    return c;
  });
}

const top = async (server, query = "") => ({
  varz: await get(server, "/varz"),
  connz: await get(server, `/connz?${query}`),
});

await walkthrough("11 nats-top", {
  "an idle server": async (w) => {
    const server = await w.start({ flags: ["-m", "-1"] });
    const screen = await top(server, "limit=1024&sort=cid");
    assert.deepEqual(render(screen), []);
    assert.equal(screen.varz.in_msgs, 0);
    assert.match(screen.varz.uptime, /^\d+s$/);
  },

  "three subscribers, sorted, with their subscriptions, and one row only": async (w) => {
    const server = await w.start({ flags: ["-m", "-1"] });
    const clients = [];
    for (const name of ["one", "two", "three"]) clients.push(await w.connect(server, { name }));
    const got = [collect(clients[0], "foo"), collect(clients[1], "foo"), collect(clients[2], "foo.bar")];
    await Promise.all(clients.map((nc) => nc.flush()));
    const publisher = await w.connect(server);
    for (let n = 0; n < 4; n++) publisher.publish("foo", "hello");
    publisher.publish("foo.bar", "hello there");
    await publisher.flush();
    await publisher.close();
    await Promise.all([filled(got[0], 4), filled(got[1], 4), filled(got[2], 1)]);

    const rows = render(await top(server, "limit=1024&sort=bytes_to"));
    assert.equal(rows.length, 3);
    assert.deepEqual(
      rows.map((c) => c.out_bytes),
      [20, 20, 11],
    );
    assert.deepEqual(
      rows.map((c) => c.out_msgs),
      [4, 4, 1],
    );
    assert.equal(rows[0].lang, "nats.js");

    const listed = render(await top(server, "limit=1024&sort=cid&subs=1"));
    assert.deepEqual(
      listed.map((c) => c.subscriptions_list),
      [["foo"], ["foo"], ["foo.bar"]],
    );
    assert.deepEqual(
      listed.map((c) => c.name),
      ["one", "two", "three"],
    );

    clients[2].subscribe("more", { callback: () => {} });
    await clients[2].flush();
    const screen = await top(server, "limit=1&sort=subs");
    const [only, ...others] = render(screen);
    assert.deepEqual([only.name, only.subscriptions, others.length], ["three", 2, 0]);
    assert.deepEqual([screen.connz.num_connections, screen.connz.total, screen.connz.limit], [1, 3, 1]);
    assert.deepEqual(
      [screen.varz.in_msgs, screen.varz.out_msgs, screen.varz.in_bytes, screen.varz.out_bytes],
      [5, 9, 31, 51],
    );
  },

  "every sort order nats-top offers": async (w) => {
    const server = await w.start({ flags: ["-m", "-1"] });
    for (let n = 0; n < 3; n++) await w.connect(server);
    for (const sort of [
      "cid",
      "subs",
      "pending",
      "msgs_to",
      "msgs_from",
      "bytes_to",
      "bytes_from",
      "last",
      "idle",
      "uptime",
      "rtt",
    ]) {
      assert.equal(render(await top(server, `limit=1024&sort=${sort}`)).length, 3, sort);
    }
    assert.equal((await fetch(`${server.httpUrl}/connz?sort=nonsense`)).status, 400);
  },
});
