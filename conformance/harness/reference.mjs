// Finds or builds the reference server: nats-server at the version whose behaviour the transcripts state.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";

export const referenceVersion = "2.14.5";

/**
 * Path of the reference binary, or the reason there is none.
 * @param {string} cacheDir
 * @returns {{ binary: string } | { missing: string }}
 */
export function findReference(cacheDir) {
  if (process.env.REFERENCE) return { binary: process.env.REFERENCE };
  const gobin = path.join(cacheDir, "reference");
  const candidates = [path.join(gobin, "nats-server")];
  let goPath;
  try {
    goPath = execFileSync("go", ["env", "GOPATH"], { encoding: "utf8" }).trim();
    candidates.push(path.join(goPath, "bin", "nats-server"));
  } catch {
    goPath = undefined;
  }
  for (const binary of candidates) if (isReference(binary)) return { binary };
  if (goPath === undefined) return { missing: "Go is not installed, so the reference cannot be built" };
  mkdirSync(gobin, { recursive: true });
  const module = `github.com/nats-io/nats-server/v2@v${referenceVersion}`;
  process.stderr.write(`building ${module}\n`);
  try {
    execFileSync("go", ["install", module], {
      env: { ...process.env, GOBIN: gobin },
      stdio: ["ignore", "ignore", "pipe"],
    });
  } catch (error) {
    return { missing: `go install ${module} failed: ${String(error.stderr ?? error.message).trim()}` };
  }
  return { binary: candidates[0] };
}

/** @param {string} binary */
function isReference(binary) {
  if (!existsSync(binary)) return false;
  try {
    return execFileSync(binary, ["-v"], { encoding: "utf8" }).includes(`v${referenceVersion}`);
  } catch {
    return false;
  }
}
