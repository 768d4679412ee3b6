// What `nats stream …` prints, command by command, compared with what it printed against nats-server.
//
// The real command line and its substitute print differently: each has a file of its own beside this one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runCase } from "../lib/report.mjs";
import { Server } from "../lib/server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

const commands = [
  "stream add ORDERS --subjects ORDERS.* --defaults",
  "stream add ORDERS --subjects ORDERS.* --defaults",
  "stream add ORDERS --subjects ORDERS.> --defaults",
  "stream add SECOND --subjects ORDERS.x --defaults",
  "stream add LIMITED --subjects limited.> --storage memory --retention limits --discard new --max-msgs 100 --max-bytes 1MiB --max-age 1h --max-msg-size 1024 --max-msgs-per-subject 10 --dupe-window 1m --allow-rollup --deny-delete --allow-direct --no-deny-purge --description three --defaults",
  "stream add WORK --subjects work.> --retention work --compression s2 --transform-source work.* --transform-destination done.$1 --republish-source > --republish-destination copy.> --republish-headers --defaults",
  "stream add BAD --subjects bad..subject --defaults",
  "stream add bad.name --subjects bad --defaults",
  "stream ls",
  "stream ls --names",
  "stream ls --subject limited.a --names",
  "req ORDERS.scratch hello",
  "req ORDERS.scratch hello -H Nats-Msg-Id:1",
  "req ORDERS.scratch hello -H Nats-Msg-Id:1",
  "req ORDERS.processed order",
  "req limited.a one",
  "req work.a one",
  "req nobody.home one",
  "stream info ORDERS",
  "stream info ORDERS --json",
  "stream info LIMITED",
  "stream info WORK",
  "stream info NOSUCH",
  "stream state ORDERS",
  "stream subjects ORDERS",
  "stream subjects LIMITED --names",
  "stream report",
  "stream get ORDERS 1",
  "stream get ORDERS 2",
  "stream get ORDERS -S ORDERS.scratch",
  "stream get ORDERS 9",
  "stream get WORK 1",
  "stream rmm ORDERS 2 -f",
  "stream rmm ORDERS 2 -f",
  "stream rmm LIMITED 1 -f",
  "stream edit ORDERS --max-msgs 1 --description edited -f",
  "stream edit ORDERS --max-consumers 5 --subjects ORDERS.* --subjects more.* -f",
  "stream edit NOSUCH --max-msgs 1 -f",
  "stream copy ORDERS ARCHIVE --subjects ARCHIVE.* --max-age 2y",
  "stream copy ORDERS ARCHIVE2",
  "stream purge ORDERS --subject ORDERS.nobody -f",
  "stream purge ORDERS -f",
  "stream purge NOSUCH -f",
  "stream info ORDERS --state",
  "stream seal ARCHIVE -f",
  "req ARCHIVE.a late",
  "stream purge ARCHIVE -f",
  "stream ls --all",
  "stream rm ARCHIVE -f",
  "stream rm ARCHIVE -f",
  "stream rm LIMITED -f",
  "stream rm WORK -f",
  "stream ls --names",
  "stream report",
  "stream rm ORDERS -f",
  "stream ls",
  "stream report",
];

/**
 * Runs the commands, in their order, on a server of their own.
 * @param {string} binary @param {boolean} real @param {string} label
 */
export async function streamCommands(binary, real, label) {
  const file = path.join(here, real ? "stream_commands.txt" : "stream_commands_substitute.txt");
  const recording = process.argv.includes("--record");
  const wanted = recording || !existsSync(file) ? [] : sections(readFileSync(file, "utf8"));
  const home = mkdtempSync(path.join(os.tmpdir(), "cli-"));
  let server;
  await runCase(`${label}: nats stream: the server starts`, async () => {
    server = await Server.start({ flags: ["-js", "-sd", "{dir}/js", "-n", "host"] });
  });
  const printed = [];
  for (const [n, command] of commands.entries()) {
    await runCase(`${label}: ${n + 1} nats ${command}`, async () => {
      const got = `$ nats ${command}\n${await run(binary, server, home, command.split(" "))}`;
      printed.push(got);
      if (!recording) assert.equal(got, wanted[n]);
    });
  }
  if (real) await runCase(`${label}: nats stream graph`, () => graph(binary, server, home));
  if (recording) writeFileSync(file, printed.join("\n"));
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
}

function sections(text) {
  return text.split(/\n(?=\$ nats )/);
}

/** Runs one command to its end; what it printed and how it ended, without times and identities. */
async function run(binary, server, home, args) {
  const child = spawn(binary, ["-s", server.url, ...args], { env: { ...process.env, HOME: home, COLUMNS: "200" } });
  let [errors, output] = ["", ""];
  child.stderr.on("data", (chunk) => (errors += chunk));
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stdin.end();
  const code = await new Promise((resolve) => child.once("close", resolve));
  return `${steady(`${errors}\n${output}`)}\nexit ${code}\n`;
}

/** Leaves out what is different each time, and the layout that follows from its width. */
function steady(output) {
  return output
    .replaceAll("\u00A0", " ")
    .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC|Z)?/g, "TIME")
    .replaceAll(/^\d\d:\d\d:\d\d /gm, "TIME ")
    .replaceAll(/\b\d+(\.\d+)?(ns|µs|ms|s)\b/g, "AGE")
    .replaceAll(/\bN[A-Z2-7]{55}\b/g, "SERVER")
    .replaceAll(/\b2\.14\.\d+\b/g, "2.14")
    .replaceAll(/[─╭╮╯╰├┤┬┴┼]{2,}/g, "──")
    .replaceAll(/ {2,}/g, "  ")
    .replaceAll(/ +$/gm, "")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

/** `stream graph` wants a terminal; it is watched for a moment. */
async function graph(binary, server, home) {
  await run(binary, server, home, ["stream", "add", "GRAPHED", "--subjects", "graphed", "--defaults"]);
  const command = `stty cols 120 rows 40; ${binary} -s ${server.url} stream graph GRAPHED`;
  const child = spawn("script", ["-qfec", command, "/dev/null"], {
    env: { ...process.env, HOME: home, TERM: "xterm" },
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  await new Promise((resolve) => {
    child.once("close", resolve);
    setTimeout(() => child.kill("SIGTERM"), 3500);
  });
  assert.match(output, /GRAPHED/);
  assert.match(output, /Messages/);
}
