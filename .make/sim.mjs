// node .make/sim.mjs [SEEDS]: the simulation of the file store (test/sim/store_sim.ts), from seed FIRST or 1 on;
// with SEED=n in the environment that one seed, step by step; with MODE=cut (fail, rot, lazy) only those.

import { build } from "esbuild";
import { pathToFileURL } from "node:url";

const MOST_FAILURES = 20;
const seeds = Number(process.argv[2] ?? 10_000);
const only = process.env.SEED;
const first = Number(only ?? process.env.FIRST ?? 1);
const last = only === undefined ? first + seeds - 1 : first;
const outfile = ".cache/sim.mjs";
await build({
  entryPoints: ["test/sim/store_sim.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "warning",
});
const { simulate, modeOf } = await import(pathToFileURL(outfile).href);
process.stdout.write(`simulating the file store, seeds ${first} to ${last}\n`);
const trace = only === undefined ? undefined : (line) => process.stdout.write(`${line}\n`);
let failures = 0;
let messages = 0;
for (let seed = first; seed <= last && failures < MOST_FAILURES; seed++) {
  if (process.env.MODE !== undefined && modeOf(seed) !== process.env.MODE) continue;
  try {
    messages += simulate(seed, trace).messages;
  } catch (error) {
    failures++;
    process.stdout.write(`${error.message}\n  again: make sim SEED=${seed}\n`);
  }
}
if (failures > 0) process.exit(1);
process.stdout.write(`${messages} messages left at the ends, everything confirmed held\n`);
