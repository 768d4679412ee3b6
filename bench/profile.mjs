// Shows where this server spends its time under one row: node bench/profile.mjs ROW [TOP=25]
//
// Self time per function, from V8's sampling profiler; "(program)" is native code: the kernel, libuv, OpenSSL. The
// profile stays in .cache/bench/profiles/ for a viewer.

import { mkdtempSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Fills } from "./fills.mjs";
import { buildLoad } from "./load.mjs";
import { chooseRows } from "./rows.mjs";
import { runOnce } from "./run_once.mjs";
import { ourProgram } from "./servers.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const cacheDir = path.join(root, ".cache");

async function record(row) {
  const parent = path.join(cacheDir, "bench", "profiles");
  mkdirSync(parent, { recursive: true });
  const dir = mkdtempSync(path.join(parent, `${row.name}-`));
  const program = ourProgram(root, ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${dir}`]);
  const binary = buildLoad(root, cacheDir);
  const fills = new Fills(cacheDir, binary);
  // Filling leaves a profile too: what was there before the run is not of the row.
  if (row.fill) await fills.of(program, row.fill);
  const before = readdirSync(dir);
  const report = await runOnce(program, row, { cacheDir, binary, fills });
  fills.remove();
  const file = readdirSync(dir).find((name) => !before.includes(name));
  if (file === undefined) throw new Error(`the server left no profile in ${dir}`);
  return { file: path.join(dir, file), report };
}

/** Self time of each function, the most first; idle time is left out. */
function selfTimes(profile) {
  const names = new Map(
    profile.nodes.map(({ id, callFrame }) => {
      const place = callFrame.url === "" ? "" : ` ${path.basename(callFrame.url)}:${callFrame.lineNumber + 1}`;
      return [id, `${callFrame.functionName || "(anonymous)"}${place}`];
    }),
  );
  const times = new Map();
  for (let i = 0; i < profile.samples.length; i++) {
    const name = names.get(profile.samples[i]);
    if (name !== "(idle)") times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[i]);
  }
  return [...times].sort((a, b) => b[1] - a[1]);
}

const rows = chooseRows(process.argv[2] ?? "");
for (const row of rows) {
  const { file, report } = await record(row);
  const times = selfTimes(JSON.parse(readFileSync(file, "utf8")));
  const total = times.reduce((sum, [, micros]) => sum + micros, 0);
  console.log(`${row.name}: ${Math.round(report.rate)}/s, ${report.cpuUs} µs of CPU per message; ${file}`);
  for (const [name, micros] of times.slice(0, Number(process.env.TOP ?? 25)))
    console.log(`${((micros / total) * 100).toFixed(1).padStart(6)} %  ${name}`);
}
