// Plays one transcript against one server: opens connections as they are named, runs the steps in order.
//
// Owns: the connections, variables and timeouts of one play. The server belongs to the pool.

import path from "node:path";
import { keyFingerprint } from "./certs.mjs";
import { substitute } from "./literal.mjs";
import { publicNkey, seedOf, signWithSeed } from "./nkey.mjs";
import { requestSteps } from "./request_steps.mjs";
import { serverSteps } from "./server_steps.mjs";
import { parseStep } from "./transcript.mjs";
import { wireSteps } from "./wire_steps.mjs";

const handlers = { ...wireSteps, ...requestSteps, ...serverSteps };

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
  ran = undefined;
  http = undefined;

  /**
   * @param {{ program: object, certsDir: string, transcript: import("./transcript.mjs").Transcript, transport: string,
   *   getServer: () => Promise<import("./server.mjs").ServerProcess>, scratch: () => import("./server.mjs").ServerProcess }} setting
   */
  constructor(setting) {
    this.setting = setting;
    this.transport = setting.transport;
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

/** A seed itself, or `seed7` for the seed of 32 bytes 7. @param {string} text */
function seedFrom(text) {
  const found = /^seed(\d+)$/.exec(text);
  return found ? seedOf(Number(found[1])) : text;
}
