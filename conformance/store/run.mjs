// The store directory, both ways with nats-server: runs the scripts of this folder and adds up their checks.
//
//     node conformance/store/run.mjs

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
let [passed, failed] = [0, 0];
for (const script of ["catalog.mjs", "limits.mjs", "blocks.mjs"]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [path.join(here, script)], { encoding: "utf8" });
  const lines = stdout.split("\n");
  const good = lines.filter((line) => line.startsWith("ok")).length;
  const bad = lines.filter((line) => /^(?:not ok|FAIL|fail)/.test(line)).length;
  passed += good;
  failed += bad;
  if (status !== 0 && bad === 0) failed++;
  if (status !== 0 || good === 0) console.log(`${script}:\n${stdout}${stderr}`);
  console.log(`${script}: ${good} passed, ${bad} failed`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
