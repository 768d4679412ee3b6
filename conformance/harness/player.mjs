// Plays one transcript against one server: opens connections as they are named, runs the steps in order.
//
// Owns: the connections, variables and timeouts of one play. The server belongs to the pool.

import path from "node:path";
import { keyFingerprint } from "./certs.mjs";
import { substitute } from "./literal.mjs";
import { publicNkey, seedFrom, signWithSeed } from "./nkey.mjs";
import { calloutSteps } from "./callout_steps.mjs";
import { loginSteps } from "./login_steps.mjs";
import { requestSteps } from "./request_steps.mjs";
import { serverSteps } from "./server_steps.mjs";
import { curveKeyOf, tokenOf } from "./tokens.mjs";
import { parseStep } from "./transcript.mjs";
import { wireSteps } from "./wire_steps.mjs";

const handlers = { ...wireSteps, ...requestSteps, ...serverSteps, ...loginSteps, ...calloutSteps };

export class Failure extends Error {
  /** @param {number} line @param {string} message */
  constructor(line, message) {
    super(message);
    this.line = line;
  }
}

export class Player {
  timeoutMs = 2500;
  /** @type {Map<string, import("./connection.mjs").Connection>} */
  connections = new Map();
  /** Requests sent and answered, by connection. */
  inboxes = new Map();
  /** @type {Record<string, string>} */
  variables = {};
  /** Last INFO of each connection. */
  infos = {};
  counts = {};
  /** Tokens that were made, by name. */
  made = {};
  ran = undefined;
  http = undefined;

  /**
   * @param {{ program: object, certsDir: string, transcript: import("./transcript.mjs").Transcript, transport: string,
   *   getServer: () => Promise<import("./server.mjs").ServerProcess>, scratch: () => import("./server.mjs").ServerProcess }} setting
   */
  constructor(setting) {
    this.setting = setting;
    this.transport = setting.transport;
    /** Lines that say what tokens hold, by name. */
    this.tokens = { ...setting.transcript?.tokens };
  }

  /** The server, started when first asked for. */
  async server() {
    this.running ??= await this.setting.getServer();
    return this.running;
  }

  /** What `${expression}` stands for. */
  lookup = (expression) => {
    const [word, ...args] = expression.split(/\s+/);
    const { certsDir } = this.setting;
    if (word === "sign") return signWithSeed(seedFrom(args[1]), this.infos[args[0]]?.nonce ?? "", args[2]);
    if (word === "nkey") return publicNkey(seedFrom(args[0]));
    if (word === "pub") return args[0].startsWith("curve") ? curveKeyOf(args[0]) : publicNkey(seedFrom(args[0]));
    if (word === "seed") return seedFrom(args[0]);
    if (word === "now") return String(Math.floor(Date.now() / 1000) + Number(args[0] ?? 0));
    if (word === "web") return this.setting.scratch().webUrl;
    if (word in this.tokens) return this.token(word);
    if (word === "cert") return path.join(certsDir, `${args[0]}.pem`);
    if (word === "key") return path.join(certsDir, `${args[0]}-key.pem`);
    if (word === "spki") return keyFingerprint(path.join(certsDir, `${args[0]}.pem`));
    if (word === "dir") return (this.running ?? this.setting.scratch()).dir;
    if (word === "pid") return String(this.running.pid);
    if (word === "port") return String(this.running.ports[args[0] ?? "client"]);
    if (word in this.variables) return this.variables[word];
    const field = /^([A-Z][0-9]*)\.(\w+)$/.exec(word);
    const value = field && this.infos[field[1]]?.[field[2]];
    if (value === undefined || value === null) throw new Error(`unknown variable \${${expression}}`);
    return String(value);
  };

  /** A token by its name, made when first asked for. @param {string} name */
  token(name) {
    const line = this.tokens[name];
    if (line === undefined) throw new Error(`no token is called ${name}`);
    this.made[name] ??= tokenOf(this.expand(line));
    return this.made[name];
  }

  /** @param {string} text */
  expand(text) {
    return substitute(text, this.lookup);
  }

  /** One step; `times N step` takes a step N times, `${i}` counts from 1. @param {import("./transcript.mjs").Step} step */
  async #take(step) {
    if (step.op === "times") {
      const [, count, text] = /^(\d+) (.*)$/s.exec(step.text);
      for (let i = 1; i <= Number(count); i++) {
        this.variables.i = String(i);
        await this.#take(parseStep(step.line, text));
      }
      return;
    }
    const handler = handlers[step.op];
    if (!handler) throw new Failure(step.line, `unknown step: ${step.op}`);
    try {
      await handler(this, { ...step, text: this.expand(step.text) });
    } catch (error) {
      throw error instanceof Failure ? error : new Failure(step.line, error.message);
    }
  }

  async play() {
    try {
      for (const step of this.setting.transcript.steps) await this.#take(step);
    } finally {
      for (const connection of this.connections.values()) connection.destroy();
    }
  }
}
