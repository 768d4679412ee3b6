// Writes bodies.jsonl: what a real nats-server makes of the bodies of
// CONSUMER.MSG.NEXT (the status line, or null when the request waits) and of
// -NAK (what its log calls a bad delay, or null).
//
//   node test/jetstream/config/consumer_answers/bodies.mjs path/to/nats-server
//
// Owns the server it starts and its directory.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const NEXT = [
  "",
  " ",
  "\t\r\n",
  "1",
  "5",
  "6",
  " 6 ",
  "+6",
  "-6",
  "0",
  "06",
  "6x",
  "x",
  "6.5",
  "9223372036854775807",
  "9223372036854775808",
  "6_0",
  "0x6",
  "\u00a06\u2003",
  "\u0085 6",
  "six",
  '"6"',
  "[6]",
  "true",
  "null",
  "{",
  "{}",
  "{} x",
  "{x",
  '{"batch":6}',
  '{"batch":5}',
  '{"BATCH":6}',
  '{"batch":"6"}',
  '{"batch":6.5}',
  '{"batch":null}',
  '{"batch":1,"batch":6}',
  '{"nope":1,"batch":6}',
  '{"batch":9223372036854775807}',
  '{"batch":9223372036854775808}',
  '{"batch":-6}',
  '{"expires":10000000000}',
  '{"expires":11000000000}',
  '{"expires":-1}',
  '{"expires":"1s"}',
  '{"expires":1e9}',
  '{"max_bytes":1000}',
  '{"max_bytes":1001}',
  '{"max_bytes":-1}',
  '{"no_wait":true}',
  '{"no_wait":1}',
  '{"no_wait":true,"expires":1000000000}',
  '{"idle_heartbeat":1}',
  '{"idle_heartbeat":-1}',
  '{"idle_heartbeat":5000000000,"expires":10000000000}',
  '{"idle_heartbeat":5000000001,"expires":10000000000}',
  '{"idle_heartbeat":5000000001,"expires":10000000000,"batch":6}',
  '{"batch":6,"expires":11000000000}',
  '{"expires":11000000000,"max_bytes":1001}',
  '{"group":"g"}',
  '{"group":5}',
  '{"min_pending":1}',
  '{"min_ack_pending":-1}',
  '{"min_pending":"x"}',
  '{"id":"x"}',
  '{"id":1}',
  '{"priority":10}',
  '{"priority":9}',
  '{"priority":-1}',
  '{"priority":1.5}',
  '{"id":"x","min_pending":1}',
  '{"id":"x","priority":10}',
  '{"batch":6,"id":"x"}',
  '{"Priority":10}',
  '{"batch":1}}',
  '{"batch":1,}',
];
const NAK = [
  "",
  " ",
  "x",
  " 10s",
  "10s",
  " 0",
  " +0",
  " -0",
  " 1h2m3.5s",
  " -1s",
  " 1.5.5s",
  " .5s",
  " 5.s",
  " .s",
  " 10",
  " s",
  " 1d",
  " 1 s",
  " 10S",
  " 1us",
  " 1\u00b5s",
  " 1\u03bcs",
  " 1ns",
  " 9223372036854775807ns",
  " 9223372036854775808ns",
  " -9223372036854775808ns",
  " 2562047h",
  " 2562048h",
  " 0.000000000000000000000000001h",
  " 1e3s",
  " +-1s",
  " ++1s",
  " ü",
  " {}",
  " {",
  ' {"delay":1000}',
  ' {"delay":"10s"}',
  ' {"delay":1.5}',
  ' {"DELAY":5,"x":1}',
  ' {"delay":null}',
  ' {"delay":9223372036854775808}',
  ' {"delay":1} x',
  "\t{}\n",
  " \u00a01s\u2003",
  " 1s\0",
  ' "1s"',
  " 00001s",
  " 1s1s",
  " 1ms1h",
  " 99999999999999999999999s",
  " 0.00000000000000000001ns",
  " 9223372036854775807.9ns",
  " 3000000000000.s",
];

const program = process.argv[2] ?? "nats-server";
const dir = mkdtempSync(join(tmpdir(), "bodies-"));
const child = spawn(program, ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", dir], {
  stdio: ["ignore", "ignore", "pipe"],
});
let log = "";
child.stderr.on("data", (data) => (log += data));
const until = async (found) => {
  for (let tries = 0; !found(); tries++) {
    if (tries > 500) throw new Error(`waited in vain\n${log.slice(-2000)}`);
    await sleep(10);
  }
};
try {
  await until(() => log.includes("Server is ready"));
  const socket = net.connect(Number(/client connections on \S+:(\d+)/.exec(log)[1]), "127.0.0.1");
  let got = "";
  socket.setEncoding("latin1").on("data", (data) => (got += data));
  const send = (subject, reply, text) => {
    const body = Buffer.from(text, "utf8");
    socket.write(Buffer.concat([Buffer.from(`PUB ${subject} ${reply} ${body.length}\r\n`), body, Buffer.from("\r\n")]));
  };
  socket.write('CONNECT {"verbose":false,"headers":true}\r\nSUB in.> 1\r\n');
  const ping = async () => {
    const before = got.split("PONG").length;
    socket.write("PING\r\n");
    await until(() => got.split("PONG").length > before);
  };
  send("$JS.API.STREAM.CREATE.S", "in.a", '{"name":"S","subjects":["m","none"]}');
  await until(() => got.includes("MSG in.a "));
  const next = { filter_subject: "none", ack_policy: "explicit", max_batch: 5, max_expires: 1e10, max_bytes: 1000 };
  send("$JS.API.CONSUMER.CREATE.S.N", "in.b", JSON.stringify({ stream_name: "S", config: next }));
  const acks = { filter_subject: "m", ack_policy: "explicit", ack_wait: 3.6e12, max_ack_pending: 1000 };
  send("$JS.API.CONSUMER.CREATE.S.A", "in.c", JSON.stringify({ stream_name: "S", config: acks }));
  await until(() => got.includes("MSG in.b ") && got.includes("MSG in.c "));
  for (let i = 0; i < NAK.length; i++) send("m", "", "");
  send("$JS.API.CONSUMER.MSG.NEXT.S.A", "in.ack", String(NAK.length));
  await until(() => got.split("$JS.ACK.").length > NAK.length);
  const subjects = [...got.matchAll(/\$JS\.ACK\.\S+/g)].map(([subject]) => subject);
  const lines = [];
  for (const [at, body] of NEXT.entries()) {
    send("$JS.API.CONSUMER.MSG.NEXT.S.N", `in.n${at}`, body);
    await ping();
    await sleep(15);
    const status = new RegExp(`HMSG in\\.n${at} 1 \\d+ \\d+\\r\\nNATS/1\\.0 (.*)\\r\\n`).exec(got)?.[1];
    const text = status === undefined ? null : Buffer.from(status, "latin1").toString("utf8");
    lines.push(JSON.stringify(["next", body, text]));
  }
  for (const [at, body] of NAK.entries()) {
    const from = log.length;
    send(subjects[at], "", `-NAK${body}`);
    await ping();
    await sleep(15);
    lines.push(JSON.stringify(["nak", body, /bad NAK delay value: (.*)\n/.exec(log.slice(from))?.[1] ?? null]));
  }
  writeFileSync(join(import.meta.dirname, "bodies.jsonl"), `${lines.join("\n")}\n`);
  socket.destroy();
} finally {
  child.kill("SIGKILL");
  rmSync(dir, { recursive: true, maxRetries: 5 });
}
