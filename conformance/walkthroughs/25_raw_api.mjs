// Walkthrough 25, the stream half: the API asked with nothing but requests.

import assert from "node:assert/strict";
import { api, jetStream } from "./streams.mjs";
import { walkthrough } from "./walk.mjs";

await walkthrough("25 raw API", {
  "a missing stream is answered with 404": async (w) => {
    const { nc } = await jetStream(w);
    assert.deepEqual(await api(nc, "STREAM.INFO.nonexisting"), {
      type: "io.nats.jetstream.api.v1.stream_info_response",
      error: { code: 404, err_code: 10_059, description: "stream not found" },
      total: 0,
      offset: 0,
      limit: 0,
    });
  },

  "stream info tells its type and the configuration": async (w) => {
    const { nc } = await jetStream(w);
    await api(nc, "STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["ORDERS.*"] });
    const info = await api(nc, "STREAM.INFO.ORDERS");
    assert.equal(info.type, "io.nats.jetstream.api.v1.stream_info_response");
    assert.deepEqual([info.config.name, info.config.subjects], ["ORDERS", ["ORDERS.*"]]);
    assert.match(info.created, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.match(info.ts, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  },

  "a message by its sequence: subject, base64 data, time": async (w) => {
    const { nc } = await jetStream(w);
    await api(nc, "STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["x"] });
    await nc.request("x", "hello", { timeout: 5000 });
    const { type, message } = await api(nc, "STREAM.MSG.GET.ORDERS", `{"seq": 1}`);
    assert.equal(type, "io.nats.jetstream.api.v1.stream_msg_get_response");
    const { time, ...rest } = message;
    assert.deepEqual(rest, { subject: "x", seq: 1, data: "aGVsbG8=" });
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time);
    assert.deepEqual(await api(nc, "STREAM.MSG.GET.ORDERS", `{"seq": 2}`), {
      type: "io.nats.jetstream.api.v1.stream_msg_get_response",
      error: { code: 404, err_code: 10_037, description: "no message found" },
    });
  },

  "names, list, purge, delete": async (w) => {
    const { nc } = await jetStream(w);
    for (const name of ["TWO", "ONE"]) await api(nc, `STREAM.CREATE.${name}`, { name });
    assert.deepEqual(await api(nc, "STREAM.NAMES"), {
      type: "io.nats.jetstream.api.v1.stream_names_response",
      total: 2,
      offset: 0,
      limit: 1024,
      streams: ["ONE", "TWO"],
    });
    const list = await api(nc, "STREAM.LIST", { offset: 1 });
    assert.deepEqual([list.total, list.offset, list.limit, list.streams.length], [2, 1, 256, 1]);
    assert.equal(list.streams[0].config.name, "TWO");
    await nc.request("ONE", "x", { timeout: 5000 });
    assert.deepEqual(await api(nc, "STREAM.PURGE.ONE"), {
      type: "io.nats.jetstream.api.v1.stream_purge_response",
      success: true,
      purged: 1,
    });
    assert.deepEqual(await api(nc, "STREAM.DELETE.ONE"), {
      type: "io.nats.jetstream.api.v1.stream_delete_response",
      success: true,
    });
    assert.deepEqual((await api(nc, "STREAM.NAMES")).streams, ["TWO"]);
  },

  "an advisory tells of each change": async (w) => {
    const { nc } = await jetStream(w);
    const seen = [];
    nc.subscribe("$JS.EVENT.ADVISORY.STREAM.>", { callback: (_error, msg) => seen.push([msg.subject, msg.json()]) });
    await nc.flush();
    const config = { name: "ORDERS", subjects: ["ORDERS.*"] };
    await api(nc, "STREAM.CREATE.ORDERS", config);
    await api(nc, "STREAM.UPDATE.ORDERS", { ...config, description: "d" });
    await api(nc, "STREAM.DELETE.ORDERS");
    const startedAt = Date.now();
    while (seen.length < 3 && Date.now() - startedAt < 5000) await nc.flush();
    assert.deepEqual(
      seen.map(([subject, { type, stream, action }]) => [subject, type, stream, action]),
      [
        ["CREATED", "create"],
        ["UPDATED", "modify"],
        ["DELETED", "delete"],
      ].map(([word, action]) => [
        `$JS.EVENT.ADVISORY.STREAM.${word}.ORDERS`,
        "io.nats.jetstream.advisory.v1.stream_action",
        "ORDERS",
        action,
      ]),
    );
  },

  "what is no API subject is taken by the API and not answered; what nobody serves is said to be so": async (w) => {
    const { nc } = await jetStream(w);
    await assert.rejects(nc.request("$JS.API.NOSUCH.THING", "", { timeout: 300 }), { code: "TIMEOUT" });
    await assert.rejects(nc.request("$JS.STREAM.INFO.ORDERS", "", { timeout: 2000 }), { code: "503" });
  },
});
