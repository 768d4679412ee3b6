// Walkthrough 15, the stream half: account information, a stream on "foo", messages in it, purge and removal.

import assert from "node:assert/strict";
import { api, askedByDefault, jetStream } from "./streams.mjs";
import { walkthrough } from "./walk.mjs";

await walkthrough("15 JetStream", {
  "without -js an account has no JetStream": async (w) => {
    const nc = await w.connect(await w.start());
    const error = await nc.request("$JS.API.INFO", "", { timeout: 2000 }).then(
      (reply) => assert.fail(`it was answered: ${reply.string()}`),
      (e) => e,
    );
    assert.equal(error.code, "503");
  },

  "the banner tells what JetStream has": async (w) => {
    const { server } = await jetStream(w);
    assert.match(server.log, /Starting JetStream/);
    assert.match(server.log, /Max Memory:\s+\S+/);
    assert.match(server.log, /Max Storage:\s+\S+/);
    assert.ok(server.log.includes(`Store Directory: "${server.dir}/js/jetstream"`), server.log);
    assert.match(server.log, /API Level:\s+4/);
  },

  "account info: nothing of unlimited": async (w) => {
    const { nc } = await jetStream(w);
    const info = await api(nc, "INFO");
    assert.deepEqual(
      [info.memory, info.storage, info.streams, info.consumers, info.reserved_memory, info.reserved_storage],
      [0, 0, 0, 0, 0, 0],
    );
    assert.deepEqual(info.limits, {
      max_memory: -1,
      max_storage: -1,
      max_streams: -1,
      max_consumers: -1,
      max_ack_pending: -1,
      memory_max_stream_bytes: -1,
      storage_max_stream_bytes: -1,
      max_bytes_required: false,
    });
  },

  "stream add my_stream, stream info my_stream": async (w) => {
    const { nc } = await jetStream(w);
    const asked = { ...askedByDefault, name: "my_stream", subjects: ["foo"] };
    const created = await api(nc, "STREAM.CREATE.my_stream", asked);
    assert.equal(created.did_create, true);
    const { config, state } = await api(nc, "STREAM.INFO.my_stream");
    for (const [key, value] of Object.entries(asked)) assert.deepEqual(config[key], value, key);
    assert.deepEqual(state, {
      messages: 0,
      bytes: 0,
      first_seq: 0,
      first_ts: "0001-01-01T00:00:00Z",
      last_seq: 0,
      last_ts: "0001-01-01T00:00:00Z",
      consumer_count: 0,
    });
  },

  "publish 1000 messages, view and get them, remove one, purge, remove the stream": async (w) => {
    const { nc, jsm } = await jetStream(w);
    await jsm.streams.add({ ...askedByDefault, name: "my_stream", subjects: ["foo"] });
    const js = nc.jetstream();
    for (let n = 1; n <= 1000; n += 100)
      await Promise.all(Array.from({ length: 100 }, (_, i) => js.publish("foo", `publication #${n + i}`)));
    const full = (await jsm.streams.info("my_stream")).state;
    assert.deepEqual([full.messages, full.first_seq, full.last_seq, full.num_subjects], [1000, 1, 1000, 1]);
    assert.equal((await jsm.streams.getMessage("my_stream", { seq: 74 })).string(), "publication #74");
    assert.equal((await jsm.streams.getMessage("my_stream", { last_by_subj: "foo" })).string(), "publication #1000");
    assert.equal((await jsm.direct.getMessage("my_stream", { seq: 1 })).string(), "publication #1");
    assert.equal(await jsm.streams.deleteMessage("my_stream", 74), true);
    await assert.rejects(jsm.streams.getMessage("my_stream", { seq: 74 }), /no message found/);
    assert.deepEqual(await jsm.streams.purge("my_stream"), {
      type: "io.nats.jetstream.api.v1.stream_purge_response",
      success: true,
      purged: 999,
    });
    const empty = (await jsm.streams.info("my_stream")).state;
    assert.deepEqual([empty.messages, empty.first_seq, empty.last_seq], [0, 1001, 1000]);
    assert.equal(await jsm.streams.delete("my_stream"), true);
    assert.deepEqual((await api(nc, "STREAM.NAMES")).streams, null);
  },

  "a server killed and started again has every message that was acknowledged": async (w) => {
    const { server, nc, jsm } = await jetStream(w);
    await jsm.streams.add({ ...askedByDefault, name: "my_stream", subjects: ["foo"] });
    const js = nc.jetstream();
    for (let n = 1; n <= 20; n++) await js.publish("foo", `publication #${n}`, { msgID: String(n) });
    await jsm.streams.deleteMessage("my_stream", 7);
    const before = await jsm.streams.info("my_stream", { deleted_details: true });
    await nc.close();
    await server.restart("SIGKILL");
    const again = await w.connect(server);
    const manager = await again.jetstreamManager();
    const after = await manager.streams.info("my_stream", { deleted_details: true });
    assert.deepEqual(after.state, before.state);
    assert.deepEqual(after.config, before.config);
    assert.equal(after.created, before.created);
    assert.equal((await manager.streams.getMessage("my_stream", { seq: 20 })).string(), "publication #20");
    const repeated = await again.jetstream().publish("foo", "publication #20", { msgID: "20" });
    assert.deepEqual([repeated.seq, repeated.duplicate], [20, true]);
    assert.equal((await again.jetstream().publish("foo", "new")).seq, 21);
  },
});
