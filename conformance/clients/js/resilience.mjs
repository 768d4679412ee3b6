// When the server goes away: reconnecting, lame duck mode, a close by the server.

import assert from "node:assert/strict";
import { text } from "./context.mjs";
import { soon, within } from "../lib/wait.mjs";

const patient = { reconnect: true, maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 10 };

function seen(statuses, type, timeoutMs = 8000) {
  return within(
    timeoutMs,
    () => `the status ${type}; saw ${statuses.map((s) => s.type)}`,
    () => statuses.find((s) => s.type === type),
  );
}

/** A WebSocket listener keeps its port over a restart only when the port is named. */
async function startWithFixedPorts(t) {
  const server = await t.start();
  if (t.flavour.websocket)
    server.configure(`websocket { listen: "127.0.0.1:${new URL(server.wsUrl).port}", no_tls: true }\n`);
  return server;
}

export const cases = {
  "subscriptions and requests work again after a restart": async (t) => {
    const server = await startWithFixedPorts(t);
    const nc = await t.connect(patient);
    const statuses = t.statuses(nc);
    const { got } = t.collect(nc, "again");
    t.collect(nc, "counted", { queue: "q" });
    nc.subscribe("ask", { callback: (_error, msg) => msg.respond("yes") });
    await nc.flush();
    for (const signal of ["SIGTERM", "SIGKILL"]) {
      const count = statuses.filter((s) => s.type === "reconnect").length;
      await server.restart(signal);
      await within(8000, "reconnect", () => statuses.filter((s) => s.type === "reconnect").length > count);
      await nc.flush();
      nc.publish("again", signal);
      await nc.flush();
      assert.equal(text(await nc.request("ask", "", { timeout: 2000 })), "yes");
    }
    assert.deepEqual(got, ["SIGTERM", "SIGKILL"]);
    await seen(statuses, "disconnect");
  },

  "lame duck mode is announced, and clients are let go": async (t) => {
    const server = await t.start(`lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"\n`);
    const nc = await t.connect();
    const statuses = t.statuses(nc);
    await nc.flush();
    await nc.flush();
    server.signal("SIGUSR2");
    await seen(statuses, "ldm");
    await t.refused();
    await nc.flush();
    await soon(nc.closed(), "the server to close this client", 8000);
    assert.equal(await soon(server.exited, "the server to exit", 8000), 0);
  },

  "closed() resolves when the server stops": async (t) => {
    const server = await t.start();
    const nc = await t.connect();
    await nc.flush();
    assert.equal(await server.end("SIGINT"), 0);
    await soon(nc.closed(), "closed()");
  },

  "a request in flight fails when the connection is lost": async (t) => {
    const server = await t.start();
    const nc = await t.connect();
    nc.subscribe("slow", { callback: () => {} });
    const lost = nc.request("slow", "", { timeout: 20_000 }).then(
      () => undefined,
      (error) => error,
    );
    await nc.flush();
    await server.end("SIGKILL");
    assert.ok((await soon(lost, "the request to fail")) instanceof Error);
  },
};
