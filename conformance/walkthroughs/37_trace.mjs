// Walkthrough 37: where a message goes, told by `nats trace` and by the trace itself.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInbox, headers } from "nats";
import { Skip } from "../clients/lib/report.mjs";
import { natsCommand } from "../clients/lib/tools.mjs";
import { soon } from "../clients/lib/wait.mjs";
import { filled, walkthrough } from "./walk.mjs";

/** A subject made unambiguous on its way into a stream, that keeps its messages under their first names. */
const CONFIG = `server_name: hub
cluster: { name: "hub" }
mappings: { "orders.*.*": "orders.hub.{{wildcard(1)}}.{{wildcard(2)}}" }\n`;
const STREAM = {
  name: "orders",
  subjects: ["orders.hub.>"],
  subject_transform: { src: "orders.hub.>", dest: "orders.>" },
};
const SUBJECT = "orders.device1.order1";

async function hub(w) {
  const server = await w.start({ config: CONFIG, flags: ["-js", "-sd", "{dir}/js"] });
  const nc = await w.connect(server);
  const jsm = await nc.jetstreamManager();
  await jsm.streams.add(STREAM);
  return { server, nc, jsm };
}

/** What `nats trace` prints. */
async function traced(server, ...args) {
  const { binary, real } = natsCommand();
  if (!real) throw new Skip("no `nats` in PATH or NATS_CLI, and its module is not here");
  const child = spawn(binary, ["-s", server.url, "trace", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (printed += chunk));
  const code = await soon(new Promise((resolve) => child.once("close", resolve)), "nats trace to end", 20_000);
  assert.equal(code, 0, printed);
  return printed.replaceAll("\u00A0", " ");
}

/** The events of the trace of a message. */
async function eventsOf(nc, subject, more = {}) {
  const told = [];
  const inbox = createInbox();
  nc.subscribe(inbox, { callback: (_error, msg) => told.push(msg.json()) });
  const hdrs = headers();
  for (const [name, value] of Object.entries({ "Nats-Trace-Dest": inbox, ...more })) hdrs.set(name, value);
  nc.publish(subject, "payload", { headers: hdrs });
  await filled(told, 1);
  assert.equal(told[0].server.name, "hub");
  return told[0].events;
}

await walkthrough("37 nats trace", {
  "mapped, stored, and heard by nobody": async (w) => {
    const { server, jsm } = await hub(w);
    const printed = await traced(server, SUBJECT);
    assert.match(printed, /Tracing message route to subject orders\.device1\.order1/);
    assert.match(printed, /Client "NATS CLI Version \S+" cid:\d+.* server:"hub" version:"2\.\d+/);
    assert.match(printed, /\n +Mapping subject:"orders\.hub\.device1\.order1"/);
    assert.match(printed, /\n--J JetStream action:"stored" stream:"orders" subject:"orders\.device1\.order1"/);
    assert.match(printed, /\n--X No active interest/);
    assert.match(printed, /Egress Count:\s+JetStream: 1\n/);
    assert.equal((await jsm.streams.info("orders")).state.messages, 0, "a trace stores nothing");
  },

  "delivered, too": async (w) => {
    const { server, nc, jsm } = await hub(w);
    nc.subscribe("orders.hub.>", { callback: () => {} });
    nc.subscribe("orders.hub.*.*", { queue: "workers", callback: () => {} });
    await nc.flush();
    const printed = await traced(server, SUBJECT, "payload", "--deliver");
    assert.match(printed, /--C Client cid:\d+ .*subject:"orders\.hub\.>"/);
    assert.match(printed, /--C Client cid:\d+ .*subject:"orders\.hub\.\*\.\*" queue:"workers"/);
    assert.doesNotMatch(printed, /No active interest/);
    assert.match(printed, /Egress Count:[^]*Client: 2[^]*JetStream: 1|Egress Count:[^]*JetStream: 1[^]*Client: 2/);
    const stored = await jsm.streams.getMessage("orders", { last_by_subj: SUBJECT });
    assert.equal(stored.string(), "payload");
  },

  "the events, as they are": async (w) => {
    const { nc, jsm } = await hub(w);
    const kinds = (events) => events.map(({ type }) => type);
    const only = await eventsOf(nc, SUBJECT, { "Nats-Trace-Only": "true" });
    assert.deepEqual(kinds(only), ["in", "sm", "js"]);
    assert.deepEqual(
      [only[0].subj, only[1].to, only[2].stream, only[2].subject, only[2].nointerest],
      [SUBJECT, "orders.hub.device1.order1", "orders", SUBJECT, undefined],
    );
    assert.equal((await jsm.streams.info("orders")).state.messages, 0);
    const delivered = await eventsOf(nc, SUBJECT);
    assert.deepEqual(kinds(delivered), ["in", "sm", "js"]);
    assert.equal((await jsm.streams.info("orders")).state.messages, 1);
  },

  "a service and a stream of another account": async (w) => {
    const config = `server_name: hub
accounts {
  A { users: [{user: a, password: p}], exports: [{service: "time", allow_trace: true}, {stream: "news.>"}] }
  B { users: [{user: b, password: p}], imports: [
    {service: {account: A, subject: "time"}, to: "clock"}
    {stream: {account: A, subject: "news.>"}, prefix: "from.A", allow_trace: true}
  ] }
}\n`;
    const server = await w.start({ config });
    const a = await w.connect(server, { user: "a", pass: "p", name: "service" });
    const b = await w.connect(server, { user: "b", pass: "p", name: "reader" });
    a.subscribe("time", { callback: (_error, msg) => msg.respond("now") });
    b.subscribe("from.A.>", { callback: () => {} });
    await Promise.all([a.flush(), b.flush()]);
    const asked = await eventsOf(b, "clock");
    assert.deepEqual(
      asked.map(({ type }) => type),
      ["in", "si", "eg"],
    );
    assert.deepEqual([asked[1].acc, asked[1].from, asked[1].to, asked[2].name], ["A", "clock", "time", "service"]);
    const told = await eventsOf(a, "news.today");
    assert.deepEqual(
      told.map(({ type }) => type),
      ["in", "se", "eg"],
    );
    assert.deepEqual([told[1].acc, told[1].to, told[2].name], ["B", "from.A.news.today", "reader"]);
  },
});
