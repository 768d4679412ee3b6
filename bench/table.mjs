// Renders a result as a markdown table: every row, wins and losses alike.
//
// node bench/table.mjs [FILE…]: without a file, the newest of bench/results/; of several, a later row replaces an
// earlier one of the same name.

import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { judge, showRatio } from "./ratios.mjs";
import { rows as order } from "./rows.mjs";

const resultsDir = path.join(path.dirname(fileURLToPath(import.meta.url)), "results");

function newest() {
  const files = readdirSync(resultsDir).filter((name) => name.endsWith(".json"));
  const paths = files.map((name) => path.join(resultsDir, name));
  paths.sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
  return paths.slice(-1);
}

function thousands(value) {
  return Math.round(value).toLocaleString("en-US");
}

/** The two absolute numbers that say most about a row. */
function absolute({ load, medians }) {
  const both = (key, unit) => `${thousands(medians.ours[key])} / ${thousands(medians.reference[key])} ${unit}`;
  if (load.mode === "jsmem") return `${both("bytesEach", "bytes")}, ${both("totalKb", "kB")}`;
  if (load.mode === "idle") return both("bytesEach", "bytes");
  if (load.mode === "jsquiet") return `${both("p99Us", "µs p99")}, ${both("maxUs", "µs at most")}`;
  if (load.mode === "quiet" || load.inflight === 1) return both("p99Us", "µs p99");
  return both("rate", "per s");
}

/** Measured with another number of pairs than most, or at another commit. */
function isApart(result) {
  const report = reportOf.get(result);
  return report.commit !== commit || report.pairs !== pairs;
}

function line(result) {
  if (result.failure) return `| ${result.title} | failed | | | | | | |`;
  const cell = (name) => (result.ratios[name] ? showRatio(result.ratios[name]) : "");
  const { text, reached } = judge(result);
  const rate = result.ratios.bytes ? cell("bytes") : cell("rate");
  const marks = (result.disturbed !== 0 ? " ‡" : "") + (isApart(result) ? ` ${markOf.get(reportOf.get(result))}` : "");
  const title = result.title + marks;
  const cells = [
    title,
    rate,
    cell("cpu"),
    cell("p50"),
    cell("p99"),
    cell("rss"),
    text + (reached ? "" : " (missed)"),
    absolute(result),
  ];
  return `| ${cells.join(" | ")} |`;
}

const files = process.argv.length > 2 ? process.argv.slice(2) : newest();
const reports = files.map((file) => JSON.parse(readFileSync(file, "utf8")));
if (reports.length === 0) throw new Error("no results yet: make bench");
const found = new Map();
const reportOf = new Map();
for (const report of reports) {
  for (const result of report.rows) {
    found.set(result.name, result);
    reportOf.set(result, report);
  }
}
/** Of reports that are not the main one. */
const markOf = new Map(reports.map((report, i) => [report, "§¶†‖"[i % 4]]));
/** That with most pairs; of several, with most rows. */
const [main] = reports.toSorted((a, b) => b.pairs - a.pairs || b.rows.length - a.rows.length);
const { date, commit, machine, servers, pairs } = main;

console.log(`Ratios to ${servers.reference}: median of ${pairs} alternating pairs and their range; above 1 this server is
better. ${machine.cores} cores (${machine.cpu}) shared by server and load, ${machine.kernel}, Node ${machine.node},
${date.slice(0, 10)}, commit ${commit}.
`);
console.log("| load | rate or memory | CPU per message | p50 | p99 | RSS | goal | this server / nats-server |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const { name } of order) if (found.has(name)) console.log(line(found.get(name)));
console.log(
  "\n‡ Other programs disturbed some of these pairs, or it was not recorded; on a busy machine a server of one thread gets less than one of many.",
);
for (const report of reports) {
  if (!report.rows.some((result) => found.get(result.name) === result && isApart(result))) continue;
  const count = report.pairs === 1 ? "one pair" : `${report.pairs} pairs`;
  console.log(`\n${markOf.get(report)} Of ${count}, at commit ${report.commit}.`);
}
