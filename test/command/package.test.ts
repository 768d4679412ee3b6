// The package as its users get it: import, require, types, licences.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { file, folder, useCommand } from "./support.ts";

useCommand();
const root = join(import.meta.dirname, "../..");

/** A project that has the package installed. */
beforeEach(() => {
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules/subjectd"));
  symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
  file("package.json", '{ "type": "module" }');
});
/** By another Node: what that one compiled is of no use to this. */
function isBuiltElsewhere(): boolean {
  const caches = readdirSync(join(root, "dist")).filter((name) => name.endsWith(".cache"));
  return caches.length > 0 && !caches.includes(`server-${process.versions.v8}.cache`);
}
const node = (name: string): string => execFileSync(process.execPath, [name], { cwd: folder, encoding: "utf8" }).trim();

const use = `
  const server = await Server.start({ port: 0 });
  const url = server.url;
  await server.stop();
  console.log(/^nats:\\/\\/127\\.0\\.0\\.1:\\d+$/.test(url));
`;

describe("the package", () => {
  test("is imported, and ends by itself after stop", () => {
    file("a.mjs", `import { Server } from "subjectd";\n${use}`);
    expect(node("a.mjs")).toBe("true");
  });
  test("is required, and ends by itself after stop", () => {
    file("a.cjs", `const { Server } = require("subjectd");\n(async () => {${use}})();`);
    expect(node("a.cjs")).toBe("true");
  });
  test("is one instance for both", () => {
    file(
      "a.mjs",
      `import { Server } from "subjectd";
       import { createRequire } from "node:module";
       console.log(createRequire(import.meta.url)("subjectd").Server === Server);`,
    );
    expect(node("a.mjs")).toBe("true");
  });
  test.skipIf(isBuiltElsewhere()).each(["", "-jetstream"])("has compiled code that this Node takes%s", (more) => {
    file(
      "a.cjs",
      `const { readFileSync } = require("node:fs");
       const { Script } = require("node:vm");
       const dist = ${JSON.stringify(join(root, "dist/"))};
       const code = readFileSync(dist + "server.cjs", "latin1");
       const source = \`(function (exports, require, module, __filename, __dirname) {\${code}\n})\`;
       const cachedData = readFileSync(dist + "server-" + process.versions.v8 + "${more}.cache");
       console.log(new Script(source, { cachedData }).cachedDataRejected);`,
    );
    expect(node("a.cjs")).toBe("false");
  });
  test("takes no signal of its host", () => {
    file(
      "a.mjs",
      `import { Server } from "subjectd";
       const server = await Server.start({ port: 0 });
       const names = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "uncaughtException", "unhandledRejection"];
       console.log(names.map((name) => process.listenerCount(name)).join(""));
       await server.stop();`,
    );
    expect(node("a.mjs")).toBe("0000000");
  });
  test.each(["mts", "cts"])("has types for TypeScript's %s", (extension) => {
    file(
      `a.${extension}`,
      `import { Server } from "subjectd";
       async function main(): Promise<string> {
         const server: Server = await Server.start({ port: 0 });
         const url: string = server.url;
         await server.stop();
         await server.closed;
         // @ts-expect-error no such option
         await Server.start({ prot: 0 });
         return url;
       }
       void main();`,
    );
    file(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: { module: "nodenext", target: "es2023", strict: true, noEmit: true, types: ["node"] },
        files: [`a.${extension}`],
      }),
    );
    let output = "";
    try {
      output = execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    } catch (error) {
      output = String((error as { stdout: unknown }).stdout);
    }
    expect(output).toBe("");
  });
  test("ships the licences of what is bundled", () => {
    const text = readFileSync(join(root, "dist/THIRD_PARTY_LICENSES"), "utf8");
    expect(text).toMatch(/^bcryptjs \d+\.\d+\.\d+$/m);
  });
});
