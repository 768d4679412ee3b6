// Feeds the parser mutated protocol until the time is up.
//
// Each input is run whole and cut at random: both must see the same, nothing
// may throw, and what is kept must stay bounded. An input that breaks that is
// written to test/proto/corpus/, which every later run starts with; the seed is
// printed. `node .make/fuzz.mjs SECONDS [SEED]`.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/parser_run.ts";

const folder = "test/proto/corpus";
const words = [
  "PUB a 1\r\nx\r\n",
  "PUB a.b r 0\r\n\r\n",
  "HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
  "HPUB a r 0 2\r\nhi\r\n",
  "SUB a.* 1\r\n",
  "SUB a q 22\r\n",
  "UNSUB 1\r\n",
  "UNSUB 1 3\r\n",
  "PING\r\n",
  "PONG\r\n",
  "+OK\r\n",
  "-ERR 'x'\r\n",
  "CONNECT {}\r\n",
  "INFO {}\r\n",
  "PUB ",
  "HPUB ",
  " ",
  "\t",
  "\r",
  "\n",
  "\r\n",
  "0",
  "99999999999",
  "-1",
  "1e3",
  "\u00ff",
  "\u0000",
  "MSG a 1 1\r\n",
];

let state = 0;
function random(below: number): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

function mutate(input: string): string {
  const at = random(input.length + 1);
  switch (random(6)) {
    case 0:
      return input.slice(0, at) + String.fromCharCode(random(256)) + input.slice(at + 1);
    case 1:
      return input.slice(0, at) + input.slice(at + 1 + random(4));
    case 2:
      return input.slice(0, at) + words[random(words.length)]! + input.slice(at);
    case 3:
      return input + words[random(words.length)]!;
    case 4:
      return input.slice(0, at) + input.slice(random(input.length + 1));
    default:
      return input.slice(0, at);
  }
}

function check(input: string): void {
  const whole = run(input, []).seen;
  const cuts = Array.from({ length: random(12) }, () => random(input.length + 1));
  const cut = run(input, cuts).seen;
  if (JSON.stringify(whole) !== JSON.stringify(cut))
    throw new Error(`cut at ${cuts.join(",")}: ${JSON.stringify(cut)} instead of ${JSON.stringify(whole)}`);
}

/** Runs for `seconds`; returns how many inputs were tried. Throws at the first that breaks a rule. */
export function fuzz(seconds: number, seed: number): number {
  state = seed;
  mkdirSync(folder, { recursive: true });
  const pool = [...words, ...readdirSync(folder).map((file) => readFileSync(join(folder, file), "latin1"))];
  for (const input of pool) check(input);
  const end = performance.now() + seconds * 1000;
  let count = 0;
  while (performance.now() < end) {
    let input = pool[random(pool.length)]!;
    for (let i = random(6); i >= 0; i--) input = mutate(input);
    if (input.length > 4000) input = input.slice(0, 4000);
    try {
      check(input);
    } catch (error) {
      const file = join(folder, `${seed}-${count}`);
      writeFileSync(file, input, "latin1");
      throw new Error(`fuzz seed ${seed}, input kept in ${file}: ${String(error)}`, { cause: error });
    }
    if (pool.length < 2000 && random(50) === 0) pool.push(input);
    count++;
  }
  return count;
}
