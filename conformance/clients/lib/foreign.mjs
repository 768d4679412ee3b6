// A client program in another language: its groups of cases, each run against a server configured for it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { createUser } from "@nats-io/nkeys";
import { hashSync } from "bcryptjs";
import { certs } from "./certs.mjs";
import { runCase, Skip } from "./report.mjs";
import { Server } from "./server.mjs";

/**
 * Runs every group of `program` and reports its cases as `label: …`.
 * @param {{ label: string, command: string[], flag: (name: string) => string, url?: string, websocket?: boolean }} program
 */
export async function runForeign(program) {
  const secure = (server) => server.url.replace("nats://127.0.0.1", "tls://localhost");
  const start = async (config) => (program.url ? undefined : Server.start({ config }));
  const plain = await start(undefined);
  await served(program, "core", plain, program.url ?? plain.url, {});
  await plain?.stop();
  if (program.url) return;

  if (program.websocket) {
    const listener = await start(`websocket { listen: "127.0.0.1:-1", no_tls: true, compression: true }\n`);
    await served(program, "core", listener, listener.wsUrl ?? "ws://127.0.0.1:1", {}, "WebSocket");
    await listener.stop();
  }
  const dir = mkdtempSync(path.join(os.tmpdir(), "foreign-"));
  for (const plan of plans(dir)) {
    const server = await start(plan.config);
    for (const [group, what, flags] of plan.groups) {
      await served(program, group, server, flags.ca ? secure(server) : server.url, flags, what);
    }
    await server.stop();
  }
  await streams(program);
  const server = await start(undefined);
  await served(program, "restart", server, server.url, {});
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}

/** The groups about streams and consumers, on a server with JetStream. */
async function streams(program) {
  let server;
  await runCase(`${program.label}: JetStream: the server starts`, async () => {
    server = await Server.start({ flags: ["-js", "-sd", "{dir}/js"] });
  });
  if (!server) return;
  await served(program, "streams", server, server.url, {}, "JetStream");
  await served(program, "consumers", server, server.url, {}, "JetStream");
  await server.stop();
}

/** Each server of a program's own: its configuration, and which groups meet it with which credentials. */
function plans(dir) {
  const [user, stranger] = [createUser(), createUser()];
  const seedFile = (name, pair) => {
    writeFileSync(path.join(dir, name), Buffer.from(pair.getSeed()));
    return path.join(dir, name);
  };
  const c = certs();
  const tls = `cert_file: "${c.server}", key_file: "${c.serverKey}"`;
  return [
    {
      config: `authorization { token: "mytoken" }\n`,
      groups: [
        ["access", "token", { token: "mytoken" }],
        ["refused", "wrong token", { token: "other" }],
        ["refused", "no token", {}],
      ],
    },
    {
      config: `authorization { users: [{ user: derek, password: "${hashSync("pw", 4)}", permissions: { pub: "ok.>", sub: ["ok.>", "_INBOX.>"] } }] }\n`,
      groups: [
        ["access", "bcrypt password", { user: "derek", password: "pw" }],
        ["access", "user and password in the URL", { inUrl: "derek:pw" }],
        ["refused", "wrong password", { user: "derek", password: "px" }],
        ["permissions", "permissions", { user: "derek", password: "pw" }],
      ],
    },
    {
      config: `authorization: { users: [ { nkey: ${user.getPublicKey()} } ] }\n`,
      groups: [
        ["access", "nkey", { nkey: seedFile("user.nk", user) }],
        ["refused", "another nkey", { nkey: seedFile("stranger.nk", stranger) }],
      ],
    },
    {
      config: `tls { ${tls} }\n`,
      groups: [
        ["tls", "TLS", { ca: c.ca }],
        ["refused", "plaintext", {}],
      ],
    },
    {
      config: `tls { ${tls}, ca_file: "${c.ca}", verify: true }\n`,
      groups: [
        ["tls", "mutual TLS", { ca: c.ca, cert: c.client, key: c.clientKey }],
        ["refused", "no certificate", { ca: c.ca }],
        ["refused", "a stranger's certificate", { ca: c.ca, cert: c.stranger, key: c.strangerKey }],
      ],
    },
  ];
}

/** Runs one group and repeats its lines under the program's label. */
async function served(program, group, server, url, { inUrl, ...flags }, what) {
  const address = inUrl ? url.replace("//", `//${inUrl}@`) : url;
  const args = Object.entries({ url: address, ...flags }).flatMap(([name, value]) => [program.flag(name), value]);
  const child = spawn(program.command[0], [...program.command.slice(1), group, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  const ended = new Promise((resolve) => child.once("close", resolve).once("error", resolve));
  let lines = 0;
  const label = what ? `${program.label}: ${what}` : program.label;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "restart") {
      await server.restart("SIGKILL");
      child.stdin.write("go on\n");
      continue;
    }
    const [, word, name, why] = /^(pass|fail|skip) (.*?)(?:: (.*))?$/.exec(line) ?? [];
    if (!word) continue;
    lines++;
    await runCase(`${label}: ${name}`, () => {
      if (word === "fail") throw new Error(why);
      if (word === "skip") throw new Skip(why);
    });
  }
  await ended;
  clearTimeout(timer);
  if (lines === 0) {
    await runCase(`${label}: ${group}`, () => {
      throw new Error(`the program said nothing; stderr: ${errors.slice(-500)}`);
    });
  }
}
