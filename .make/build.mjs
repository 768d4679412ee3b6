// Builds dist/: the command as one file with its code cache, the library for import and require, its types, and the
// licences of what is bundled.
//
//   nats-server.cjs       what npm links: loads server.cjs through the code cache
//   server.cjs            the command, everything in one file
//   server-<v8>.cache     compiled code for the Node that built it; another Node compiles server.cjs itself
//   server-<v8>-jetstream.cache   the same with what a start with streams runs
//   index.cjs, index.mjs  the library; import and require give the same instance
//   types/                its declarations

import { build } from "esbuild";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);
// Made aside and moved at the end: whoever runs the old one meanwhile is not disturbed.
const out = `dist.new-${process.pid}`;
mkdirSync(out);
process.on("exit", () => rmSync(out, { recursive: true, force: true }));

const common = {
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20.19",
  legalComments: "none",
  logLevel: "warning",
  // import() of what is bundled or built in becomes require(): code in a vm.Script has no import().
  supported: { "dynamic-import": false },
  // Optional accelerators of ws, which we do not use.
  external: ["bufferutil", "utf-8-validate"],
};
await build({ ...common, entryPoints: ["src/main.ts"], outfile: `${out}/server.cjs` });
await build({ ...common, entryPoints: ["src/index.ts"], outfile: `${out}/index.cjs` });
copyFileSync(".make/launcher.cjs", `${out}/nats-server.cjs`);
chmodSync(`${out}/nats-server.cjs`, 0o755);

const names = Object.keys(createRequire(import.meta.url)(join(root, out, "index.cjs"))).filter(
  (name) => name !== "default",
);
writeFileSync(
  `${out}/index.mjs`,
  `import subjectd from "./index.cjs";\nexport const { ${names.join(", ")} } = subjectd;\nexport default subjectd;\n`,
);

writeTypes();
writeFileSync(`${out}/THIRD_PARTY_LICENSES`, licences());
for (const more of [[], ["jetstream"]]) {
  execFileSync(process.execPath, [".make/code_cache.cjs", out, ...more], { stdio: ["ignore", "inherit", "inherit"] });
}

const old = `dist.old-${process.pid}`;
try {
  renameSync("dist", old);
} catch {
  // The first build.
}
renameSync(out, "dist");
rmSync(old, { recursive: true, force: true });

/** Declarations that index.d.ts reaches; they are CommonJS to TypeScript, so that import and require may both use them. */
function writeTypes() {
  const types = `${out}/types`;
  const all = `${out}/all-types`;
  const flags = [
    "--noEmit",
    "false",
    "--declaration",
    "--emitDeclarationOnly",
    "--noCheck",
    "--stripInternal",
    "--rootDir",
    "src",
    "--outDir",
    all,
  ];
  writeFileSync(
    `${out}/tsconfig.json`,
    JSON.stringify({ extends: "../tsconfig.json", include: ["../src/index.ts"], compilerOptions: { types: ["node"] } }),
  );
  // What is wrong with types is for `make check` to say; here it matters whether index.d.ts has all it reaches.
  spawnSync("node_modules/.bin/tsc", ["-p", `${out}/tsconfig.json`, ...flags]);
  const waiting = ["index.d.ts"];
  const done = new Set();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (done.has(file)) continue;
    done.add(file);
    if (!existsSync(join(all, file))) {
      console.log(
        `no declarations of ${file}: tsc -p . --declaration says why; test/command/package.test.ts will fail`,
      );
      continue;
    }
    const text = readFileSync(join(all, file), "utf8").replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, (_, quote, path) => {
      waiting.push(join(dirname(file), `${path}.d.ts`));
      return `${quote}${path}.js${quote}`;
    });
    mkdirSync(join(types, dirname(file)), { recursive: true });
    writeFileSync(join(types, file), text);
  }
  writeFileSync(`${types}/package.json`, '{ "type": "commonjs" }\n');
  rmSync(all, { recursive: true });
  rmSync(`${out}/tsconfig.json`);
}

/** The licence of every package that is in the bundles: bcryptjs, in the text of its worker. */
function licences() {
  const texts = ["bcryptjs"].map((name) => {
    const folder = `node_modules/${name}`;
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${relative(root, folder)} has no licence file`);
    const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}
