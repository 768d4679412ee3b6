import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import { MemoryResolver } from "../../../src/auth/operator/account_resolver.ts";
import { logIn, type LoginVerdict, type TokenLogin, type TokenUser } from "../../../src/auth/operator/login.ts";
import type { TrustOptions } from "../../../src/auth/operator/trust.ts";
import { TrustStore } from "../../../src/auth/operator/trust_store.ts";
import { FAKE_EPOCH_SEC, FakeWorld } from "../../support/fake_world.ts";
import { intlZones } from "../jwt/zones.ts";
import { accounts, bob, type LoginCase, loginCases, plain, scopedKey, signingKey } from "./login_cases.ts";
import { account, key, scopedUser, trust, user } from "./world.ts";

const NONCE = "abcdefghijklmno";
const signed = Buffer.from(bob.sign(Buffer.from(NONCE)));
const sigs: Record<LoginCase["sig"], string> = {
  good: signed.toString("base64url"),
  standard: signed.toString("base64"),
  wrong: Buffer.from(key("user", 139).sign(Buffer.from(NONCE))).toString("base64url"),
  garbage: "!!",
  none: "",
};

async function storeOf(
  tokens: ReadonlyMap<string, string> = accounts,
  isStrict = false,
  more: Partial<TrustOptions> = {},
): Promise<{ store: TrustStore; world: FakeWorld }> {
  const resolver = new MemoryResolver();
  for (const [publicKey, token] of tokens) await resolver.store(publicKey, token);
  const world = new FakeWorld();
  return { store: new TrustStore(trust(isStrict, more), resolver, world, intlZones), world };
}

function loginOf(token: string, more: Partial<TokenLogin> = {}): TokenLogin {
  return { token, sig: sigs.good, nonce: NONCE, type: "STANDARD", host: "127.0.0.1", isProxied: false, ...more };
}

async function userOf(token: string, more: Partial<TokenLogin> = {}): Promise<TokenUser> {
  const { store, world } = await storeOf();
  const verdict = await logIn(loginOf(token, more), store, world);
  if (!verdict.ok) throw new Error(verdict.text);
  return verdict.user;
}

describe("a user token is judged as nats-server judges it", () => {
  test.each(loginCases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    const { store, world } = await storeOf(accounts, one.isStrict, { pinnedAccounts: one.pinned ?? [] });
    const verdict = await logIn(loginOf(one.token, { sig: sigs[one.sig] }), store, world);
    const said = verdict.ok ? undefined : verdict.text;
    // nats-server tells what is invalid in the form of Go's structs.
    expect(said?.replace(/^(User JWT no longer valid).*/, "$1")).toBe(one.said);
    if (!verdict.ok) expect(verdict.isError).toBe(["source", "times"].includes(verdict.reason));
  });
});

describe("what a user is", () => {
  test("one of the account's own", async () => {
    const token = user(bob, plain, { tags: ["a:b"], payload: 100, subs: 2 ** 40 }, { exp: FAKE_EPOCH_SEC + 10 });
    expect(await userOf(token)).toMatchObject({
      publicKey: bob.publicKey,
      name: "bob",
      tags: ["a:b"],
      issuer: plain.publicKey,
      signingKey: undefined,
      issuedAtSec: 1_700_000_000,
      isBearer: false,
      permissions: undefined,
      hasDefaultPermissions: true,
      maxPayload: 100,
      maxSubscriptions: 2 ** 31 - 1,
      expiresInMs: 10_000,
    });
  });

  test("without limits in its token it may do nothing", async () => {
    const found = await userOf(user(bob, plain, { subs: 0, payload: 0, data: 0 }));
    expect([found.maxSubscriptions, found.maxPayload]).toEqual([0, 0]);
  });

  test("one of a scope has the scope's limits and permissions", async () => {
    const found = await userOf(scopedUser(bob, scopedKey, plain.publicKey, { tags: ["team:a", "team:b"] }));
    expect(found).toMatchObject({
      signingKey: scopedKey.publicKey,
      maxSubscriptions: 5,
      maxPayload: -1,
      permissions: {
        publish: { allow: ["sales.bob.>"], deny: [] },
        subscribe: { allow: ["in.a", "in.b"], deny: [] },
      },
    });
  });

  test("in the second in which it expires it is let in, and has to leave at once", async () => {
    expect((await userOf(user(bob, plain, {}, { exp: FAKE_EPOCH_SEC }))).expiresInMs).toBe(0);
  });

  test("the end of its window comes before that of its token", async () => {
    const times = [{ start: "07:00:00", end: "09:00:00" }];
    const within = { times, times_location: "UTC" };
    // The fake world begins at 08:00 UTC.
    expect((await userOf(user(bob, plain, within, { exp: FAKE_EPOCH_SEC + 86_400 }))).expiresInMs).toBe(3_600_000);
    expect((await userOf(user(bob, plain, within, { exp: FAKE_EPOCH_SEC + 60 }))).expiresInMs).toBe(60_000);
    expect((await userOf(user(bob, plain, within))).expiresInMs).toBe(3_600_000);
  });

  test("an account's default permissions are for users without any", async () => {
    const sender = account(plain, { default_permissions: { pub: { allow: ["d"] } } });
    const { store, world } = await storeOf(new Map([[plain.publicKey, sender]]));
    const of = async (token: string): Promise<TokenUser> => {
      const verdict = await logIn(loginOf(token), store, world);
      if (!verdict.ok) throw new Error(verdict.text);
      return verdict.user;
    };
    expect(await of(user(bob, plain))).toMatchObject({
      hasDefaultPermissions: true,
      permissions: { publish: { allow: ["d"] } },
    });
    expect((await of(user(bob, plain, { sub: { deny: ["x"] } }))).permissions).toEqual({
      publish: undefined,
      subscribe: { allow: [], deny: ["x"] },
      allow_responses: undefined,
    });
  });
});

describe("who brings what", () => {
  test("the default sentinel is for clients without a user's token", async () => {
    const sentinel = user(bob, plain, { bearer_token: true }, { name: "sentinel" });
    const { store, world } = await storeOf(accounts, false, { defaultSentinel: sentinel });
    for (const token of ["", "eyJ0eXAi", accounts.get(plain.publicKey)!]) {
      const verdict = await logIn(loginOf(token, { sig: "" }), store, world);
      expect(verdict).toMatchObject({ ok: true, user: { name: "sentinel" } });
    }
    expect(await logIn(loginOf(user(bob, plain)), store, world)).toMatchObject({ user: { name: "bob" } });
  });

  test("a proxy where the token wants one", async () => {
    const token = user(bob, plain, { proxy_required: true });
    expect((await userOf(token, { isProxied: true })).name).toBe("bob");
  });

  test("an account that is known answers at once", async () => {
    const { store, world } = await storeOf();
    const login = loginOf(user(bob, signingKey, { issuer_account: plain.publicKey }));
    expect(logIn(login, store, world)).toBeInstanceOf(Promise);
    await logIn(login, store, world);
    expect(logIn(login, store, world)).toMatchObject({ ok: true });
  });

  test("a nonce that is not there is signed by nobody", async () => {
    const { store, world } = await storeOf();
    const sig = Buffer.from(bob.sign(new Uint8Array())).toString("base64url");
    const verdict = await logIn(loginOf(user(bob, plain), { nonce: "", sig }), store, world);
    expect(verdict).toMatchObject({ ok: false, reason: "signature" });
  });
});

test("no text of a peer makes a login throw, and what is said of it holds none", async () => {
  const { store, world } = await storeOf();
  const good = user(bob, plain);
  const text = fc.oneof(fc.string({ minLength: 1 }), fc.string({ unit: "binary", minLength: 1 }));
  const said = new Set(["Signature not valid base64", "Signature not verified"]);
  await fc.assert(
    fc.asyncProperty(text, text, text, async (token, sig, host) => {
      const verdict = await logIn(loginOf(token, { sig, host }), store, world);
      expect(verdict).toMatchObject({ ok: false, text: "Authentication requires a user JWT" });
      const own: LoginVerdict = await logIn(loginOf(good, { sig, host }), store, world);
      expect(own.ok ? "let in" : said.has(own.text)).toBe(true);
    }),
  );
});

describe("the operators a server starts with", () => {
  const refusal = (isStrict: boolean, more: Partial<TrustOptions>): string => {
    try {
      trust(isStrict, more);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const { publicKey } = plain;

  test("need a resolver, and no trusted keys besides", () => {
    expect(refusal(false, { resolver: "none" })).toBe("operators require an account resolver to be configured");
    expect(refusal(false, { trustedKeys: [key("operator", 9).publicKey] })).toBe(
      "conflicting options for 'TrustedKeys' and 'TrustedOperators'",
    );
  });

  test("a resolver over nats needs a system account", () => {
    expect(refusal(false, { resolver: "directory" })).toMatch(
      /^using nats based account resolver - the system account/,
    );
    expect(refusal(false, { resolver: "directory", systemAccount: publicKey })).toBe("");
  });

  test("a resolver in a directory needs an operator, keys are not enough", () => {
    const trustedKeys = [key("operator", 9).publicKey];
    expect(refusal(false, { operators: [], trustedKeys })).toBe("");
    expect(refusal(false, { operators: [], trustedKeys, resolver: "directory" })).toBe(
      "Could not start resolver: no operator key found",
    );
  });

  test("a newer server", () => {
    const asking = (assert_server_version: string): Partial<TrustOptions> => {
      const [operator] = [...trust().operators];
      return { operators: [{ ...operator!, nats: { ...operator!.nats, assert_server_version } }] };
    };
    expect(refusal(false, asking("2.14.5"))).toBe("");
    expect(refusal(false, asking("2.9.99"))).toBe("");
    expect(refusal(false, asking("2.14.6"))).toMatch(/expected update version 6 > server update version 5$/);
    expect(refusal(false, asking("2.15.0"))).toMatch(/expected minor version 15 > server minor version 14$/);
    expect(refusal(false, asking("3.0.0"))).toMatch(/expected major version 3 > server major version 2$/);
    expect(refusal(false, asking("3"))).toMatch(/expects version 3 got error instead: asserted server version must be/);
  });

  test("a sentinel that is a bearer, or a scope's to make one", () => {
    expect(refusal(false, { defaultSentinel: "x" })).toBe("default sentinel JWT not valid");
    expect(refusal(false, { defaultSentinel: user(bob, plain) })).toBe("default sentinel must be a bearer token");
    expect(refusal(false, { defaultSentinel: scopedUser(bob, scopedKey, publicKey) })).toBe("");
    expect(refusal(false, { operators: [], defaultSentinel: "x" })).toBe(
      "default sentinel requires operators and accounts",
    );
  });

  test("keys that are ones", () => {
    expect(refusal(false, { operators: [], trustedKeys: [publicKey] })).toMatch(/valid public operator nkey$/);
    expect(refusal(false, { pinnedAccounts: ["x"] })).toBe('pinned account key "x" is not a valid public account nkey');
  });

  test("the system account is always pinned", () => {
    const opened = trust(false, { pinnedAccounts: [signingKey.publicKey], systemAccount: publicKey });
    expect([publicKey, signingKey.publicKey, scopedKey.publicKey].map((account) => opened.isPinned(account))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("the identity key of a strict one signs no accounts", () => {
    const keys = ["operator", "operator"] as const;
    const [identity, signing] = keys.map((kind, i) => key(kind, 101 + i).publicKey);
    expect([trust().isTrusted(identity!), trust(true).isTrusted(identity!)]).toEqual([true, false]);
    expect([trust().isStrict(signing!), trust(true).isStrict(signing!)]).toEqual([false, true]);
    expect(trust(true).isTrusted(signing!)).toBe(true);
  });
});

test("errors are results", async () => {
  const { store } = await storeOf();
  expect(await store.lookup("x")).toEqual(new JwtError("will only fetch valid account keys"));
});
