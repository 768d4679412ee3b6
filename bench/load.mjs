// Builds the load generator of bench/load/ into .cache and runs it.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

/** Longer than the generator gives the server, `limit` seconds, so that it is the one to say what is missing. */
const LIMIT_MS = 150_000;

/** Compiles when a source is newer than the program; returns its path. */
export function buildLoad(root, cacheDir) {
  const sourceDir = path.join(root, "bench", "load");
  const names = readdirSync(sourceDir).filter((name) => /\.[ch]$/.test(name));
  const sources = names.filter((name) => name.endsWith(".c")).map((name) => path.join(sourceDir, name));
  const binary = path.join(cacheDir, "bench", "load");
  const newest = Math.max(...names.map((name) => statSync(path.join(sourceDir, name)).mtimeMs));
  const built = statSync(binary, { throwIfNoEntry: false });
  if (built && built.mtimeMs > newest) return binary;
  mkdirSync(path.dirname(binary), { recursive: true });
  const compiler = process.env.CC || "cc";
  const withTls = compile(compiler, [...sources, "-DWITH_TLS", "-lssl", "-lcrypto", "-o", binary]);
  if (withTls === undefined) return binary;
  const plain = compile(compiler, [...sources, "-o", binary]);
  if (plain !== undefined) throw new Error(plain);
  console.error("OpenSSL headers are missing: the TLS rows will fail (libssl-dev has them)");
  return binary;
}

/** Undefined when it worked, or what to tell. */
function compile(compiler, args) {
  try {
    execFileSync(compiler, ["-O2", "-Wall", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    return undefined;
  } catch (error) {
    if (error.code === "ENOENT")
      return `no C compiler: "${compiler}" is not installed; install gcc or clang, or set CC`;
    return `${compiler} failed:\n${error.stderr}`;
  }
}

/**
 * Puts one load on a running server.
 * @returns {Promise<Record<string, number>>} what bench/load reports
 */
export function runLoad(binary, load, server) {
  const { mode, ...rest } = load;
  const keys = {
    ...rest,
    pid: server.pid,
    monitor: server.monitorPort,
    port: rest.websocket ? server.websocketPort : server.port,
  };
  const args = [mode, ...Object.entries(keys).map(([key, value]) => `${key}=${value}`)];
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
    const text = { stdout: "", stderr: "" };
    const late = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS + 1000 * (load.limit ?? 0));
    for (const name of ["stdout", "stderr"]) child[name].on("data", (chunk) => (text[name] += chunk));
    child.once("error", reject);
    child.once("close", (status) => {
      clearTimeout(late);
      if (status === 0) resolve(JSON.parse(text.stdout));
      else reject(new Error(text.stderr.trim() || `the load generator ended with ${status}: ${args.join(" ")}`));
    });
  });
}
