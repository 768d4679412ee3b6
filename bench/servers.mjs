// Starts and stops the servers under load: nats-server and this one, one at a time, each fresh and, when it stores
// anything, in an empty directory that goes with it.

import { execFileSync, spawn } from "node:child_process";
import { closeSync, cpSync, openSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { findReference } from "../conformance/harness/reference.mjs";
import { writeConfig } from "./configs.mjs";

const START_MS = 15_000;
const STOP_MS = 5000;

/** @typedef {{ name: string, command: string[], version: string }} Program */

/** This server, or the one SERVER names. @returns {Program} */
export function ourProgram(root, nodeArgs = []) {
  const file = path.resolve(process.env.SERVER || path.join(root, "dist", "nats-server.cjs"));
  const command = /\.[cm]?js$/.test(file) ? [process.execPath, ...nodeArgs, file] : [file];
  return { name: "ours", command, version: versionOf(command.filter((word) => !nodeArgs.includes(word))) };
}

/** nats-server as .cache/reference, PATH or REFERENCE has it. @returns {Program} */
export function referenceProgram(cacheDir) {
  const found = findReference(cacheDir);
  if ("missing" in found) throw new Error(`no nats-server to compare with: ${found.missing}; set REFERENCE=path`);
  return { name: "reference", command: [found.binary], version: versionOf([found.binary]) };
}

function versionOf([file, ...args]) {
  return execFileSync(file, [...args, "-v"], { encoding: "utf8" }).trim();
}

/**
 * Starts a program on free ports and waits for INFO. Its store is empty, or a copy of `filled`; with `keep` it is not
 * removed when the server stops. `prepare` is given the directory before the start.
 * @param {Program} program
 * @param {{ config: string | undefined, cacheDir: string, filled?: string, keep?: string,
 *   prepare?: (storeDir: string) => void }} how
 */
export async function startServer(program, how) {
  const port = await freePort();
  const websocketPort = await freePort();
  const monitorPort = await freePort();
  const storeDir = how.keep ?? path.join(how.cacheDir, "bench", `store-${port}`);
  if (how.filled) cpSync(how.filled, storeDir, { recursive: true });
  how.prepare?.(storeDir);
  const { cacheDir } = how;
  const config = writeConfig({ name: how.config, port, websocketPort, monitorPort, storeDir, cacheDir });
  const logFile = path.join(how.cacheDir, "bench", `${program.name}.log`);
  const log = openSync(logFile, "w");
  const [file, ...args] = program.command;
  const startedAtMs = performance.now();
  const child = spawn(file, [...args, "-c", config], { stdio: ["ignore", log, log] });
  closeSync(log);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(late);
    rmSync(config, { force: true });
    if (!how.keep) rmSync(storeDir, { recursive: true, force: true });
  };
  const ready = await untilInfo(port, () => child.exitCode !== null);
  if (!ready) {
    await stop();
    throw new Error(`${program.name} did not start:\n${readFileSync(logFile, "utf8").slice(-2000)}`);
  }
  return { pid: child.pid, port, websocketPort, monitorPort, startedAtMs, stop };
}

/** Connects until a server greets; false when it has ended or takes too long. */
async function untilInfo(port, hasEnded) {
  const giveUpAt = Date.now() + START_MS;
  while (Date.now() < giveUpAt && !hasEnded()) {
    if (await greets(port)) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

function greets(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2000, () => end(false));
    socket.once("error", () => end(false));
    socket.once("data", (chunk) => end(chunk.toString("latin1").startsWith("INFO ")));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
