// Starts the built command once inside this process, then keeps the code that
// V8 compiled for it: node .make/code_cache.cjs DIST

"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { connect } = require("node:net");
const { join, resolve } = require("node:path");
const { Script } = require("node:vm");

const dist = resolve(process.argv[2]);
const filename = join(dist, "server.cjs");
const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "latin1")}\n})`;
const script = new Script(source, { filename });

let log = "";
process.stderr.write = (text) => {
  log += text;
  const port = /Listening for client connections on .*:(\d+)/.exec(log)?.[1];
  if (log.includes("Server is ready") && port !== undefined) greet(Number(port));
  return true;
};
let isGreeted = false;
function greet(port) {
  if (isGreeted) return;
  isGreeted = true;
  let answer = "";
  const socket = connect(port, "127.0.0.1", () => socket.write("CONNECT {}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n"));
  socket.on("data", (bytes) => {
    answer += bytes;
    if (!answer.includes("PONG")) return;
    writeFileSync(join(dist, `server-${process.versions.v8}.cache`), script.createCachedData());
    process.exit(0);
  });
}
setTimeout(() => {
  process.stdout.write(`the built command did not start:\n${log}\n`);
  process.exit(1);
}, 10_000);

process.argv = [process.execPath, join(dist, "nats-server.cjs"), "-a", "127.0.0.1", "-p", "-1"];
const module_ = { exports: {} };
script.runInThisContext()(module_.exports, createRequire(filename), module_, filename, dist);
