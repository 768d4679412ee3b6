// The rows of JetStream: publishing, getting, consuming, key-value buckets, long calls, memory and recovery.

import { row, sized } from "./row.mjs";

/** @typedef {import("./row.mjs").Row} Row */

const modes = { "js-always": "each group synced", "js-2m": "synced every 2 minutes" };
const many = { mode: "jspub", inflight: 4000 };
/** Few messages a second: code needs longer to become warm. */
const SLOWLY = { warm: 2 };
const one = { mode: "jspub", inflight: 1, size: 128, ...SLOWLY };
const get = { mode: "jsget", inflight: 256, count: 100_000, subjects: 10_000, size: 128 };

/** A goal of rate and CPU per message. */
const both = (rate, cpu) => ({ rate, cpu });

/** The same of a stream that is there at the start; it was filled without syncs. @returns {Row} */
function filled(row) {
  const { count, size, storage = "file", subjects = 1 } = row.load;
  const filling = { mode: "jsfill", count, size, storage, subjects };
  return { ...row, load: { ...row.load, filled: 1 }, fill: { config: "js-2m", load: filling } };
}

/** Publishing to streams and getting from them, in one durability mode, the same for both servers. @returns {Row[]} */
function streams(mode) {
  const told = modes[mode];
  const reading = (name, what, load, goal) => row(`${mode}-${name}`, `${what}, ${told}`, load, goal, mode);
  const sizes = { 16: both(3, 4), 128: both(3, 4), 1024: 2, 8192: 1.5 };
  return [
    ...sized(`${mode}-file`, `publish, file, ${told}`, { ...many, storage: "file" }, sizes, mode),
    ...sized(`${mode}-memory`, `publish, memory, ${told}`, { ...many, storage: "memory" }, { 16: 1, 128: 1, 1024: 1, 8192: 1 }, mode), // prettier-ignore
    reading(
      "sync-file",
      "publish, 1 in flight, file",
      { ...one, storage: "file" },
      { rate: mode === "js-2m" ? 1.2 : 1 },
    ),
    reading("sync-memory", "publish, 1 in flight, memory", { ...one, storage: "memory" }, { rate: 1.2 }),
    reading("streams100", "publish to 100 file streams", { ...many, streams: 100, size: 128 }, { rate: 1 }),
    filled(reading("get-seq", "direct get by sequence", { ...get, op: "seq" }, { rate: 1 })),
    filled(reading("get-last", "direct get of the last of a subject", { ...get, op: "last" }, { rate: 1 })),
  ];
}

/** What is measured in one durability mode only. @type {Row[]} */
const publishes = [
  row("js-unequal-file-128", "publish, file, 128 B, ours synced against theirs every 2 minutes", { ...many, size: 128 }, { rate: 1.5 }, { ours: "js-always", reference: "js-2m" }), // prettier-ignore
  row("js-2m-ids-128", "publish with message ids, file, 128 B", { ...many, ids: 1, size: 128 }, { rate: 2 }, "js-2m"),
  row("js-2m-subjects-128", "publish to a million subjects, file, 128 B", { ...many, subjects: 1_000_000, size: 128 }, { rate: 2 }, "js-2m"), // prettier-ignore
  row("js-2m-get-sync", "direct get by sequence, 1 in flight", { ...get, op: "seq", inflight: 1 }, { rate: 1.5 }, "js-2m"), // prettier-ignore
  row("js-2m-get-batch", "direct get of batches of 100", { ...get, op: "batch", batch: 100, inflight: 8 }, { rate: 2 }, "js-2m"), // prettier-ignore
];

const kinds = {
  ordered: { what: "ordered consumer", load: { op: "ordered" }, rate: 3 },
  noack: { what: "pull without acknowledgements", load: { op: "noack" }, rate: 3 },
  explicit: { what: "pull, explicit acknowledgements", load: { op: "explicit" }, rate: 4 },
  fetch: { what: "fetch of 400, explicit acknowledgements", load: { op: "fetch", batch: 400 }, rate: 3 },
  push: { what: "push, explicit acknowledgements", load: { op: "push" }, rate: 3 },
};

/** Consumers that read a filled stream over and over, each from its first message to its last. @returns {Row[]} */
function consumers(storage) {
  const all = { mode: "jsconsume", storage, size: 128, count: 500_000 };
  const reading = (name, what, load, rate) =>
    row(`js-consume-${storage}-${name}`, `${what}, ${storage}`, { ...all, ...load }, { rate }, "js-2m");
  return [
    ...Object.entries(kinds).map(([name, { what, load, rate }]) => reading(name, what, load, rate)),
    reading("filtered", "ordered consumer of 1 of 100 subjects among a million messages", { op: "ordered", filter: 1, subjects: 100, count: 1_000_000 }, 2), // prettier-ignore
    reading("many8", "8 ordered consumers of a stream", { op: "ordered", subs: 8, count: 200_000 }, 1),
    reading("many64", "64 ordered consumers of a stream", { op: "ordered", subs: 64, count: 50_000 }, 1),
  ];
}

/** The same with each group synced. @type {Row[]} */
const syncedConsumers = Object.entries(kinds).map(([name, { what, load }]) => {
  const consuming = { mode: "jsconsume", storage: "file", size: 128, count: 200_000, ...load };
  return filled(
    row(`js-consume-always-${name}`, `${what}, file, ${modes["js-always"]}`, consuming, { rate: 1 }, "js-always"),
  );
});

/** Putting to a key-value bucket with a history of one. @returns {Row[]} */
function buckets(mode) {
  const put = { mode: "jspub", bucket: 1, subjects: 10_000, size: 128 };
  const bucket = (name, what, load, rate = 1) =>
    row(`${mode}-kv-${name}`, `${what}, ${modes[mode]}`, { ...put, ...load }, { rate }, mode);
  return [
    bucket("put-sync", "KV put, 1 in flight, file", { inflight: 1, storage: "file", ...SLOWLY }),
    bucket("put-file", "KV put, file", { inflight: 1000, storage: "file" }),
    bucket("put-memory", "KV put, memory", { inflight: 1000, storage: "memory" }),
    bucket(
      "put-clients-file",
      "KV put, 16 clients, file",
      { pubs: 16, storage: "file", ...SLOWLY },
      mode === "js-2m" ? 1.3 : 1,
    ),
  ];
}

/** @type {Row[]} */
const lazyBuckets = ["file", "memory"].flatMap((storage) => {
  const bucket = { bucket: 1, subjects: 10_000, size: 128, storage };
  const getting = { ...bucket, mode: "jsget", op: "last", count: 100_000 };
  return [
    row(`js-2m-kv-get-${storage}`, `KV get, ${storage}`, { ...getting, inflight: 256 }, { rate: 1 }, "js-2m"),
    row(`js-2m-kv-get-clients-${storage}`, `KV get, 16 clients, ${storage}`, { ...getting, pubs: 16, ...SLOWLY }, { rate: 1.3 }, "js-2m"), // prettier-ignore
  ];
});

const memoryBuckets = [
  row("js-2m-kv-put-clients-memory", `KV put, 16 clients, memory, ${modes["js-2m"]}`, { mode: "jspub", bucket: 1, subjects: 10_000, size: 128, pubs: 16, storage: "memory", ...SLOWLY }, { rate: 1.3 }, "js-2m"), // prettier-ignore
];

/** A request-reply beside each long call on a million messages: no call may hold the loop for 20 ms. @type {Row[]} */
const beside = [
  quietBeside("purge-filter", "a purge of half a stream by filter", { subjects: 2 }),
  quietBeside("purge", "a purge of a stream", { subjects: 1000 }),
  quietBeside("delete", "the deletion of a stream", { subjects: 1000 }),
  quietBeside("expiry", "the expiry of a stream by age", { subjects: 1000 }),
  quietBeside("max-msgs", "an update to max_msgs 1", { subjects: 1000 }),
  quietBeside("max-per-subject", "an update to max_msgs_per_subject 1", { subjects: 1000 }),
  quietBeside("rollup", "a rollup of a stream", { subjects: 1000 }),
  quietBeside("info-subjects", "stream info with 250,000 subjects", { subjects: 250_000 }),
  quietBeside("info-deleted", "stream info with 500,000 deleted", { subjects: 2 }),
  quietBeside("next-by-subject", "a get that searches the whole stream", { subjects: 1000 }),
  quietBeside("list", "the list of 256 streams", { subjects: 1000 }),
  quietBeside("jsz", "the /jsz page of 256 streams", { subjects: 1000 }),
  quietBeside("consumer-create", "the creation of consumers that count", { subjects: 10_000 }),
  quietBeside("consumer-list", "the list of 96 consumers", { subjects: 10_000 }),
  quietBeside("consumer-info", "consumer info", { subjects: 10_000 }),
  quietBeside("consumer-delete", "the deletion and creation of consumers", { subjects: 10_000 }),
];

/** What is stored, over an empty server. The pause lets both give back what publishing needed. @type {Row[]} */
const stored = [
  row("js-rss-10m", "memory of 10 million messages in a file stream", keep({ count: 10_000_000 }), { most: { totalKb: 32 * 1024 } }, "js-2m"), // prettier-ignore
  row("js-rss-subjects", "memory of a subject in a file stream", keep({ subjects: 1_000_000 }), { bytes: 1 }, "js-2m"),
  row("js-rss-memory-16", "memory of a 16 B message in a memory stream", keep({ storage: "memory" }), { bytes: 2.86 }, "js-2m"), // prettier-ignore
  row("js-rss-memory-128", "memory of a 128 B message in a memory stream", keep({ storage: "memory", size: 128 }), { bytes: 1 }, "js-2m"), // prettier-ignore
];

/** From the start of the process until a stream of a million messages says so. @type {Row[]} */
const recoveries = [
  ["js-recovery-scan", "recovery of a million messages without an index", 0],
  ["js-recovery-index", "recovery of a million messages with an index", 1],
].map(([name, what, index]) => {
  const load = { mode: "recovery", count: 1_000_000, size: 128, subjects: 1000, index };
  return filled(row(name, what, load, { rate: 1 }, "js-2m"));
});

const of = (issue, rows) => rows.map((row) => ({ ...row, issue }));

/** @type {Row[]} */
export const jetStreamRows = [
  ...of(3, [...streams("js-always"), ...streams("js-2m"), ...publishes]),
  ...of(4, [...consumers("file"), ...consumers("memory"), ...syncedConsumers]),
  ...of(4, [...buckets("js-always"), ...buckets("js-2m"), ...memoryBuckets, ...lazyBuckets]),
  ...beside,
  ...stored,
  ...recoveries,
];

/** @returns {Row} */
function quietBeside(op, what, load) {
  const all = { mode: "jsquiet", op, count: 1_000_000, size: 16, seconds: 2, ...load };
  return row(`js-quiet-${op}`, `request-reply beside ${what}`, all, { most: { p99Us: 20_000 } }, "js-2m");
}

function keep(load) {
  return { mode: "jsmem", inflight: 4000, count: 1_000_000, size: 16, settle: 12, limit: 300, ...load };
}
