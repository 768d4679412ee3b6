// The rows: one named load each, and the ratio to nats-server it should reach. Above 1 this server is better.
//
// `load` is handed to bench/load as key=value; `config` names a text of configs.mjs; `goal` names what is judged:
// rate, cpu, p50, p99 or bytes (memory each). `most` bounds a number of this server instead, whatever nats-server's is.
// TOP_ROWS run when no row is named.

/**
 * @typedef {{ rate?: number, p50?: number, p99?: number, bytes?: number }} Goal
 * @typedef {{ p99Us?: number, totalKb?: number }} Most
 * @typedef {Record<string, string | number>} Load
 * @typedef {{ name: string, title: string, load: Load, goal?: Goal, most?: Most, config?: string }} Row
 */

const label = (size) => (size >= 1024 ? `${size / 1024} KB` : `${size} B`);
const short = (size) => (size >= 1024 ? `${size / 1024}k` : `${size}`);

/** One row for each size. @returns {Row[]} */
function sized(name, title, load, goals, config) {
  return Object.entries(goals).map(([size, rate]) => ({
    name: `${name}-${short(Number(size))}`,
    title: `${title}, ${label(Number(size))}`,
    load: { ...load, size: Number(size) },
    goal: { rate },
    ...(config ? { config } : {}),
  }));
}

/** @returns {Row} */
const row = (name, title, load, goal, config) => ({
  name,
  title,
  load,
  ...(goal ? { goal } : {}),
  ...(config ? { config } : {}),
});

const publish = sized(
  "pub",
  "publish, no subscriber",
  { mode: "pub" },
  { 16: 2.5, 128: 2.5, 1024: 1, 8192: 1, 65536: 2 },
);

const deliver = [
  ...sized("one", "1:1", { mode: "fan" }, { 16: 2.5, 128: 2.5, 1024: 2, 8192: 2, 65536: 2 }),
  ...sized("fan16", "fan-out 1:16", { mode: "fan", subs: 16 }, { 16: 3, 128: 3, 1024: 2 }),
  ...sized("fan64", "fan-out 1:64", { mode: "fan", subs: 64 }, { 16: 3, 128: 3, 1024: 2 }),
  ...sized("queue8", "queue group of 8", { mode: "fan", subs: 8, queue: 1 }, { 128: 2 }),
  ...sized("nn16", "16 pairs", { mode: "nn", pubs: 16 }, { 16: 1.8, 128: 1.8 }),
  row(
    "nn16-single",
    "16 pairs, 16 B, a write per message",
    { mode: "nn", pubs: 16, size: 16, write: 1 },
    { rate: 0.85 },
  ),
];

const subjects = [
  row("unique-pub", "200,000 subjects, no subscriber", { mode: "pub", subjects: 200_000 }, { rate: 2 }),
  row("unique-one", "200,000 subjects to one wildcard", { mode: "fan", subjects: 200_000 }, { rate: 2 }),
  row("unique-fan4", "200,000 subjects to four wildcards", { mode: "fan", subjects: 200_000, subs: 4 }, { rate: 2 }),
  row("headers-128", "1:1 with headers, 128 B", { mode: "fan", header: 48, size: 128 }, { rate: 2 }),
  row("permissions-128", "1:1 with 4 permissions each, 128 B", users({ mode: "fan", size: 128 }), { rate: 2 }, "users"),
];

/** From one account to another. */
const accounts = [
  row(
    "stream-import-128",
    "1:1 through a stream import, 128 B",
    { ...users({ mode: "fan", size: 128 }) },
    { rate: 2 },
    "accounts",
  ),
  row("service-import-128", "1:1 through a service import, 128 B", services({ mode: "fan", size: 128 }), { rate: 2 }, "accounts"), // prettier-ignore
  row("service-import-rr16", "request-reply through a service import, 16 requesters", services({ mode: "rr", pubs: 16 }), { rate: 1 }, "accounts"), // prettier-ignore
];

const latency = [
  row("rr-1", "request-reply, 1 requester", { mode: "rr" }, { p50: 2, p99: 1.43 }),
  row("rr-16", "request-reply, 16 requesters", { mode: "rr", pubs: 16 }, { rate: 1.4 }),
  row("rr-64", "request-reply, 64 requesters", { mode: "rr", pubs: 64 }, { rate: 1.6 }),
  row("rr-pipe64", "request-reply, 1 requester, 64 in flight", { mode: "rr", inflight: 64 }, { rate: 1.6 }),
  row("quiet-one", "request-reply beside a 1:1 flood", quiet({ flood: "fan", pubs: 1 }), { p99: 1 }),
  row("quiet-pub", "request-reply beside two publishing floods", quiet({ flood: "pub", pubs: 2 }), { p99: 1 }),
];

const transports = [
  ...sized("tls-one", "1:1 over TLS", { mode: "fan", tls: 1 }, { 128: 1.3, 1024: 1.1 }, "tls"),
  ...sized("ws-one", "1:1 over WebSocket", { mode: "fan", websocket: 1 }, { 128: 1 }, "websocket"),
];

const memory = [
  row("idle-conns", "memory of an idle connection", { mode: "idle", count: 3000 }, { bytes: 2 }),
  row("idle-subs", "memory of an idle subscription", { mode: "idle", subs: 2, count: 100_000 }, { bytes: 1 }),
];

/** Publishing to streams and getting from them, in one durability mode, the same for both servers. @returns {Row[]} */
function jetStream(mode, told) {
  const many = { mode: "jspub", inflight: 4000 };
  const one = { mode: "jspub", inflight: 1, size: 128 };
  const get = { mode: "jsget", inflight: 256, count: 100_000, subjects: 10_000, size: 128 };
  const sizes = { 16: 1, 128: 1, 1024: 1, 8192: 1 };
  return [
    ...sized(`${mode}-file`, `publish, file, ${told}`, { ...many, storage: "file" }, sizes, mode),
    ...sized(`${mode}-memory`, `publish, memory, ${told}`, { ...many, storage: "memory" }, sizes, mode),
    row(`${mode}-sync-file`, `publish, 1 in flight, file, ${told}`, { ...one, storage: "file" }, { rate: 1 }, mode),
    row(
      `${mode}-sync-memory`,
      `publish, 1 in flight, memory, ${told}`,
      { ...one, storage: "memory" },
      { rate: 1 },
      mode,
    ),
    row(
      `${mode}-streams100`,
      `publish to 100 file streams, ${told}`,
      { ...many, streams: 100, size: 128 },
      { rate: 1 },
      mode,
    ),
    row(`${mode}-get-seq`, `direct get by sequence, ${told}`, { ...get, op: "seq" }, { rate: 1 }, mode),
    row(`${mode}-get-last`, `direct get of the last of a subject, ${told}`, { ...get, op: "last" }, { rate: 1 }, mode),
  ];
}

/** Consumers that read a filled stream over and over, each from its first message to its last. @returns {Row[]} */
function consumers(name, told, storage) {
  const all = { mode: "jsconsume", storage, size: 128, count: 500_000 };
  const reading = (op, what, load) =>
    row(`${name}-${op}`, `${what}, ${told}`, { ...all, ...load }, { rate: 1 }, "js-2m");
  return [
    reading("ordered", "ordered consumer", { op: "ordered" }),
    reading("noack", "pull without acknowledgements", { op: "noack" }),
    reading("explicit", "pull, explicit acknowledgements", { op: "explicit" }),
    reading("fetch", "fetch of 500, explicit acknowledgements", { op: "fetch" }),
    reading("push", "push, explicit acknowledgements", { op: "push" }),
    reading("many8", "8 ordered consumers of a stream", { op: "ordered", subs: 8, count: 200_000 }),
    reading("many64", "64 ordered consumers of a stream", { op: "ordered", subs: 64, count: 50_000 }),
  ];
}

/** Putting to a key-value bucket with a history of one, and getting from it. @returns {Row[]} */
function buckets(mode, told) {
  const put = { mode: "jspub", bucket: 1, subjects: 10_000, size: 128 };
  const one = (name, what, load) => row(`${mode}-kv-${name}`, `${what}, ${told}`, load, { rate: 1 }, mode);
  return [
    one("put-sync", "KV put, 1 in flight, file", { ...put, inflight: 1, storage: "file" }),
    one("put-file", "KV put, file", { ...put, inflight: 1000, storage: "file" }),
    one("put-memory", "KV put, memory", { ...put, inflight: 1000, storage: "memory" }),
  ];
}

const bucketGets = ["file", "memory"].map((storage) =>
  row(
    `js-2m-kv-get-${storage}`,
    `KV get, ${storage}`,
    { mode: "jsget", op: "last", bucket: 1, inflight: 256, count: 100_000, subjects: 10_000, size: 128, storage },
    { rate: 1 },
    "js-2m",
  ),
);

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
  row("js-rss-10m", "memory of 10 million messages in a file stream", keep({ count: 10_000_000 }), undefined, "js-2m"),
  row("js-rss-subjects", "memory of a subject in a file stream", keep({ subjects: 1_000_000 }), { bytes: 1 }, "js-2m"),
  row(
    "js-rss-memory-16",
    "memory of a 16 B message in a memory stream",
    keep({ storage: "memory" }),
    { bytes: 1 },
    "js-2m",
  ),
  row(
    "js-rss-memory-128",
    "memory of a 128 B message in a memory stream",
    keep({ storage: "memory", size: 128 }),
    { bytes: 1 },
    "js-2m",
  ),
].map((one) => (one.goal ? one : { ...one, most: { totalKb: 32 * 1024 } }));

/** @type {Row[]} */
export const rows = [
  ...publish,
  ...deliver,
  ...subjects,
  ...accounts,
  ...latency,
  ...transports,
  ...memory,
  ...jetStream("js-always", "each group synced"),
  ...jetStream("js-2m", "synced every 2 minutes"),
  ...consumers("js-consume-file", "file", "file"),
  ...consumers("js-consume-memory", "memory", "memory"),
  ...buckets("js-always", "each group synced"),
  ...buckets("js-2m", "synced every 2 minutes"),
  ...bucketGets,
  ...beside,
  ...stored,
];

export const TOP_ROWS = [
  "pub-128",
  "one-16",
  "one-128",
  "one-1k",
  "fan16-128",
  "queue8-128",
  "nn16-128",
  "unique-one",
  "rr-1",
  "rr-16",
];

/** The rows a list of names asks for; a name may also be a beginning ("rr"), "all", or empty for the top ones. */
export function chooseRows(names) {
  const asked = names.split(",").map((name) => name.trim());
  const wanted = asked.filter((name) => name !== "");
  if (wanted.length === 0) return rows.filter((one) => TOP_ROWS.includes(one.name));
  const unknown = wanted.filter((name) => name !== "all" && !rows.some((one) => matches(one, name)));
  if (unknown.length > 0)
    throw new Error(`no such row: ${unknown.join(", ")}; rows: ${rows.map((one) => one.name).join(" ")}`);
  return rows.filter((one) => wanted.some((name) => name === "all" || matches(one, name)));
}

function matches(one, name) {
  return one.name === name || one.name.startsWith(`${name}-`);
}

function users(load) {
  return { ...load, "pub-user": "pub:secret", "sub-user": "sub:secret" };
}

/** Services get requests with a header that says who asks; these read none, and compare the rest. */
function services(load) {
  return { ...load, "pub-user": "pub:secret", "sub-user": "svc:secret", "plain-sub": 1 };
}

/** Percentiles of a paced load need more time to be worth something. */
function quiet(load) {
  return { mode: "quiet", size: 128, seconds: 4, ...load };
}

/** @returns {Row} */
function quietBeside(op, what, load) {
  const all = { mode: "jsquiet", op, count: 1_000_000, size: 16, seconds: 2, ...load };
  return {
    name: `js-quiet-${op}`,
    title: `request-reply beside ${what}`,
    load: all,
    most: { p99Us: 20_000 },
    config: "js-2m",
  };
}

function keep(load) {
  return { mode: "jsmem", inflight: 4000, count: 1_000_000, size: 16, settle: 12, limit: 300, ...load };
}
