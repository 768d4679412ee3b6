// Limits at a start, both ways: in which order nats-server applies them to what it finds, and that what our store has
// taken when it says that it is open is what nats-server takes.
//
//     node conformance/store/limits.mjs
//
// Limits leave no trace of what they take from the front of a stream; what they take by subject behind it has a
// tombstone in the next group. A process that dies before leaves messages beyond the limits, as the first half here
// does. Prints a line for each check; exit code 1 when one fails. Without a reference server it says so and exits 0.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadStore } from "./load_store.mjs";
import { Reference } from "./reference_store.mjs";

/** Of a record on a subject of one byte with a body of 19. */
const RECORD = 50;
const NOW = 1_800_000_000;
/** One alone on its subject, four on another: by subject only two of those are to go. */
const SUBJECTS = "abbbb";

const binary = Reference.find(path.join(import.meta.dirname, "../../.cache"));
if (binary === undefined) {
  process.stdout.write("no reference server: skipped\n");
  process.exit(0);
}
const root = mkdtempSync(path.join(tmpdir(), "store-limits-"));
const store = await loadStore(root);
let failures = 0;
function check(what, found, expected) {
  const isSame = isDeepStrictEqual(found, expected);
  if (!isSame) failures++;
  process.stdout.write(`${isSame ? "ok  " : "FAIL"} ${what}\n`);
  if (!isSame) process.stdout.write(`     found ${JSON.stringify(found)}\n     not   ${JSON.stringify(expected)}\n`);
}

const cases = [
  // The stream as a whole comes first, so that it loses the only message of a subject which the other has to spare.
  { what: "max_msgs", limits: { maxMsgs: 4 }, theirs: [4, 5], ours: [1, 4, 5] },
  { what: "max_bytes", limits: { maxBytes: 4 * RECORD }, theirs: [4, 5], ours: [1, 4, 5] },
  { what: "max_msgs, discard new", limits: { maxMsgs: 4, discardNew: true }, theirs: [1, 4, 5], ours: [1, 4, 5] },
];
for (const { what, limits, theirs, ours } of cases) {
  const all = { ...store.NO_LIMITS, ...limits, maxMsgsPerSubject: 2 };
  const killed = written();
  check(`${what}: nats-server applies it before max_msgs_per_subject`, await seenByReference(killed, all), theirs);
  const { seqs, disk } = opened(written(), all);
  check(`${what}: our store does what its commits did`, seqs, ours);
  // Nothing of ours happens any more: what is on disk is what was there when it was open.
  check(`${what}: once it is open nats-server takes nothing else`, await seenByReference(disk, all), ours);
}

rmSync(root, { recursive: true, force: true });
process.stdout.write(failures === 0 ? "all of it holds\n" : `${failures} checks failed\n`);
process.exit(failures === 0 ? 0 : 1);

/** A disk with the messages in it, none of them gone. */
function written() {
  const disk = store.newDisk();
  disk.makeDirectory("S");
  const { stream } = opened(disk, store.NO_LIMITS);
  for (const name of SUBJECTS) {
    const msg = new store.StoredMsg();
    msg.sec = NOW;
    [msg.subject, msg.subjectTo] = [Buffer.from(name), 1];
    [msg.body, msg.bodyTo] = [Buffer.alloc(19, "x"), 19];
    stream.stage(msg, "plain");
  }
  stream.submit();
  store.finish();
  return disk;
}

/** Our store on a disk, and what it shows when it has just been opened. */
function opened(disk, limits) {
  const results = [];
  const later = (fire) => store.later(fire);
  const deaf = () => undefined;
  const events = { committed: deaf, refused: deaf, removed: deaf, compacted: deaf };
  store.openFileStore({ disk, directory: "S", stream: "S", limits, seed: 1, events, how: "synced", blockBytes: 10_000, compression: "none", cache: new store.StoreCache(1 << 20), randomBytes: (count) => Buffer.alloc(count), later, slice: later, log: deaf, firstSeq: 0, wallSec: NOW }, (result) => void results.push(result)); // prettier-ignore
  // Not a step further than that.
  while (results.length === 0 && store.finishOne());
  const [stream] = results;
  const { lastSeq } = stream.state();
  const seqs = Array.from({ length: lastSeq }, (_, i) => i + 1).filter((seq) =>
    stream.load(seq, new store.StoredMsg()),
  );
  return { stream, disk, seqs };
}

async function seenByReference(disk, limits) {
  const directory = path.join(root, "asked");
  rmSync(directory, { recursive: true, force: true });
  const meta = Buffer.from(JSON.stringify({ Created: "2026-01-01T00:00:00Z", name: "S", subjects: ["a", "b"], retention: "limits", max_consumers: -1, max_msgs: limits.maxMsgs || -1, max_bytes: limits.maxBytes || -1, max_age: 0, max_msgs_per_subject: limits.maxMsgsPerSubject, max_msg_size: -1, discard: limits.discardNew ? "new" : "old", storage: "file", num_replicas: 1 })); // prettier-ignore
  const files = [["meta.inf", meta], ["meta.sum", store.metaSum(store.streamHasher("S"), meta)]]; // prettier-ignore
  for (const [file, bytes] of store.filesOf(disk, "S")) files.push([path.relative("S", file), bytes]);
  for (const [file, bytes] of files) {
    const to = path.join(directory, "jetstream/$G/streams/S", file);
    mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
    writeFileSync(to, bytes, { mode: 0o600 });
  }
  const server = await Reference.start(binary, directory);
  const messages = await server.messages("S");
  await server.kill();
  return messages.map(({ seq }) => seq);
}
