// What every walkthrough stands on: steps with servers and connections that are closed when a step ends.

import { connect } from "nats";
import { Raw } from "../clients/lib/raw.mjs";
import { finish, runCase } from "../clients/lib/report.mjs";
import { Server } from "../clients/lib/server.mjs";
import { soon, within } from "../clients/lib/wait.mjs";

/**
 * Runs the steps of one walkthrough and ends the program.
 * @param {string} title number and name, as in the list of documented walkthroughs
 * @param {Record<string, (w: Walk) => unknown>} steps
 */
export async function walkthrough(title, steps) {
  for (const [name, run] of Object.entries(steps)) {
    const walk = new Walk();
    await runCase(`${title}: ${name}`, () => run(walk), 40_000);
    await walk.close();
  }
  finish();
}

export class Walk {
  #closing = [];

  /** Starts a server; see Server.start. */
  async start(options) {
    const server = new Server(options);
    this.#closing.unshift(() => server.stop());
    await server.spawn();
    return server;
  }

  /** An official client's connection to `server`. */
  async connect(server, options = {}) {
    const nc = await soon(connect({ servers: server.url, reconnect: false, ...options }), "connect()");
    this.#closing.unshift(() => soon(nc.close(), "close()", 1000));
    return nc;
  }

  /** The error that connecting ends in; a failure when it is accepted. */
  async refused(server, options = {}) {
    let nc;
    try {
      nc = await this.connect(server, { timeout: 3000, ...options });
    } catch (error) {
      return error;
    }
    throw new Error(`connecting with ${JSON.stringify(options)} was accepted, as client ${nc.info.client_id}`);
  }

  /** A connection spoken by hand. */
  async raw(server) {
    const raw = await Raw.connect(server.port);
    this.#closing.unshift(() => raw.close());
    await raw.info();
    return raw;
  }

  /** Does `action` when the step ends. */
  finally(action) {
    this.#closing.unshift(action);
  }

  async close() {
    for (const action of this.#closing)
      await Promise.resolve()
        .then(action)
        .catch(() => {});
  }
}

/** Subscribes and collects payloads as text. @returns {string[] & { sub: object }} */
export function collect(nc, subject, options = {}) {
  const got = [];
  got.sub = nc.subscribe(subject, { ...options, callback: (error, msg) => error ?? got.push(msg.string()) });
  return got;
}

/** Subscribes like `nats reply`: answers in its queue group with `body`, where {{Count}} counts. */
export function replyWith(nc, subject, body) {
  let count = 0;
  return nc.subscribe(subject, {
    queue: "NATS-RPLY-22",
    callback: (_error, msg) => msg.respond(body.replace("{{Count}}", String(++count))),
  });
}

/** Waits until `list` has `length` items. */
export function filled(list, length, timeoutMs = 5000) {
  return within(
    timeoutMs,
    () => `${length} items; there are ${list.length}`,
    () => list.length >= length,
  );
}

/** What a promise rejects with. */
export async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
