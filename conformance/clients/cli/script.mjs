// Runs commands of the nats command line in their order, on a server of their own, and compares what each printed with
// what it printed against nats-server.
//
// An entry is a command, or what goes on while other commands run: { watch, ready, meanwhile, until }.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runCase } from "../lib/report.mjs";
import { Server } from "../lib/server.mjs";
import { within } from "../lib/wait.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const MOST_MS = 30_000;

/**
 * @typedef {{ watch: string, ready: RegExp, meanwhile: string[], until: RegExp }} Watch
 * @param {{ binary: string, label: string, about: string, file: string, entries: (string | Watch)[],
files?: Record<string, number>, prepare?: (session: Session) => Promise<void>,
 *   steady?: (output: string, common: (output: string) => string) => string, after?: (session: Session) => Promise<void>,
 *   server?: { config: (dir: string) => string } }} script
 */
export async function playScript({ binary, label, about, file, entries, files = {}, prepare, steady, after, server }) {
  const recorded = path.join(here, file);
  const recording = process.argv.includes("--record");
  const wanted = recording || !existsSync(recorded) ? [] : sections(readFileSync(recorded, "utf8"));
  const session = new Session(binary, steady, server);
  await runCase(`${label}: nats ${about}: the server starts`, async () => {
    await prepare?.(session);
    await session.start();
  });
  for (const [name, bytes] of Object.entries(files))
    writeFileSync(path.join(session.home, name), Buffer.alloc(bytes, "x"));
  const printed = [];
  for (const [n, entry] of entries.entries()) {
    const command = typeof entry === "string" ? entry : entry.watch;
    await runCase(`${label}: ${n + 1} nats ${command}`, async () => {
      const got = typeof entry === "string" ? await session.run(entry) : await session.watch(entry);
      printed.push(`$ nats ${command}\n${got}`);
      if (!recording) assert.equal(printed.at(-1), wanted[n]);
    });
  }
  await after?.(session);
  if (recording) writeFileSync(recorded, printed.join("\n"));
  await session.stop();
}

function sections(text) {
  return text.split(/\n(?=\$ nats )/);
}

/** A server, a home of the command line's own, and commands run there. */
export class Session {
  constructor(
    binary,
    steady = (output, common) => common(output),
    server = { flags: ["-js", "-sd", "{dir}/js", "-n", "host"] },
  ) {
    this.binary = binary;
    this.steady = (output) => steady(output, steadyText);
    this.options = server;
    /** What stands for {name} in commands, besides {url} and {id} of the server. */
    this.known = {};
    this.home = mkdtempSync(path.join(os.tmpdir(), "cli-"));
  }

  async start() {
    this.server = await Server.start(this.options);
  }

  async stop() {
    await this.server?.stop();
    rmSync(this.home, { recursive: true, force: true });
  }

  get env() {
    return { ...process.env, HOME: this.home, XDG_DATA_HOME: this.home, XDG_CONFIG_HOME: this.home, COLUMNS: "200" };
  }

  /** Starts a command: what it says, its end, and the process. Before the server starts: one that asks none. */
  spawn(command) {
    const { url = "nats://127.0.0.1:1", log = "" } = this.server ?? {};
    const known = { url, id: /\bN[A-Z2-7]{55}\b/.exec(log)?.[0] ?? "", ...this.known };
    const said = command.replaceAll(/\{(\w+)\}/g, (all, name) => known[name] ?? all);
    const child = spawn(this.binary, ["-s", url, ...words(said)], {
      env: this.env,
      cwd: this.home,
    });
    const run = { child, errors: "", output: "", ended: new Promise((resolve) => child.once("close", resolve)) };
    child.stderr.on("data", (chunk) => (run.errors += chunk));
    child.stdout.on("data", (chunk) => (run.output += chunk));
    child.stdin.end();
    return run;
  }

  /** Runs a command to its end; what it printed and how it ended, without times and identities. */
  async run(command) {
    const run = this.spawn(command);
    const timer = setTimeout(() => run.child.kill("SIGKILL"), MOST_MS);
    const code = await run.ended;
    clearTimeout(timer);
    return `${this.steady(`${run.errors}\n${run.output}`)}\nexit ${code}\n`;
  }

  /** Runs a command to its end; fails when it does. What it printed, as it is. */
  async must(command) {
    const run = this.spawn(command);
    const timer = setTimeout(() => run.child.kill("SIGKILL"), MOST_MS);
    const code = await run.ended;
    clearTimeout(timer);
    assert.equal(code, 0, `nats ${command} exited ${code}: ${run.errors}\n${run.output}`);
    return `${run.errors}\n${run.output}`;
  }

  /** Runs commands while another one goes on; what that one printed. */
  async watch({ watch, ready, meanwhile, until }) {
    const run = this.spawn(watch);
    try {
      const seen = (text) => () => text.test(run.output + run.errors);
      const what = () => `nats ${watch}; it printed ${run.output}${run.errors}`;
      await within(10_000, what, seen(ready));
      for (const command of meanwhile) await this.must(command);
      await within(10_000, what, seen(until));
    } finally {
      run.child.kill("SIGKILL");
    }
    await run.ended;
    return `${this.steady(`${run.errors}\n${run.output}`)}\n`;
  }
}

/** What a command shows that wants a terminal and does not end. */
export async function inTerminal({ binary, server, env }, command) {
  const line = `stty cols 120 rows 40; ${binary} -s ${server.url} ${command}`;
  const child = spawn("script", ["-qfec", line, "/dev/null"], { env: { ...env, TERM: "xterm" } });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  await new Promise((resolve) => {
    child.once("close", resolve);
    setTimeout(() => child.kill("SIGTERM"), 3500);
  });
  return output;
}

/** Words of a command; quotes keep blanks. */
function words(command) {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

/** Leaves out what is different each time, and the layout that follows from its width. */
function steadyText(output) {
  return output
    .replaceAll("\u00A0", " ")
    .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC|Z)?/g, "TIME")
    .replaceAll(/\b\d\d:\d\d:\d\d\b/g, "TIME")
    .replaceAll(/\b(\d+(\.\d+)?(ns|µs|ms)|[\dhm.]+s ago|\d+\.(?!00)\d+s)(?!\w)/g, "AGE")
    .replaceAll(/\bAGE ago\b/g, "AGE")
    .replaceAll(
      /Headers:\n\n((?: +[\w-]+: .*\n)+)/g,
      (_all, lines) =>
        `Headers:\n\n${lines
          .split(/(?<=\n)/)
          .sort()
          .join("")}`,
    )
    .replaceAll(/Active Consumers: \d+/g, "Active Consumers: COUNT")
    .replaceAll(/\b_INBOX\.[\w.]+/g, "_INBOX")
    .replaceAll(/(\$JS\.ACK\.\S*)\.\d{19}\./g, "$1.NANOS.")
    .replaceAll(/\([\dhms.]+( remaining)?\)/g, "(AGE$1)")
    .replaceAll(/\/\S*\/cli-\w+\//g, "HOME/")
    .replaceAll(/\bN[A-Z2-7]{55}\b/g, "SERVER")
    .replaceAll(/\b2\.14\.\d+\b/g, "2.14")
    .replaceAll(/[─╭╮╯╰├┤┬┴┼]{2,}/g, "──")
    .replaceAll(/ {2,}/g, "  ")
    .replaceAll(/ +$/gm, "")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}
