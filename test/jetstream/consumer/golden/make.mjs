// Makes lives.json: what nats-server says of consumers step by step, and the
// `o.dat` it leaves. `node make.mjs [path of nats-server]`, a minute.
//
// Each life is a stream with one pull consumer and random steps; after each the
// consumer's info. Some steps are waited for until acks are due.

import { connect } from "@nats-io/transport-node";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.argv[2] ?? "/root/go/bin/nats-server";
const folder = mkdtempSync(join(tmpdir(), "lives-"));
/** Between what three and four fetches take: nothing is due at the moment of a step. */
const ACK_WAIT_MS = 450;
const EXPIRES_MS = 80;
let seed = 7;
const random = (below) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function start() {
  writeFileSync(join(folder, "c.json"), JSON.stringify({ host: "127.0.0.1", port: -1, ports_file_dir: folder, jetstream: { store_dir: folder } })); // prettier-ignore
  const child = spawn(program, ["-c", join(folder, "c.json")], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (bytes) => (log += bytes));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const file = join(folder, `nats-server_${child.pid}.ports`);
  while (!existsSync(file) || !readFileSync(file, "utf8").endsWith("}")) await sleep(20);
  const url = JSON.parse(readFileSync(file, "utf8")).nats[0];
  return { nc: await connect({ servers: url }), stop: async (signal = "SIGTERM") => (child.kill(signal), await ended), log: () => log }; // prettier-ignore
}

const api = async (nc, subject, body = {}) => {
  const { error, ...answer } = (await nc.request(`$JS.API.${subject}`, JSON.stringify(body))).json();
  if (error) throw new Error(`${subject}: ${error.description}`);
  return answer;
};
async function info(nc, name) {
  const said = await api(nc, `CONSUMER.INFO.${name}.C`);
  const pair = ({ consumer_seq, stream_seq }) => [consumer_seq, stream_seq];
  return [...pair(said.delivered), ...pair(said.ack_floor), said.num_ack_pending, said.num_redelivered];
}
/** Messages: stream sequence, consumer sequence, deliveries; and what to answer to. */
async function fetch(nc, name, batch) {
  const inbox = `_INBOX.${name}.${random(1e9)}`;
  const got = [];
  const sub = nc.subscribe(inbox, { callback: (_, msg) => { if (msg.reply) got.push(msg.reply); } }); // prettier-ignore
  nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${name}.C`, JSON.stringify({ batch, expires: EXPIRES_MS * 1e6 }), {
    reply: inbox,
  });
  await sleep(EXPIRES_MS + 50);
  sub.unsubscribe();
  return got;
}

async function life(nc, name, config, verbs, steps) {
  await api(nc, `STREAM.CREATE.${name}`, { name, subjects: [`${name}.*`], storage: "file" });
  let last = 0;
  const publish = async () => void (await nc.request(`${name}.${"ab"[random(2)]}`, "", { timeout: 2000 }), last++);
  for (let i = 0; i < 4; i++) await publish();
  await api(nc, `CONSUMER.CREATE.${name}.C`, { stream_name: name, config: { durable_name: "C", ack_wait: ACK_WAIT_MS * 1e6, ...config } }); // prettier-ignore
  const replies = new Map();
  const taken = [];
  const began = performance.now();
  const now = () => Math.round(performance.now() - began);
  const take = async (verb) => {
    const seqs = [...replies.keys()];
    const seq = seqs[random(seqs.length)] ?? 0;
    const subject = replies.get(seq);
    const answer = async (body) => subject && (await nc.request(subject, body, { timeout: 2000 }));
    const consumerSeq = subject === undefined ? 0 : Number(subject.split(".")[6]);
    const step = { do: verb, at: now() };
    if (verb === "fetch") {
      await publish();
      step.batch = 1 + random(4);
      const got = await fetch(nc, name, step.batch);
      step.got = got.map((reply) => {
        const [deliveries, streamSeq, cSeq] = reply.split(".").slice(4, 7).map(Number);
        replies.set(streamSeq, reply);
        return [streamSeq, cSeq, deliveries];
      });
    } else if (verb === "wait") await sleep(ACK_WAIT_MS + 200);
    else if (verb === "delete") {
      step.seq = 1 + random(last);
      await api(nc, `STREAM.MSG.DELETE.${name}`, { seq: step.seq }).catch(() => (step.seq = 0));
      await sleep(60);
    } else if (verb === "purge") {
      step.seq = Math.max(1, last - random(6));
      await api(nc, `STREAM.PURGE.${name}`, { seq: step.seq });
      step.first = (await api(nc, `STREAM.INFO.${name}`)).state.first_seq;
    } else {
      if (subject === undefined) return;
      step.seq = seq;
      step.consumerSeq = consumerSeq;
      await answer({ ack: "+ACK", nak: "-NAK", term: "+TERM", progress: "+WPI" }[verb]);
    }
    step.info = await info(nc, name);
    step.end = now();
    taken.push(step);
  };
  await take("fetch");
  for (let i = 0; i < steps; i++) await take(verbs[random(verbs.length)]);
  return { name, config, ackWaitMs: ACK_WAIT_MS, expiresMs: EXPIRES_MS, steps: taken };
}

const server = await start();
const lives = [];
const busy = ["fetch", "fetch", "fetch", "ack", "ack", "ack", "nak", "term", "progress", "wait"];
for (const [i, [config, verbs]] of [
  [{ ack_policy: "explicit" }, busy],
  [{ ack_policy: "explicit" }, [...busy, "delete"]],
  [{ ack_policy: "explicit" }, [...busy, "purge"]],
  [{ ack_policy: "explicit", max_deliver: 2 }, [...busy, "nak", "wait"]],
  [{ ack_policy: "explicit", max_deliver: 1 }, busy],
  [{ ack_policy: "explicit", max_deliver: 3, backoff: [330e6, 340e6] }, [...busy, "wait"]],
  [{ ack_policy: "all" }, ["fetch", "fetch", "fetch", "ack", "nak", "wait"]],
  [{ ack_policy: "all", max_deliver: 2 }, ["fetch", "fetch", "ack", "nak", "wait", "purge"]],
  [{ ack_policy: "none" }, ["fetch", "fetch", "purge"]],
].entries()) {
  lives.push(await life(server.nc, `L${i}`, config, verbs, 40));
}
await server.nc.close();
await server.stop();
for (const each of lives) each.file = readFileSync(join(folder, `jetstream/$G/streams/${each.name}/obs/C/o.dat`)).toString("hex"); // prettier-ignore
const lines = lives.map(({ steps, ...life }) => `${JSON.stringify(life).slice(0, -1)},"steps":[\n${steps.map((step) => JSON.stringify(step)).join(",\n")}]}`); // prettier-ignore
writeFileSync(join(import.meta.dirname, "lives.json"), `[${lines.join(",\n")}]\n`);
rmSync(folder, { recursive: true });
