// Random accounts that share streams and services, and random sessions of one client of each, against nats-server and
// this server; a difference ends with exit code 1.
//
// node conformance/fuzz_accounts.mjs [SECONDS] [SEED]; SERVER=path tries another server.
//
// Whether imports form a cycle depends in nats-server on the order of a map: accounts that only one of the two takes
// are counted and passed over.

import path from "node:path";
import { fileURLToPath } from "node:url";
import { compare } from "./fuzz/comparison.mjs";
import { batchesOf, play } from "./fuzz/player.mjs";
import { Random } from "./fuzz/random.mjs";
import { findReference } from "./harness/reference.mjs";
import { ServerProcess } from "./harness/server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const seconds = Number(process.argv[2] ?? 60);
const firstSeed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
const names = ["A", "B", "C"];
const words = ["a", "b", "c"];
const sessionsPerConfig = 12;
const commands = 37;

/** @param {Random} random */
function pattern(random, most) {
  const tokens = Array.from({ length: 1 + random.below(most) }, () => random.pick(["a", "b", "*", "*"]));
  if (random.once(3)) tokens.push(">");
  return tokens.join(".");
}

/** Where an import puts the wildcards of `subject`; empty for the same subject. */
function renamed(random, subject) {
  if (!random.once(2)) return "";
  const stars = subject.split(".").filter((token) => token === "*").length;
  const places = Array.from({ length: stars }, (_, i) => `$${i + 1}`);
  if (stars === 2 && random.once(2)) places.reverse();
  const behind = random.once(2) ? [random.pick(words)] : [];
  return [random.pick(words), ...places, ...behind, ...(subject.endsWith(">") ? [">"] : [])].join(".");
}

function accounts(random) {
  const some = () => [...new Set(Array.from({ length: 1 + random.below(2) }, () => pattern(random, 2)))];
  const all = names.map((name) => ({ name, service: some(), stream: some() }));
  const written = all.map((account) => {
    const imports = Array.from({ length: 1 + random.below(3) }, () => {
      const from = random.pick(all.filter((other) => other !== account));
      const kind = random.pick(["service", "stream"]);
      const subject = random.pick(from[kind]);
      const to = renamed(random, subject);
      return `{${kind}: {account: ${from.name}, subject: "${subject}"}${to === "" ? "" : `, to: "${to}"`}}`;
    });
    const services = account.service.map(
      (subject) => `{service: "${subject}"${random.once(3) ? ", response: stream" : ""}}`,
    );
    const streams = account.stream.map((subject) => `{stream: "${subject}"}`);
    const mappings = random.once(3) ? random.pick(['"a.*": "b.$1"', "c: a", '"c.*.*": "a.$2.$1"', '"b.>": "c.>"']) : "";
    return `  ${account.name} { users: [{user: ${account.name.toLowerCase()}, password: p}], mappings { ${mappings} }
    exports: [${[...services, ...streams].join(", ")}]
    imports: [${imports.join(", ")}] }`;
  });
  return `accounts {\n${written.join("\n")}\n}\n`;
}

/** @returns {import("./fuzz/script.mjs").Operation[]} */
function session(random) {
  const literal = () => Array.from({ length: 1 + random.below(3) }, () => random.pick(words)).join(".");
  const reply = () => (random.once(2) ? ` ${random.pick(["box.1", "box.2", "a", "b.c"])}` : "");
  const text = names.map((name) => {
    const options = { verbose: false, user: name.toLowerCase(), pass: "p", headers: true };
    return `CONNECT ${JSON.stringify({ ...options, no_responders: random.once(2), echo: !random.once(4) })}\r\n`;
  });
  const script = text.map((line, client) => ({ client, batch: client, odd: false, text: line }));
  let sid = 0;
  for (let batch = names.length; batch < names.length + commands; batch++) {
    const at = random.below(10);
    let line;
    if (at < 3) line = `SUB ${pattern(random, 3)} ${++sid}\r\n`;
    else if (at < 4) line = `UNSUB ${1 + random.below(Math.max(1, sid))}\r\n`;
    else if (at < 8) line = `PUB ${literal()}${reply()} 1\r\nx\r\n`;
    else {
      const block = random.pick(["NATS/1.0\r\n\r\n", "NATS/1.0\r\nK: v\r\n\r\n"]);
      line = `HPUB ${literal()}${reply()} ${block.length} ${block.length + 1}\r\n${block}y\r\n`;
    }
    script.push({ client: random.below(names.length), batch, odd: false, text: line });
  }
  return script;
}

/** Which of several subscriptions to a reply gets the 503 is left to chance. */
function withoutChance(batches) {
  const quiet = (message) =>
    message.includes("NATS/1.0 503") ? message.replace(/^(HMSG \S+) \d+ /, "$1 - ") : message;
  return batches.map((answers) => answers.map((answer) => ({ ...answer, messages: answer.messages.map(quiet) })));
}

const reference = findReference(path.join(here, "..", ".cache"));
if ("missing" in reference) {
  console.log(`skipped: ${reference.missing}`);
  process.exit(0);
}
const file = path.resolve(process.env.SERVER || path.join(here, "..", "dist", "nats-server.cjs"));
const programs = [[reference.binary], /\.[cm]?js$/.test(file) ? [process.execPath, file] : [file]];
const totals = { configurations: 0, refused: 0, unlike: 0, sessions: 0, messages: 0, differences: 0 };
const deadline = Date.now() + seconds * 1000;
console.log(`accounts against ${reference.binary} for ${seconds} s, seed ${firstSeed}`);

for (let seed = firstSeed; Date.now() < deadline && totals.differences === 0; seed++) {
  const random = new Random(seed);
  const text = accounts(random);
  totals.configurations++;
  const sides = programs.map((command) => new ServerProcess({ command }));
  const started = [];
  for (const side of sides) {
    side.writeConfig(text, false);
    started.push(
      await side.start([], {}).then(
        () => true,
        () => false,
      ),
    );
  }
  if (started[0] !== started[1]) totals.unlike++;
  else if (!started[0]) totals.refused++;
  for (let i = 0; started.every(Boolean) && i < sessionsPerConfig && totals.differences === 0; i++) {
    const script = session(random);
    const differs = async () => {
      const answers = [];
      for (const side of sides) answers.push(withoutChance(await play(side.ports.client, script)));
      totals.messages += answers[0].flat().reduce((sum, { messages }) => sum + messages.length, 0);
      return compare(...answers);
    };
    totals.sessions++;
    const difference = typeof (await differs()) === "object" ? await differs() : undefined;
    if (typeof difference !== "object") continue;
    totals.differences++;
    console.log(`difference; again: node conformance/fuzz_accounts.mjs 1 ${seed}\n${text}`);
    for (const batch of batchesOf(script).slice(0, difference.batch + 1)) {
      console.log(`  ${names[batch[0].client]}>> ${batch.map((each) => JSON.stringify(each.text)).join(" ")}`);
    }
    console.log(`theirs ${JSON.stringify(difference.theirs)}\nours   ${JSON.stringify(difference.ours)}`);
  }
  await Promise.all(sides.map((side) => side.stop()));
}
console.log(JSON.stringify(totals));
process.exit(totals.differences > 0 ? 1 : 0);
