// node .make/sim.mjs [SEEDS]: the simulation of the file store (test/sim/store_sim.ts), from seed FIRST or 1 on; with
// SEED=n in the environment that one seed, step by step; with MODE=cut (fail, rot, lazy) only those. What every 20th
// one leaves is opened by nats-server too, if there is one.

import { build } from "esbuild";
import { pathToFileURL } from "node:url";
import { findReference } from "../conformance/harness/reference.mjs";
import { checkWithReference } from "../test/sim/reference_check.mjs";

const MOST_FAILURES = 20;
const REFERENCE_EVERY = 20;
/** Streams in a directory. */
const BATCH = 100;
const say = (text) => void process.stdout.write(`${text}\n`);

const only = process.env.SEED;
const first = Number(only ?? process.env.FIRST ?? 1);
const last = only === undefined ? first + Number(process.argv[2] ?? 10_000) - 1 : first;
const outfile = ".cache/sim.mjs";
await build({
  entryPoints: ["test/sim/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "warning",
});
const { simulate, modeOf, dumpOf } = await import(pathToFileURL(outfile).href);
const reference = findReference(".cache");

say(`simulating the file store, seeds ${first} to ${last}`);
if (!("binary" in reference)) say(`without nats-server: ${reference.missing}`);
const trace = only === undefined ? undefined : say;
const dumps = [];
let failures = 0;
let messages = 0;
let opened = 0;
for (let seed = first; seed <= last && failures < MOST_FAILURES; seed++) {
  if (process.env.MODE !== undefined && modeOf(seed) !== process.env.MODE) continue;
  try {
    const outcome = simulate(seed, trace);
    messages += outcome.messages;
    // Every mode has its turn.
    const turn = Math.floor(seed / REFERENCE_EVERY) % 4;
    const isChosen = only !== undefined || seed % REFERENCE_EVERY === turn;
    const dump = isChosen && "binary" in reference ? dumpOf(outcome.life) : undefined;
    if (dump !== undefined) dumps.push(dump);
  } catch (error) {
    failures++;
    say(`${error.message}\n  again: make sim SEED=${seed}`);
  }
  if (dumps.length === BATCH || seed === last) await openWithReference();
}

async function openWithReference() {
  if (dumps.length === 0) return;
  opened += dumps.length;
  for (const fault of await checkWithReference(reference.binary, dumps.splice(0))) {
    failures++;
    say(fault);
  }
}

if (failures > 0) process.exit(1);
say(`${messages} messages left at the ends, ${opened} directories opened by nats-server: everything confirmed held`);
