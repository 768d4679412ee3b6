// Where a result comes from: commit, processor, kernel, disk.

import { execFileSync } from "node:child_process";
import os from "node:os";

function say(file, args, cwd) {
  try {
    return execFileSync(file, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}

/** Short commit of the checkout, or COMMIT; "-dirty" when src/ has changes that are not in it. */
export function commitOf(root) {
  if (process.env.COMMIT) return process.env.COMMIT;
  const commit = say("git", ["rev-parse", "--short=10", "HEAD"], root) || "unknown";
  return say("git", ["status", "--porcelain", "--", "src"], root) === "" ? commit : `${commit}-dirty`;
}

export function machineOf(root) {
  const cpus = os.cpus();
  const [, disk = ""] = say("df", ["--output=fstype,size", "-h", root], root).split("\n");
  return {
    node: process.version,
    cores: cpus.length,
    cpu: cpus[0]?.model ?? "",
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    disk: disk.trim().replace(/\s+/g, " "),
    loadAverage: Number(os.loadavg()[0].toFixed(2)),
  };
}
