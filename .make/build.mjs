// Builds dist/: the command as one CommonJS file, the library for import and require, and its types.

import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync, chmodSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
const common = { bundle: true, platform: "node", target: "node20", legalComments: "none", logLevel: "warning", sourcemap: false };
await build({ ...common, entryPoints: ["src/main.ts"], outfile: "dist/nats-server.cjs", format: "cjs", banner: { js: "#!/usr/bin/env node" } });
await build({ ...common, entryPoints: ["src/index.ts"], outfile: "dist/index.cjs", format: "cjs" });
writeFileSync("dist/index.mjs", `import subjectd from "./index.cjs";\nexport const { Server } = subjectd;\n`);
chmodSync("dist/nats-server.cjs", 0o755);
execFileSync("node_modules/.bin/tsc", ["-p", ".", "--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", "src", "--outDir", "dist/types"], { stdio: "inherit" });
