// Object stores: put, get, info, links, watch, list, replace, delete, seal.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";

let made = 0;
const fresh = () => `O${process.pid}_${++made}`;
const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));
const string = (data) => (data === null ? null : new TextDecoder().decode(data));
const bytes = (text) => new TextEncoder().encode(text);

/** An object store of the case's own. */
async function store(t, options = {}) {
  const { nc, jsm, js } = await t.jetstream();
  const name = fresh();
  return { nc, jsm, js, name, os: await t.flavour.store(nc, name, options) };
}

/** A megabyte-sized value that is the same in every run. */
function large(size) {
  const data = new Uint8Array(size);
  for (let i = 0, x = 1; i < size; i++) {
    x = (x * 1_103_515_245 + 12_345) % 2_147_483_648;
    data[i] = x >> 16;
  }
  return data;
}

const sha = (data) =>
  `SHA-256=${createHash("sha256").update(data).digest("base64").replaceAll("+", "-").replaceAll("/", "_")}`;

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was accepted");
}

export const cases = {
  "objects: the stream of an object store": async (t) => {
    const { jsm, name, os } = await store(t, { description: "files", storage: "memory" });
    const { config } = await jsm.streams.info(`OBJ_${name}`);
    const wanted = {
      subjects: [`$O.${name}.C.>`, `$O.${name}.M.>`],
      discard: "new",
      allow_rollup_hdrs: true,
      allow_direct: true,
      storage: "memory",
      description: "files",
      sealed: false,
    };
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(config[key], value, key);
    const status = await os.status();
    assert.deepEqual([status.bucket, status.sealed, status.size], [name, false, 0]);
  },

  "objects: put and get": async (t) => {
    const { os } = await store(t);
    const info = await os.putBlob({ name: "a.txt", description: "text" }, bytes("hello"));
    assert.deepEqual([info.name, info.size, info.chunks, info.deleted], ["a.txt", 5, 1, false]);
    assert.equal(info.digest, sha(bytes("hello")));
    assert.equal(string(await os.getBlob("a.txt")), "hello");
    assert.equal(await os.getBlob("none"), null);
    const { description } = await os.info("a.txt");
    assert.equal(description, "text");
  },

  "objects: an empty object": async (t) => {
    const { os } = await store(t);
    const info = await os.putBlob({ name: "empty" }, new Uint8Array());
    assert.deepEqual([info.size, info.chunks], [0, 0]);
    assert.equal((await os.getBlob("empty")).length, 0);
  },

  "objects: five megabytes in chunks": async (t) => {
    const { os, jsm, name } = await store(t);
    const data = large(5 * 1024 * 1024 + 1);
    const info = await os.putBlob({ name: "large" }, data);
    assert.deepEqual([info.size, info.chunks, info.digest], [data.length, 41, sha(data)]);
    const { state } = await jsm.streams.info(`OBJ_${name}`);
    assert.equal(state.messages, 42);
    const got = await os.getBlob("large");
    assert.equal(Buffer.compare(got, data), 0);
  },

  "objects: small chunks, and reading as a stream": async (t) => {
    const { os } = await store(t);
    const data = large(10_000);
    const info = await os.put(
      { name: "chunks", options: { max_chunk_size: 1000 } },
      new ReadableStream({
        start(controller) {
          controller.enqueue(data);
          controller.close();
        },
      }),
    );
    assert.deepEqual([info.chunks, info.size], [10, 10_000]);
    const result = await os.get("chunks");
    const parts = [];
    for await (const part of result.data) parts.push(part);
    assert.equal((await result.error) ?? null, null);
    assert.equal(Buffer.compare(Buffer.concat(parts), data), 0);
  },

  "objects: putting again replaces, chunks too": async (t) => {
    const { os, jsm, name } = await store(t);
    await os.putBlob({ name: "x" }, large(300_000));
    await os.putBlob({ name: "x" }, bytes("small"));
    assert.equal(string(await os.getBlob("x")), "small");
    assert.equal((await jsm.streams.info(`OBJ_${name}`)).state.messages, 2);
    assert.equal((await os.list()).length, 1);
  },

  "objects: list and delete": async (t) => {
    const { os, jsm, name } = await store(t);
    for (const each of ["b", "a", "c"]) await os.putBlob({ name: each }, bytes(each));
    assert.deepEqual((await os.list()).map((info) => info.name).sort(), ["a", "b", "c"]);
    const { success, purged } = await os.delete("b");
    assert.deepEqual([success, purged], [true, 1]);
    assert.deepEqual((await os.list()).map((info) => info.name).sort(), ["a", "c"]);
    assert.equal(await os.getBlob("b"), null);
    assert.equal((await os.info("b")).deleted, true);
    assert.equal((await jsm.streams.info(`OBJ_${name}`)).state.messages, 5);
  },

  "objects: metadata is changed, names too": async (t) => {
    const { os } = await store(t);
    await os.putBlob({ name: "old" }, bytes("data"));
    await os.update("old", { name: "new", description: "renamed" });
    assert.equal(string(await os.getBlob("new")), "data");
    assert.equal((await os.info("new")).description, "renamed");
    await os.putBlob({ name: "third" }, bytes("x"));
    await refusal(os.update("third", { name: "new" }));
  },

  "objects: links to objects and to stores": async (t) => {
    const { os, nc, name } = await store(t);
    const source = await os.putBlob({ name: "real" }, bytes("data"));
    const link = await os.link("alias", source);
    assert.deepEqual(link.options.link, { bucket: name, name: "real" });
    assert.equal(string(await os.getBlob("alias")), "data");
    const other = await t.flavour.store(nc, fresh());
    await other.putBlob({ name: "far" }, bytes("far away"));
    await os.link("across", await other.info("far"));
    assert.equal(string(await os.getBlob("across")), "far away");
    const storeLink = await os.linkStore("dir", other);
    assert.equal(storeLink.options.link.name, undefined);
    await refusal(os.link("twice", link));
  },

  "objects: watch": async (t) => {
    const { os } = await store(t);
    await os.putBlob({ name: "before" }, bytes("1"));
    const watch = await os.watch({ includeHistory: true });
    const seen = [];
    const all = (async () => {
      for await (const info of watch) {
        if (info !== null) seen.push([info.name, info.deleted]);
        if (seen.length === 3) break;
      }
    })();
    await pause(200);
    await os.putBlob({ name: "after" }, bytes("2"));
    await os.delete("before");
    await Promise.race([all, pause(5000)]);
    watch.stop();
    assert.deepEqual(seen, [
      ["before", false],
      ["after", false],
      ["before", true],
    ]);
  },

  "objects: a sealed store is read only": async (t) => {
    const { os } = await store(t);
    await os.putBlob({ name: "a" }, bytes("data"));
    assert.equal((await os.seal()).sealed, true);
    assert.equal((await os.status()).sealed, true);
    assert.equal(string(await os.getBlob("a")), "data");
    await refusal(os.putBlob({ name: "b" }, bytes("more")));
    await refusal(os.delete("a"));
  },

  "objects: a store is destroyed": async (t) => {
    const { os, jsm, name } = await store(t);
    await os.putBlob({ name: "a" }, bytes("data"));
    assert.equal(await os.destroy(), true);
    assert.deepEqual(await t.apiError(jsm.streams.info(`OBJ_${name}`)), [404, 10_059, "stream not found"]);
  },
};
