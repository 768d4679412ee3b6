// Random sessions of three clients, played against nats-server and this server; a difference ends with exit code 1.
//
// node conformance/fuzz.mjs [SECONDS] [SEED] [CONFIG]; SECONDS 0 plays the one session of the seed.
// SERVER=path tries another server. Session n of a run has the seed SEED + n.

import path from "node:path";
import { fileURLToPath } from "node:url";
import { compare } from "./fuzz/comparison.mjs";
import { configs } from "./fuzz/configs.mjs";
import { batchesOf, play } from "./fuzz/player.mjs";
import { Random } from "./fuzz/random.mjs";
import { drawScript } from "./fuzz/script.mjs";
import { shrink } from "./fuzz/shrinking.mjs";
import { findReference } from "./harness/reference.mjs";
import { ServerProcess } from "./harness/server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const differencesPerConfig = 3;

const seconds = Number(process.argv[2] ?? 60);
const firstSeed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
const names = process.argv[4] === undefined ? Object.keys(configs) : [process.argv[4]];
const totals = { sessions: 0, intended: 0, unsteady: 0, differences: 0 };

/** One server of a configuration; started again when a script ended it. */
class Side {
  #server = undefined;

  constructor(command, config) {
    this.program = { command };
    this.config = config;
  }

  /** @param {import("./fuzz/script.mjs").Operation[]} script */
  async play(script) {
    if (this.#server === undefined) {
      this.#server = new ServerProcess(this.program);
      this.#server.writeConfig(this.config, false);
      await this.#server.start([], {});
    }
    const answers = await play(this.#server.ports.client, script);
    if (this.#server.exitCode === undefined) return answers;
    console.log(`${this.program.command.at(-1)} ended with ${this.#server.exitCode}: ${this.#server.log.slice(-2000)}`);
    await this.stop();
    return answers;
  }

  async stop() {
    await this.#server?.stop();
    this.#server = undefined;
  }
}

/** Plays sessions under one configuration until the time is up. */
async function fuzzConfig(name, referenceCommand, ourCommand, deadline) {
  const config = configs[name];
  const sides = [referenceCommand, ourCommand].map((command) => new Side(command, config.text));
  const differenceOf = async (script) => compare(...(await Promise.all(sides.map((side) => side.play(script)))));
  const shows = async (script) => isDifference(await differenceOf(script)) && isDifference(await differenceOf(script));
  let found = 0;
  try {
    for (let seed = firstSeed; found < differencesPerConfig; seed++) {
      const drawn = drawScript(new Random(seed), config.users);
      const script = drawn.filter((operation) => config.leavesOut?.(operation) !== true);
      const result = await differenceOf(script);
      totals.sessions++;
      if (result === "intended") totals.intended++;
      else if (result !== undefined && !(await shows(script))) totals.unsteady++;
      else if (result !== undefined) {
        found++;
        totals.differences++;
        const upToIt = batchesOf(script)
          .slice(0, result.batch + 1)
          .flat();
        const shortest = await shrink((await shows(upToIt)) ? upToIt : script, shows);
        const last = await differenceOf(shortest);
        report(name, seed, shortest, isDifference(last) ? last : result);
      }
      if (Date.now() >= deadline) return;
    }
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}

const isDifference = (result) => typeof result === "object";

/** Prints the script in the form of a transcript, and the answers that differ. */
function report(name, seed, script, difference) {
  const lines = [`difference under ${name}; again: node conformance/fuzz.mjs 0 ${seed} ${name}`];
  for (const [at, batch] of batchesOf(script).entries()) {
    if (at > difference.batch) break;
    lines.push(`  ${"ABC"[batch[0].client]}>> ${batch.map(({ text }) => quote(text)).join(" ")}`);
  }
  for (const [client, theirs] of difference.theirs.entries()) {
    const [their, our] = [theirs, difference.ours[client]].map(describe);
    if (their !== our)
      lines.push(`  ${"ABC"[client]} of nats-server: ${their}`, `  ${"ABC"[client]} of this server: ${our}`);
  }
  console.log(lines.join("\n"));
}

const describe = ({ control, messages, ended }) =>
  [...control, ...messages].map(quote).join(" ") + (ended ? " closed" : "");

const escapes = { "\r": "\\r", "\n": "\\n", "\t": "\\t", "\0": "\\0", '"': '\\"', "\\": "\\\\" };

/** As the literals of a transcript are written. @param {string} text */
function quote(text) {
  const hex = (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `"${text.replace(/[\x00-\x1f"\\\x7f-\xff]/g, (c) => escapes[c] ?? hex(c))}"`;
}

const reference = findReference(path.join(here, "..", ".cache"));
if ("missing" in reference) {
  console.log(`skipped: ${reference.missing}`);
  process.exit(0);
}
const file = path.resolve(process.env.SERVER || path.join(here, "..", "dist", "nats-server.cjs"));
const ourCommand = /\.[cm]?js$/.test(file) ? [process.execPath, file] : [file];
const deadline = Date.now() + seconds * 1000;
console.log(`sessions against ${reference.binary} for ${seconds} s, seed ${firstSeed}, ${names.join(" ")}`);
const runs = names.map((name) => fuzzConfig(name, [reference.binary], ourCommand, deadline));
const broken = (await Promise.allSettled(runs)).filter(({ status }) => status === "rejected");
for (const { reason } of broken) console.log(reason);
console.log(
  `${totals.sessions} sessions, ${totals.differences} differences, ${totals.intended} intended, ${totals.unsteady} unsteady`,
);
process.exit(totals.differences + broken.length > 0 ? 1 : 0);
