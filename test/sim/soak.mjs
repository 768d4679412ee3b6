// A server under load for minutes: does it keep what it acknowledged, and does it level off?
//
//     node test/sim/soak.mjs [SECONDS] [--server reference | --server "COMMAND …"]     OBJECT_MB=1536
//
// In thirds: everything at once with a large object; the same with restarts, in good order and by SIGKILL; the same
// without. In the last third memory and open files are watched: they may not go on growing. Then all that was
// acknowledged is looked for, once more after a restart.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect } from "nats";
import { findReference } from "../../conformance/harness/reference.mjs";
import { Keys, Log, Objects, WorkQueue } from "./soak_load.mjs";

const START_MS = 30_000;
const RESTART_EVERY_MS = 5000;
/** The large object and what the server keeps in memory by itself are far below. */
const MOST_RSS_MB = 700;
const project = path.join(import.meta.dirname, "../..");
const seconds = Number(process.argv[2]) || 300;
const objectBytes = (Number(process.env.OBJECT_MB) || 1536) * 2 ** 20;
const asked = process.argv.includes("--server") ? process.argv[process.argv.indexOf("--server") + 1] : "ours";
const command =
  asked === "ours"
    ? [process.execPath, path.join(project, "dist/nats-server.cjs")]
    : asked === "reference"
      ? [findReference(path.join(project, ".cache")).binary]
      : asked.split(" ");

const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));
const say = (text) => void process.stdout.write(`${text}\n`);
const faults = [];

/** The server, again and again on one port. */
class Life {
  #root = mkdtempSync(path.join(tmpdir(), "soak-"));
  #port;
  #child;
  #exited;
  log = "";
  lives = 0;

  async start() {
    this.#port ??= await freePort();
    const args = ["-a", "127.0.0.1", "-p", String(this.#port), "-js", "-sd", path.join(this.#root, "js")];
    this.#child = spawn(command[0], [...command.slice(1), ...args], { stdio: ["ignore", "ignore", "pipe"] });
    this.#exited = new Promise((resolve) => this.#child.once("close", (code, signal) => resolve(code ?? signal)));
    const child = this.#child;
    const began = this.log.length;
    child.stderr.on("data", (bytes) => (this.log += bytes));
    for (const until = Date.now() + START_MS; !this.log.slice(began).includes("Server is ready"); await pause(20)) {
      if (Date.now() > until || child.exitCode !== null)
        throw new Error(`it does not start:\n${this.log.slice(-2000)}`);
    }
    this.lives++;
    void this.#exited.then((code) => {
      if (child === this.#child) faults.push(`the server ended by itself: ${code}`);
    });
  }

  async end(signal) {
    const child = this.#child;
    this.#child = undefined;
    child.kill(signal);
    const code = await this.#exited;
    if (signal === "SIGTERM" && code !== 0 && code !== 1) faults.push(`it ended with ${code}`);
  }

  connect() {
    return connect({ port: this.#port, maxReconnectAttempts: -1, reconnectTimeWait: 100, pingInterval: 20_000 });
  }

  /** Resident memory in MB and how many files are open; undefined where the system does not say. */
  look() {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, "latin1");
      const files = readdirSync(`/proc/${this.#child.pid}/fd`).length;
      return { rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024, files };
    } catch {
      return undefined;
    }
  }

  kill() {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }

  async remove() {
    this.kill();
    await this.#exited;
    rmSync(this.#root, { recursive: true, force: true });
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const life = new Life();
process.on("exit", () => life.kill());
// A client forgets some of its questions when its connection is cut; whoever asked hears of that another way.
process.on("unhandledRejection", (error) => {
  if (error?.name !== "NatsError") throw error;
});
process.on("SIGINT", () => void life.remove().then(() => process.exit(1)));
process.on("SIGTERM", () => void life.remove().then(() => process.exit(1)));
say(`soaking ${command.join(" ")} for ${seconds} s`);
try {
  await soak();
} catch (error) {
  faults.push(error.stack);
}
if (/\[FTL\]|\[ERR\]/.test(life.log)) faults.push(...life.log.split("\n").filter((line) => /\[FTL\]|\[ERR\]/.test(line)).slice(0, 10)); // prettier-ignore
await life.remove();
if (faults.length > 0) {
  say(`${faults.length} faults:\n${faults.slice(0, 20).join("\n")}`);
  process.exit(1);
}
say("everything acknowledged held, memory and files level off");
process.exit(0);

async function soak() {
  await life.start();
  const loads = { work: new WorkQueue(), log: new Log(), keys: new Keys(), objects: new Objects() };
  const { work, log, keys, objects } = loads;
  const connections = await Promise.all(Array.from({ length: 6 }, () => life.connect()));
  const [a, b, c, d, e, f] = connections;
  for (const load of Object.values(loads)) await load.start(a);
  let isTooLate = false;
  const running = [
    work.publish(a, "a"),
    work.publish(b, "b"),
    work.take(c, () => isTooLate),
    work.take(c, () => isTooLate),
    log.write(b),
    log.readAll(e),
    keys.write(c, "c"),
    keys.write(d, "d"),
  ];
  const third = (seconds / 3) * 1000;

  const began = Date.now();
  await objects.roundTrip(f, "large", objectBytes, 0);
  say(`an object of ${objectBytes / 2 ** 20} MB there and back in ${((Date.now() - began) / 1000).toFixed(1)} s; ${shown(life.look())}`); // prettier-ignore
  running.push(objects.churn(f));
  await pause(Math.max(0, third - (Date.now() - began)));
  say(`${progress(loads)}; ${shown(life.look())}`);

  for (const until = Date.now() + third; Date.now() < until;) {
    await pause(Math.min(RESTART_EVERY_MS, third / 3));
    await life.end(life.lives % 2 === 0 ? "SIGKILL" : "SIGTERM");
    await life.start();
  }
  say(`${life.lives} lives, ${progress(loads)}; ${shown(life.look())}`);

  const looks = [];
  for (const until = Date.now() + third; Date.now() < until; await pause(500)) looks.push(life.look());
  levelsOff(looks);
  say(progress(loads));

  for (const load of Object.values(loads)) load.isOver = true;
  await Promise.race([Promise.all(running), pause(60_000)]);
  isTooLate = true;
  await Promise.race([Promise.all(running), pause(10_000)]);
  for (let time = 0; time < 2; time++) {
    const nc = await life.connect();
    const told = [];
    for (const load of Object.values(loads)) told.push(await load.check(nc));
    say(told.join(", "));
    await nc.close();
    if (time > 0) break;
    await life.end("SIGTERM");
    await life.start();
  }
  for (const load of Object.values(loads)) faults.push(...load.faults);
  await Promise.all(connections.map((nc) => nc.close()));
}

function shown(look) {
  return look === undefined ? "memory unknown" : `${look.rssMb.toFixed(0)} MB, ${look.files} files open`;
}

function progress({ work, log, keys, objects }) {
  return `${work.published} worked, ${log.written} logged, ${keys.written} keys, ${(objects.bytes / 2 ** 20).toFixed(0)} MB of objects`;
}

/** What is held at the end of a while is what was held in its middle. */
function levelsOff(looks) {
  const seen = looks.filter((look) => look !== undefined);
  if (seen.length < 8) return;
  const quarter = Math.floor(seen.length / 4);
  const [middle, end] = [seen.slice(quarter, 2 * quarter), seen.slice(-quarter)];
  const mean = (some) => some.reduce((sum, { rssMb }) => sum + rssMb, 0) / some.length;
  const most = (some) => Math.max(...some.map(({ files }) => files));
  const peak = Math.max(...seen.map(({ rssMb }) => rssMb));
  say(`memory ${mean(middle).toFixed(0)} MB in the second quarter, ${mean(end).toFixed(0)} in the last, at most ${peak.toFixed(0)}; files ${most(middle)}, then ${most(end)}`); // prettier-ignore
  if (mean(end) > mean(middle) * 1.2 + 20) faults.push("memory goes on growing");
  if (peak > MOST_RSS_MB) faults.push(`it held ${peak.toFixed(0)} MB`);
  if (most(end) > most(middle) + 10) faults.push("more and more files are open");
}
