// The login cases of test/auth/operator are what nats-server says: asked of it here, where it is installed.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { key, operatorToken } from "../auth/operator/world.ts";
import { accounts, bob, type LoginCase, loginCases } from "../auth/operator/login_cases.ts";

const program = process.env["NATS_SERVER"] ?? "/root/go/bin/nats-server";

function signatureOf(nonce: string, how: LoginCase["sig"]): string {
  const by = (pair: typeof bob): Buffer => Buffer.from(pair.sign(Buffer.from(nonce)));
  switch (how) {
    case "good":
      return by(bob).toString("base64url");
    case "standard":
      return by(bob).toString("base64");
    case "wrong":
      return by(key("user", 139)).toString("base64url");
    case "garbage":
      return "!!";
    case "none":
      return "";
  }
}

async function start(pinned: readonly string[] | undefined, isStrict: boolean) {
  const folder = mkdtempSync(join(tmpdir(), "logins-"));
  const config = {
    listen: "127.0.0.1:-1",
    ports_file_dir: folder,
    operator: operatorToken(isStrict),
    resolver: "MEMORY",
    resolver_preload: Object.fromEntries(accounts),
    ...(pinned === undefined ? {} : { resolver_pinned_accounts: pinned }),
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const child = spawn(program, ["-c", join(folder, "config.json"), "-D"], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (bytes: Buffer) => (log += bytes.toString()));
  const file = join(folder, `nats-server_${child.pid}.ports`);
  for (let i = 0; !existsSync(file) || !readFileSync(file, "utf8").endsWith("}"); i++) {
    if (i > 500 || child.exitCode !== null) throw new Error(log);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const ports = JSON.parse(readFileSync(file, "utf8")) as { nats: string[] };
  return {
    port: Number(ports.nats[0]!.split(":").at(-1)),
    log: () => log,
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

async function logIn(port: number, { token, sig }: LoginCase): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  const answered = new Promise<void>((resolve) => {
    let isSent = false;
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    socket.on("data", (bytes) => {
      text += bytes.toString();
      const info = /^INFO (.*)\r\n/.exec(text);
      if (info !== null && !isSent) {
        isSent = true;
        const { nonce = "" } = JSON.parse(info[1]!) as { nonce?: string };
        socket.write(`CONNECT ${JSON.stringify({ jwt: token, sig: signatureOf(nonce, sig) })}\r\nPING\r\n`);
      }
      if (/PONG|-ERR/.test(text)) resolve();
    });
  });
  await answered;
  socket.destroy();
  return text.includes("PONG");
}

describe.skipIf(!existsSync(program))("nats-server says of a user token what the login cases expect", () => {
  const groups = new Map<string, LoginCase[]>();
  for (const one of loginCases) {
    const group = JSON.stringify([one.pinned, one.isStrict]);
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }

  test.each([...groups.values()].map((cases) => [cases[0]!.name, cases] as const))("from: %s", async (_, cases) => {
    const server = await start(cases[0]!.pinned, cases[0]!.isStrict);
    const found: [string, string | undefined][] = [];
    for (const one of cases) {
      const before = server.log().length;
      const isIn = await logIn(server.port, one);
      await new Promise((resolve) => setTimeout(resolve, 30));
      const said = server.log().slice(before);
      const isSaid = one.said !== undefined && said.includes(one.said);
      const line = said.split("\n").find((text) => /cid:\d+ - (?!Client connection|Authenticated)/.test(text));
      found.push([one.name, isIn ? undefined : isSaid ? one.said : `refused: ${line ?? said}`]);
    }
    await server.stop();
    expect(found).toEqual(cases.map(({ name, said }) => [name, said]));
  });
});
