// Starts the built command once inside this process, then keeps the code that V8 compiled for it:
// node .make/code_cache.cjs DIST [jetstream]. With jetstream it finds streams at its start; what runs then is only there.

"use strict";
const { spawn } = require("node:child_process");
const { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { connect } = require("node:net");
const { tmpdir } = require("node:os");
const { basename, join, resolve } = require("node:path");
const { Script } = require("node:vm");

const GIVE_UP_MS = 20_000;
const dist = resolve(process.argv[2]);
const hasJetStream = process.argv[3] === "jetstream";
const filename = join(dist, "server.cjs");
const cache = join(dist, `server-${process.versions.v8}${hasJetStream ? "-jetstream" : ""}.cache`);
const storeDir = mkdtempSync(join(tmpdir(), "code-cache-"));
process.on("exit", () => rmSync(storeDir, { recursive: true, force: true }));
const args = ["-a", "127.0.0.1", "-p", "-1", ...(hasJetStream ? ["-js", "-sd", storeDir] : [])];
/** One stream is found with its index, the other without. */
const streams = ["INDEXED", "SCANNED"];
const pub = (subject, body) => `PUB ${subject} _INBOX.1 ${body.length}\r\n${body}\r\n`;

let log = "";
/** Where the server that runs is talked to; undefined when it was. */
let talk;
let filler;
setTimeout(() => {
  process.stdout.write(`the built command did not start:\n${log}\n`);
  filler?.kill("SIGKILL");
  process.exit(1);
}, GIVE_UP_MS);
if (hasJetStream) fill();
else keep();

/** Stores the streams, in a process that ends. */
function fill() {
  const created = streams.map((name) => pub(`$JS.API.STREAM.CREATE.${name}`, `{"name":"${name}","subjects":["${name}"]}`)); // prettier-ignore
  const ids = ["1", "2", "3"].map((id) => `NATS/1.0\r\nNats-Msg-Id: ${id}\r\n\r\n`);
  const stored = streams.flatMap((name) => [
    ...ids.map((headers) => `HPUB ${name} _INBOX.1 ${headers.length} ${headers.length}\r\n${headers}\r\n`),
    ...Array(100).fill(pub(name, "hi")),
  ]);
  filler = spawn(process.execPath, [filename, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  filler.stderr.on("data", listen);
  talk = (port) => converse(port, created, () => converse(port, stored, () => filler.kill("SIGTERM")));
  filler.once("close", () => {
    filler = undefined;
    for (const name of readdirSync(storeDir, { recursive: true })) {
      if (basename(name) === "index.db" && name.includes("SCANNED")) rmSync(join(storeDir, name));
    }
    keep();
  });
}

function keep() {
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "latin1")}\n})`;
  const script = new Script(source, { filename });
  const asked = [
    pub("a", "hi"),
    ...(hasJetStream ? streams : []).map((name) => pub(`$JS.API.STREAM.INFO.${name}`, "")),
  ];
  talk = (port) =>
    converse(port, asked, () => {
      writeFileSync(cache, script.createCachedData());
      process.exit(0);
    });
  log = "";
  process.stderr.write = (text) => {
    listen(text);
    return true;
  };
  process.argv = [process.execPath, join(dist, "nats-server.cjs"), ...args];
  const module_ = { exports: {} };
  script.runInThisContext()(module_.exports, createRequire(filename), module_, filename, dist);
}

/** What the server logs; it is talked to when it is ready. */
function listen(text) {
  log += text;
  const port = /Listening for client connections on .*:(\d+)/.exec(log)?.[1];
  if (talk === undefined || !log.includes("Server is ready") || port === undefined) return;
  const then = talk;
  talk = undefined;
  then(Number(port));
}

/** Sends these, and waits until each is answered; the one without a responder is told so. */
function converse(port, frames, done) {
  let answers = "";
  const hello = 'CONNECT {"headers":true,"no_responders":true}\r\nSUB _INBOX.1 1\r\n';
  const socket = connect(port, "127.0.0.1", () => socket.write(hello + frames.join("")));
  socket.on("data", (bytes) => {
    answers += bytes.toString("latin1");
    if (answers.split("MSG _INBOX.1 ").length <= frames.length) return;
    socket.destroy();
    done();
  });
}
