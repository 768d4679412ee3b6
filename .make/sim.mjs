// node .make/sim.mjs [SEEDS]: the simulation of the file store (test/sim/store_sim.ts), from seed FIRST or 1 on; with
// SEED=n in the environment that one seed, step by step; with MODE=cut (fail, rot, lazy) only those. Every fourth seed is
// run in the mode "reads" too; with MODE=reads each in that alone. What every 20th leaves is opened by nats-server too, if
// there is one.

import { build } from "esbuild";
import { pathToFileURL } from "node:url";
import { findReference } from "../conformance/harness/reference.mjs";
import { checkWithReference } from "../test/sim/reference_check.mjs";

const MOST_FAILURES = 20;
const REFERENCE_EVERY = 20;
const READS = "reads";
const READS_EVERY = 4;
/** Streams in a directory. */
const BATCH = 100;
const say = (text) => void process.stdout.write(`${text}\n`);

const only = process.env.SEED;
const wanted = process.env.MODE;
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
  const own = modeOf(seed);
  if (wanted === undefined || wanted === own) run(seed, own, seed % REFERENCE_EVERY === turnOf(seed));
  if (wanted === READS) run(seed, READS, seed % REFERENCE_EVERY === 0);
  else if (wanted === undefined && only === undefined && seed % READS_EVERY === 0) run(seed, READS, false);
  if (dumps.length === BATCH || seed === last) await openWithReference();
}

/** Every mode has its turn to be opened by nats-server. */
function turnOf(seed) {
  return Math.floor(seed / REFERENCE_EVERY) % 4;
}

function run(seed, mode, isForReference) {
  try {
    const outcome = simulate(seed, mode, trace);
    messages += outcome.messages;
    const isChosen = only !== undefined || isForReference;
    const dump = isChosen && "binary" in reference ? dumpOf(outcome.life) : undefined;
    if (dump !== undefined) dumps.push(dump);
  } catch (error) {
    failures++;
    say(`${error.message}\n  again: make sim SEED=${seed} MODE=${mode}`);
  }
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
