// Compares this server with nats-server: each row is a number of pairs of runs, taken alternately.
//
// node bench/run.mjs [ROWS] [--json FILE] [--list] (or ROWS=…, or ISSUE=3,4): names or beginnings of names with commas between,
// or all; PAIRS=5, RUN_SECONDS=2.5, WARM_SECONDS=0.7, SERVER=path (and COMMIT= what it was built from), REFERENCE=path.
// Every run has a fresh server, warmed up before the clock starts. The report goes to FILE, else to bench/results/.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Fills } from "./fills.mjs";
import { buildLoad } from "./load.mjs";
import { commitOf, machineOf } from "./machine.mjs";
import { judge, mediansOf, ratiosOf, showRatio } from "./ratios.mjs";
import { chooseRows, rowsOfIssues } from "./rows.mjs";
import { runOnce } from "./run_once.mjs";
import { ourProgram, referenceProgram } from "./servers.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const cacheDir = path.join(root, ".cache");
/** A pair counts as disturbed when other programs used more than this. */
const DISTURBED_CORES = 0.15;
const NAME_WIDTH = 26;

/** Ours and the reference after one another; who is first changes from pair to pair. */
async function runPair(programs, row, binary, number) {
  const order = number % 2 === 0 ? programs : programs.toReversed();
  const pair = {};
  for (const program of order) {
    pair[program.name] = await runOnce(program, row, { cacheDir, binary, fills }).catch((error) => {
      throw new Error(`${program.name}: ${error.message}`, { cause: error });
    });
  }
  return pair;
}

/** The most cores that neither server nor load used during the runs of a pair. */
function disturbance({ ours, reference }) {
  return Math.max(ours.othersBusy, reference.othersBusy);
}

/**
 * Runs pairs until enough were undisturbed, at most twice as many, and keeps those the rest of the machine disturbed
 * least. Who asks for one pair gets one.
 */
async function runPairs(programs, row, binary, count) {
  const pairs = [];
  let calm = 0;
  while (calm < count && pairs.length < (count === 1 ? 1 : 2 * count)) {
    const pair = await runPair(programs, row, binary, pairs.length);
    pairs.push(pair);
    if (disturbance(pair) <= DISTURBED_CORES) calm++;
  }
  return pairs.sort((a, b) => disturbance(a) - disturbance(b)).slice(0, count);
}

async function runRow(programs, row, binary, count) {
  const { name, title, goal, most, load } = row;
  try {
    const pairs = await runPairs(programs, row, binary, count);
    const medians = {
      ours: mediansOf(pairs.map((pair) => pair.ours)),
      reference: mediansOf(pairs.map((pair) => pair.reference)),
    };
    const disturbed = pairs.filter((pair) => disturbance(pair) > DISTURBED_CORES).length;
    return { name, title, goal, most, load, ratios: ratiosOf(pairs), medians, disturbed, pairs };
  } catch (error) {
    return { name, title, goal, most, load, failure: error.message };
  }
}

function show(result) {
  if (result.failure) return `${result.name.padEnd(NAME_WIDTH)} FAILED: ${result.failure}`;
  const { text, reached } = judge(result);
  const cells = Object.entries(result.ratios).map(([name, ratio]) => `${name} ${showRatio(ratio)}`);
  const noise = result.disturbed > 0 ? `  (${result.disturbed} of ${result.pairs.length} pairs disturbed)` : "";
  return `${result.name.padEnd(NAME_WIDTH)} ${cells.join("  ")}  goal ${text} ${reached ? "reached" : "missed"}${noise}`;
}

/** What a reader in a hurry wants: the rows that failed, and those in which this server did worse by rate or CPU. */
function showWorse(results) {
  const isWorse = (result) => {
    const { rate, cpu, bytes } = result.ratios;
    return result.most ? !judge(result).reached : [rate, cpu, bytes].some((one) => one?.median < 1);
  };
  const worse = results.filter((result) => result.failure || isWorse(result));
  if (worse.length === 0) return "no row failed or is below 1.0";
  return [
    `${worse.length} of ${results.length} rows failed or are below 1.0 by rate or CPU, or beyond their bound:`,
    ...worse.map(show),
  ].join("\n");
}

/** Writes the report; in bench/results/ rows measured earlier at the same commit stay in it. */
function save(report) {
  if (options.json) {
    writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
    return options.json;
  }
  const dir = path.join(root, "bench", "results");
  mkdirSync(dir, { recursive: true });
  const file = path.join(dir, `${report.date.slice(0, 10)}-${report.commit}.json`);
  const earlier = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).rows : [];
  const kept = earlier.filter((old) => !report.rows.some((row) => row.name === old.name));
  writeFileSync(file, `${JSON.stringify({ ...report, rows: [...kept, ...report.rows] }, null, 1)}\n`);
  return path.relative(root, file);
}

const { values: options, positionals } = parseArgs({
  options: { json: { type: "string" }, list: { type: "boolean" } },
  allowPositionals: true,
});
const named = positionals[0] ?? process.env.ROWS ?? "";
const rows = named === "" && process.env.ISSUE ? rowsOfIssues(process.env.ISSUE) : chooseRows(named);
if (options.list) {
  for (const { name, title } of rows) console.log(`${name.padEnd(NAME_WIDTH)} ${title}`);
  process.exit();
}
const count = Number(process.env.PAIRS ?? 5);
const binary = buildLoad(root, cacheDir);
const fills = new Fills(cacheDir, binary);
const programs = [ourProgram(root), referenceProgram(cacheDir)];
const report = {
  date: new Date().toISOString(),
  commit: commitOf(root),
  machine: machineOf(root),
  servers: Object.fromEntries(programs.map(({ name, version }) => [name, version])),
  pairs: count,
  rows: [],
};

console.log(`${rows.length} rows of ${count} pairs; above 1 this server is better; median (range)`);
const startedAtMs = performance.now();
for (const row of rows) {
  const result = await runRow(programs, row, binary, count);
  report.rows.push(result);
  console.log(show(result));
  save(report);
}
fills.remove();
console.log(showWorse(report.rows));
console.log(`${rows.length} rows took ${Math.round((performance.now() - startedAtMs) / 1000)} s`);
console.log(`written to ${save(report)}`);
process.exitCode = report.rows.some((row) => row.failure) ? 1 : 0;
