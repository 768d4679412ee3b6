// Streams: the stream manager, publishing with all its options, reading, and what buckets do to their streams.

import assert from "node:assert/strict";
import { Skip } from "../lib/report.mjs";
import { text } from "./context.mjs";

/** A stream of each case's own: its name in every flavour's run is its own too. */
let made = 0;
const fresh = () => `S${process.pid}_${++made}`;

/** What every stream is that asks for nothing. */
const defaults = {
  retention: "limits",
  max_consumers: -1,
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  discard: "old",
  storage: "file",
  num_replicas: 1,
  duplicate_window: 120_000_000_000,
  compression: "none",
  allow_direct: false,
  mirror_direct: false,
  sealed: false,
  deny_delete: false,
  deny_purge: false,
  allow_rollup_hdrs: false,
  consumer_limits: {},
};

/** A stream of `config` on subjects under its name. */
async function stream(t, config = {}) {
  const { nc, jsm, js } = await t.jetstream();
  const name = fresh();
  const info = await jsm.streams.add({ name, subjects: [`${name}.>`], ...config });
  return { nc, jsm, js, name, info };
}

/** Publishes `bodies`, one after the other, to subjects of the stream. */
async function filled(t, config, ...messages) {
  const made = await stream(t, config);
  for (const [token, body] of messages) await made.js.publish(`${made.name}.${token}`, body);
  return made;
}

/** State without what depends on the time. */
function counts({ messages, first_seq, last_seq, num_deleted = 0, num_subjects = 0 }) {
  return { messages, first: first_seq, last: last_seq, deleted: num_deleted, subjects: num_subjects };
}

/** What a getMessage() finds, or undefined, however the client says that. */
async function found(promise) {
  try {
    const msg = await promise;
    return msg ? [msg.seq, msg.subject, text(msg)] : undefined;
  } catch (error) {
    if (/no message found|message not found/i.test(error.message)) return undefined;
    throw error;
  }
}

async function listed(iterable) {
  const items = [];
  for await (const item of await iterable) items.push(item);
  return items;
}

export const cases = {
  "streams: account information": async (t) => {
    const { jsm } = await t.jetstream();
    const before = await jsm.getAccountInfo();
    const { name, js } = await filled(t, { storage: "memory" }, ["a", "x"]);
    const after = await jsm.getAccountInfo();
    assert.equal(after.streams, before.streams + 1);
    assert.equal(after.memory - before.memory, 16 + `${name}.a`.length + 1);
    assert.equal(after.api.level, 4);
    assert.ok(after.api.total > before.api.total);
    assert.deepEqual(
      [after.limits.max_memory, after.limits.max_storage, after.limits.max_streams, after.limits.max_consumers],
      [-1, -1, -1, -1],
    );
    assert.ok(js);
  },

  "streams: a stream has the documented defaults": async (t) => {
    const { jsm } = await t.jetstream();
    const name = fresh();
    const { config, state } = await jsm.streams.add({ name, subjects: [`${name}.*`] });
    for (const [key, value] of Object.entries({ ...defaults, name, subjects: [`${name}.*`] }))
      assert.deepEqual(config[key], value, key);
    assert.deepEqual(counts(state), { messages: 0, first: 0, last: 0, deleted: 0, subjects: 0 });
    assert.equal(config.metadata["_nats.level"], "4");
  },

  "streams: what was asked for is what is told": async (t) => {
    const asked = {
      description: "all of it",
      retention: "interest",
      max_consumers: 7,
      max_msgs: 1000,
      max_bytes: 1_000_000,
      max_age: 3_600_000_000_000,
      max_msgs_per_subject: 10,
      max_msg_size: 5000,
      discard: "new",
      discard_new_per_subject: true,
      storage: "memory",
      num_replicas: 1,
      no_ack: false,
      duplicate_window: 60_000_000_000,
      allow_direct: true,
      deny_delete: true,
      deny_purge: true,
      first_seq: 42,
      consumer_limits: { max_ack_pending: 50, inactive_threshold: 5_000_000_000 },
    };
    const { jsm, name } = await stream(t, { ...asked, metadata: { owner: "me" } });
    const { config } = await jsm.streams.info(name);
    for (const [key, value] of Object.entries(asked)) if (value !== false) assert.deepEqual(config[key], value, key);
    assert.equal(config.metadata.owner, "me");
  },

  "streams: adding the same again is fine, another under the name or on its subjects is not": async (t) => {
    const { jsm, name, info } = await stream(t);
    const again = await jsm.streams.add({ name, subjects: [`${name}.>`] });
    assert.equal(again.created, info.created);
    assert.deepEqual(await t.apiError(jsm.streams.add({ name, subjects: [`${name}.>`], max_msgs: 1 })), [
      400,
      10_058,
      "stream name already in use with a different configuration",
    ]);
    assert.deepEqual(await t.apiError(jsm.streams.add({ name: fresh(), subjects: [`${name}.a`] })), [
      400,
      10_065,
      "subjects overlap with an existing stream",
    ]);
  },

  "streams: update": async (t) => {
    const { jsm, js, name } = await filled(t, {}, ["a", "1"], ["a", "2"], ["a", "3"]);
    const { config, state } = await jsm.streams.update(name, { max_msgs: 2, description: "shorter" });
    assert.deepEqual([config.max_msgs, config.description, config.subjects], [2, "shorter", [`${name}.>`]]);
    assert.deepEqual(counts(state), { messages: 2, first: 2, last: 3, deleted: 0, subjects: 1 });
    await js.publish(`${name}.b`, "4");
    assert.equal((await jsm.streams.info(name)).state.first_seq, 3);
    assert.deepEqual(await t.apiError(jsm.streams.update(name, { storage: "memory" })), [
      500,
      10_052,
      "stream configuration update can not change storage type",
    ]);
    assert.deepEqual(await t.apiError(jsm.streams.update("NOSUCH", { max_msgs: 2 })), [
      404,
      10_059,
      "stream not found",
    ]);
  },

  "streams: info with subjects and deleted messages": async (t) => {
    const { jsm, name } = await filled(t, {}, ["a", "1"], ["b", "2"], ["a", "3"], ["c", "4"]);
    await jsm.streams.deleteMessage(name, 2);
    const { state } = await jsm.streams.info(name, { subjects_filter: `${name}.*`, deleted_details: true });
    assert.deepEqual(state.subjects, { [`${name}.a`]: 2, [`${name}.c`]: 1 });
    assert.deepEqual([state.deleted, state.num_deleted], [[2], 1]);
    assert.deepEqual(await t.apiError(jsm.streams.info("NOSUCH")), [404, 10_059, "stream not found"]);
  },

  "streams: lists and names page, and filter by subject": async (t) => {
    const { jsm } = await t.jetstream();
    const prefix = fresh();
    const names = Array.from({ length: 300 }, (_, n) => `${prefix}_${String(n).padStart(3, "0")}`);
    await Promise.all(
      names.map((name) => jsm.streams.add({ name, subjects: [`${prefix}.${name}`], storage: "memory" })),
    );
    const found = (await listed(jsm.streams.list())).map((info) => info.config.name);
    assert.deepEqual(
      found.filter((name) => name.startsWith(prefix)),
      names,
    );
    assert.deepEqual(
      (await listed(jsm.streams.names())).filter((name) => name.startsWith(prefix)),
      names,
    );
    assert.deepEqual(await listed(jsm.streams.names(`${prefix}.${names[7]}`)), [names[7]]);
    assert.equal((await listed(jsm.streams.list(`${prefix}.>`))).length, 300);
    assert.equal(await jsm.streams.find(`${prefix}.${names[8]}`), names[8]);
    await assert.rejects(jsm.streams.find(`${prefix}.nobody`));
    await Promise.all(names.map((name) => jsm.streams.delete(name)));
  },

  "streams: purge all, by subject, up to a sequence, keeping some": async (t) => {
    const { jsm, name } = await filled(t, {}, ["a", "1"], ["b", "2"], ["a", "3"], ["b", "4"], ["a", "5"], ["b", "6"]);
    const purged = async (options) => {
      const { success, purged } = await jsm.streams.purge(name, options);
      return [success, purged, counts((await jsm.streams.info(name)).state)];
    };
    assert.deepEqual(await purged({ seq: 2 }), [true, 1, { messages: 5, first: 2, last: 6, deleted: 0, subjects: 2 }]);
    assert.deepEqual(await purged({ filter: `${name}.a`, keep: 1 }), [
      true,
      1,
      { messages: 4, first: 2, last: 6, deleted: 1, subjects: 2 },
    ]);
    assert.deepEqual(await purged({ filter: `${name}.b`, seq: 6 }), [
      true,
      2,
      { messages: 2, first: 5, last: 6, deleted: 0, subjects: 2 },
    ]);
    assert.deepEqual(await purged({ filter: `${name}.a` }), [
      true,
      1,
      { messages: 1, first: 6, last: 6, deleted: 0, subjects: 1 },
    ]);
    assert.deepEqual(await purged(), [true, 1, { messages: 0, first: 7, last: 6, deleted: 0, subjects: 0 }]);
  },

  "streams: delete": async (t) => {
    const { jsm, js, name } = await filled(t, {}, ["a", "1"]);
    assert.equal(await jsm.streams.delete(name), true);
    assert.deepEqual(await t.apiError(jsm.streams.delete(name)), [404, 10_059, "stream not found"]);
    await assert.rejects(js.publish(`${name}.a`, "2", { retries: 0 }));
  },

  "streams: messages are read by sequence and by subject": async (t) => {
    const { jsm, name } = await filled(t, {}, ["a", "1"], ["b", "2"], ["a", "3"]);
    const get = (query) => found(jsm.streams.getMessage(name, query));
    assert.deepEqual(await get({ seq: 1 }), [1, `${name}.a`, "1"]);
    assert.deepEqual(await get({ last_by_subj: `${name}.a` }), [3, `${name}.a`, "3"]);
    assert.deepEqual(await get({ seq: 2, next_by_subj: `${name}.a` }), [3, `${name}.a`, "3"]);
    assert.equal(await get({ seq: 9 }), undefined);
    assert.equal(await get({ last_by_subj: `${name}.none` }), undefined);
    assert.deepEqual(await t.apiError(jsm.streams.getMessage("NOSUCH", { seq: 1 })), [404, 10_059, "stream not found"]);
    const msg = await jsm.streams.getMessage(name, { seq: 1 });
    assert.ok(Math.abs(Date.now() - msg.time.getTime()) < 60_000, `the time is ${msg.time}`);
  },

  "streams: messages are deleted, with and without erasing": async (t) => {
    const { jsm, name } = await filled(t, {}, ["a", "1"], ["a", "2"], ["a", "3"]);
    assert.equal(await jsm.streams.deleteMessage(name, 2), true);
    assert.deepEqual(await t.apiError(jsm.streams.deleteMessage(name, 2)), [400, 10_043, "sequence 2 not found"]);
    assert.equal(await jsm.streams.deleteMessage(name, 1, false), true);
    assert.deepEqual(counts((await jsm.streams.info(name)).state), {
      messages: 1,
      first: 3,
      last: 3,
      deleted: 0,
      subjects: 1,
    });
  },

  "streams: headers come back as they were sent": async (t) => {
    const { jsm, js, name } = await stream(t);
    const headers = t.lib.headers();
    headers.set("Color", "red");
    headers.append("Many", "1");
    headers.append("Many", "2");
    await js.publish(`${name}.a`, "body", { headers, msgID: "id 1" });
    const msg = await jsm.streams.getMessage(name, { seq: 1 });
    assert.equal(msg.header.get("Color"), "red");
    assert.deepEqual(msg.header.values("Many"), ["1", "2"]);
    assert.equal(msg.header.get("Nats-Msg-Id"), "id 1");
    assert.equal(text(msg), "body");
  },

  "streams: a publish is answered with stream and sequence": async (t) => {
    const { js, name } = await stream(t);
    const first = await js.publish(`${name}.a`, "1");
    assert.deepEqual([first.stream, first.seq, first.duplicate], [name, 1, false]);
    assert.equal((await js.publish(`${name}.b`)).seq, 2);
  },

  "streams: a message with a known id is a duplicate": async (t) => {
    const { jsm, js, name } = await stream(t);
    for (let n = 0; n < 4; n++) {
      const ack = await js.publish(`${name}.a`, `try ${n}`, { msgID: "same" });
      assert.deepEqual([ack.seq, ack.duplicate], [1, n > 0]);
    }
    assert.equal((await jsm.streams.info(name)).state.messages, 1);
  },

  "streams: expectations hold or are refused": async (t) => {
    const { js, name } = await filled(t, {}, ["a", "1"], ["b", "2"]);
    const publish = (expect, options = {}) => js.publish(`${name}.a`, "x", { expect, ...options });
    const wrong = (seq) => [400, 10_071, `wrong last sequence: ${seq}`];
    assert.deepEqual(await t.apiError(publish({ lastSequence: 1 })), wrong(2));
    assert.deepEqual(await t.apiError(publish({ lastSubjectSequence: 2 })), wrong(1));
    assert.deepEqual(await t.apiError(publish({ streamName: "OTHER" })), [
      400,
      10_060,
      "expected stream does not match",
    ]);
    assert.deepEqual(await t.apiError(publish({ lastMsgID: "m" })), [400, 10_070, "wrong last msg ID: "]);
    assert.equal((await publish({ lastSequence: 2, lastSubjectSequence: 1, streamName: name }, { msgID: "m" })).seq, 3);
    assert.equal((await publish({ lastMsgID: "m" })).seq, 4);
  },

  "streams: a subject of no stream is refused at once": async (t) => {
    const { js } = await t.jetstream();
    const startedAt = Date.now();
    await assert.rejects(js.publish(`${fresh()}.nobody`, "x", { timeout: 5000 }));
    assert.ok(Date.now() - startedAt < 3000);
  },

  "streams: limits refuse or drop": async (t) => {
    const refusing = await stream(t, { max_msgs: 2, discard: "new", max_msg_size: 100 });
    await refusing.js.publish(`${refusing.name}.a`, "1");
    await refusing.js.publish(`${refusing.name}.a`, "2");
    assert.deepEqual(await t.apiError(refusing.js.publish(`${refusing.name}.a`, "3")), [
      503,
      10_077,
      "maximum messages exceeded",
    ]);
    assert.deepEqual(await t.apiError(refusing.js.publish(`${refusing.name}.a`, "x".repeat(101))), [
      400,
      10_054,
      "message size exceeds maximum allowed",
    ]);
    const dropping = await stream(t, { max_msgs_per_subject: 1 });
    for (let n = 1; n <= 5; n++) await dropping.js.publish(`${dropping.name}.a`, String(n));
    assert.deepEqual(counts((await dropping.jsm.streams.info(dropping.name)).state), {
      messages: 1,
      first: 5,
      last: 5,
      deleted: 0,
      subjects: 1,
    });
  },

  "streams: many publishes at once are stored in their order": async (t) => {
    for (const storage of ["file", "memory"]) {
      const { jsm, js, name } = await stream(t, { storage });
      const acks = await Promise.all(
        Array.from({ length: 1500 }, (_, n) => js.publish(`${name}.a`, String(n), { timeout: 20_000 })),
      );
      assert.deepEqual(
        acks.map((ack) => ack.seq),
        Array.from({ length: 1500 }, (_, n) => n + 1),
      );
      assert.equal(text(await jsm.streams.getMessage(name, { seq: 1234 })), "1233");
    }
  },

  "streams: payloads of every size are stored whole": async (t) => {
    const { jsm, js, name } = await stream(t);
    for (const size of [0, 1, 4096, 65_536, 1_000_000]) {
      const payload = new Uint8Array(size).map((_, n) => (n * 7) & 255);
      const { seq } = await js.publish(`${name}.a`, payload);
      const msg = await jsm.streams.getMessage(name, { seq });
      assert.ok(Buffer.from(msg.data).equals(Buffer.from(payload)), `${size} bytes changed`);
    }
  },

  "streams: direct get": async (t) => {
    const { jsm, name } = await filled(t, { allow_direct: true }, ["a", "1"], ["b", "2"], ["a", "3"]);
    const get = (query) => found(jsm.direct.getMessage(name, query));
    assert.deepEqual(await get({ seq: 1 }), [1, `${name}.a`, "1"]);
    assert.deepEqual(await get({ last_by_subj: `${name}.a` }), [3, `${name}.a`, "3"]);
    assert.deepEqual(await get({ seq: 2, next_by_subj: `${name}.a` }), [3, `${name}.a`, "3"]);
    assert.deepEqual(await get({ start_time: new Date(Date.now() - 60_000), next_by_subj: `${name}.b` }), [
      2,
      `${name}.b`,
      "2",
    ]);
    assert.equal(await get({ seq: 9 }), undefined);
    assert.equal(await get({ last_by_subj: `${name}.none` }), undefined);
  },

  "streams: direct get of batches": async (t) => {
    const { jsm, name } = await filled(
      t,
      { allow_direct: true },
      ...Array.from({ length: 20 }, (_, n) => [`k${n % 4}`, String(n)]),
    );
    // A batch that nobody answers would end the 2.x client's process.
    await jsm.direct.getMessage(name, { seq: 1 });
    const seqs = async (promise) => (await listed(promise)).map((msg) => msg.seq);
    // In the 2.x line getBatch() is what asks for last messages.
    const lastOf = (query) =>
      t.flavour.views ? jsm.direct.getBatch(name, query) : jsm.direct.getLastMessagesFor(name, query);
    assert.deepEqual(await seqs(lastOf({ multi_last: [`${name}.k1`, `${name}.k3`] })), [18, 20]);
    assert.deepEqual(await seqs(lastOf({ multi_last: [`${name}.*`], up_to_seq: 6 })), [3, 4, 5, 6]);
    if (t.flavour.views) return;
    assert.deepEqual(await seqs(jsm.direct.getBatch(name, { seq: 3, batch: 5 })), [3, 4, 5, 6, 7]);
    assert.deepEqual(
      await seqs(jsm.direct.getBatch(name, { seq: 2, batch: 3, next_by_subj: `${name}.k0` })),
      [5, 9, 13],
    );
  },

  "streams: last messages of more than 1024 subjects are too many": async (t) => {
    const { nc, js, name } = await stream(t, { allow_direct: true, storage: "memory" });
    await Promise.all(Array.from({ length: 1025 }, (_, n) => js.publish(`${name}.${n}`, "", { timeout: 20_000 })));
    const last = (pattern) =>
      nc.request(`$JS.API.DIRECT.GET.${name}`, JSON.stringify({ multi_last: [pattern] }), { timeout: 5000 });
    const refused = await last(`${name}.*`);
    assert.deepEqual([refused.headers.code, refused.headers.description], [413, "Too Many Results"]);
    const allowed = await last(`${name}.1024`);
    assert.equal(allowed.headers.get("Nats-Sequence"), "1025");
  },

  "streams: subject transform and republish": async (t) => {
    const { nc, jsm, js, name } = await t.jetstream().then(async (spoken) => {
      const name = fresh();
      await spoken.jsm.streams.add({
        name,
        subjects: [`${name}.in.*`],
        subject_transform: { src: `${name}.in.*`, dest: `${name}.kept.{{partition(3,1)}}.{{wildcard(1)}}` },
        republish: { src: `${name}.kept.>`, dest: `${name}.again.>` },
      });
      return { ...spoken, name };
    });
    const again = t.collect(nc, `${name}.again.>`);
    await nc.flush();
    await js.publish(`${name}.in.customerid1`, "x");
    await t.filled(again.got, 1);
    const stored = await jsm.streams.getMessage(name, { seq: 1 });
    assert.equal(stored.subject, `${name}.kept.0.customerid1`);
    const [msg] = again.msgs;
    assert.deepEqual(
      [msg.subject, msg.headers.get("Nats-Stream"), msg.headers.get("Nats-Subject"), msg.headers.get("Nats-Sequence")],
      [`${name}.again.0.customerid1`, name, `${name}.kept.0.customerid1`, "1"],
    );
  },

  "streams: sealed for good": async (t) => {
    const { jsm, js, name } = await filled(t, {}, ["a", "1"]);
    const { config } = await jsm.streams.update(name, { sealed: true });
    assert.deepEqual([config.sealed, config.deny_delete, config.deny_purge, config.discard], [true, true, true, "new"]);
    const sealed = [400, 10_109, "invalid operation on sealed stream"];
    assert.deepEqual(await t.apiError(js.publish(`${name}.a`, "2")), sealed);
    assert.deepEqual(await t.apiError(jsm.streams.purge(name)), sealed);
    assert.deepEqual(await t.apiError(jsm.streams.deleteMessage(name, 1)), sealed);
    assert.equal(text(await jsm.streams.getMessage(name, { seq: 1 })), "1");
  },

  "streams: a bucket of keys": async (t) => {
    if (!t.flavour.views) throw new Skip("this client keeps buckets in a package of its own");
    const { js, jsm } = await t.jetstream();
    const kv = await js.views.kv(fresh(), { history: 3, maxBucketSize: 100_000, maxValueSize: 1000 });
    const value = async (key) => (await kv.get(key))?.string();
    assert.equal(await kv.put("color", "blue"), 1);
    assert.equal(await value("color"), "blue");
    await assert.rejects(kv.create("color", "green"), /wrong last sequence: 1/);
    assert.equal(await kv.update("color", "red", 1), 2);
    await assert.rejects(kv.update("color", "green", 1), /wrong last sequence: 2/);
    await kv.delete("color");
    assert.equal((await kv.get("color")).operation, "DEL");
    assert.equal(await kv.create("color", "again"), 4);
    await kv.purge("color");
    assert.equal((await kv.get("color")).operation, "PURGE");
    assert.equal(await kv.get("nothing"), null);
    const { values, streamInfo } = await kv.status();
    assert.deepEqual([values, streamInfo.config.max_msgs_per_subject, streamInfo.config.allow_direct], [1, 3, true]);
    assert.equal(await kv.destroy(), true);
    assert.deepEqual(await t.apiError(jsm.streams.info(streamInfo.config.name)), [404, 10_059, "stream not found"]);
  },

  "streams: an object store is written and sealed": async (t) => {
    if (!t.flavour.views) throw new Skip("this client keeps object stores in a package of its own");
    const { js } = await t.jetstream();
    const store = await js.views.os(fresh());
    const blob = Buffer.alloc(300_000, "abcdefg");
    const put = await store.putBlob({ name: "file", options: { max_chunk_size: 65_536 } }, blob);
    assert.deepEqual([put.size, put.chunks], [300_000, 5]);
    assert.match(put.digest, /^SHA-256=/);
    await store.putBlob({ name: "file" }, Buffer.from("short"));
    const { size, chunks } = await store.info("file");
    assert.deepEqual([size, chunks], [5, 1]);
    const status = await store.seal();
    assert.equal(status.sealed, true);
    await assert.rejects(store.putBlob({ name: "other" }, Buffer.from("x")));
  },
};
