// Writes creates.jsonl: what a real nats-server says to random and edge
// configurations, a scenario a line (see ask.mjs).
//
//   node test/jetstream/config/consumer_answers/record.mjs path/to/nats-server [scenarios] [seed] [file]
//
// Another file is compared with `CONSUMER_CONFIG_ANSWERS=file` in front of the test.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "./ask.mjs";

const [server = "nats-server", count = "420", seed = "3", file] = process.argv.slice(2);

/** Long rows of one letter as their length. */
const short = (text) => text.replace(/x{200,}/g, ({ length }) => `⟨${length}⟩`);

const lines = [];
for await (const scenario of ask([server], Number(count), Number(seed))) {
  // The files hold what the responses hold: a few are enough.
  if (lines.length % 4 > 0) for (const step of scenario.steps) delete step.meta;
  lines.push(short(JSON.stringify(scenario)));
}
writeFileSync(file ?? join(import.meta.dirname, "creates.jsonl"), `${lines.join("\n")}\n`);
