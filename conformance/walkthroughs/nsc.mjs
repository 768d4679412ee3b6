// What the walkthroughs of operators share: the real nsc, with a home of its own.
//
// nsc is NSC, in PATH, or built from Go's module cache, where its module is; else the steps are skipped.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { credsAuthenticator } from "nats";
import { Skip } from "../clients/lib/report.mjs";
import { cacheDir } from "../clients/lib/target.mjs";

const MODULE = "github.com/nats-io/nsc/v2@v2.12.2";

function nscCommand() {
  if (process.env.NSC) return process.env.NSC;
  if (spawnSync("nsc", ["--version"]).status === 0) return "nsc";
  const dir = path.join(cacheDir, "nsc");
  const binary = path.join(dir, "nsc");
  if (existsSync(binary)) return binary;
  const cache = spawnSync("go", ["env", "GOMODCACHE"], { encoding: "utf8" }).stdout?.trim() ?? "";
  const source = path.join(cache, MODULE);
  if (cache === "" || !existsSync(source)) throw new Skip("no `nsc` in PATH or NSC, and its module is not here");
  cpSync(source, path.join(dir, "source"), { recursive: true });
  spawnSync("chmod", ["-R", "u+w", dir]);
  spawnSync("go", ["build", "-o", binary, "."], { cwd: path.join(dir, "source"), timeout: 300_000 });
  if (!existsSync(binary)) throw new Skip("nsc could not be built");
  return binary;
}

/**
 * nsc as a function, credentials it generates, and where it keeps everything until the step ends.
 * @param {import("./walk.mjs").Walk} w
 */
export function nscOf(w) {
  const binary = nscCommand();
  const home = mkdtempSync(path.join(tmpdir(), "nsc-"));
  w.finally(() => rmSync(home, { recursive: true, force: true }));
  const env = { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, NSC_NO_GIT_IGNORE: "1" };
  const nsc = (...args) => {
    const { status, stdout, stderr } = spawnSync(binary, args, { env, cwd: home, encoding: "utf8", timeout: 20_000 });
    assert.equal(status, 0, `nsc ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
  const creds = (account, user) => {
    const file = path.join(home, `${account}_${user}.creds`);
    if (!existsSync(file)) nsc("generate", "creds", "-a", account, "-n", user, "-o", file);
    return credsAuthenticator(readFileSync(file));
  };
  return { nsc, creds, home };
}
