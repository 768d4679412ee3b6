// The package as its users get it: packed, installed into an empty project, run, imported, required, typed, and used
// inside vitest and jest.
//
// node conformance/clients/package.mjs; needs dist/. Packages come from npm's cache where it has them.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { finish, runCase, Skip } from "./lib/report.mjs";
import { root, target } from "./lib/target.mjs";

const { devDependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const CLIENT = `nats@${devDependencies.nats}`;
const TYPES = [`typescript@${devDependencies.typescript}`, `@types/node@${devDependencies["@types/node"]}`];
const VITEST = `vitest@${devDependencies.vitest}`;
const JEST = "jest@30.5.2";

const work = mkdtempSync(path.join(os.tmpdir(), "package-"));
const project = path.join(work, "project");
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

/** Runs a command in the project; returns what it printed. */
function run(command, args, { cwd = project, seconds = 60 } = {}) {
  const done = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    timeout: seconds * 1000,
    env: { ...process.env, NODE_OPTIONS: "", CI: "1" },
  });
  const why = done.error?.message ?? `exit ${done.status ?? done.signal}`;
  assert.equal(done.status, 0, `${command} ${args.join(" ")}: ${why}\n${done.stdout}${done.stderr}`);
  return done.stdout + done.stderr;
}

function install(...packages) {
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  run("npm", ["install", ...quiet, ...packages], { seconds: 150 });
}

/** Compiles the typed consumer with one of its configurations. */
function compile(config) {
  run("npx", ["--no-install", "tsc", "-p", `typed/${config}.json`]);
}

/** Copies the example programs of conformance/clients/consumer/ into the project. */
function consumer(name) {
  cpSync(path.join(root, "conformance", "clients", "consumer", name), path.join(project, name), { recursive: true });
}

function cases(tarball) {
  return {
    "installs without scripts, with three dependencies at most": () => {
      install(tarball, CLIENT);
      const installed = JSON.parse(readFileSync(path.join(project, "node_modules/subjectd/package.json"), "utf8"));
      assert.ok(Object.keys(installed.dependencies ?? {}).length <= 3);
      for (const script of ["preinstall", "install", "postinstall"])
        assert.equal(installed.scripts?.[script], undefined);
      for (const file of [
        "dist/nats-server.cjs",
        "dist/index.mjs",
        "dist/index.cjs",
        "dist/types/index.d.ts",
        "LICENSE",
      ]) {
        assert.ok(existsSync(path.join(project, "node_modules/subjectd", file)), `${file} is missing`);
      }
      for (const file of ["src", "test", "conformance", ".make"]) {
        assert.equal(
          existsSync(path.join(project, "node_modules/subjectd", file)),
          false,
          `${file} does not belong there`,
        );
      }
    },
    "npx nats-server -v, npx subjectd -v": () => {
      for (const name of ["nats-server", "subjectd"]) {
        assert.match(run("npx", ["--no-install", name, "-v"]), /^nats-server: v2\.14\.\d+$/m);
      }
    },
    "import { Server } in an ES module": () => {
      consumer("use.mjs");
      assert.match(run("node", ["use.mjs"]), /^ended well$/m);
    },
    "require() in CommonJS": () => {
      consumer("use.cjs");
      assert.match(run("node", ["use.cjs"]), /^ended well$/m);
    },
    "TypeScript, strict, as an ES module": () => {
      install(...TYPES);
      consumer("typed");
      // Kept as .txt so that this repository's own compiler does not read it.
      for (const name of ["consumer.ts", "consumer.cts"]) {
        cpSync(path.join(project, "typed/consumer.txt"), path.join(project, "typed", name));
      }
      compile("nodenext");
    },
    "TypeScript for a bundler": () => compile("bundler"),
    "TypeScript, strict, as CommonJS": () => compile("commonjs"),
    "inside vitest, with fake timers too": () => {
      install(VITEST);
      consumer("vitest");
      assert.match(run("npx", ["--no-install", "vitest", "run", "--root", "vitest"]), /3 passed/);
    },
    "inside jest": () => {
      install(JEST);
      consumer("jest");
      const printed = run("npx", ["--no-install", "jest", "--rootDir", "jest"]);
      assert.match(printed, /2 passed/);
      assert.equal(printed.includes("did not exit"), false, printed);
    },
  };
}

if (target().name === "reference") {
  await runCase("package", () => {
    throw new Skip("the package is this repository's own");
  });
  finish();
}
if (!existsSync(path.join(root, "dist", "index.cjs"))) {
  await runCase("package", () => {
    throw new Error("dist/ is not built: run `make build` first");
  });
  finish();
}

mkdirSync(project, { recursive: true });
writeFileSync(path.join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
let tarball;
await runCase("package: npm pack", () => {
  const printed = run("npm", ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", work], {
    cwd: root,
  });
  const packed = JSON.parse(printed.slice(printed.search(/[[{]/)));
  const [{ filename }] = Object.values(packed);
  tarball = path.join(work, filename);
});
if (tarball)
  for (const [name, check] of Object.entries(cases(tarball))) await runCase(`package: ${name}`, check, 200_000);
finish();
