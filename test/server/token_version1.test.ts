// Operators, accounts, users and activations of the first version of tokens, as old tools wrote them; asked of both servers.

import { existsSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { encodeBase64Url } from "../../src/auth/jwt/base64url.ts";
import type { KeyPair } from "../../src/auth/nkey.ts";
import { account, key, NO_LIMITS, operatorKey, operatorToken, sign, user } from "../auth/operator/world.ts";
import { dialTcp, type Endpoint, type Peer } from "../support/peer.ts";
import { startReference } from "../support/reference.ts";
import { reference, Running, stopAll, tcp } from "../support/transports.ts";

const program = process.env["NATS_SERVER"] ?? "/root/go/bin/nats-server";
const [one, two, bob, ann] = [key("account", 211), key("account", 212), key("user", 213), key("user", 214)];

const others: Endpoint[] = [];
afterEach(async () => {
  await stopAll();
  await Promise.all(others.splice(0).map((each) => each.stop()));
});

/** Only the claims are signed, and what they are stands at their top. */
function old(type: string, of: KeyPair, nats: object, by: KeyPair, more: object = {}): string {
  const part = (value: unknown): string => encodeBase64Url(Buffer.from(JSON.stringify(value)));
  const claims = part({ jti: "x", iat: 1_600_000_000, iss: by.publicKey, sub: of.publicKey, name: type, type, nats, ...more }); // prettier-ignore
  return `${part({ typ: "jwt", alg: "ed25519" })}.${claims}.${encodeBase64Url(by.sign(Buffer.from(claims)))}`;
}
const limits = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true };
const oldAccount = (of: KeyPair, nats: object = {}): string => old("account", of, { limits, ...nats }, operatorKey);

const starters: Readonly<Record<string, (options: never) => Promise<Running>>> = {
  ours: (options) => tcp.start(options),
  "nats-server": async (options) => {
    const server = await startReference(program, options, []);
    others.push(server);
    return new Running(server, dialTcp);
  },
};

async function logIn(server: Running, who: KeyPair, jwt: string): Promise<{ peer: Peer; line: string }> {
  const peer = await server.dial();
  const sig = encodeBase64Url(who.sign(Buffer.from(peer.info["nonce"] as string)));
  return { peer, line: (await server.answer(peer, { jwt, sig }))[0]! };
}

describe.skipIf(reference !== undefined || !existsSync(program)).each(Object.keys(starters))("%s", (name) => {
  const start = (
    accounts: readonly (readonly [KeyPair, string])[],
    operator = operatorToken(false),
  ): Promise<Running> =>
    starters[name]!({
      operator,
      resolver: "MEMORY",
      resolver_preload: Object.fromEntries(accounts.map(([of, token]) => [of.publicKey, token])),
    } as never);

  test("takes an old operator with an old account and its old user, who has its permissions", async () => {
    const operator = old("operator", operatorKey, { signing_keys: [] }, operatorKey);
    const server = await start([[one, oldAccount(one)]], operator);
    const token = old("user", bob, { pub: { allow: ["a"] }, sub: {}, subs: 2 }, one);
    const { peer, line } = await logIn(server, bob, token);
    expect(line).toBe("PONG");
    peer.send("SUB x 1", "SUB a 2", "SUB y 3", "PUB a 1", "x", "PUB b 1", "x");
    const seen = await peer.ping();
    expect(seen).toContain("MSG a 2 1");
    expect(seen).toContain(`-ERR 'Permissions Violation for Publish to "b"'`);
    expect(seen).toContain("-ERR 'maximum subscriptions exceeded'");
  });

  test("takes users of either version in accounts of either", async () => {
    const server = await start([
      [one, oldAccount(one)],
      [two, account(two)],
    ]);
    expect((await logIn(server, bob, user(bob, one))).line).toBe("PONG");
    expect((await logIn(server, bob, old("user", bob, {}, two))).line).toBe("PONG");
    expect((await logIn(server, bob, old("user", bob, {}, one, { exp: 5 }))).line).toContain("Authorization");
    expect((await logIn(server, ann, old("user", bob, {}, one))).line).toContain("Authorization");
  });

  test("takes an old user of an old account's signing key, and revocations of it", async () => {
    const signing = key("account", 215);
    const revocations = { [ann.publicKey]: 1_700_000_000 };
    const server = await start([[one, oldAccount(one, { signing_keys: [signing.publicKey], revocations })]]);
    const of = (who: KeyPair): string => old("user", who, {}, signing, { issuer_account: one.publicKey });
    expect((await logIn(server, bob, of(bob))).line).toBe("PONG");
    expect((await logIn(server, ann, of(ann))).line).toContain("Authorization");
  });

  test("takes an old activation", async () => {
    const activation = old("activation", two, { subject: "news.>", type: "stream" }, one);
    const imports = [{ name: "n", subject: "news.>", account: one.publicKey, type: "stream", token: activation }];
    const exports = [{ name: "n", subject: "news.>", type: "stream", token_req: true }];
    const server = await start([
      [one, oldAccount(one, { exports })],
      [two, oldAccount(two, { imports })],
    ]);
    const [{ peer: from }, { peer: to }] = [
      await logIn(server, bob, user(bob, one)),
      await logIn(server, ann, user(ann, two)),
    ];
    to.send("SUB news.> 1");
    await to.ping();
    from.send("PUB news.x 1", "x");
    await from.ping();
    expect(await to.ping()).toEqual(["MSG news.x 1 1", "x"]);
  });

  test("holds what says to be old to the old signature", async () => {
    const server = await start([[one, account(one, { limits: NO_LIMITS })]]);
    const token = old("user", bob, {}, one);
    const [, claims] = token.split(".");
    const signedAnew = sign("user", { sub: bob.publicKey, nats: {} }, one);
    expect((await logIn(server, bob, `${token.split(".")[0]}.${claims}.${signedAnew.split(".")[2]}`)).line).toContain("Authorization"); // prettier-ignore
  });
});
