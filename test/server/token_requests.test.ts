// What a full resolver answers to $SYS.REQ.CLAIMS, asked of nats-server and of our desk: where nats-server is installed.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { describe, expect, test } from "vitest";
import { encodeBase64Url } from "../../src/auth/jwt/base64url.ts";
import { JwtError } from "../../src/auth/jwt/jwt_error.ts";
import { decodeOperatorClaims } from "../../src/auth/jwt/token.ts";
import type { KeyPair } from "../../src/auth/nkey.ts";
import { type ClaimsAnswer, ClaimsDesk } from "../../src/auth/operator/claims_desk.ts";
import { TokenDirectory } from "../../src/auth/operator/token_directory.ts";
import { DiskError } from "../../src/base/disk.ts";
import { DirectoryDisk } from "../../src/io/disk.ts";
import { FakeWorld } from "../support/fake_world.ts";
import {
  account,
  key,
  operatorKey,
  operatorSigningKey,
  operatorToken,
  sign,
  strangerKey,
  user,
} from "../auth/operator/world.ts";
import { intlZones } from "../auth/jwt/zones.ts";

const program = process.env["NATS_SERVER"] ?? "/root/go/bin/nats-server";
const [system, one, two, three] = [key("account", 51), key("account", 52), key("account", 53), key("account", 54)];
const admin = key("user", 55);

function deletion(by: KeyPair, accounts: unknown, subject = by.publicKey): string {
  const encoded = (value: unknown): string => encodeBase64Url(Buffer.from(JSON.stringify(value)));
  const signed = `${encoded({ typ: "JWT", alg: "ed25519-nkey" })}.${encoded({ iss: by.publicKey, sub: subject, nats: { accounts } })}`;
  return `${signed}.${encodeBase64Url(by.sign(Buffer.from(signed)))}`;
}

/** One request after the other; `named` is the account of an update's subject. */
const requests: readonly { name: string; kind: "update" | "delete"; named?: string; body: string }[] = [
  { name: "push", kind: "update", body: account(one) },
  { name: "push named", kind: "update", named: two.publicKey, body: account(two) },
  { name: "push again", kind: "update", body: account(one) },
  { name: "push another", kind: "update", body: account(one, {}, { name: "other" }) },
  {
    name: "push what is older",
    kind: "update",
    body: sign("account", { sub: one.publicKey, nats: {} }, operatorSigningKey, 5),
  },
  { name: "push garbage", kind: "update", body: "x" },
  { name: "push garbage named", kind: "update", named: one.publicKey, body: "x" },
  { name: "push nothing", kind: "update", body: "" },
  { name: "push a user", kind: "update", body: user(admin, one) },
  {
    name: "push invalid",
    kind: "update",
    body: account(one, { cluster_traffic: "x", mappings: new Map([["a", [{ subject: "" }]]]) }),
  },
  {
    name: "push invalid named wrong",
    kind: "update",
    named: two.publicKey,
    body: account(one, { cluster_traffic: "x" }),
  },
  { name: "push named wrong", kind: "update", named: two.publicKey, body: account(one) },
  { name: "push named a word", kind: "update", named: "word", body: account(one) },
  { name: "push of a stranger", kind: "update", body: account(three, {}, {}, strangerKey) },
  { name: "push expired", kind: "update", body: account(three, {}, { exp: 5 }) },
  { name: "push too many", kind: "update", body: account(key("account", 57)) },
  { name: "delete by a stranger", kind: "delete", body: deletion(strangerKey, [one.publicKey]) },
  { name: "delete garbage", kind: "delete", body: "x" },
  { name: "delete nothing", kind: "delete", body: deletion(operatorKey, []) },
  { name: "delete a number", kind: "delete", body: deletion(operatorKey, [5]) },
  { name: "delete no list", kind: "delete", body: deletion(operatorKey, "x") },
  { name: "delete for another", kind: "delete", body: deletion(operatorKey, [one.publicKey], one.publicKey) },
  { name: "delete the system account", kind: "delete", body: deletion(operatorKey, [one.publicKey, system.publicKey]) },
  { name: "delete", kind: "delete", body: deletion(operatorSigningKey, [one.publicKey, key("account", 56).publicKey]) },
  { name: "delete again", kind: "delete", body: deletion(operatorKey, [one.publicKey]) },
];

interface WireAnswer {
  readonly data?: { account?: string; code: number; message: string };
  readonly error?: { account?: string; code: number; description: string };
}
function shownWire({ data, error }: WireAnswer): unknown {
  if (error !== undefined) return [error.code, error.account ?? "", error.description];
  return [data!.code, data!.account ?? "", data!.message];
}
function shownOurs({ account: of, message, error }: ClaimsAnswer): unknown {
  return error === undefined ? [200, of, message] : [500, of, `${message} - ${error}`];
}

async function start(folder: string) {
  mkdirSync(join(folder, "jwt"));
  const config = {
    listen: "127.0.0.1:-1",
    ports_file_dir: folder,
    operator: operatorToken(false, system.publicKey),
    resolver: { type: "full", dir: join(folder, "jwt"), allow_delete: true, limit: 4 },
    resolver_preload: { [system.publicKey]: account(system) },
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const child = spawn(program, ["-c", join(folder, "config.json")], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (bytes: Buffer) => (log += bytes.toString()));
  const file = join(folder, `nats-server_${child.pid}.ports`);
  for (let i = 0; !existsSync(file) || !readFileSync(file, "utf8").endsWith("}"); i++) {
    if (i > 500 || child.exitCode !== null) throw new Error(log);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const ports = JSON.parse(readFileSync(file, "utf8")) as { nats: string[] };
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    url: ports.nats[0]!,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function gather(nc: NatsConnection, subject: string, body: Uint8Array): Promise<string[]> {
  const lines: string[] = [];
  const inbox = `reply.${Math.random()}`;
  const sub = nc.subscribe(inbox);
  nc.publish(subject, body, { reply: inbox });
  for await (const message of sub) {
    if (message.data.length === 0) break;
    lines.push(message.string());
  }
  return lines.sort();
}

describe.skipIf(!existsSync(program))("requests to a full resolver", () => {
  test("are answered by nats-server as by us, and leave the same files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "requests-"));
    const server = await start(folder);
    const ours = join(folder, "ours");
    mkdirSync(ours);
    const options = { limit: 4, whenFull: "refuse", ttlMs: 0, deletes: "rename" } as const;
    const directory = TokenDirectory.open(new DirectoryDisk(ours), new FakeWorld(), options, () => undefined);
    const operator = decodeOperatorClaims(operatorToken(false));
    if (directory instanceof DiskError || operator instanceof JwtError) throw new Error("not opened");
    await directory.save(system.publicKey, account(system));
    const desk = new ClaimsDesk(directory, new FakeWorld(), intlZones, {
      kind: "full",
      operator,
      systemAccount: system.publicKey,
      isKnown: () => true,
      onDeleted: () => undefined,
      allowsDelete: true,
    });
    const nc = await connect({
      servers: server.url,
      authenticator: jwtAuthenticator(user(admin, system), Buffer.from(admin.seed)),
    });
    const wire: unknown[] = [];
    const local: unknown[] = [];
    for (const { name, kind, named, body } of requests) {
      const subject =
        kind === "delete"
          ? "$SYS.REQ.CLAIMS.DELETE"
          : named === undefined
            ? "$SYS.REQ.CLAIMS.UPDATE"
            : `$SYS.REQ.ACCOUNT.${named}.CLAIMS.UPDATE`;
      const answer = await nc.request(subject, body, { timeout: 5000 });
      wire.push([name, shownWire(answer.json())]);
      local.push([name, shownOurs(await (kind === "delete" ? desk.delete(body) : desk.update(body, named)))]);
    }
    expect(local).toEqual(wire);

    const list = (await nc.request("$SYS.REQ.CLAIMS.LIST")).json<{ data: string[] }>().data;
    expect(desk.list()).toEqual(list);
    expect([...desk.pack(new Uint8Array())].sort()).toEqual(await gather(nc, "$SYS.REQ.CLAIMS.PACK", new Uint8Array()));
    expect(await gather(nc, "$SYS.REQ.CLAIMS.PACK", directory.hash())).toEqual([]);
    for (const publicKey of [two.publicKey, one.publicKey]) {
      const found = await nc.request(`$SYS.REQ.ACCOUNT.${publicKey}.CLAIMS.LOOKUP`);
      expect(desk.lookup(publicKey)).toBe(found.string());
    }
    expect(readdirSync(ours).sort()).toEqual(readdirSync(join(folder, "jwt")).sort());
    for (const name of readdirSync(ours)) {
      expect(readFileSync(join(ours, name), "utf8")).toBe(readFileSync(join(folder, "jwt", name), "utf8"));
    }
    await nc.close();
    await directory.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });
});
