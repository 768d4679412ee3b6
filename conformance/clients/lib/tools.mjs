// Toolchains of other languages: whether they are here, and the programs built with them, once per checkout.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { cacheDir, root } from "./target.mjs";

const clients = path.join(root, "conformance", "clients");

/** Builds the Go programs. @returns {{ dir: string } | { missing: string }} */
export function goPrograms() {
  const dir = path.join(cacheDir, "go");
  mkdirSync(dir, { recursive: true });
  return (
    attempt("go", ["version"], 20) ??
    attempt("go", ["build", "-o", `${dir}/`, "./..."], 240, path.join(clients, "go")) ?? { dir }
  );
}

/**
 * The nats command line: NATS_CLI, in PATH, built before, or built from Go's module cache, where its module may be
 * even when the proxy refuses it. Else, or when NATS_CLI says so, the substitute of go/wire.
 * @returns {{ binary: string, real: boolean } | { missing: string }}
 */
export function natsCommand() {
  if (process.env.NATS_CLI === "substitute") return substituteCommand();
  if (process.env.NATS_CLI) return { binary: process.env.NATS_CLI, real: true };
  if (spawnSync("nats", ["--version"]).status === 0) return { binary: "nats", real: true };
  const dir = path.join(cacheDir, "nats-cli");
  const binary = path.join(dir, "nats");
  if (!existsSync(binary)) {
    const cache = spawnSync("go", ["env", "GOMODCACHE"], { encoding: "utf8" }).stdout?.trim() ?? "";
    const module = path.join(cache, "github.com/nats-io/natscli@v0.4.0");
    if (cache !== "" && existsSync(module)) {
      cpSync(module, path.join(dir, "source"), { recursive: true });
      spawnSync("chmod", ["-R", "u+w", dir]);
      attempt("go", ["build", "-o", binary, "./nats"], 200, path.join(dir, "source"));
    }
  }
  return existsSync(binary) ? { binary, real: true } : substituteCommand();
}

function substituteCommand() {
  const substitute = goPrograms();
  return "missing" in substitute ? substitute : { binary: path.join(substitute.dir, "wire"), real: false };
}

/** A Python with nats-py in it. @returns {{ python: string } | { missing: string }} */
export function pythonWithClient() {
  const venv = path.join(cacheDir, "venv");
  const python = path.join(venv, "bin", "python");
  const installed = () => existsSync(python) && spawnSync(python, ["-c", "import nats, nkeys"]).status === 0;
  if (installed()) return { python };
  const requirements = path.join(clients, "python", "requirements.txt");
  return (
    attempt("python3", ["-m", "venv", "--clear", venv], 60) ??
    attempt(python, ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", requirements], 180) ?? {
      python,
    }
  );
}

/** Runs a command; undefined when it worked, else why not. */
function attempt(command, args, seconds, cwd = root) {
  const done = spawnSync(command, args, { cwd, encoding: "utf8", timeout: seconds * 1000 });
  if (done.status === 0) return undefined;
  const why = done.error?.message ?? (done.stderr || done.stdout).trim().split("\n").slice(-2).join(" ");
  return { missing: `${path.basename(command)} ${args[0]}: ${why}` };
}
