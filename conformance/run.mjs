// Plays the transcripts of conformance/transcripts/ against the reference server and against this one.
//
// node conformance/run.mjs [--only TEXT] [--server ours|reference|both]; SERVER=path tries another server.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ensureCerts } from "./harness/certs.mjs";
import { coverageReport } from "./harness/coverage.mjs";
import { playAll } from "./harness/pool.mjs";
import { findReference } from "./harness/reference.mjs";
import { parseTranscript } from "./harness/transcript.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const cacheDir = path.join(here, "..", ".cache");

function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
}

function loadTranscripts(only) {
  const root = path.join(here, "transcripts");
  const names = readdirSync(root, { recursive: true }).filter((name) => name.endsWith(".txt"));
  return names
    .sort((a, b) => (a < b ? -1 : 1))
    .filter((name) => name.includes(only))
    .map((name) => parseTranscript(name, readFileSync(path.join(root, name), "utf8")));
}

function programs(which) {
  const list = [];
  if (which !== "ours") {
    const reference = findReference(cacheDir);
    if ("missing" in reference) console.log(`reference skipped: ${reference.missing}`);
    else list.push({ name: "reference", command: [reference.binary] });
  }
  if (which !== "reference") {
    const file = process.env.SERVER || path.join(here, "..", "dist", "nats-server.cjs");
    const command = /\.[cm]?js$/.test(file) ? [process.execPath, path.resolve(file)] : [file];
    list.push({ name: "ours", command });
  }
  return list;
}

const only = option("only", "");
const transcripts = loadTranscripts(only);
const gaps = JSON.parse(readFileSync(path.join(here, "gaps.json"), "utf8"));
const certsDir = ensureCerts(cacheDir);
const later = JSON.parse(readFileSync(path.join(here, "later.json"), "utf8"));
const totals = { passed: 0, failed: 0, gaps: 0, later: 0 };

for (const program of programs(option("server", "both"))) {
  const startedAt = Date.now();
  const counts = { passed: 0, failed: 0, gaps: 0, later: 0 };
  const notYet = (name) =>
    program.name === "ours" ? later.find((entry) => entry.transcripts.includes(name)) : undefined;
  for (const { name } of transcripts.filter((each) => notYet(each.name) !== undefined)) {
    counts.later++;
    console.log(`${program.name}: skipped: ${name}: ${notYet(name).why}`);
  }
  const due = transcripts.filter((each) => notYet(each.name) === undefined);
  await playAll(program, due, certsDir, ({ transcript, transport, failure }) => {
    const gap = program.name === "ours" && gaps.find((entry) => entry.transcript === transcript.name);
    if (gap && failure) {
      counts.gaps++;
      console.log(`${program.name}: intended difference: ${transcript.name}: ${gap.decision}`);
    } else if (gap) {
      counts.failed++;
      console.log(`${program.name}: ${transcript.name} is in gaps.json and passes: take it out`);
    } else if (failure) {
      counts.failed++;
      const over = transcript.over.length > 0 ? ` (${transport})` : "";
      console.log(
        `${program.name}${over}: conformance/transcripts/${transcript.name}:${failure.line}: ${failure.message}`,
      );
    } else counts.passed++;
  });
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(
    `${program.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.gaps} intended differences, ${counts.later} skipped in ${seconds} s`,
  );
  for (const key of Object.keys(totals)) totals[key] += counts[key];
}

if (only === "") console.log(coverageReport(here, transcripts));
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed > 0 ? 1 : 0);
