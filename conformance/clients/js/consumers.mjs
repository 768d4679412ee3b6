// Consumers: the consumer manager, next, fetch, consume, acknowledgements, ordered consumers.

import assert from "node:assert/strict";
import { text } from "./context.mjs";

let made = 0;
const fresh = () => `C${process.pid}_${++made}`;

/** Milliseconds as the API wants them. */
const nanos = (ms) => ms * 1_000_000;
const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));

/** A stream of the case's own with `count` messages `1`, `2`, … on `<name>.a`. */
async function filled(t, count, config = {}) {
  const { nc, jsm, js } = await t.jetstream();
  const name = fresh();
  await jsm.streams.add({ name, subjects: [`${name}.>`], storage: "memory", ...config });
  for (let n = 1; n <= count; n++) await js.publish(`${name}.a`, String(n));
  return { nc, jsm, js, name };
}

/** The durable consumer `c` of a filled stream. */
async function consumer(t, count, config = {}, stream = {}) {
  const setting = await filled(t, count, stream);
  await setting.jsm.consumers.add(setting.name, { durable_name: "c", ack_policy: "explicit", ...config });
  const info = () => setting.jsm.consumers.info(setting.name, "c");
  return { ...setting, info, c: await setting.js.consumers.get(setting.name, "c") };
}

/** Everything that matters of a consumer's information. */
const counts = ({ delivered, ack_floor, num_ack_pending, num_redelivered, num_pending }) => ({
  delivered: [delivered.consumer_seq, delivered.stream_seq],
  floor: [ack_floor.consumer_seq, ack_floor.stream_seq],
  ackPending: num_ack_pending,
  redelivered: num_redelivered,
  pending: num_pending,
});

/** Takes `count` messages of an iterator, then stops it. */
async function taken(messages, count, each = () => {}) {
  const got = [];
  if (count > 0)
    for await (const msg of messages) {
      got.push(msg);
      each(msg);
      if (got.length === count) break;
    }
  await messages.stop?.();
  return got;
}

async function listed(iterable) {
  const items = [];
  for await (const item of await iterable) items.push(item);
  return items;
}

export const cases = {
  "consumers: a durable consumer has the documented defaults": async (t) => {
    const { jsm, name } = await filled(t, 2);
    const { config, num_pending, stream_name } = await jsm.consumers.add(name, {
      durable_name: "c",
      ack_policy: "explicit",
    });
    const wanted = {
      durable_name: "c",
      name: "c",
      deliver_policy: "all",
      ack_policy: "explicit",
      ack_wait: nanos(30_000),
      max_deliver: -1,
      replay_policy: "instant",
      max_waiting: 512,
      max_ack_pending: 1000,
      num_replicas: 0,
    };
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(config[key], value, key);
    assert.deepEqual([stream_name, num_pending], [name, 2]);
  },

  "consumers: add, update, list, names, delete": async (t) => {
    const { jsm, name } = await filled(t, 0);
    for (const durable of ["b", "a", "c"])
      await jsm.consumers.add(name, { durable_name: durable, ack_policy: "explicit" });
    assert.deepEqual((await listed(jsm.consumers.list(name))).map((info) => info.name).sort(), ["a", "b", "c"]);
    const { config } = await jsm.consumers.update(name, "a", { description: "changed", ack_wait: nanos(5000) });
    assert.deepEqual([config.description, config.ack_wait], ["changed", nanos(5000)]);
    assert.deepEqual(await t.apiError(jsm.consumers.update(name, "a", { deliver_policy: "new" })), [
      500,
      10_012,
      "deliver policy can not be updated",
    ]);
    assert.equal(await jsm.consumers.delete(name, "a"), true);
    assert.deepEqual(await t.apiError(jsm.consumers.info(name, "a")), [404, 10_014, "consumer not found"]);
    assert.equal((await jsm.streams.info(name)).state.consumer_count, 2);
  },

  "consumers: pause and resume": async (t) => {
    const { jsm, name, c } = await consumer(t, 1);
    const paused = await jsm.consumers.pause(name, "c", new Date(Date.now() + 60_000));
    assert.equal(paused.paused, true);
    assert.equal(await c.next({ expires: 1000 }), null);
    assert.equal((await jsm.consumers.resume(name, "c")).paused, false);
    assert.equal(text(await c.next({ expires: 2000 })), "1");
  },

  "consumers: next takes one, and null when there is nothing": async (t) => {
    const { c, name, info } = await consumer(t, 2);
    const first = await c.next();
    assert.deepEqual([text(first), first.subject, first.seq], ["1", `${name}.a`, 1]);
    const { stream, consumer: durable, deliveryCount, pending } = first.info;
    assert.deepEqual([stream, durable, deliveryCount, pending], [name, "c", 1, 1]);
    first.ack();
    const second = await c.next();
    assert.equal(await second.ackAck(), true);
    assert.equal(await c.next({ expires: 1000 }), null);
    assert.deepEqual(counts(await info()), {
      delivered: [2, 2],
      floor: [2, 2],
      ackPending: 0,
      redelivered: 0,
      pending: 0,
    });
  },

  "consumers: fetch takes a batch, and what there is when there is less": async (t) => {
    const { c } = await consumer(t, 10);
    const first = [];
    for await (const msg of await c.fetch({ max_messages: 4, expires: 2000 })) {
      first.push(text(msg));
      msg.ack();
    }
    assert.deepEqual(first, ["1", "2", "3", "4"]);
    const rest = [];
    for await (const msg of await c.fetch({ max_messages: 100, expires: 1000 })) {
      rest.push(text(msg));
      msg.ack();
    }
    assert.deepEqual(rest, ["5", "6", "7", "8", "9", "10"]);
    assert.deepEqual(await listed(c.fetch({ max_messages: 5, expires: 1000 })), []);
  },

  "consumers: fetch by bytes": async (t) => {
    const { c } = await consumer(t, 10);
    const got = [];
    try {
      for await (const msg of await c.fetch({ max_bytes: 200, expires: 1000 })) got.push(msg);
    } catch (error) {
      assert.match(error.message, /exceeds maxbytes/i);
    }
    assert.ok(got.length > 0 && got.length < 10, `${got.length} messages came`);
    assert.deepEqual(
      got.map((msg) => msg.seq),
      got.map((_, i) => i + 1),
    );
  },

  "consumers: consume goes on over many pulls": async (t) => {
    const { c, info, js, name } = await consumer(t, 0);
    const messages = await c.consume({ max_messages: 20 });
    const done = taken(messages, 500, (msg) => msg.ack());
    for (let n = 0; n < 500; n += 50)
      await Promise.all(Array.from({ length: 50 }, (_, i) => js.publish(`${name}.a`, String(n + i + 1))));
    assert.deepEqual(
      (await done).map((msg) => msg.seq),
      Array.from({ length: 500 }, (_, i) => i + 1),
    );
    for (let tries = 0; tries < 50 && (await info()).num_ack_pending > 0; tries++) await pause(20);
    assert.equal((await info()).ack_floor.stream_seq, 500);
  },

  "consumers: consume with heartbeats waits for what comes later": async (t) => {
    const { c, js, name } = await consumer(t, 0);
    const messages = await c.consume({ max_messages: 5, expires: 1000, idle_heartbeat: 500 });
    const done = taken(messages, 1, (msg) => msg.ack());
    await pause(1500);
    await js.publish(`${name}.a`, "late");
    assert.equal(text((await done)[0]), "late");
  },

  "consumers: two clients share a durable, each message goes to one": async (t) => {
    const { c, js, name } = await consumer(t, 0);
    const got = [[], []];
    const other = await js.consumers.get(name, "c");
    const both = await Promise.all([c, other].map((each) => each.consume({ max_messages: 10 })));
    const all = both.map(async (messages, i) => {
      for await (const msg of messages) {
        got[i].push(msg.seq);
        msg.ack();
      }
    });
    for (let n = 1; n <= 200; n++) await js.publish(`${name}.a`, String(n));
    for (let tries = 0; tries < 100 && got[0].length + got[1].length < 200; tries++) await pause(20);
    both.forEach((messages) => messages.stop());
    await Promise.all(all);
    assert.deepEqual(
      [...got[0], ...got[1]].sort((a, b) => a - b),
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
    assert.ok(got[0].length > 0 && got[1].length > 0, `${got[0].length} and ${got[1].length}`);
  },

  "consumers: nak, nak with delay, term, working": async (t) => {
    const { c, info } = await consumer(t, 3, { ack_wait: nanos(1000) });
    const first = await c.next();
    first.nak();
    await pause(50);
    const again = await c.next();
    assert.deepEqual([again.seq, again.info.deliveryCount], [1, 2]);
    again.nak(500);
    await pause(50);
    const second = await c.next();
    assert.equal(second.seq, 2);
    second.term("no good");
    const third = await c.next();
    assert.equal(third.seq, 3);
    await pause(600);
    third.working();
    const late = await c.next({ expires: 2000 });
    assert.deepEqual([late.seq, late.info.deliveryCount], [1, 3]);
    assert.equal(await late.ackAck(), true);
    assert.equal(await third.ackAck(), true);
    assert.deepEqual(counts(await info()), {
      delivered: [5, 3],
      floor: [5, 3],
      ackPending: 0,
      redelivered: 0,
      pending: 0,
    });
  },

  "consumers: redelivery after ack_wait, and max_deliver": async (t) => {
    const { nc, c, info, name } = await consumer(t, 1, { ack_wait: nanos(300), max_deliver: 3 });
    const advisories = [];
    nc.subscribe(`$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${name}.c`, {
      callback: (_error, msg) => advisories.push(msg.json()),
    });
    const seen = [];
    for (let n = 0; n < 3; n++) seen.push((await c.next({ expires: 2000 })).info.deliveryCount);
    assert.deepEqual(seen, [1, 2, 3]);
    assert.equal(await c.next({ expires: 1000 }), null);
    assert.deepEqual(
      advisories.map(({ stream_seq, deliveries }) => [stream_seq, deliveries]),
      [[1, 3]],
    );
    assert.equal((await info()).num_ack_pending, 0);
  },

  "consumers: ack all": async (t) => {
    const { c, info } = await consumer(t, 5, { ack_policy: "all" });
    const got = await listed(c.fetch({ max_messages: 5, expires: 1000 }));
    assert.equal(await got[3].ackAck(), true);
    const { ack_floor, num_ack_pending } = await info();
    assert.deepEqual([ack_floor.stream_seq, num_ack_pending], [4, 1]);
  },

  "consumers: filters, several of them": async (t) => {
    const { jsm, js, name } = await filled(t, 0);
    for (const token of ["a", "b", "c", "b", "d", "c.x"]) await js.publish(`${name}.${token}`, token);
    await jsm.consumers.add(name, {
      durable_name: "f",
      ack_policy: "none",
      filter_subjects: [`${name}.b`, `${name}.c.>`, `${name}.d`],
    });
    const c = await js.consumers.get(name, "f");
    assert.deepEqual((await listed(c.fetch({ max_messages: 4, expires: 1000 }))).map(text), ["b", "b", "d", "c.x"]);
  },

  "consumers: every deliver policy": async (t) => {
    const { jsm, js, name } = await filled(t, 3);
    await pause(50);
    const at = new Date().toISOString();
    await pause(50);
    await js.publish(`${name}.b`, "4");
    await js.publish(`${name}.a`, "5");
    const begins = async (durable, config) => {
      await jsm.consumers.add(name, { durable_name: durable, ack_policy: "none", ...config });
      const c = await js.consumers.get(name, durable);
      return (await listed(c.fetch({ max_messages: 9, expires: 1000 }))).map((msg) => msg.seq);
    };
    assert.deepEqual(
      await Promise.all([
        begins("all", { deliver_policy: "all" }),
        begins("last", { deliver_policy: "last" }),
        begins("new", { deliver_policy: "new" }),
        begins("seq", { deliver_policy: "by_start_sequence", opt_start_seq: 3 }),
        begins("time", { deliver_policy: "by_start_time", opt_start_time: at }),
        begins("each", { deliver_policy: "last_per_subject", filter_subject: `${name}.>` }),
      ]),
      [[1, 2, 3, 4, 5], [5], [], [3, 4, 5], [4, 5], [4, 5]],
    );
  },

  "consumers: headers only": async (t) => {
    const { c } = await consumer(t, 1, { headers_only: true });
    const msg = await c.next();
    assert.deepEqual([msg.data.length, msg.headers.get("Nats-Msg-Size")], [0, "1"]);
  },

  "consumers: a deleted consumer ends what it serves": async (t) => {
    const { c, jsm, name } = await consumer(t, 1);
    const messages = await c.consume({ max_messages: 5, expires: 2000 });
    const seen = [];
    const statuses = (async () => {
      for await (const status of await messages.status()) {
        seen.push(status.type);
        if (/consumer_deleted|consumer_not_found/.test(status.type)) messages.stop();
      }
    })();
    const all = (async () => {
      for await (const msg of messages) {
        msg.ack();
        await jsm.consumers.delete(name, "c");
      }
    })();
    await Promise.race([Promise.all([all, statuses]), pause(5000)]);
    assert.ok(seen.includes("consumer_deleted"), seen.join(" "));
  },

  "consumers: work queue and interest remove what is acknowledged": async (t) => {
    for (const retention of ["workqueue", "interest"]) {
      const { jsm, js, name } = await filled(t, 0, { retention });
      await jsm.consumers.add(name, { durable_name: "c", ack_policy: "explicit" });
      for (let n = 1; n <= 3; n++) await js.publish(`${name}.a`, String(n));
      const c = await js.consumers.get(name, "c");
      const got = await listed(c.fetch({ max_messages: 2, expires: 1000 }));
      for (const msg of got) assert.equal(await msg.ackAck(), true);
      const { messages, first_seq, last_seq } = (await jsm.streams.info(name)).state;
      assert.deepEqual([messages, first_seq, last_seq], [1, 3, 3], retention);
    }
  },

  "consumers: an ordered consumer reads everything, in order": async (t) => {
    const { js, name } = await filled(t, 0);
    await Promise.all(Array.from({ length: 1000 }, (_, i) => js.publish(`${name}.a`, String(i + 1))));
    const c = await js.consumers.get(name);
    const got = await taken(await c.consume({ max_messages: 100 }), 1000);
    assert.deepEqual(
      got.map((msg) => msg.seq),
      Array.from({ length: 1000 }, (_, i) => i + 1),
    );
  },

  "consumers: an ordered consumer begins where it is told, filtered": async (t) => {
    const { js, name } = await filled(t, 0);
    for (const token of ["a", "b", "a", "b", "a"]) await js.publish(`${name}.${token}`, token);
    const c = await js.consumers.get(name, {
      filterSubjects: [`${name}.a`],
      filter_subjects: [`${name}.a`],
      opt_start_seq: 2,
      deliver_policy: "by_start_sequence",
    });
    const got = await taken(await c.consume({ max_messages: 10 }), 2);
    assert.deepEqual(
      got.map((msg) => msg.seq),
      [3, 5],
    );
  },

  "consumers: an ordered consumer goes on when its consumer is deleted": async (t) => {
    const { jsm, js, name } = await filled(t, 3);
    const c = await js.consumers.get(name);
    const messages = await c.consume({ max_messages: 10, expires: 2000, idle_heartbeat: 500 });
    const got = [];
    const all = (async () => {
      for await (const msg of messages) {
        got.push(msg.seq);
        if (got.length === 6) break;
      }
    })();
    for (let tries = 0; tries < 100 && got.length < 3; tries++) await pause(20);
    for (const info of await listed(jsm.consumers.list(name))) await jsm.consumers.delete(name, info.name);
    for (let n = 4; n <= 6; n++) await js.publish(`${name}.a`, String(n));
    await Promise.race([all, pause(10_000)]);
    messages.stop();
    assert.deepEqual(got, [1, 2, 3, 4, 5, 6]);
  },
};
