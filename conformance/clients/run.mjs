// Everything a user's client does to a server: the official clients, the walkthroughs of the documentation, the package.
//
// node conformance/clients/run.mjs [--server reference|ours|"COMMAND …"] [--only TEXT] [--verbose]; SERVER likewise.
// Prints one line a case that failed or was skipped (all with --verbose) and ends with `N passed, N failed`.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { certs } from "./lib/certs.mjs";
import { option, root, target } from "./lib/target.mjs";

const here = path.join(root, "conformance", "clients");
const walks = path.join(root, "conformance", "walkthroughs");
const only = option("only") ?? "";
const verbose = process.argv.includes("--verbose");
const counts = { pass: 0, fail: 0, skip: 0 };

/** Each program and how long it may take, the slow ones first. */
function programs() {
  const clients = (name, ...args) => ({ name, file: path.join(here, `${name}.mjs`), args });
  const flavours = ["nats 2", "transport-node 3", "wsconnect 3"];
  return [
    clients("go"),
    clients("python"),
    clients("cli", "--without", "server"),
    clients("cli", "--suite", "server"),
    ...(existing("package.mjs") ? [clients("package")] : []),
    ...flavours.map((flavour) => clients("js", "--flavour", flavour)),
    ...readdirSync(walks)
      .filter((name) => /^\d\d_.*\.mjs$/.test(name))
      .sort()
      .map((name) => ({ name: `walkthrough ${name.slice(0, -4)}`, file: path.join(walks, name), args: [] })),
  ].filter((program) => `${program.name} ${program.args.join(" ")}`.includes(only));
}

function existing(name) {
  return readdirSync(here).includes(name);
}

/** Runs one program and counts its lines. */
async function run(program) {
  const child = spawn(process.execPath, [program.file, ...program.args, "--server", server], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGTERM"), 300_000);
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  const ended = new Promise((resolve) => child.once("close", resolve));
  let failed = false;
  let word = "";
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /^(pass|fail|skip) /.exec(line);
    if (found) {
      word = found[1];
      counts[word]++;
      failed ||= word === "fail";
    }
    if (verbose || word !== "pass") console.log(line);
  }
  const code = await ended;
  clearTimeout(timer);
  if (code !== 0 && !failed) {
    counts.fail++;
    console.log(`fail ${program.name}: ended with ${code}: ${errors.slice(-1500)}`);
  }
}

const server = option("server") ?? process.env.SERVER ?? "ours";
const { name, command } = target();
console.log(`clients against ${name}: ${command.join(" ")}`);
certs();
const startedAt = Date.now();
const queue = programs();
const worker = async () => {
  for (let program = queue.shift(); program; program = queue.shift()) await run(program);
};
await Promise.all([worker(), worker()]);
console.log(`${counts.skip} skipped, ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
console.log(`${counts.pass} passed, ${counts.fail} failed`);
process.exit(counts.fail > 0 || counts.pass === 0 ? 1 : 0);
