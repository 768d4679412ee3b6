// What a case of the JavaScript clients works with: a flavour, servers and connections, all closed when it ends.

import { Skip } from "../lib/report.mjs";
import { Server } from "../lib/server.mjs";
import { soon, within } from "../lib/wait.mjs";

const WEBSOCKET = `websocket { listen: "127.0.0.1:-1", no_tls: true }\n`;

export class Context {
  #connections = [];
  #servers = [];

  /** @param {object} flavour @param {{ url: string, server?: Server, withJetStream?: () => Promise<Server> }} shared */
  constructor(flavour, shared) {
    this.flavour = flavour;
    this.lib = flavour.lib;
    this.url = shared.url;
    this.givenUrl = shared.server === undefined;
    this.shared = shared;
  }

  /** A server of the case's own; `config` gains a WebSocket listener for the WebSocket flavour. */
  async start(config = "", flags = []) {
    if (this.givenUrl) throw new Skip("needs to start its own server; only a URL was given");
    const server = await Server.start({ config: this.#adapt(config), flags });
    this.#servers.push(server);
    this.url = this.flavour.urlOf(server);
    return server;
  }

  #adapt(config) {
    return this.flavour.websocket ? WEBSOCKET + config : config;
  }

  /** Points the case at the server with JetStream that the cases of this flavour share. */
  async streams() {
    if (this.givenUrl) return;
    const server = await this.shared.withJetStream();
    this.url = this.flavour.urlOf(server);
  }

  /** What speaks to streams: a connection, its stream manager and its publisher, on the shared server. */
  async jetstream(options = {}) {
    await this.streams();
    const nc = await this.connect();
    const jsm = await this.flavour.jetstreamManager(nc, options);
    return { nc, jsm, js: this.flavour.jetstream(nc) };
  }

  /** The code, error code and text an API call is refused with. */
  async apiError(promise) {
    let error;
    try {
      await promise;
    } catch (caught) {
      error = caught;
    }
    if (error === undefined) throw new Error("the call was expected to be refused");
    const { code, err_code: errCode, description } = this.flavour.apiError(error) ?? {};
    if (code === undefined) throw error;
    return [code, errCode, description];
  }

  /** A connection to the case's server. */
  async connect(options = {}) {
    const nc = await soon(this.flavour.connect({ servers: this.url, reconnect: false, ...options }), "connect()");
    this.#connections.push(nc);
    return nc;
  }

  /** The error that connecting with `options` ends in. */
  async refused(options = {}) {
    try {
      await this.connect(options);
    } catch (error) {
      return error;
    }
    throw new Error(`connecting with ${JSON.stringify(options)} was accepted`);
  }

  /** Collects a connection's status events in an array. */
  statuses(nc) {
    const seen = [];
    void (async () => {
      for await (const status of nc.status()) seen.push(status);
    })().catch(() => {});
    return seen;
  }

  /** Subscribes and collects what arrives, as text. @returns {{ sub: object, got: string[], msgs: object[] }} */
  collect(nc, subject, options = {}) {
    const got = [];
    const msgs = [];
    const callback = (error, msg) => {
      if (error) return;
      got.push(text(msg));
      msgs.push(msg);
    };
    return { sub: nc.subscribe(subject, { ...options, callback }), got, msgs };
  }

  /** Waits until `list` is `length` long. */
  async filled(list, length, timeoutMs = 5000) {
    await within(
      timeoutMs,
      () => `${length} items; there are ${list.length}`,
      () => list.length >= length,
    );
  }

  async close() {
    await Promise.allSettled(this.#connections.map((nc) => soon(nc.close(), "close()", 2000)));
    await Promise.allSettled(this.#servers.map((server) => server.stop()));
  }
}

/** A message's payload as text. */
export const text = (msg) => Buffer.from(msg.data).toString();
