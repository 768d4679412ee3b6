// node .make/fuzz.mjs [SECONDS] [SEED]: fuzzes the parser; see test/proto/fuzz.ts.

import { build } from "esbuild";
import { pathToFileURL } from "node:url";

const seconds = Number(process.argv[2] ?? 60);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
const outfile = ".cache/fuzz.mjs";
await build({
  entryPoints: ["test/proto/fuzz.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "warning",
});
const { fuzz } = await import(pathToFileURL(outfile).href);
console.log(`fuzzing the parser for ${seconds} s, seed ${seed}`);
console.log(`${fuzz(seconds, seed)} inputs, none broke a rule`);
