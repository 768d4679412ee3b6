// Writes configs.jsonl: what a real nats-server says to random and edge
// configurations, a scenario a line (see ask.mjs).
//
//   node test/jetstream/config/answers/record.mjs path/to/nats-server [scenarios] [seed] [file]
//
// Another file is compared with `STREAM_CONFIG_ANSWERS=file` in front of the test.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "./ask.mjs";

const [server = "nats-server", count = "360", seed = "3", file] = process.argv.slice(2);

/** Long rows of one letter as their length. */
const short = (text) => text.replace(/x{200,}/g, ({ length }) => `⟨${length}⟩`);

const lines = [];
for await (const scenario of ask([server], Number(count), Number(seed))) {
  // A delete that is not through yet gets in the way of the next create.
  if (scenario.steps.some(({ error }) => error?.description === "error creating store for stream")) continue;
  // The files hold what the responses hold: a few are enough.
  if (lines.length % 4 > 0) for (const step of scenario.steps) delete step.meta;
  lines.push(short(JSON.stringify(scenario)));
}
writeFileSync(file ?? join(import.meta.dirname, "configs.jsonl"), `${lines.join("\n")}\n`);
