// What the nats command line does: pub, sub, request, reply, rtt, server check connection, bench.
//
// With a `nats` that can be found or built that is used; else a substitute on nats.go with the same commands (go/wire).
// What `nats stream`, `consumer`, `kv` and `object` print is compared with cli/*.txt; `--record` writes those files anew
// (with --server reference), `--suite NAME` runs one of them or `bench` alone, `--without NAME` all but one. All but
// `stream` want the real `nats`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect } from "nats";
import { authCommands } from "./cli/auths.mjs";
import { benchCommands } from "./cli/benches.mjs";
import { bucketCommands } from "./cli/buckets.mjs";
import { consumerCommands } from "./cli/consumers.mjs";
import { objectCommands } from "./cli/objects.mjs";
import { serverCommands } from "./cli/servers.mjs";
import { streamCommands } from "./cli/streams.mjs";
import { finish, runCase, Skip } from "./lib/report.mjs";
import { Server } from "./lib/server.mjs";
import { option } from "./lib/target.mjs";
import { natsCommand } from "./lib/tools.mjs";
import { sleep, soon, within } from "./lib/wait.mjs";

const { binary, real, missing } = natsCommand();
const label = real ? "nats command line" : "nats command line substitute";

if (!real) {
  await runCase("nats command line", () => {
    throw new Skip("no `nats` in PATH or NATS_CLI, and the Go module proxy refuses github.com/nats-io/natscli (403)");
  });
}
if (!binary) {
  await runCase(label, () => {
    throw new Skip(missing);
  });
  finish();
}

const server = option("url") ? undefined : await Server.start();
const url = option("url") ?? server.url;
const nc = await connect({ servers: url });
const started = [];

/** Starts a command that goes on. */
function background(...args) {
  const child = spawn(binary, ["-s", url, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  const run = { output: "", errors: "", ended: new Promise((resolve) => child.once("close", resolve)), child };
  child.stdout.on("data", (chunk) => (run.output += chunk));
  child.stderr.on("data", (chunk) => (run.output += chunk));
  return run;
}

/** Runs a command to its end; returns what it printed. */
async function nats(...args) {
  const run = background(...args);
  const code = await soon(run.ended, `nats ${args.join(" ")} to end; it printed ${run.output}`, 40_000);
  assert.equal(code, 0, `nats ${args.join(" ")} exited ${code}: ${run.output}`);
  return run.output;
}

/** Waits until somebody answers requests on `subject`. */
async function answered(subject) {
  const ask = () =>
    nc.request(subject, "", { timeout: 500 }).then(
      () => true,
      () => false,
    );
  await within(10_000, `an answer on ${subject}`, ask);
}

const cases = {
  "pub --count, with headers": async () => {
    const got = [];
    const sub = nc.subscribe("cli.pub", {
      callback: (_error, msg) => got.push([msg.string(), msg.headers?.get("X-Color")]),
    });
    await nc.flush();
    await nats("pub", "cli.pub", "message {{Count}}", "--count", "5", "-H", "X-Color:red");
    await within(3000, "five messages", () => got.length === 5);
    assert.deepEqual(got[4], ["message 5", "red"]);
    sub.unsubscribe();
  },

  "sub prints what is published, plain and in a queue": async () => {
    const plain = background("sub", "cli.sub.>", "--count", "2");
    const queued = background("sub", "cli.sub.>", "--count", "2", "--queue", "q");
    await within(10_000, "both to end", async () => {
      nc.publish("cli.sub.a", "hello there");
      await nc.flush();
      return plain.child.exitCode !== null && queued.child.exitCode !== null;
    });
    assert.match(plain.output, /hello there/);
    assert.match(queued.output, /cli\.sub\.a/);
  },

  "reply and request": async () => {
    const help = background("reply", "help.please", "OK, I CAN HELP!!!");
    await answered("help.please");
    const printed = await nats("request", "help.please", "I need help!");
    assert.match(printed, /OK, I CAN HELP!!!/);
    assert.match(help.output, /I need help!/);
    help.child.kill("SIGTERM");
  },

  "reply members share the work, request --replies gathers": async () => {
    const runs = ["A", "B", "C"].map((name) => background("reply", "foo", `service instance ${name} Reply# {{Count}}`));
    const seen = new Set();
    await within(10_000, "all three members", async () => {
      const reply = await nc.request("foo", "Simple request", { timeout: 1000 }).catch(() => undefined);
      if (reply) seen.add(/instance (.)/.exec(reply.string())[1]);
      return seen.size === 3;
    });
    const printed = await nats("request", "foo", "request {{Count}}", "--count", "10");
    assert.equal(printed.match(/service instance [ABC] Reply# \d+/g).length, 10);
    for (const run of runs) run.child.kill("SIGTERM");
    await Promise.all(runs.map((run) => run.ended));
    for (const name of ["x", "y"])
      nc.subscribe("both", { max: 1, callback: (_error, msg) => msg.respond(`from ${name}`) });
    await nc.flush();
    assert.match(await nats("request", "both", "", "--replies", "2"), /from x[^]*from y|from y[^]*from x/);
  },

  "request to nobody": async () => {
    const run = background("request", "nobody.home", "");
    await soon(run.ended, "the command to end");
    assert.match(run.output, /no responders/i);
  },

  rtt: async () => {
    assert.match(await nats("rtt"), /127\.0\.0\.1:\d+: [\d.]+(µs|ms|ns)/);
  },

  "server check connection": async () => {
    const printed = await nats("server", "check", "connection");
    for (const part of [/OK/, /connected to/, /rtt time/, /round trip/]) assert.match(printed, part);
  },

  "bench pub and bench sub": async () => {
    const sub = background("bench", "sub", "cli.bench", "--msgs", "50000", "--clients", "2", "--no-progress");
    // The real command line gives no sign of having subscribed.
    if (real) await sleep(1000);
    else await within(10_000, "subscribers", () => sub.output.split("subscribed").length > 2);
    await nats("bench", "pub", "cli.bench", "--msgs", "50000", "--size", "128", "--clients", "2", "--no-progress");
    assert.equal(await soon(sub.ended, `bench sub to end: ${sub.output}`, 30_000), 0, sub.output);
    assert.match(sub.output, /stats/i);
  },

  "bench service": async () => {
    const serve = background("bench", "service", "serve", "cli.service", "--size", "64", "--no-progress");
    await answered("cli.service");
    const printed = await nats(
      "bench",
      "service",
      "request",
      "cli.service",
      "--msgs",
      "2000",
      "--clients",
      "2",
      "--no-progress",
    );
    assert.match(printed, /stats/i);
    serve.child.kill("SIGTERM");
  },
};

const only = option("suite");
const without = option("without");
if (only === undefined)
  for (const [name, run] of Object.entries(cases)) await runCase(`${label}: ${name}`, run, 60_000);
const suites = {
  stream: () => streamCommands(binary, real, label),
  consumer: () => real && consumerCommands(binary, label),
  kv: () => real && bucketCommands(binary, label),
  object: () => real && objectCommands(binary, label),
  server: () => real && serverCommands(binary, label),
  auth: () => real && authCommands(binary, label),
  bench: () => real && benchCommands(binary, label),
};
if (!option("url"))
  for (const [name, run] of Object.entries(suites)) if (name !== without && (only ?? name) === name) await run();
for (const child of started) child.kill("SIGKILL");
await nc.close();
await server?.stop();
finish();
