// A second, independent witness: `nats bench` of the official command line on both servers, alternately.
//
// node bench/witness.mjs [PAIRS=3]. It measures clients written in Go together with the server, and on few cores these
// clients are the slower half: its ratios are nearer to 1 than those of bench/run.mjs, and must not contradict them. CPU per
// message is the server's.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { natsCommand } from "../conformance/clients/lib/tools.mjs";
import { ratiosOf, showRatio } from "./ratios.mjs";
import { ourProgram, referenceProgram, startServer } from "./servers.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const cacheDir = path.join(root, ".cache");
const TICKS_PER_SECOND = 100;
/** Between a subscriber's start and the publisher's. */
const LISTENING_MS = 700;

const js = { config: "js-2m", before: ["stream add benchstream --subjects bench.js --defaults --allow-direct"] };
const filled = { ...js, before: [...js.before, "bench js pub async bench.js --msgs 300000 --size 128"] };
const bucket = { config: "js-2m" };

/** `run` is timed, `beside` runs with it, `before` comes before; a warm-up of a third of the messages too, but where `once`. */
const rows = [
  { name: "pub 16 B", msgs: 3_000_000, run: "bench pub bench --size 16" },
  { name: "pub 128 B", msgs: 3_000_000, run: "bench pub bench --size 128" },
  { name: "pub 1 KB", msgs: 1_000_000, run: "bench pub bench --size 1KB" },
  { name: "1:1 128 B", msgs: 1_000_000, run: "bench sub bench", beside: "bench pub bench --size 128" },
  { name: "1:4 128 B", msgs: 500_000, run: "bench sub bench --clients 4", beside: "bench pub bench --size 128" },
  { name: "request-reply, 8 clients", msgs: 80_000, run: "bench service request bench --clients 8", beside: "bench service serve bench", endless: true }, // prettier-ignore
  { name: "js pub sync", msgs: 60_000, run: "bench js pub sync bench.js --size 128", ...js },
  { name: "js pub async", msgs: 300_000, run: "bench js pub async bench.js --size 128", ...js },
  { name: "js ordered", msgs: 300_000, run: "bench js ordered --stream benchstream", ...filled },
  { name: "js consume", msgs: 300_000, run: "bench js consume --stream benchstream", once: true, ...filled },
  { name: "js fetch", msgs: 300_000, run: "bench js fetch --stream benchstream", once: true, ...filled },
  { name: "kv put", msgs: 60_000, run: "bench kv put --size 128", ...bucket },
  { name: "kv get", msgs: 50_000, run: "bench kv get", ...bucket, before: ["bench kv put --msgs 50000 --size 128"] }, // prettier-ignore
];

const { binary, real } = natsCommand();
if (!binary || !real) {
  console.log("skipped: no nats command line to measure with");
  process.exit();
}

/** A started command, and its output once it has ended. */
function command(port, line) {
  const words = line.startsWith("bench") ? [...line.split(" "), "--no-progress"] : line.split(" ");
  const env = { ...process.env, XDG_CONFIG_HOME: cacheDir, XDG_DATA_HOME: cacheDir };
  const child = spawn(binary, ["-s", `nats://127.0.0.1:${port}`, ...words], { stdio: ["ignore", "pipe", "pipe"], env });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
  const output = new Promise((resolve, reject) => {
    child.once("close", (status, signal) => {
      if (status === 0 || signal === "SIGTERM") resolve(text);
      else reject(new Error(`nats ${line}: ${text.trim().split("\n").at(-1)}`));
    });
  });
  return { child, output };
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Messages a second as `nats bench` prints them: of all clients together, where there are several. */
function rateOf(output) {
  const rates = [...output.matchAll(/stats: ([\d,]+) msgs\/sec/g)].map((match) => Number(match[1].replaceAll(",", "")));
  if (rates.length === 0) throw new Error(`no rate in ${output}`);
  return Math.max(...rates);
}

/** Puts the load of a row on a server; the rate that was printed. */
async function load(port, row, msgs) {
  const service = row.endless && command(port, row.beside);
  if (service) await new Promise((resolve) => setTimeout(resolve, LISTENING_MS));
  const measured = command(port, `${row.run} --msgs ${msgs}`);
  if (row.beside && !service) {
    await new Promise((resolve) => setTimeout(resolve, LISTENING_MS));
    await command(port, `${row.beside} --msgs ${msgs}`).output;
  }
  const rate = rateOf(await measured.output);
  service?.child.kill("SIGTERM");
  await service?.output;
  return rate;
}

async function runOnce(program, row) {
  const server = await startServer(program, { config: row.config, cacheDir });
  try {
    for (const line of row.before ?? []) await command(server.port, line).output;
    if (!row.once) await load(server.port, row, Math.ceil(row.msgs / 3));
    const before = cpuSeconds(server.pid);
    const rate = await load(server.port, row, row.msgs);
    return { rate, cpuUs: ((cpuSeconds(server.pid) - before) * 1e6) / row.msgs };
  } finally {
    await server.stop();
  }
}

const count = Number(process.env.PAIRS ?? 3);
const programs = [ourProgram(root), referenceProgram(cacheDir)];
console.log(`nats bench, ${count} pairs; above 1 this server is better; median (range)`);
for (const row of rows) {
  const pairs = [];
  for (let number = 0; number < count; number++) {
    const pair = {};
    for (const program of number % 2 === 0 ? programs : programs.toReversed())
      pair[program.name] = await runOnce(program, row);
    pairs.push(pair);
  }
  const { rate, cpu } = ratiosOf(pairs);
  console.log(`${row.name.padEnd(26)} rate ${showRatio(rate)}  cpu ${showRatio(cpu)}`);
}
