// Published mistakes about tokens of operators, accounts and users, over real sockets.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { encodeBase64Url } from "../../src/auth/jwt/base64url.ts";
import type { KeyPair } from "../../src/auth/nkey.ts";
import { account, key, NO_LIMITS, operatorSigningKey, operatorToken, sign, user } from "../auth/operator/world.ts";
import type { Peer } from "../support/peer.ts";
import { reference, type Running, stopAll, tcp } from "../support/transports.ts";

const folders: string[] = [];
afterEach(async () => {
  await stopAll();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const [system, one, two, three] = [key("account", 171), key("account", 172), key("account", 173), key("account", 174)];
const [admin, bob, ann] = [key("user", 175), key("user", 176), key("user", 177)];
const REFUSED = "-ERR 'Authorization Violation'";

function start(accounts: Readonly<Record<string, string>>, more: object = {}): Promise<Running> {
  return tcp.start({
    operator: operatorToken(false, system.publicKey),
    resolver: "MEMORY",
    resolver_preload: { [system.publicKey]: account(system), ...accounts },
    ...more,
  } as never);
}

async function logIn(server: Running, who: KeyPair, jwt: string): Promise<{ peer: Peer; line: string }> {
  const peer = await server.dial();
  const sig = encodeBase64Url(who.sign(Buffer.from(peer.info["nonce"] as string)));
  return { peer, line: (await server.answer(peer, { jwt, sig }))[0]! };
}
async function push(server: Running, subject: string, token: string): Promise<string> {
  const { peer } = await logIn(server, admin, user(admin, system));
  peer.send("SUB box 1", `PUB ${subject} box ${token.length}`, token);
  return (await peer.lines(2))[1]!;
}

/** A token with any claims. */
function rawToken(claims: unknown, by: KeyPair): string {
  const part = (value: unknown): string => encodeBase64Url(Buffer.from(JSON.stringify(value)));
  const signed = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(claims)}`;
  return `${signed}.${encodeBase64Url(by.sign(Buffer.from(signed)))}`;
}

test("CVE-2020-26521: a user token with missing, null and odd claims is refused, and the server lives", async () => {
  const server = await start({ [one.publicKey]: account(one) });
  const whole = { iss: one.publicKey, sub: bob.publicKey, iat: 1, nats: { type: "user", version: 2 } };
  const odd = [
    null,
    5,
    "x",
    [],
    {},
    { type: "user" },
    { type: "user", version: "2" },
    { type: "user", version: 2, pub: 7 },
  ];
  const claims = [
    null,
    [],
    {},
    ...odd.map((nats) => ({ ...whole, nats })),
    { ...whole, iss: undefined },
    { ...whole, iss: null },
    { ...whole, iss: one.publicKey.slice(0, 20) },
    { ...whole, sub: undefined },
    { ...whole, sub: { a: 1 } },
    { ...whole, exp: "soon" },
    { ...whole, nats: { ...whole.nats, src: 5 } },
    { ...whole, nats: { ...whole.nats, times: [null] } },
    { ...whole, nats: { ...whole.nats, resp: "x" } },
    { ...whole, nats: { ...whole.nats, issuer_account: "A" } },
  ];
  for (const each of claims)
    expect((await logIn(server, bob, rawToken(each, one))).line, JSON.stringify(each)).toBe(REFUSED);
  expect((await logIn(server, bob, user(bob, one))).line).toBe("PONG");
});

describe("CVE-2020-26892: what is over or revoked lets nobody in", () => {
  test("users and accounts that have expired", async () => {
    const expired = account(two, {}, { exp: 1_700_000_001 });
    const server = await start({ [one.publicKey]: account(one), [two.publicKey]: expired });
    expect((await logIn(server, bob, user(bob, one, {}, { exp: 1_700_000_001 }))).line).toBe(REFUSED);
    expect((await logIn(server, bob, user(bob, two))).line).toBe(REFUSED);
  });
  test("a revocation ends live connections: of one user, and of all", async () => {
    const server = await start({ [one.publicKey]: account(one) });
    const [first, second] = [await logIn(server, bob, user(bob, one)), await logIn(server, ann, user(ann, one))];
    const subject = `$SYS.REQ.ACCOUNT.${one.publicKey}.CLAIMS.UPDATE`;
    const revoke = (who: string): string => account(one, { revocations: new Map([[who, 1_700_000_001]]) } as never);
    expect(await push(server, subject, revoke(bob.publicKey))).toContain("jwt updated");
    expect(await first.peer.closed()).toEqual(["-ERR 'User Authentication Revoked'"]);
    expect(await second.peer.ping()).toEqual([]);
    expect((await logIn(server, bob, user(bob, one))).line).toBe(REFUSED);
    expect(await push(server, subject, revoke("*"))).toContain("jwt updated");
    expect(await second.peer.closed()).toEqual(["-ERR 'User Authentication Revoked'"]);
  });
});

test("CVE-2021-3127: an activation is for one account and one subject, by the account that exports", async () => {
  const activation = (importer: KeyPair, by: KeyPair, subject = "news.>"): string =>
    sign("activation", { sub: importer.publicKey, name: "a", nats: { subject, kind: "stream" } } as never, by);
  const exporter = account(one, {
    exports: [{ name: "n", subject: "news.>", type: "stream", token_req: true }],
  } as never);
  const importing = (token: string): string =>
    account(two, {
      imports: [{ name: "n", subject: "news.>", account: one.publicKey, type: "stream", token }],
    } as never);
  const hears = async (token: string): Promise<boolean> => {
    const server = await start({ [one.publicKey]: exporter, [two.publicKey]: importing(token) });
    const { peer: publisher } = await logIn(server, bob, user(bob, one));
    const { peer, line } = await logIn(server, ann, user(ann, two));
    if (line !== "PONG") return false;
    peer.send("SUB news.> 1");
    await peer.ping();
    publisher.send("PUB news.x 1", "x");
    await publisher.ping();
    return (await peer.ping()).length > 0;
  };
  expect(await hears(activation(two, one))).toBe(true);
  expect(await hears(activation(three, one))).toBe(false);
  expect(await hears(activation(two, three))).toBe(false);
  expect(await hears(activation(two, one, "other.>"))).toBe(false);
  expect(await hears("")).toBe(false);
});

test("CVE-2022-28357: a pushed account cannot choose where it is written", async () => {
  const dir = mkdtempSync(join(tmpdir(), "push-"));
  folders.push(dir);
  const server = await start({}, { resolver: { type: "full", dir: join(dir, "jwt"), allow_delete: true } });
  const claims = {
    iss: operatorSigningKey.publicKey,
    iat: 1,
    nats: { type: "account", version: 2, limits: NO_LIMITS },
  };
  for (const sub of ["../../evil", "/tmp/evil", "..", "", "A\0", `${one.publicKey}/../x`, one.publicKey.slice(0, 30)]) {
    const answer = await push(server, "$SYS.REQ.CLAIMS.UPDATE", rawToken({ ...claims, sub }, operatorSigningKey));
    expect(JSON.parse(answer), JSON.stringify(sub)).toHaveProperty("error");
  }
  expect(readdirSync(dir)).toEqual(["jwt"]);
  expect(readdirSync(join(dir, "jwt")).filter((name) => name !== ".lock")).toEqual([`${system.publicKey}.jwt`]);
});

test.skipIf(reference !== undefined)(
  "GHSA-g33f-6538-grxh, in issuers: keys cut short are refused before anybody is known",
  async () => {
    const server = await start({ [one.publicKey]: account(one) });
    for (let length = 0; length < one.publicKey.length; length += 5) {
      const iss = one.publicKey.slice(0, length);
      const claims = { iss, sub: bob.publicKey, iat: 1, nats: { type: "user", version: 2, issuer_account: iss } };
      expect((await logIn(server, bob, rawToken(claims, one))).line).toBe(REFUSED);
    }
  },
);
