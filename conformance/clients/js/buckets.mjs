// Key-value buckets: revisions, history, markers, watches in every mode, keys, TTL of the bucket.

import assert from "node:assert/strict";

let made = 0;
const fresh = () => `B${process.pid}_${++made}`;
const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));
const string = (entry) => (entry === null ? null : new TextDecoder().decode(entry.value));
const bytes = (text) => new TextEncoder().encode(text);

/** A bucket of the case's own. */
async function bucket(t, options = {}) {
  const { nc, jsm, js } = await t.jetstream();
  const name = fresh();
  const kv = await t.flavour.bucket(nc, name, { history: 5, ...options });
  return { nc, jsm, js, kv, name };
}

/** Entries as `[key, operation, value, revision]`. */
const brief = (entry) => [entry.key, entry.operation, string(entry), entry.revision];

async function listed(iterable) {
  const items = [];
  for await (const item of await iterable) items.push(item);
  return items;
}

/** The next `count` entries of a watch, which ends then. */
async function watched(watch, count, meanwhile = async () => {}) {
  const got = [];
  const timer = setTimeout(() => watch.stop(), 5000);
  const writing = meanwhile();
  if (count > 0)
    for await (const entry of watch) {
      got.push(brief(entry));
      if (got.length === count) break;
    }
  clearTimeout(timer);
  watch.stop();
  await writing;
  return got;
}

/** What a write with an expectation is refused with. */
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error.message;
  }
  throw new Error("it was accepted");
}

export const cases = {
  "buckets: the stream of a bucket": async (t) => {
    const { jsm, name, kv } = await bucket(t, {
      history: 3,
      ttl: 3_600_000,
      max_bytes: 1_000_000,
      maxValueSize: 1000,
      description: "things",
    });
    const { config } = await jsm.streams.info(`KV_${name}`);
    const wanted = {
      subjects: [`$KV.${name}.>`],
      max_msgs_per_subject: 3,
      max_age: 3_600_000_000_000,
      max_bytes: 1_000_000,
      discard: "new",
      allow_direct: true,
      allow_rollup_hdrs: true,
      deny_purge: false,
      duplicate_window: 120_000_000_000,
      description: "things",
    };
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(config[key], value, key);
    await kv.put("a", "1");
    await kv.put("b", "2");
    const { bucket: told, values, history, ttl, size } = await kv.status();
    assert.deepEqual([told, values, history, ttl], [name, 2, 3, 3_600_000]);
    assert.ok(size > 0);
  },

  "buckets: put and get, by revision too": async (t) => {
    const { kv } = await bucket(t);
    assert.equal(await kv.put("color", "blue"), 1);
    assert.equal(await kv.put("color", "red"), 2);
    assert.deepEqual(brief(await kv.get("color")), ["color", "PUT", "red", 2]);
    assert.deepEqual(brief(await kv.get("color", { revision: 1 })), ["color", "PUT", "blue", 1]);
    assert.equal(await kv.get("shape"), null);
    assert.equal(await kv.put("shape", bytes("round")), 3);
    assert.equal(string(await kv.get("shape")), "round");
    assert.equal(await kv.put("nothing", ""), 4);
    assert.equal(string(await kv.get("nothing")), "");
  },

  "buckets: keys of every allowed letter": async (t) => {
    const { kv } = await bucket(t);
    const keys = ["a", "A.b.c", "x/y", "k=v", "under_score-dash", "0", "a.b.c.d.e.f"];
    for (const key of keys) await kv.put(key, key);
    for (const key of keys) assert.equal(string(await kv.get(key)), key);
    assert.deepEqual((await listed(kv.keys())).sort(), [...keys].sort());
  },

  "buckets: create once, and again after a delete or a purge": async (t) => {
    const { kv } = await bucket(t);
    assert.equal(await kv.create("lock", "me"), 1);
    assert.match(await refusal(kv.create("lock", "you")), /wrong last sequence: 1/);
    await kv.delete("lock");
    assert.equal(await kv.create("lock", "you"), 3);
    await kv.purge("lock");
    assert.equal(await kv.create("lock", "they"), 5);
    assert.match(await refusal(kv.create("lock", "all")), /wrong last sequence: 5/);
  },

  "buckets: update by revision": async (t) => {
    const { kv } = await bucket(t);
    await kv.put("other", "x");
    const first = await kv.put("n", "1");
    assert.equal(await kv.update("n", "2", first), 3);
    assert.match(await refusal(kv.update("n", "3", first)), /wrong last sequence: 3/);
    assert.equal(string(await kv.get("n")), "2");
    assert.match(await refusal(kv.update("new", "1", 7)), /wrong last sequence: 0/);
  },

  "buckets: one of many writers wins": async (t) => {
    const { kv } = await bucket(t);
    const revision = await kv.put("n", "0");
    const all = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => kv.update("n", String(i), revision)));
    assert.equal(all.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal((await kv.get("n")).revision, revision + 1);
  },

  "buckets: delete leaves a marker, purge nothing else": async (t) => {
    const { kv, jsm, name } = await bucket(t);
    for (const value of ["1", "2", "3"]) await kv.put("n", value);
    await kv.delete("n");
    assert.equal((await kv.get("n"))?.operation, "DEL");
    assert.equal((await jsm.streams.info(`KV_${name}`)).state.messages, 4);
    assert.equal(string(await kv.get("n", { revision: 2 })), "2");
    await kv.purge("n");
    assert.equal((await kv.get("n"))?.operation, "PURGE");
    const { messages, first_seq, last_seq } = (await jsm.streams.info(`KV_${name}`)).state;
    assert.deepEqual([messages, first_seq, last_seq], [1, 5, 5]);
    assert.equal(await kv.get("n", { revision: 2 }), null);
  },

  "buckets: delete by revision": async (t) => {
    const { kv } = await bucket(t);
    const revision = await kv.put("n", "1");
    await kv.put("n", "2");
    assert.match(await refusal(kv.delete("n", { previousSeq: revision })), /wrong last sequence: 2/);
    await kv.delete("n", { previousSeq: 2 });
    assert.equal((await kv.get("n")).operation, "DEL");
  },

  "buckets: history, as much as the bucket keeps": async (t) => {
    const { kv } = await bucket(t, { history: 3 });
    for (const value of ["1", "2", "3", "4"]) await kv.put("n", value);
    await kv.put("m", "x");
    await kv.delete("n");
    assert.deepEqual((await listed(kv.history({ key: "n" }))).map(brief), [
      ["n", "PUT", "3", 3],
      ["n", "PUT", "4", 4],
      ["n", "DEL", "", 6],
    ]);
    assert.equal((await listed(kv.history())).length, 4);
    assert.deepEqual(await listed(kv.history({ key: "none" })), []);
  },

  "buckets: keys are those that have a value": async (t) => {
    const { kv } = await bucket(t);
    for (const key of ["a", "b.x", "b.y", "c"]) await kv.put(key, "1");
    await kv.delete("a");
    await kv.purge("c");
    assert.deepEqual((await listed(kv.keys())).sort(), ["b.x", "b.y"]);
    await kv.put("a", "2");
    assert.deepEqual((await listed(kv.keys("b.*"))).sort(), ["b.x", "b.y"]);
    assert.deepEqual((await listed(kv.keys("a"))).sort(), ["a"]);
    const empty = await bucket(t);
    assert.deepEqual(await listed(empty.kv.keys()), []);
  },

  "buckets: a watch begins with the last values, in the order of their revisions": async (t) => {
    const { kv } = await bucket(t);
    for (const [key, value] of ["a1", "b1", "a2", "c1"]) await kv.put(key, value);
    await kv.delete("c");
    const got = await watched(await kv.watch(), 5, async () => {
      await pause(200);
      await kv.put("a", "3");
      await kv.put("d", "1");
    });
    assert.deepEqual(got, [
      ["b", "PUT", "1", 2],
      ["a", "PUT", "2", 3],
      ["c", "DEL", "", 5],
      ["a", "PUT", "3", 6],
      ["d", "PUT", "1", 7],
    ]);
  },

  "buckets: a watch of all history": async (t) => {
    const { kv } = await bucket(t);
    for (const [key, value] of ["a1", "b1", "a2"]) await kv.put(key, value);
    const got = await watched(await kv.watch({ include: "history" }), 4, async () => {
      await pause(200);
      await kv.purge("a");
    });
    assert.deepEqual(got, [
      ["a", "PUT", "1", 1],
      ["b", "PUT", "1", 2],
      ["a", "PUT", "2", 3],
      ["a", "PURGE", "", 4],
    ]);
  },

  "buckets: a watch of updates only": async (t) => {
    const { kv } = await bucket(t);
    await kv.put("a", "1");
    const got = await watched(await kv.watch({ include: "updates" }), 2, async () => {
      await pause(200);
      await kv.put("a", "2");
      await kv.delete("a");
    });
    assert.deepEqual(got, [
      ["a", "PUT", "2", 2],
      ["a", "DEL", "", 3],
    ]);
  },

  "buckets: a watch of some keys, without deletes": async (t) => {
    const { kv } = await bucket(t);
    for (const key of ["a.x", "b.x", "a.y"]) await kv.put(key, "1");
    await kv.delete("a.y");
    const got = await watched(await kv.watch({ key: "a.*", ignoreDeletes: true }), 2, async () => {
      await pause(200);
      await kv.delete("a.x");
      await kv.put("b.x", "2");
      await kv.put("a.y", "2");
    });
    assert.deepEqual(got, [
      ["a.x", "PUT", "1", 1],
      ["a.y", "PUT", "2", 7],
    ]);
  },

  "buckets: a watch from a revision": async (t) => {
    const { kv } = await bucket(t);
    for (const [key, value] of ["a1", "b1", "a2", "c1"]) await kv.put(key, value);
    const got = await watched(await kv.watch({ resumeFromRevision: 2 }), 3);
    assert.deepEqual(got, [
      ["b", "PUT", "1", 2],
      ["a", "PUT", "2", 3],
      ["c", "PUT", "1", 4],
    ]);
  },

  "buckets: a thousand keys are watched and listed": async (t) => {
    const { kv } = await bucket(t);
    await Promise.all(Array.from({ length: 1000 }, (_, i) => kv.put(`k.${i}`, String(i))));
    assert.equal(new Set(await listed(kv.keys())).size, 1000);
    const got = await watched(await kv.watch(), 1000);
    assert.equal(new Set(got.map(([key]) => key)).size, 1000);
  },

  "buckets: values grow old with the bucket's TTL": async (t) => {
    const { kv } = await bucket(t, { ttl: 1000 });
    await kv.put("n", "1");
    assert.equal(string(await kv.get("n")), "1");
    for (let tries = 0; tries < 40 && (await kv.get("n")) !== null; tries++) await pause(100);
    assert.equal(await kv.get("n"), null);
    assert.equal(await kv.create("n", "2"), 2);
  },

  "buckets: markers are purged on request": async (t) => {
    const { kv, jsm, name } = await bucket(t);
    await kv.put("a", "1");
    await kv.put("b", "1");
    await kv.delete("a");
    await kv.purge("b");
    await kv.put("c", "1");
    await kv.purgeDeletes(0);
    assert.equal((await jsm.streams.info(`KV_${name}`)).state.messages, 1);
  },

  "buckets: limits of values and of the bucket": async (t) => {
    const { kv } = await bucket(t, { maxValueSize: 10, max_bytes: 300, history: 1 });
    assert.equal(await kv.put("a", "0123456789"), 1);
    assert.match(await refusal(kv.put("b", "0123456789x")), /message size exceeds maximum allowed/);
    let refused;
    for (let n = 0; n < 20 && refused === undefined; n++)
      refused = await kv.put(`k${n}`, "x").then(
        () => undefined,
        (error) => error.message,
      );
    assert.match(refused, /maximum bytes exceeded/);
  },

  "buckets: a bucket is destroyed": async (t) => {
    const { kv, jsm, name } = await bucket(t);
    await kv.put("a", "1");
    assert.equal(await kv.destroy(), true);
    assert.deepEqual(await t.apiError(jsm.streams.info(`KV_${name}`)), [404, 10_059, "stream not found"]);
  },
};
