// Request and reply: answers, many answers, timeouts, nobody there, and the services framework.

import assert from "node:assert/strict";
import { text } from "./context.mjs";

const respond = (nc, subject, body, options = {}) =>
  nc.subscribe(subject, {
    ...options,
    callback: (_error, msg) => msg.respond(typeof body === "function" ? body(msg) : body),
  });

async function all(promise) {
  const items = [];
  for await (const item of await promise) items.push(item);
  return items;
}

export const cases = {
  "a request is answered": async (t) => {
    const [service, client] = [await t.connect(), await t.connect()];
    respond(service, "help.please", (msg) => `${text(msg)} OK, I CAN HELP!!!`);
    await service.flush();
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, n) => client.request("help.please", String(n), { timeout: 5000 })),
    );
    assert.deepEqual(
      replies.map(text),
      Array.from({ length: 200 }, (_, n) => `${n} OK, I CAN HELP!!!`),
    );
  },

  "a request without the shared inbox is answered": async (t) => {
    const nc = await t.connect();
    respond(nc, "echo", (msg) => msg.data);
    const reply = await nc.request("echo", "x", { timeout: 2000, noMux: true });
    assert.equal(text(reply), "x");
  },

  "request headers and reply headers": async (t) => {
    const nc = await t.connect();
    nc.subscribe("h", {
      callback: (_error, msg) => {
        const headers = t.lib.headers();
        headers.set("Seen", msg.headers.get("Sent"));
        msg.respond("", { headers });
      },
    });
    const headers = t.lib.headers();
    headers.set("Sent", "42");
    const reply = await nc.request("h", "", { timeout: 2000, headers });
    assert.equal(reply.headers.get("Seen"), "42");
  },

  "a request nobody can answer fails at once": async (t) => {
    const nc = await t.connect();
    const startedAt = Date.now();
    const error = await nc.request("nobody.home", "", { timeout: 5000 }).then(
      () => undefined,
      (e) => e,
    );
    assert.ok(t.flavour.isNoResponders(error), `got ${error}`);
    assert.ok(Date.now() - startedAt < 1000, "it took as long as a timeout");
  },

  "a request that is not answered times out": async (t) => {
    const nc = await t.connect();
    nc.subscribe("silent", { callback: () => {} });
    const error = await nc.request("silent", "", { timeout: 150 }).then(
      () => undefined,
      (e) => e,
    );
    assert.ok(t.flavour.isTimeout(error), `got ${error}`);
  },

  "requestMany collects by count, by stall and until the end mark": async (t) => {
    const nc = await t.connect();
    for (const name of ["a", "b", "c"]) respond(nc, "who", name);
    nc.subscribe("list", {
      callback: (_error, msg) => {
        for (const word of ["x", "y", "z", ""]) msg.respond(word);
      },
    });
    const names = await all(nc.requestMany("who", "", { strategy: "count", maxMessages: 3, maxWait: 2000 }));
    assert.deepEqual(names.map(text).sort(), ["a", "b", "c"]);
    const askedAt = Date.now();
    const stalled = await all(nc.requestMany("who", "", { ...t.flavour.stall, maxWait: 3000 }));
    assert.equal(stalled.length, 3);
    assert.ok(Date.now() - askedAt < 2000, "the stall did not end the wait");
    const marked = await all(nc.requestMany("list", "", { strategy: "sentinel", maxWait: 3000 }));
    assert.deepEqual(marked.map(text).filter(Boolean), ["x", "y", "z"]);
  },

  "requestMany without responders says so": async (t) => {
    const nc = await t.connect();
    const error = await all(nc.requestMany("nobody.home", "", { strategy: "timer", maxWait: 2000 })).then(
      () => undefined,
      (e) => e,
    );
    assert.ok(t.flavour.isNoResponders(error), `got ${error}`);
  },

  "services answer ping, info, stats and their endpoints": async (t) => {
    const [host, client] = [await t.connect(), await t.connect()];
    const config = { name: "adder", version: "1.2.3", description: "adds", queue: "q" };
    const services = [];
    for (let n = 0; n < 2; n++) services.push(await t.flavour.services(host).add(config));
    for (const service of services) {
      service.addGroup("math").addEndpoint("sum", (error, msg) => {
        if (error) throw error;
        const numbers = JSON.parse(text(msg));
        if (Array.isArray(numbers)) msg.respond(JSON.stringify(numbers.reduce((sum, n) => sum + n, 0)));
        else msg.respondError(400, "not a list");
      });
    }
    await host.flush();
    for (let n = 0; n < 10; n++)
      assert.equal(text(await client.request("math.sum", "[1,2,39]", { timeout: 2000 })), "42");
    const refused = await client.request("math.sum", "{}", { timeout: 2000 });
    assert.equal(refused.headers.get("Nats-Service-Error-Code"), "400");
    const found = (maxMessages) => t.flavour.services(client).client({ strategy: "count", maxWait: 3000, maxMessages });
    assert.equal((await all(found(2).ping())).length, 2);
    assert.equal((await all(found(2).ping("adder"))).length, 2);
    const infos = await all(found(2).info("adder"));
    assert.deepEqual(
      infos.map((info) => info.version),
      ["1.2.3", "1.2.3"],
    );
    assert.equal(infos[0].endpoints[0].subject, "math.sum");
    const [{ id }] = infos;
    assert.deepEqual(
      (await all(found(1).info("adder", id))).map((info) => info.id),
      [id],
    );
    const stats = await all(found(2).stats("adder"));
    assert.equal(
      stats.reduce((sum, s) => sum + s.endpoints[0].num_requests, 0),
      11,
    );
    for (const service of services) await service.stop();
    await client.flush();
    const gone = await client.request("$SRV.PING.adder", "", { timeout: 2000 }).then(
      () => undefined,
      (e) => e,
    );
    assert.ok(t.flavour.isNoResponders(gone), `after stop: ${gone}`);
  },
};
