#!/usr/bin/env node
"use strict";
// What runs first: takes SIGUSR1 from Node's inspector, then loads the command
// with code that was compiled at build time, when it fits this Node.

process.on("SIGUSR1", () => {});
// Threads for disk syncs (io/disk_syncs.ts), read when the first is needed. With 100 streams 16 do twice what 4 do.
process.env.UV_THREADPOOL_SIZE ??= "16";

const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Script } = require("node:vm");

const filename = join(__dirname, "server.cjs");
let cachedData;
try {
  cachedData = readFileSync(join(__dirname, `server-${process.versions.v8}.cache`));
} catch {
  // Built by another Node: compile it.
}
// The bundle is ASCII. The wrapper is the one code_cache.cjs compiled.
const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "latin1")}\n})`;
const script = new Script(source, { filename, cachedData });
const module_ = { exports: {} };
script.runInThisContext()(module_.exports, require, module_, filename, __dirname);
