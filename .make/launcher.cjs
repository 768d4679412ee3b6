#!/usr/bin/env node
"use strict";
// What runs first: takes SIGUSR1 from Node's inspector, then loads the command
// with code that was compiled at build time, when it fits this Node.

process.on("SIGUSR1", () => {});
// Threads for disk syncs (io/disk_syncs.ts), read when the first is needed. With 100 streams 16 do twice what 4 do.
process.env.UV_THREADPOOL_SIZE ??= "16";

const { readFileSync, statSync } = require("node:fs");
const { join } = require("node:path");
const { Script } = require("node:vm");

const filename = join(__dirname, "server.cjs");
let cachedData;
try {
  const more = mayHaveStreams(process.argv.slice(2)) ? "-jetstream" : "";
  cachedData = readFileSync(join(__dirname, `server-${process.versions.v8}${more}.cache`));
} catch {
  // Built by another Node: compile it.
}
// The bundle is ASCII. The wrapper is the one code_cache.cjs compiled.
const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "latin1")}\n})`;
const script = new Script(source, { filename, cachedData });
const module_ = { exports: {} };
script.runInThisContext()(module_.exports, require, module_, filename, __dirname);

/** Whether JetStream is probably asked for: its code takes 3 ms to load and 20 to compile. */
function mayHaveStreams(args) {
  if (args.some((arg) => /^--?(js|jetstream)\b/.test(arg))) return true;
  const at = args.findIndex((arg) => /^--?(c|config)(=|$)/.test(arg));
  if (at < 0) return false;
  const [, file = args[at + 1]] = /=(.*)/.exec(args[at]) ?? [];
  try {
    // What is not a file can be read only once.
    return statSync(file).isFile() && /jetstream/i.test(readFileSync(file, "latin1"));
  } catch {
    return false;
  }
}
