// The rows: one named load each, and the ratio to nats-server it should reach. Above 1 this server is better.
//
// What a row holds: row.mjs. TOP_ROWS run when no row is named.

import { jetStreamRows } from "./js_rows.mjs";
import { row, sized } from "./row.mjs";

/** @typedef {import("./row.mjs").Row} Row */

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
  ...sized(
    "sids16",
    "fan-out 1:16, each with another sid",
    { mode: "fan", subs: 16, sids: 1 },
    { 16: 3, 128: 3, 1024: 2 },
  ),
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
  row("quiet-pub", "request-reply beside two publishing floods", quiet({ flood: "pub", pubs: 2 }), {
    most: { p99Us: 5000 },
  }),
];

const transports = [
  ...sized("tls-one", "1:1 over TLS", { mode: "fan", tls: 1 }, { 128: 1.3, 1024: 1.1 }, "tls"),
  ...sized("ws-one", "1:1 over WebSocket", { mode: "fan", websocket: 1 }, { 128: 1 }, "websocket"),
];

const memory = [
  row("idle-conns", "memory of an idle connection", { mode: "idle", count: 3000 }, { bytes: 2 }),
  row("idle-subs", "memory of an idle subscription", { mode: "idle", subs: 2, count: 100_000 }, { bytes: 1 }),
];

/** @type {Row[]} */
export const rows = [
  ...publish,
  ...deliver,
  ...subjects,
  ...accounts,
  ...latency,
  ...transports,
  ...memory,
  ...jetStreamRows,
];

export const TOP_ROWS = [
  "one-128",
  "fan16-128",
  "rr-1",
  "rr-16",
  "js-always-file-128",
  "js-2m-file-128",
  "js-2m-get-seq",
  "js-2m-kv-put-clients-file",
  "js-consume-file-noack",
  "js-consume-file-explicit",
];

/** The rows that an issue of the project asks for; 6 asks for all that have a goal of their own. */
const issues = {
  3: (one) => one.issue === 3,
  4: (one) => one.issue === 4,
  5: (one) => accounts.includes(one),
  6: (one) => !one.name.startsWith("js-quiet-"),
};

/** @param {string} numbers with commas between */
export function rowsOfIssues(numbers) {
  const wanted = numbers.split(",").map((number) => issues[number.trim()]);
  if (wanted.includes(undefined))
    throw new Error(`no rows for issue ${numbers}; there are ${Object.keys(issues).join(", ")}`);
  return rows.filter((one) => wanted.some((asksFor) => asksFor(one)));
}

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
