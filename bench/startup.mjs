// How long from spawn to the first accepted connection: the built command
// against a bare Node listener, in turns. node bench/startup.mjs [ROUNDS]

import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";

const rounds = Number(process.argv[2] ?? 50);
const dist = fileURLToPath(new URL("../dist/nats-server.cjs", import.meta.url));
const bare = (port) => ["-e", `require("node:net").createServer(() => {}).listen(${port}, "127.0.0.1")`];
const programs = {
  bare: { args: bare, times: [] },
  command: { args: (port) => [dist, "-a", "127.0.0.1", "-p", String(port)], times: [] },
};

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Connects until somebody accepts. */
function accepted(port) {
  return new Promise((resolve) => {
    const attempt = () => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve();
      });
      socket.once("error", () => setTimeout(attempt, 1));
    };
    attempt();
  });
}

async function measure(args) {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, args(port), { stdio: "ignore" });
  await accepted(port);
  const ms = performance.now() - startedAt;
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  return ms;
}

for (let round = 0; round < rounds + 3; round++) {
  for (const program of Object.values(programs)) {
    const ms = await measure(program.args);
    if (round >= 3) program.times.push(ms);
  }
}
const at = (times, share) =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))];
const row = (name, { times }) =>
  `${name.padEnd(10)} p50 ${at(times, 0.5).toFixed(1)} ms   p95 ${at(times, 0.95).toFixed(1)} ms`;
console.log(`Node ${process.versions.node}, ${rounds} spawns each, in turns`);
for (const [name, program] of Object.entries(programs)) console.log(row(name, program));
const median = at(programs.bare.times, 0.5);
const goal = Number(process.versions.node.split(".")[0]) < 22 ? 30 : 35;
const over = (share) => (at(programs.command.times, share) - median).toFixed(1);
console.log(`over the bare listener's median: p50 ${over(0.5)} ms, p95 ${over(0.95)} ms (goal for p95: ${goal})`);
