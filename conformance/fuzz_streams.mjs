// Random work on streams, played against nats-server and this server; a difference ends with exit code 1.
//
// node conformance/fuzz_streams.mjs [SECONDS] [SEED]; SECONDS 0 plays the one script of the seed.
// SERVER=path tries another server. Script n of a run has the seed SEED + n.

import path from "node:path";
import { fileURLToPath } from "node:url";
import { StreamPlayer } from "./fuzz/stream_player.mjs";
import { drawStreamScript } from "./fuzz/stream_script.mjs";
import { findReference } from "./harness/reference.mjs";
import { ServerProcess } from "./harness/server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const differencesShown = 5;
const seconds = Number(process.argv[2] ?? 30);
const firstSeed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));

/** One server with JetStream, started again when it ended. */
class Side {
  #server = undefined;
  #player = undefined;
  #scripts = 0;

  constructor(command) {
    this.command = command;
  }

  async play(script) {
    if (this.#server === undefined || this.#server.exitCode !== undefined) {
      await this.stop();
      this.#server = new ServerProcess({ command: this.command });
      this.#server.writeConfig(`server_name: host\njetstream { store_dir: "${this.#server.dir}/js" }\n`, false);
      await this.#server.start([], {});
    }
    this.#player = new StreamPlayer();
    await this.#player.open(this.#server.ports.client);
    const answers = await this.#player.play(`F${++this.#scripts}X`, script);
    this.#player.close();
    if (answers.some((answer) => answer.includes("(closed)"))) await this.#server.waitExit(500);
    if (this.#server.exitCode !== undefined)
      console.log(`${this.command.at(-1)} ended: ${this.#server.log.slice(-2000)}`);
    return answers;
  }

  async stop() {
    await this.#server?.stop();
    this.#server = undefined;
  }
}

/** The first operation that was answered differently, or undefined. */
async function differenceOf(sides, script) {
  const [reference, ours] = await Promise.all(sides.map((side) => side.play(script)));
  const at = reference.findIndex((answer, n) => answer !== ours[n]);
  return at < 0 ? undefined : { at, reference: reference[at], ours: ours[at] };
}

/** The script without the operations that the difference does not need. */
async function shrunk(sides, script, found) {
  let best = { script: { ...script, operations: script.operations.slice(0, found.at) }, found };
  for (let n = best.script.operations.length - 2; n >= 0; n--) {
    const operations = best.script.operations.toSpliced(n, 1);
    const less = await differenceOf(sides, { ...script, operations });
    if (less) best = { script: { ...script, operations: operations.slice(0, less.at) }, found: less };
    n = Math.min(n, best.script.operations.length - 1);
  }
  return best;
}

function show(seed, { script, found }) {
  console.log(`\nseed ${seed}: ${JSON.stringify(script.config)}`);
  for (const operation of script.operations) console.log(`  ${JSON.stringify(operation)}`);
  const from = Math.max(0, commonLength(found.reference, found.ours) - 80);
  console.log(
    `nats-server: …${found.reference.slice(from, from + 700)}\nhere:        …${found.ours?.slice(from, from + 700)}`,
  );
}

function commonLength(a, b = "") {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
}

const cache = path.join(here, "..", ".cache");
const reference = findReference(cache);
if ("missing" in reference) {
  console.log(`skipped: ${reference.missing}`);
  process.exit(0);
}
const file = path.resolve(process.env.SERVER || path.join(here, "..", "dist", "nats-server.cjs"));
const sides = [[reference.binary], /\.[cm]?js$/.test(file) ? [process.execPath, file] : [file]].map(
  (command) => new Side(command),
);
const deadline = Date.now() + seconds * 1000;
let [scripts, differences] = [0, 0];
do {
  const seed = firstSeed + scripts++;
  const script = drawStreamScript(seed);
  const found = await differenceOf(sides, script);
  if (found) {
    differences++;
    show(seed, await shrunk(sides, script, found));
  }
} while (Date.now() < deadline && differences < differencesShown);
for (const side of sides) await side.stop();
console.log(`${scripts} scripts from seed ${firstSeed}, ${differences} differences`);
process.exit(differences > 0 ? 1 : 0);
