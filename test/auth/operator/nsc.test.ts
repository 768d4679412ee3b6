// An operator, its accounts and users as `nsc` 2.12.2 made them, and its credentials files.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tokenOfFile } from "../../../src/auth/jwt/decorated.ts";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import { decodeOperatorClaims, decodeUserClaims } from "../../../src/auth/jwt/token.ts";
import { KeyPair } from "../../../src/auth/nkey.ts";
import { MemoryResolver } from "../../../src/auth/operator/account_resolver.ts";
import { checkActivation } from "../../../src/auth/operator/activation.ts";
import { logIn, type LoginVerdict } from "../../../src/auth/operator/login.ts";
import { Trust } from "../../../src/auth/operator/trust.ts";
import { TrustStore } from "../../../src/auth/operator/trust_store.ts";
import type { TrustedAccount } from "../../../src/auth/operator/trusted_account.ts";
import { FakeWorld } from "../../support/fake_world.ts";
import { intlZones } from "../jwt/zones.ts";
import { trustOptions } from "./world.ts";

const made = JSON.parse(readFileSync(join(import.meta.dirname, "../jwt/vectors/nsc.json"), "utf8")) as {
  operator: string;
  accounts: Record<"A" | "B" | "SYS", string>;
  users: Record<string, string>;
};

async function open(): Promise<{ store: TrustStore; world: FakeWorld; accounts: Record<string, TrustedAccount> }> {
  const operator = decodeOperatorClaims(made.operator);
  if (operator instanceof JwtError) throw new Error(operator.text);
  const trust = Trust.open(trustOptions(false, { operators: [operator], resolver: "directory" }));
  if (trust instanceof JwtError) throw new Error(trust.text);
  // 13:00 UTC on 2026-11-23, a Monday: 14:00 in Berlin.
  const world = new FakeWorld({ wallSec: 1_795_438_800 });
  const resolver = new MemoryResolver();
  const store = new TrustStore(trust, resolver, world, intlZones);
  const accounts: Record<string, TrustedAccount> = {};
  for (const [name, token] of Object.entries(made.accounts)) {
    const account = store.verify(token);
    if (account instanceof JwtError) throw new Error(`${name}: ${account.text}`);
    accounts[name] = account;
    await resolver.store(account.publicKey, token);
  }
  return { store, world, accounts };
}

async function login(name: string, host: string, type: "STANDARD" | "WEBSOCKET" = "STANDARD"): Promise<LoginVerdict> {
  const { store, world } = await open();
  const file = made.users[name]!;
  const seed = KeyPair.fromSeed(/\bSU[A-Z2-7]{56}\b/.exec(file)![0])!;
  const sig = Buffer.from(seed.sign(Buffer.from("nonce"))).toString("base64url");
  return logIn({ token: tokenOfFile(file), sig, nonce: "nonce", type, host, isProxied: false }, store, world);
}

describe("what nsc makes", () => {
  test("a user of a signing key, with everything", async () => {
    expect(await login("own", "10.1.2.3", "WEBSOCKET")).toMatchObject({
      ok: true,
      user: {
        name: "own",
        tags: ["one:two"],
        maxPayload: 100,
        maxSubscriptions: 7,
        permissions: {
          publish: { allow: ["a.>"] },
          subscribe: { deny: ["b"] },
          allow_responses: { max: 5, expires: 10_000 },
        },
        // Until 17:00 in Berlin.
        expiresInMs: 3 * 3_600_000,
      },
    });
    expect(await login("own", "10.1.2.3")).toMatchObject({ ok: false, reason: "connectionType" });
    expect(await login("own", "11.1.2.3", "WEBSOCKET")).toMatchObject({ ok: false, reason: "source" });
  });

  test("a user of a scope", async () => {
    expect(await login("scoped", "127.0.0.1")).toMatchObject({
      ok: true,
      user: {
        isBearer: true,
        permissions: { publish: { allow: ["q.scoped"], deny: ["x.>"] }, subscribe: { allow: ["r.red.>"] } },
      },
    });
  });

  test("a revoked user, a plain one, one of the system account", async () => {
    expect(await login("gone", "127.0.0.1")).toMatchObject({ ok: false, reason: "revoked" });
    expect(await login("plain", "127.0.0.1")).toMatchObject({
      ok: true,
      user: { hasDefaultPermissions: true, permissions: { publish: { allow: ["d.>"] }, subscribe: { deny: ["no"] } } },
    });
    expect(await login("sys", "127.0.0.1")).toMatchObject({ ok: true, user: { maxPayload: -1 } });
  });

  test("an import with its activation", async () => {
    const { accounts, world } = await open();
    const { A, B } = accounts as Record<"A" | "B", TrustedAccount>;
    const imported = B.claims.nats.imports[0]!;
    expect(imported).toMatchObject({ subject: "ev.*.>", local_subject: "mine.$1.>", account: A.publicKey });
    const today = { nowSec: world.wallSec(), zones: intlZones };
    expect(checkActivation(imported, B.publicKey, A, new Map(), today)).toEqual({ ok: true, expiresAtSec: undefined });
    expect(checkActivation(imported, A.publicKey, A, new Map(), today)).toMatchObject({ ok: false });
  });

  test("a system account that the operator names", async () => {
    const { store, accounts } = await open();
    expect(store.trust.systemAccount).toBe(accounts["SYS"]!.publicKey);
  });
});

test("a file is a token bare, or the first of those between dashes", () => {
  const bare = made.operator;
  expect(tokenOfFile(bare)).toBe(bare);
  for (const newline of ["\n", "\r\n"]) {
    const lines = ["-----BEGIN NATS OPERATOR JWT-----", bare, "------END NATS OPERATOR JWT------", "", "more"];
    expect(tokenOfFile(lines.join(newline))).toBe(bare);
  }
  expect(decodeUserClaims(tokenOfFile(made.users["plain"]!))).toMatchObject({ name: "plain" });
});
