// nats-server on a store directory, asked through its API.

import { connect, headers } from "nats";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { findReference } from "../harness/reference.mjs";

export class Reference {
  #child;
  #nc;

  constructor(child, nc) {
    this.#child = child;
    this.#nc = nc;
  }

  /** The path of the program; undefined when there is none. */
  static find(cacheDir) {
    const found = findReference(cacheDir);
    return "binary" in found ? found.binary : undefined;
  }

  static async start(binary, directory) {
    const port = await freePort();
    const child = spawn(binary, ["-js", "-sd", directory, "-p", String(port), "-a", "127.0.0.1"], { stdio: "ignore" });
    const nc = await connect({ servers: `127.0.0.1:${port}`, waitOnFirstConnect: true, reconnectTimeWait: 50, maxReconnectAttempts: 100 }); // prettier-ignore
    const server = new Reference(child, nc);
    for (let tries = 0; ; tries++) {
      try {
        await server.api("INFO");
        return server;
      } catch (error) {
        if (tries === 20) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async stop() {
    await this.#end("SIGTERM");
  }
  async kill() {
    await this.#end("SIGKILL");
  }
  async #end(signal) {
    const exit = once(this.#child, "exit");
    await this.#nc.close();
    this.#child.kill(signal);
    await exit;
  }

  async api(what, body) {
    return this.#ask(`$JS.API.${what}`, body === undefined ? "" : JSON.stringify(body));
  }
  make(name, config) {
    return this.api(`STREAM.CREATE.${name}`, { name, subjects: [`${name.toLowerCase()}.>`], storage: "file", ...config }); // prettier-ignore
  }
  publish(subject, payload, fields) {
    return this.#ask(subject, payload, fields);
  }
  remove(stream, seq, erase) {
    return this.api(`STREAM.MSG.DELETE.${stream}`, { seq, no_erase: !erase });
  }
  async #ask(subject, payload, fields) {
    const hdrs = fields === undefined ? undefined : headers();
    for (const [key, value] of Object.entries(fields ?? {})) hdrs.set(key, value);
    const answer = (await this.#nc.request(subject, payload, { headers: hdrs, timeout: 5000 })).json();
    if (answer.error) throw new Error(`${subject}: ${JSON.stringify(answer.error)}`);
    return answer;
  }

  /** Every message of a stream, in the shape the checks compare; what cannot be got although it should is an error. */
  async messages(stream) {
    const { state } = await this.api(`STREAM.INFO.${stream}`, { deleted_details: true });
    const deleted = new Set(state.deleted);
    const found = [];
    for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
      if (deleted.has(seq)) continue;
      const { message } = await this.api(`STREAM.MSG.GET.${stream}`, { seq });
      found.push(shape(message));
    }
    if (found.length !== state.messages) throw new Error(`${found.length} messages got, ${state.messages} stated`);
    return found;
  }
}

function shape({ seq, time, subject, hdrs = "", data = "" }) {
  const [whole, fraction = ""] = time.replace("Z", "").split(".");
  return {
    seq,
    time: `${Date.parse(`${whole}Z`) / 1000}.${fraction.padEnd(9, "0")}`,
    subject,
    headers: Buffer.from(hdrs, "base64").toString("latin1"),
    payload: Buffer.from(data, "base64").toString("latin1"),
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
