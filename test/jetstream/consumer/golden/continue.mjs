// Whether nats-server goes on from a state that we wrote: `node continue.mjs
// [path of nats-server]`, five seconds. Says what differs and exits 1.

import { connect } from "@nats-io/transport-node";
import { build } from "esbuild";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.argv[2] ?? "/root/go/bin/nats-server";
const folder = mkdtempSync(join(tmpdir(), "continue-"));
const room = join(import.meta.dirname, "../../../../src/jetstream/consumer");
const outfile = join(folder, "ack_state.mjs");
await build({ entryPoints: [join(room, "ack_state.ts")], bundle: true, format: "esm", platform: "node", outfile });
const { AckState } = await import(outfile);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const nothing = () => undefined;

async function start() {
  const config = { host: "127.0.0.1", port: -1, ports_file_dir: folder, jetstream: { store_dir: folder } };
  writeFileSync(join(folder, "c.json"), JSON.stringify(config));
  const child = spawn(program, ["-c", join(folder, "c.json")], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const file = join(folder, `nats-server_${child.pid}.ports`);
  while (!existsSync(file) || !readFileSync(file, "utf8").endsWith("}")) await sleep(20);
  const nc = await connect({ servers: JSON.parse(readFileSync(file, "utf8")).nats[0] });
  return { nc, stop: async () => (await nc.close(), child.kill("SIGTERM"), await ended) };
}
const api = async (nc, subject, body = {}) => (await nc.request(`$JS.API.${subject}`, JSON.stringify(body))).json();

const before = await start();
await api(before.nc, "STREAM.CREATE.S", { name: "S", subjects: ["s"], storage: "file" });
for (let i = 0; i < 12; i++) await before.nc.request("s", "");
const config = { durable_name: "C", ack_policy: "explicit", ack_wait: 2e9, max_deliver: 3 };
await api(before.nc, "CONSUMER.CREATE.S.C", { stream_name: "S", config });
await before.stop();

// 1, 3 and 4 are acked, 2 is given up, 6 was delivered twice, 7 is due in an hour.
const state = new AckState({ ackPolicy: "explicit", ackWaitMs: 2000, backoffMs: [], maxDeliver: 3 }, 1);
const now = Date.now();
for (let seq = 1; seq <= 9; seq++) state.deliver(seq, now);
for (const seq of [1, 4]) state.ack(seq, seq, nothing);
for (const seq of [2, 2, 2, 6]) {
  state.nak(seq, seq);
  if (state.nextRedelivery(nothing) > 0) state.redeliver(seq, now);
}
state.ack(3, 3, nothing);
state.nakLater(7, 7, 3_600_000, now);
const { done, value } = state.write(Math.floor(now / 1000)).next();
assert(done);
writeFileSync(join(folder, "jetstream/$G/streams/S/obs/C/o.dat"), value);

const after = await start();
const info = await api(after.nc, "CONSUMER.INFO.S.C");
assert.deepEqual(
  [info.delivered.consumer_seq, info.delivered.stream_seq, info.ack_floor.consumer_seq, info.ack_floor.stream_seq, info.num_ack_pending, info.num_redelivered], // prettier-ignore
  [state.deliveredConsumerSeq, state.deliveredStreamSeq, state.ackFloorConsumerSeq, state.ackFloorStreamSeq, state.numAckPending, state.numRedelivered], // prettier-ignore
);
const got = [];
after.nc.subscribe("in", { callback: (_, msg) => got.push(msg.reply?.split(".").slice(4, 7).map(Number)) });
after.nc.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", JSON.stringify({ batch: 7, expires: 10e9 }), { reply: "in" });
await sleep(4000);
// Deliveries, stream sequence, consumer sequence. What was new comes first: the others are not due yet.
const byDue = (a, b) => a[2] - b[2];
assert.deepEqual(got.sort(byDue).slice(0, 3), [[1, 10, 13], [1, 11, 14], [1, 12, 15]]); // prettier-ignore
assert.deepEqual(
  got.slice(3).map(([deliveries, seq]) => [deliveries, seq]),
  [[2, 5], [3, 6], [2, 8], [2, 9]], // prettier-ignore
);
await after.stop();
rmSync(folder, { recursive: true });
console.log("nats-server goes on from it");
