// Publishing and subscribing: delivery, order, wildcards, headers, queue groups, echo, drain, auto-unsubscribe.

import assert from "node:assert/strict";
import { text } from "./context.mjs";

export const cases = {
  "publish reaches subscribe, in order": async (t) => {
    const [a, b] = [await t.connect(), await t.connect()];
    const { got } = t.collect(a, "orders.*");
    await a.flush();
    for (let n = 0; n < 500; n++) b.publish("orders.new", String(n));
    await b.flush();
    await t.filled(got, 500);
    assert.deepEqual(
      got,
      Array.from({ length: 500 }, (_, n) => String(n)),
    );
  },

  "wildcards match what they should": async (t) => {
    const nc = await t.connect();
    const star = t.collect(nc, "time.*.east");
    const tail = t.collect(nc, "time.>");
    for (const subject of ["time.us.east", "time.us.central", "time.eu.east", "time.us.east.atlanta"])
      nc.publish(subject);
    await nc.flush();
    assert.deepEqual(
      star.msgs.map((m) => m.subject),
      ["time.us.east", "time.eu.east"],
    );
    assert.equal(tail.got.length, 4);
  },

  "payloads of every size up to max_payload arrive whole": async (t) => {
    const [a, b] = [await t.connect(), await t.connect()];
    const { msgs } = t.collect(a, "size");
    await a.flush();
    const sizes = [0, 1, 2, 127, 512, 4095, 4096, 32_767, 65_536, 65_537, 262_144, 524_289, a.info.max_payload];
    const payloads = sizes.map((size) => new Uint8Array(size).map((_, at) => (at * 31 + size) & 255));
    for (const payload of payloads) b.publish("size", payload);
    await b.flush();
    await t.filled(msgs, sizes.length, 10_000);
    for (const [at, payload] of payloads.entries()) {
      assert.ok(
        Buffer.compare(msgs[at].data, payload) === 0,
        `the payload of ${payload.length} bytes is not the one sent`,
      );
    }
  },

  "headers arrive as sent": async (t) => {
    const [a, b] = [await t.connect(), await t.connect()];
    const { msgs } = t.collect(a, "with.headers");
    await a.flush();
    const headers = t.lib.headers();
    headers.append("Color", "red");
    headers.append("Color", "blue");
    headers.set("Place", "Köln 京都");
    headers.set("Empty", "");
    b.publish("with.headers", "body", { headers, reply: "answer.here" });
    await b.flush();
    await t.filled(msgs, 1);
    assert.deepEqual(msgs[0].headers.values("Color"), ["red", "blue"]);
    assert.equal(msgs[0].headers.get("Place"), "Köln 京都");
    assert.equal(msgs[0].headers.has("Empty"), true);
    assert.equal(msgs[0].reply, "answer.here");
    assert.equal(text(msgs[0]), "body");
  },

  "a queue group gets each message once": async (t) => {
    const [a, b, c] = [await t.connect(), await t.connect(), await t.connect()];
    const members = [a, b, c].map((nc) => t.collect(nc, "jobs", { queue: "workers" }));
    const plain = t.collect(a, "jobs");
    await Promise.all([a.flush(), b.flush(), c.flush()]);
    for (let n = 0; n < 300; n++) a.publish("jobs", String(n));
    await a.flush();
    await t.filled(plain.got, 300);
    const all = () => members.flatMap((member) => member.got);
    for (let tries = 0; tries < 100 && all().length < 300; tries++) await Promise.all([b.flush(), c.flush()]);
    assert.equal(new Set(all()).size, 300);
    assert.equal(all().length, 300);
    for (const member of members) assert.ok(member.got.length > 30, `a member got only ${member.got.length} of 300`);
  },

  "two queue groups both get every message": async (t) => {
    const nc = await t.connect();
    const one = t.collect(nc, "q.>", { queue: "one" });
    const two = t.collect(nc, "q.*", { queue: "two" });
    for (let n = 0; n < 20; n++) nc.publish("q.x", String(n));
    await nc.flush();
    assert.deepEqual([one.got.length, two.got.length], [20, 20]);
  },

  "no echo: own messages stay away, others' arrive": async (t) => {
    const [quiet, other] = [await t.connect({ noEcho: true }), await t.connect()];
    const { got } = t.collect(quiet, "bus");
    await quiet.flush();
    quiet.publish("bus", "mine");
    await quiet.flush();
    other.publish("bus", "yours");
    await other.flush();
    await t.filled(got, 1);
    await quiet.flush();
    assert.deepEqual(got, ["yours"]);
  },

  "auto-unsubscribe ends after the count": async (t) => {
    const nc = await t.connect();
    const { got, sub } = t.collect(nc, "few", { max: 3 });
    for (let n = 0; n < 10; n++) nc.publish("few", String(n));
    await nc.flush();
    assert.deepEqual(got, ["0", "1", "2"]);
    assert.equal(sub.isClosed(), true);
  },

  "unsubscribe stops delivery": async (t) => {
    const nc = await t.connect();
    const { got, sub } = t.collect(nc, "stop");
    nc.publish("stop", "1");
    await nc.flush();
    sub.unsubscribe();
    nc.publish("stop", "2");
    await nc.flush();
    assert.deepEqual(got, ["1"]);
  },

  "draining a subscription delivers what is in flight and nothing later": async (t) => {
    const [a, b] = [await t.connect(), await t.connect()];
    const { got, sub } = t.collect(a, "flow");
    await a.flush();
    for (let n = 0; n < 100; n++) b.publish("flow", String(n));
    await b.flush();
    await sub.drain();
    assert.equal(got.length, 100);
    b.publish("flow", "late");
    await b.flush();
    await a.flush();
    assert.equal(got.length, 100);
  },

  "draining a connection delivers, sends and closes": async (t) => {
    const [a, b] = [await t.connect(), await t.connect()];
    const echoes = t.collect(b, "echo");
    const flow = a.subscribe("flow", { callback: (_error, msg) => a.publish("echo", msg.data) });
    await Promise.all([a.flush(), b.flush()]);
    for (let n = 0; n < 50; n++) b.publish("flow", String(n));
    await b.flush();
    await a.drain();
    assert.equal(a.isClosed(), true);
    assert.equal(flow.isClosed(), true);
    await t.filled(echoes.got, 50);
    assert.equal(echoes.got.length, 50);
  },

  "flush, rtt, stats and info": async (t) => {
    const nc = await t.connect({ name: "observer" });
    await nc.flush();
    const rtt = await nc.rtt();
    assert.ok(rtt >= 0 && rtt < 2000, `rtt is ${rtt}`);
    nc.publish("a", "12345");
    await nc.flush();
    assert.equal(nc.stats().outMsgs, 1);
    const { info } = nc;
    assert.match(info.version, /^2\.14\.\d+/);
    assert.equal(info.proto, 1);
    assert.equal(info.headers, true);
    assert.equal(info.max_payload, 1_048_576);
    assert.match(info.server_id, /^N[A-Z2-7]{55}$/);
    assert.equal(typeof info.client_id, "number");
    assert.equal(info.client_ip, "127.0.0.1");
  },
};
