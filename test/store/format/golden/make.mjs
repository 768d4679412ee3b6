// Makes the golden directories again: node make.mjs <path of nats-server> <empty folder>. See README.md.

import { connect, headers } from "nats";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { spawn } from "node:child_process";

const [program, folder] = process.argv.slice(2);
const PORT = 24_417;
const server = spawn(program, ["-js", "-sd", folder, "-p", String(PORT), "-a", "127.0.0.1"], { stdio: "ignore" });
await new Promise((resolve) => setTimeout(resolve, 1000));
const nc = await connect({ servers: `127.0.0.1:${PORT}` });

async function ask(subject, payload, hdr) {
  const answer = (await nc.request(subject, payload ?? "", { headers: hdr, timeout: 5000 })).json();
  if (answer.error) throw new Error(`${subject}: ${JSON.stringify(answer.error)}`);
  return answer;
}
const api = (what, body) => ask(`$JS.API.${what}`, body === undefined ? "" : JSON.stringify(body));
const make = (name, config) =>
  api(`STREAM.CREATE.${name}`, { name, subjects: [`${name.toLowerCase()}.>`], storage: "file", ...config });
function hdr(fields) {
  const made = headers();
  for (const [key, value] of Object.entries(fields)) made.set(key, value);
  return made;
}
async function publish(count, subject, payload, hdrOf = () => undefined) {
  for (let i = 0; i < count; i++) await ask(subject(i), payload(i), hdrOf(i));
}
async function flood(count, subject, payload) {
  for (let i = 0; i < count; i++) {
    nc.publish(subject(i), payload(i));
    if (i % 500 === 0) await nc.flush();
  }
  await nc.flush();
}
const consumer = (stream, name, config = {}) =>
  api(`CONSUMER.CREATE.${stream}.${name}`, {
    stream_name: stream,
    config: { durable_name: name, name, ack_policy: "explicit", ...config },
  });
async function next(stream, name, batch) {
  const inbox = `_I.${name}.${batch}`;
  const sub = nc.subscribe(inbox);
  nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, JSON.stringify({ batch, no_wait: true }), { reply: inbox });
  const got = [];
  for await (const msg of sub) {
    if (msg.headers?.code) break;
    if (got.push(msg) === batch) break;
  }
  return got;
}
const answer = (msg, what) => nc.request(msg.reply, what);

await make("PLAIN", { description: "plain messages", allow_direct: true });
const subjects = ["plain.a", "plain.b.c", "plain.dü"];
await publish(
  12,
  (i) => subjects[i % 3],
  (i) => (i === 5 ? "" : `message ${i}\u0000\u00FF`),
  (i) => (i % 4 === 1 ? hdr({ A: "b", "Nats-Msg-Id": `id${i}` }) : undefined),
);
await api("STREAM.MSG.DELETE.PLAIN", { seq: 3, no_erase: true });
await api("STREAM.MSG.DELETE.PLAIN", { seq: 6, no_erase: false });
await api("STREAM.MSG.DELETE.PLAIN", { seq: 1, no_erase: true });
await ask("plain.a", "last");

await make("EMPTY", {});
await make("PURGED", {});
await publish(10, () => "purged.x", (i) => `p${i}`); // prettier-ignore
await api("STREAM.PURGE.PURGED");
await make("PURGE2", {});
await publish(10, (i) => `purge2.${i & 1}`, (i) => `p${i}`); // prettier-ignore
await api("STREAM.PURGE.PURGE2", { filter: "purge2.0", keep: 1 });
await make("FIRST", { first_seq: 1000 });
await ask("first.a", "one");
await make("LATEST", { max_msgs_per_subject: 1 });
await flood(1400, (i) => `latest.${((i * 7919) % 97) % (1 + (i % 50))}`, String);
await ask("latest.end", "end");
await make("HOLES", { subjects: ["h.>"], max_msgs_per_subject: 1 });
await flood(14_000, (i) => (i % 400 === 7 ? `h.keep.${i}` : "h.x"), () => ""); // prettier-ignore
await ask("h.end");

await make("COMP", { compression: "s2", max_bytes: 100_000 });
let random = 12_345;
const noise = () => {
  random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return random >>> 16;
};
const text = Array.from({ length: 40 }, (_, i) => `line ${i % 7} of the text; `).join("");
await publish(
  110,
  (i) => `comp.${i % 5}`,
  (i) => (i % 10 === 3 ? Buffer.from(Array.from({ length: 400 }, noise)) : `${i} ${text}`),
  (i) => (i % 7 === 0 ? hdr({ N: String(i) }) : undefined),
);
await make("TTL", { allow_msg_ttl: true });
await publish(5, () => "ttl.a", (i) => `t${i}`, (i) => (i % 2 ? hdr({ "Nats-TTL": `${i}h` }) : undefined)); // prettier-ignore
await make("SCHED", { allow_msg_schedules: true });
const at = "@at 2030-01-02T03:04:05.123456789Z";
await ask("sched.in.1", "later", hdr({ "Nats-Schedule": at, "Nats-Schedule-Target": "sched.out.1" }));
await ask("sched.in.2", "every", hdr({ "Nats-Schedule": "@every 24h", "Nats-Schedule-Target": "sched.out.2" }));

await make("INTEREST", { retention: "interest" });
await publish(3, () => "interest.a", (i) => `lost${i}`); // prettier-ignore
await consumer("INTEREST", "c");
await publish(4, () => "interest.a", (i) => `kept${i}`); // prettier-ignore
await make("WORK", { retention: "workqueue" });
await publish(8, () => "work.a", (i) => `job${i}`); // prettier-ignore
await consumer("WORK", "w");
const jobs = await next("WORK", "w", 5);
for (const i of [0, 1, 3]) await answer(jobs[i], "+ACK");

await consumer("PLAIN", "fresh");
await consumer("PLAIN", "pending", { ack_wait: 300e9, metadata: { a: "b" } });
const pending = await next("PLAIN", "pending", 8);
for (const i of [0, 1, 4]) await answer(pending[i], "+ACK");
for (const i of [2, 5]) await answer(pending[i], "-NAK");
await next("PLAIN", "pending", 3);
await consumer("PLAIN", "none", { ack_policy: "none" });
await next("PLAIN", "none", 5);
await consumer("PLAIN", "all", { ack_policy: "all" });
await answer((await next("PLAIN", "all", 6))[3], "+ACK");
await consumer("PLAIN", "filter", { filter_subjects: ["plain.a", "plain.b.c"] });
await answer((await next("PLAIN", "filter", 4))[1], "+TERM");
await new Promise((resolve) => setTimeout(resolve, 500));

function shownMsg({ seq, time, subject, hdrs, data = "" }) {
  const payload = Buffer.from(data, "base64");
  return {
    seq,
    time,
    subject,
    ...(hdrs === undefined ? {} : { headers: Buffer.from(hdrs, "base64").toString("latin1") }),
    ...(payload.length > 64 ? { sha256: createHash("sha256").update(payload).digest("hex") } : { data }),
  };
}
async function expectedOf(stream) {
  const { created, state } = await api(`STREAM.INFO.${stream}`, { deleted_details: true, subjects_filter: ">" });
  const messages = [];
  if (stream === "HOLES") return { created, state: { ...state, deleted: undefined }, messages, consumers: [] };
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
    if (state.deleted?.includes(seq)) continue;
    messages.push(shownMsg((await api(`STREAM.MSG.GET.${stream}`, { seq })).message));
  }
  const { consumers } = await api(`CONSUMER.LIST.${stream}`);
  return { created, state, messages, consumers };
}
const expected = {};
for (const stream of (await api("STREAM.NAMES")).streams) expected[stream] = await expectedOf(stream);
await nc.close();
server.kill("SIGTERM");
await new Promise((resolve) => server.on("exit", resolve));
for (const stream of Object.keys(expected)) {
  const from = `${folder}/jetstream/$G/streams/${stream}`;
  const to = `${import.meta.dirname}/${stream}`;
  rmSync(to, { recursive: true, force: true });
  if (stream === "HOLES") {
    mkdirSync(`${to}/msgs`, { recursive: true });
    cpSync(`${from}/msgs/index.db`, `${to}/msgs/index.db`);
  } else cpSync(from, to, { recursive: true });
  writeFileSync(`${to}/expected.json`, `${JSON.stringify(expected[stream], undefined, 2)}\n`);
}
