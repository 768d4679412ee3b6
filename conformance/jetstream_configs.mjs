// Random stream configurations, created and updated on the reference server and on this one: responses and meta.inf
// must be the same, byte for byte.
//
// node conformance/jetstream_configs.mjs [scenarios] [seed]; SERVER=path tries another server.

import path from "node:path";
import { fileURLToPath } from "node:url";
import { ask } from "../test/jetstream/config/answers/ask.mjs";
import { findReference } from "./harness/reference.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const reference = findReference(path.join(here, "..", ".cache"));
if ("missing" in reference) throw new Error(reference.missing);
const file = process.env.SERVER || path.join(here, "..", "dist", "nats-server.cjs");
const command = /\.[cm]?js$/.test(file) ? [process.execPath, path.resolve(file)] : [file];
const [count = "300", seed = "1"] = process.argv.slice(2);

/** Without the time in meta.inf. */
const comparable = (step) => JSON.stringify({ ...step, meta: step.meta?.replace(/"Created":"[^"]*"/, "") });

let steps = 0;
let different = 0;
const theirs = ask([reference.binary], Number(count), Number(seed));
for await (const ours of ask(command, Number(count), Number(seed))) {
  const { value } = await theirs.next();
  for (const [at, step] of ours.steps.entries()) {
    // From here on the two streams differ.
    if (/ (?:yet|not supported)$/.test(step.error?.description ?? "")) break;
    const expected = value.steps[at];
    if (expected.error?.description === "error creating store for stream") break;
    steps++;
    if (comparable(step) === comparable(expected)) continue;
    different++;
    console.log(`${ours.server} ${step.verb} ${step.body.slice(0, 1000)}`);
    console.log(`  ours      ${comparable(step).slice(0, 2000)}\n  reference ${comparable(expected).slice(0, 2000)}`);
    break;
  }
}
await theirs.return();
console.log(`${steps} steps, ${different} different`);
process.exitCode = different > 0 ? 1 : 0;
