// Runs named cases one after the other and prints `pass NAME`, `fail NAME: why` or `skip NAME: why` for each.

import { readFileSync } from "node:fs";
import path from "node:path";
import { root, target } from "./target.mjs";
import { soon } from "./wait.mjs";

/** Thrown by a case that cannot run here. */
export class Skip extends Error {}

const counts = { pass: 0, fail: 0, skip: 0 };

/** What this server does not do yet, by name of the case, and why. The reference does it all. */
const later = new Map(
  target().name === "ours"
    ? Object.entries(JSON.parse(readFileSync(path.join(root, "conformance", "clients", "later.json"), "utf8")))
    : [],
);

/** Runs one case with a deadline. @param {string} name @param {() => unknown} run */
export async function runCase(name, run, timeoutMs = 30_000) {
  const why = later.get(name);
  try {
    await soon(Promise.resolve().then(run), "the case to end", timeoutMs);
    if (why === undefined) print("pass", name);
    else print("fail", name, "it passes: take it out of conformance/clients/later.json");
  } catch (error) {
    if (error instanceof Skip) print("skip", name, error.message);
    else if (why !== undefined) print("skip", name, why);
    else print("fail", name, describe(error));
  }
}

/** Ends the program: 1 when a case failed or none ran. */
export function finish() {
  process.exit(counts.fail > 0 || counts.pass + counts.skip === 0 ? 1 : 0);
}

function print(word, name, why) {
  counts[word]++;
  process.stdout.write(why === undefined ? `${word} ${name}\n` : `${word} ${name}: ${why}\n`);
}

function describe(error) {
  if (!(error instanceof Error)) return String(error);
  const at = /\n\s+at .*?(conformance\/[^)\n]+)/.exec(error.stack ?? "");
  return `${error.message}${at ? ` (${at[1]})` : ""}`.replaceAll("\n", "\n     ");
}
