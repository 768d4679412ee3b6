// A directory of account tokens is the same for both servers: what one wrote the other reads, also what is deleted.

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { encodeBase64Url } from "../../src/auth/jwt/base64url.ts";
import { account, key, operatorKey, operatorToken, user } from "../auth/operator/world.ts";
import { type Endpoint, dialTcp } from "../support/peer.ts";
import { startReference } from "../support/reference.ts";
import { reference, Running, stopAll, tcp } from "../support/transports.ts";

const program = process.env["NATS_SERVER"] ?? "/root/go/bin/nats-server";
const [system, one, two] = [key("account", 151), key("account", 152), key("account", 153)];
const [admin, bob, ann] = [key("user", 154), key("user", 155), key("user", 156)];

const folders: string[] = [];
const others: Endpoint[] = [];
afterEach(async () => {
  await stopAll();
  await Promise.all(others.splice(0).map((each) => each.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tokens-"));
  folders.push(folder);
  return folder;
}
const optionsOf = (dir: string) =>
  ({
    operator: operatorToken(false, system.publicKey),
    resolver: { type: "full", dir, allow_delete: true },
    resolver_preload: { [system.publicKey]: account(system) },
  }) as never;

const starters: Readonly<Record<string, (dir: string) => Promise<Running>>> = {
  ours: (dir) => tcp.start(optionsOf(dir)),
  "nats-server": async (dir) => {
    const server = await startReference(program, optionsOf(dir), []);
    others.push(server);
    return new Running(server, dialTcp);
  },
};

async function logIn(server: Running, who: typeof bob, jwt: string): Promise<boolean> {
  const peer = await server.dial();
  const sig = encodeBase64Url(who.sign(Buffer.from(peer.info["nonce"] as string)));
  const [line] = await server.answer(peer, { jwt, sig });
  return line === "PONG";
}

/** A request of the system account's user; the answer. */
async function ask(server: Running, subject: string, body: string): Promise<string> {
  const peer = await server.dial();
  const sig = encodeBase64Url(admin.sign(Buffer.from(peer.info["nonce"] as string)));
  await server.answer(peer, { jwt: user(admin, system), sig });
  peer.send("SUB box 1", `PUB ${subject} box ${body.length}`, body);
  const [, answer] = await peer.lines(2);
  return answer!;
}

function deletionOf(publicKey: string): string {
  const part = (value: unknown): string => encodeBase64Url(Buffer.from(JSON.stringify(value)));
  const { publicKey: by } = operatorKey;
  const signed = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part({ iss: by, sub: by, nats: { accounts: [publicKey] } })}`;
  return `${signed}.${encodeBase64Url(operatorKey.sign(Buffer.from(signed)))}`;
}

describe.skipIf(reference !== undefined || !existsSync(program))("a directory of tokens", () => {
  test.each([
    ["ours", "nats-server"],
    ["nats-server", "ours"],
    ["ours", "ours"],
  ])("written by %s and read by %s", async (writer, reader) => {
    const dir = newFolder();
    const first = await starters[writer]!(dir);
    for (const token of [account(one), account(two)]) {
      expect(await ask(first, "$SYS.REQ.CLAIMS.UPDATE", token)).toContain("jwt updated");
    }
    expect(await ask(first, "$SYS.REQ.CLAIMS.DELETE", deletionOf(two.publicKey))).toContain("deleted 1 accounts");
    await first.stop();
    others.length = 0;
    const files = [`${one.publicKey}.jwt`, `${two.publicKey}.jwt.deleted`, `${system.publicKey}.jwt`].sort();
    expect(readdirSync(dir).sort()).toEqual(files);

    const second = await starters[reader]!(dir);
    expect(await logIn(second, bob, user(bob, one))).toBe(true);
    expect(await logIn(second, ann, user(ann, two))).toBe(false);
    expect(await ask(second, `$SYS.REQ.ACCOUNT.${one.publicKey}.CLAIMS.LOOKUP`, "")).toBe(account(one));
    const { data } = JSON.parse(await ask(second, "$SYS.REQ.CLAIMS.LIST", "")) as { data: string[] };
    expect(data.toSorted()).toEqual([one.publicKey, system.publicKey].toSorted());
    // Ours has its lock there while it runs.
    expect(
      readdirSync(dir)
        .filter((name) => name !== ".lock")
        .sort(),
    ).toEqual(files);
  });
});
