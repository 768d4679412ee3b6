// The blocks of a stream, both ways: what nats-server wrote is read by our store, message for message, and what our
// store rewrote, erased, compressed or repaired is opened by nats-server in full.
//
//     node conformance/store/blocks.mjs [SEED]
//
// nats-server is started on a directory of its own, below the system's temporary one. Prints a line for each check;
// exit code 1 when one fails. Without a reference server it says so and exits 0.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"; // prettier-ignore
import { isDeepStrictEqual } from "node:util";
import { tmpdir } from "node:os";
import path from "node:path";
import { randomBytes } from "node:crypto";
import { loadStore } from "./load_store.mjs";
import { Reference } from "./reference_store.mjs";

const SMALL = ["PLAIN", "COMP", "PURGED", "KILLED", "INTEREST"];
/** Of full blocks, which take many chunks when compressed; left out where one opening follows the other. */
const STREAMS = [...SMALL, "BIG"];
const root = mkdtempSync(path.join(tmpdir(), "store-blocks-"));
const store = await loadStore(root);
let random = Number(process.argv[2] ?? 1) | 0;
const below = (bound) => {
  random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return (random >>> 8) % bound;
};
let failures = 0;
function check(what, found, expected) {
  const isSame = isDeepStrictEqual(found, expected);
  if (!isSame) failures++;
  process.stdout.write(`${isSame ? "ok  " : "FAIL"} ${what}\n`);
  if (!isSame) process.stdout.write(`     found ${shown(found)}\n     not   ${shown(expected)}\n`);
}
const shown = (value) => JSON.stringify(value)?.slice(0, 600);

const binary = Reference.find(path.join(import.meta.dirname, "../../.cache"));
if (binary === undefined) {
  process.stdout.write("no reference server: skipped\n");
  process.exit(0);
}

// What nats-server writes.
const written = path.join(root, "written");
const truth = await writeStreams(written);
for (const name of STREAMS) {
  check(`${name}: our store sees what nats-server stored`, seen(readStream(written, name)), truth[name]);
}

// What it reads of ours.
await rewritten("index.db kept, dead records dropped", { index: true });
await rewritten("no index.db, dead records dropped", { index: false });
await rewritten("compressed", { index: false, compress: true });
await rewritten("compressed, index.db kept", { index: true, compress: true });
await rewritten("some erased", { index: false, erase: true });
await leftOver();
for (const [what, damage] of damages()) await repaired(what, damage);

rmSync(root, { recursive: true, force: true });
process.stdout.write(failures === 0 ? "all of it holds\n" : `${failures} checks failed\n`);
process.exit(failures === 0 ? 0 : 1);

/** Streams with everything that leaves a trace in blocks; their messages as the server tells them. */
async function writeStreams(directory) {
  const server = await Reference.start(binary, directory);
  await server.make("PLAIN", { max_bytes: 100_000 });
  await server.make("COMP", { max_bytes: 100_000, compression: "s2" });
  await server.make("PURGED", { max_bytes: 100_000 });
  await server.make("INTEREST", { retention: "interest" });
  const text = Array.from({ length: 60 }, (_, i) => `line ${i % 7} of a text; `).join("");
  const streams = ["PLAIN", "COMP", "PURGED"];
  for (const name of streams) {
    for (let i = 0; i < 75; i++) {
      const headers = i % 3 === 0 ? { N: `${i}`, Odd: "ü" } : undefined;
      await server.publish(`${name.toLowerCase()}.${i % 5}`, i % 11 === 4 ? "" : `${i} ${text}`, headers);
    }
    for (const seq of [1, 2, 10, 40, 75]) await server.remove(name, seq, seq % 20 === 0);
    await server.publish(`${name.toLowerCase()}.last`, "the last one");
  }
  await server.api("STREAM.PURGE.PURGED", { seq: 30 });
  await server.api("STREAM.PURGE.PURGED", { filter: "purged.3", keep: 2 });
  for (let i = 0; i < 3; i++) await server.publish("interest.a", `lost ${i}`);
  await server.api("CONSUMER.CREATE.INTEREST.c", { stream_name: "INTEREST", config: { durable_name: "c", name: "c", ack_policy: "explicit" } }); // prettier-ignore
  for (let i = 0; i < 3; i++) await server.publish("interest.a", `kept ${i}`);
  const found = {};
  await server.make("BIG", {});
  for (let i = 0; i < 24; i++) await server.publish("big.a", `${i} ${text.repeat(100)}${randomBytes(200_000).toString("latin1")}`); // prettier-ignore
  for (const seq of [1, 5, 24]) await server.remove("BIG", seq, seq === 5);
  await server.publish("big.a", "the last one");
  for (const name of ["PLAIN", "COMP", "PURGED", "INTEREST", "BIG"]) found[name] = await server.messages(name);
  await server.stop();
  // A server that dies while it is at work.
  const dying = await Reference.start(binary, directory);
  await dying.make("KILLED", { max_bytes: 100_000 });
  for (let i = 0; i < 70; i++) await dying.publish(`killed.${i % 3}`, `${i} ${text}`);
  for (const seq of [3, 69]) await dying.remove("KILLED", seq, false);
  found.KILLED = await dying.messages("KILLED");
  await dying.kill();
  return found;
}

/** Every block is rewritten without what is dead; all messages are to be there afterwards. */
async function rewritten(what, { index, compress = false, erase = false }) {
  const directory = copy();
  const expected = {};
  for (const name of STREAMS) {
    const stream = readStream(directory, name);
    const dead = new Set([...stream.holes, ...stream.tombstones]);
    const erased = new Set(erase ? [...stream.messages.keys()].filter((seq) => !dead.has(seq) && below(4) === 0) : []);
    const last = Math.max(...stream.blocks);
    expected[name] = truth[name].filter(({ seq }) => !erased.has(seq));
    change(directory, name, (place) => {
      for (const block of stream.blocks) {
        // The last block keeps its last record: index.db names its checksum, and it carries the last sequence.
        const fateOf = (kind, seq) => {
          if (kind === "message" && erased.has(seq)) return "erase";
          return kind === "tombstone" || block === last || !dead.has(seq) ? "keep" : "drop";
        };
        const job = store.rewriteBlock(place, block, { fateOf, compress: compress && block !== last, randomBytes });
        const { how, failed } = store.run(job);
        if (failed !== undefined || how === "damaged") check(`${what}: ${name} block ${block}`, how, "replaced");
        if (how === "empty") place.disk.remove(`${place.directory}/msgs/${block}.blk`);
      }
      if (!index) place.disk.remove(`${place.directory}/msgs/index.db`);
    });
  }
  await opens(what, directory, expected);
}

/** A rewrite that did not end leaves a temporary: nats-server does not take it for a block. */
async function leftOver() {
  const directory = copy();
  for (const name of STREAMS) {
    const msgs = path.join(directory, "jetstream/$G/streams", name, "msgs");
    writeFileSync(path.join(msgs, "1.blk.tmp"), randomBytes(5000));
    rmSync(path.join(msgs, "index.db"), { force: true });
  }
  await opens("a temporary left over", directory, truth);
}

/** What may happen to a block: a change of its bytes, and which block. */
function* damages() {
  const flip = (where) => (bytes) => (bytes[Math.floor(where * (bytes.length - 1))] ^= 1 << below(8), bytes); // prettier-ignore
  for (const which of ["first", "last"]) {
    for (const where of [0, 0.001, 0.3, 0.6, 0.97, 1]) yield [`${which} block, a bit at ${where}`, { which, change: flip(where) }]; // prettier-ignore
    yield [`${which} block, 100 bytes of zeros`, { which, change: (bytes) => bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 100) }]; // prettier-ignore
    yield [`${which} block, cut within a record`, { which, change: (bytes) => bytes.subarray(0, bytes.length - 13) }];
    yield [`${which} block, zeros behind it`, { which, change: (bytes) => Buffer.concat([bytes, Buffer.alloc(600)]) }];
    yield [`${which} block, nothing but zeros`, { which, change: (bytes) => bytes.fill(0) }];
    yield [`${which} block, empty`, { which, change: (bytes) => bytes.subarray(0, 0) }];
  }
}

/** A damaged block is repaired; nats-server then has all that was not touched, twice in a row, and goes on from there. */
async function repaired(what, { which, change: damage }) {
  const directory = copy();
  rmSync(path.join(directory, "jetstream/$G/streams/BIG"), { recursive: true });
  const expected = {};
  for (const name of ["PLAIN", "COMP", "KILLED"]) {
    const blocks = readStream(directory, name).blocks.sort((a, b) => a - b);
    const block = which === "first" ? blocks[0] : blocks.at(-1);
    const file = path.join(directory, "jetstream/$G/streams", name, "msgs", `${block}.blk`);
    writeFileSync(file, damage(readFileSync(file)));
    change(directory, name, (place) => {
      const report = store.run(store.openBlock(place, block, () => undefined));
      const after = which === "first" ? 0 : store.run(store.openBlock(place, blocks.at(-2), () => undefined)).lastSeq;
      const isLast = block === blocks.at(-1);
      const repair = store.run(store.repairBlock(place, report, { isLast, after, wallSec: 1_800_000_000 }));
      if (repair.how === undefined) check(`${what}: ${name} is repaired`, repair, "done");
    });
    const { messages, holes, tombstones } = readStream(directory, name);
    const dead = new Set([...holes, ...tombstones]);
    expected[name] = [...messages.values()].filter(({ seq }) => !dead.has(seq));
    // No more than the records that were hit, and with a tombstone one more comes back.
    const survivors = new Set(expected[name].map(({ seq }) => seq));
    const lost = truth[name].filter(({ seq }) => !survivors.has(seq)).length;
    if (what.includes("a bit")) check(`${what}: ${name} loses at most the record`, lost <= (name === "COMP" && which === "first" ? 30 : 1), true); // prettier-ignore
  }
  for (const name of ["PURGED", "INTEREST"]) expected[name] = truth[name];
  await opens(what, directory, expected, which);
}

/** nats-server opens the directory with exactly these messages; again after a stop; and takes another message. */
async function opens(what, directory, expected) {
  const kept = [...filesBelow(directory)].filter((file) => file.includes("/damaged/"));
  for (const time of ["", " again"]) {
    const server = await Reference.start(binary, directory);
    for (const name of Object.keys(expected)) {
      const found = await server.messages(name).catch((error) => error.message);
      check(`${what}: nats-server opens ${name}${time}`, found, expected[name]);
    }
    if (time !== "") {
      for (const name of Object.keys(expected)) {
        const { state } = await server.api(`STREAM.INFO.${name}`);
        const { seq } = await server.publish(`${name.toLowerCase()}.more`, "more");
        check(`${what}: ${name} goes on behind its last sequence`, seq, state.last_seq + 1);
      }
    }
    await server.stop();
  }
  const left = new Set(filesBelow(directory));
  check(`${what}: what was kept aside is still there`, kept.filter((file) => !left.has(file)), []); // prettier-ignore
}

function* filesBelow(directory) {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) yield path.join(entry.parentPath ?? entry.path, entry.name);
  }
}

function copy() {
  const directory = path.join(root, "copy");
  rmSync(directory, { recursive: true, force: true });
  cpSync(written, directory, { recursive: true });
  return directory;
}

/** Everything in the blocks of a stream. */
function readStream(directory, name) {
  const messages = new Map();
  const holes = [];
  const tombstones = [];
  const blocks = [];
  change(directory, name, (place) => {
    for (const file of place.disk.list(`${name}/msgs`)) {
      const block = store.blockIndexOf(file);
      if (block === undefined) continue;
      blocks.push(block);
      const report = store.run(store.openBlock(place, block, (record, bytes) => {
        const { kind, seq, sec, nanos } = record;
        if (kind === "hole") holes.push(seq);
        else if (kind === "tombstone") tombstones.push(seq);
        else {
          const part = (from, to) => Buffer.from(bytes.subarray(from, to)).toString("latin1");
          messages.set(seq, {
            seq,
            time: `${sec}.${String(nanos).padStart(9, "0")}`,
            subject: part(record.subjectFrom, record.subjectTo),
            headers: part(record.headersFrom, record.headersTo),
            payload: part(record.payloadFrom, record.payloadTo),
          });
        }
      })); // prettier-ignore
      if (!store.isSound(report)) check(`${name} block ${block} is sound`, report, "sound");
    }
  });
  return { messages, holes, tombstones, blocks };
}

function seen({ messages, holes, tombstones }) {
  const dead = new Set([...holes, ...tombstones]);
  return [...messages.values()].filter(({ seq }) => !dead.has(seq)).sort((a, b) => a.seq - b.seq);
}

/** Lets `work` have the directory of a stream on a disk of ours, and writes back what it left there. */
function change(directory, name, work) {
  const from = path.join(directory, "jetstream/$G/streams", name);
  const disk = store.newDisk();
  disk.makeDirectory(name);
  for (const entry of readdirSync(from, { recursive: true, encoding: "utf8" }).sort()) {
    const full = path.join(from, entry);
    if (statSync(full).isDirectory()) disk.makeDirectory(`${name}/${entry}`);
    else store.put(disk, `${name}/${entry}`, readFileSync(full));
  }
  work({ disk, directory: name, stream: name });
  const files = new Map(store.filesOf(disk, name));
  for (const file of filesBelow(from)) {
    if (!files.has(`${name}/${path.relative(from, file)}`)) rmSync(file);
  }
  for (const [file, bytes] of files) {
    const to = path.join(from, path.relative(name, file));
    if (existsSync(to) && readFileSync(to).equals(bytes)) continue;
    mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
    writeFileSync(to, bytes, { mode: 0o600 });
  }
}
