// Asks a real nats-server again about every document in valid.jsonl and starts.jsonl.
//
//   node test/config/answers/record.mjs path/to/nats-server
//
// A line is [document, answer]. In valid.jsonl the answer is what `-t` prints;
// in starts.jsonl "starts" or what the start ends with.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const server = process.argv[2] ?? "nats-server";
const LONG_ENOUGH_MS = 400;
const dir = mkdtempSync(join(tmpdir(), "answers-"));
const env = { PATH: process.env.PATH, HOME: "/root", NUM: "5" };

/** All that the server prints, and whether it was still running. */
function run(args) {
  return new Promise((resolve) => {
    const child = spawn(server, args, { cwd: dir, env });
    let printed = "";
    let isRunning = false;
    child.stderr.on("data", (data) => (printed += data));
    const timer = setTimeout(() => {
      isRunning = true;
      child.kill("SIGKILL");
    }, LONG_ENOUGH_MS);
    child.on("close", () => {
      clearTimeout(timer);
      resolve({ printed, isRunning });
    });
  });
}

async function valid(document) {
  writeFileSync(join(dir, "c.conf"), document);
  const { printed } = await run(["-t", "-c", "c.conf"]);
  return printed.replace(/^nats-server: /, "").replace(/\n+$/, "");
}

async function starts(document) {
  writeFileSync(join(dir, "c.conf"), `${document}\nhost: 127.0.0.1\nport: -1\n`);
  const { printed, isRunning } = await run(["-c", "c.conf"]);
  if (isRunning) return "starts";
  const line = printed.split("\n").find((line) => /^nats-server: |\[FTL\]/.test(line)) ?? "";
  return line.replace(/^nats-server: |^.*\[FTL\] /, "");
}

for (const [file, ask] of Object.entries({ "valid.jsonl": valid, "starts.jsonl": starts })) {
  const path = join(import.meta.dirname, file);
  const documents = readFileSync(path, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line)[0]);
  const lines = [];
  for (const document of documents) lines.push(JSON.stringify([document, await ask(document)]));
  writeFileSync(path, `${lines.join("\n")}\n`);
}
rmSync(dir, { recursive: true });
