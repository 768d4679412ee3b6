// Walkthroughs 32 and 33: a key-value bucket and an object store, as `nats kv` and `nats object` use them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { jetStream } from "./streams.mjs";
import { filled, rejection, walkthrough } from "./walk.mjs";

const LARGE_BYTES = 64 * 1024 * 1024;

const text = (entry) => (entry === null ? null : entry.string());

await walkthrough("32, 33 KV and object store", {
  "create twice, update by revision twice": async (w) => {
    const { nc } = await jetStream(w);
    const kv = await nc.jetstream().views.kv("my-kv", { history: 1 });
    assert.equal(await kv.create("Key1", "Value1"), 1);
    assert.match((await rejection(kv.create("Key1", "Value1"))).message, /wrong last sequence: 1/);
    for (let n = 2; n <= 13; n++) await kv.put("Key1", `Value${n}`);
    assert.equal(await kv.update("Key1", "Value14", 13), 14);
    assert.match((await rejection(kv.update("Key1", "Value14", 13))).message, /wrong last sequence: 14/);
    const entry = await kv.get("Key1");
    assert.deepEqual([text(entry), entry.revision, entry.operation], ["Value14", 14, "PUT"]);
    await kv.delete("Key1");
    const deleted = await kv.get("Key1");
    assert.deepEqual([deleted.operation, deleted.length], ["DEL", 0]);
    assert.equal(await kv.create("Key1", "again"), 16);
  },

  "a watch shows DEL and PUT": async (w) => {
    const { nc } = await jetStream(w);
    const kv = await nc.jetstream().views.kv("my-kv");
    await kv.put("Key1", "old");
    const seen = [];
    const watch = await kv.watch();
    const reading = (async () => {
      for await (const entry of watch) seen.push([entry.key, entry.operation, text(entry)]);
    })();
    await filled(seen, 1);
    await kv.delete("Key1");
    await kv.put("Key1", "Value2");
    await filled(seen, 3);
    watch.stop();
    await reading;
    assert.deepEqual(seen, [
      ["Key1", "PUT", "old"],
      ["Key1", "DEL", ""],
      ["Key1", "PUT", "Value2"],
    ]);
  },

  "64 MiB are put and got with their digest; watch, delete, seal": async (w) => {
    const { nc } = await jetStream(w);
    const os = await nc.jetstream().views.os("myobjbucket");
    const data = new Uint8Array(LARGE_BYTES);
    for (let i = 0; i < data.length; i += 997) data[i] = i & 255;
    const digest = `SHA-256=${createHash("sha256").update(data).digest("base64url")}`;
    const seen = [];
    const watch = await os.watch();
    const reading = (async () => {
      for await (const info of watch) if (info !== null) seen.push([info.name, info.deleted]);
    })();
    const info = await os.putBlob({ name: "myfile" }, data);
    assert.equal(info.size, LARGE_BYTES);
    assert.equal(info.digest.replace(/=+$/, ""), digest);
    assert.deepEqual(
      (await os.list()).map(({ name, size }) => [name, size]),
      [["myfile", LARGE_BYTES]],
    );
    const got = await os.getBlob("myfile");
    assert.equal(Buffer.compare(got, data), 0);
    await os.putBlob({ name: "small" }, new TextEncoder().encode("hello"));
    await os.delete("small");
    await filled(seen, 3);
    assert.deepEqual(seen[0].slice(0, 1), ["myfile"]);
    assert.deepEqual(seen.at(-1), ["small", true]);
    watch.stop();
    await reading;
    const { sealed } = await os.seal();
    assert.equal(sealed, true);
    await assert.rejects(os.putBlob({ name: "late" }, new Uint8Array(1)));
    assert.equal((await os.info("myfile")).digest, info.digest);
  },
});
