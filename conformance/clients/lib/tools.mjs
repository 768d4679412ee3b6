// Toolchains of other languages: whether they are here, and the programs built with them, once per checkout.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
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
