import { describe, expect, test } from "vitest";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import type { Import } from "../../../src/auth/jwt/account_claims.ts";
import { decodeAccountClaims } from "../../../src/auth/jwt/token.ts";
import { scopeTemplate } from "../../../src/auth/jwt/user_claims.ts";
import { MemoryResolver } from "../../../src/auth/operator/account_resolver.ts";
import { checkActivation } from "../../../src/auth/operator/activation.ts";
import { logIn, type TokenUser } from "../../../src/auth/operator/login.ts";
import { renew } from "../../../src/auth/operator/renewal.ts";
import { TrustStore } from "../../../src/auth/operator/trust_store.ts";
import type { TrustedAccount } from "../../../src/auth/operator/trusted_account.ts";
import { FakeWorld } from "../../support/fake_world.ts";
import { intlZones } from "../jwt/zones.ts";
import { account, ISSUED_SEC, key, NO_LIMITS, scopedUser, sign, trust, user } from "./world.ts";

const [one, other, signing, scoped] = [key("account", 1), key("account", 2), key("account", 3), key("account", 4)];
const bob = key("user", 5);
const store = new TrustStore(trust(), new MemoryResolver(), new FakeWorld(), intlZones);
function accountOf(token: string): TrustedAccount {
  const found = store.verify(token);
  if (found instanceof JwtError) throw new Error(found.text);
  return found;
}
type Nats = NonNullable<Parameters<typeof account>[1]>;
const scopeOf = (role: string): Nats["signing_keys"] =>
  new Map([
    [signing.publicKey, undefined],
    [scoped.publicKey, { key: scoped.publicKey, role, description: "", template: scopeTemplate.zero }],
  ]);

describe("a user that is connected, when its account changes", () => {
  function connected(token: string, nats: Nats = {}): TokenUser {
    const world = new FakeWorld();
    const own = new TrustStore(trust(), new MemoryResolver(), world, intlZones);
    own.update(one.publicKey, account(one, { signing_keys: scopeOf("a"), ...nats }));
    const sig = Buffer.from(bob.sign(Buffer.from("n"))).toString("base64url");
    const login = { token, sig, nonce: "n", type: "STANDARD", host: "127.0.0.1", isProxied: false } as const;
    const verdict = logIn(login, own, world);
    if (verdict instanceof Promise || !verdict.ok) throw new Error("not let in");
    return verdict.user;
  }
  const by = { issuer_account: one.publicKey };
  const after = (nats: Nats): TrustedAccount => accountOf(account(one, { signing_keys: scopeOf("a"), ...nats }));

  test.each([
    ["nothing was revoked", {}, undefined],
    ["it was revoked", { revocations: new Map([[bob.publicKey, ISSUED_SEC]]) }, "revoked"],
    ["it was revoked up to before", { revocations: new Map([[bob.publicKey, ISSUED_SEC - 1]]) }, undefined],
    ["all were revoked", { revocations: new Map([["*", ISSUED_SEC]]) }, "revoked"],
    ["another was revoked", { revocations: new Map([[key("user", 6).publicKey, ISSUED_SEC + 9]]) }, undefined],
    ["bearers are not allowed any more", { limits: { ...NO_LIMITS, disallow_bearer: true } }, undefined],
  ] satisfies [string, Nats, string | undefined][])("%s", (_, nats, farewell) => {
    const renewed = renew(connected(user(bob, one)), after(nats));
    expect(typeof renewed === "string" ? renewed : undefined).toBe(farewell);
  });

  test("a bearer goes when bearers are not allowed any more", () => {
    const bearer = connected(user(bob, one, { bearer_token: true }));
    expect(renew(bearer, after({ limits: { ...NO_LIMITS, disallow_bearer: true } }))).toBe("bearer");
  });

  test("one without a time of issue goes when anything is revoked", () => {
    const undated = { ...connected(user(bob, one)), issuedAtSec: 0 };
    expect(renew(undated, after({ revocations: new Map([[other.publicKey, 5]]) }))).toBe("revoked");
    expect(typeof renew(undated, after({}))).toBe("object");
  });

  test("one goes with its signing key, or with what its scope says", () => {
    const signed = connected(user(bob, signing, by));
    expect(renew(signed, after({ signing_keys: new Map() }))).toBe("signingKey");
    expect(typeof renew(signed, after({ signing_keys: scopeOf("b") }))).toBe("object");
    const inScope = connected(scopedUser(bob, scoped, one.publicKey));
    expect(typeof renew(inScope, after({}))).toBe("object");
    expect(renew(inScope, after({ signing_keys: scopeOf("b") }))).toBe("signingKey");
    expect(renew(inScope, after({ signing_keys: new Map([[scoped.publicKey, undefined]]) }))).toBe("signingKey");
  });

  test("default permissions change for who has them", () => {
    const defaults: Nats = { default_permissions: { pub: { allow: ["x"] } } };
    const plain = renew(connected(user(bob, one)), after(defaults)) as TokenUser;
    expect(plain.permissions).toMatchObject({ publish: { allow: ["x"] } });
    const own = renew(connected(user(bob, one, { pub: { allow: ["y"] } })), after(defaults)) as TokenUser;
    expect(own.permissions).toMatchObject({ publish: { allow: ["y"] } });
  });
});

describe("an activation", () => {
  const NOW = 1_800_000_000;
  const today = { nowSec: NOW, zones: intlZones };
  const exporter = accountOf(account(one, { signing_keys: new Map([[signing.publicKey, undefined]]) }));
  interface Terms {
    readonly subject?: string;
    readonly kind?: "stream" | "service";
    readonly to?: string;
    readonly issuer_account?: string;
    readonly exp?: number;
    readonly nbf?: number;
  }
  const tokenOf = (
    { subject = "a.>", kind = "stream", to = other.publicKey, issuer_account = "", exp = 0, nbf = 0 }: Terms,
    by = one,
  ): string => sign("activation", { sub: to, exp, nbf, nats: { subject, kind, issuer_account } }, by);
  function imported(token: string, more: Partial<Import> = {}): Import {
    const nats = {
      imports: [{ name: "i", subject: "a.b", account: one.publicKey, type: "stream", token, ...more } as Import],
    };
    const claims = decodeAccountClaims(account(other, nats));
    if (claims instanceof JwtError) throw new Error(claims.text);
    return claims.nats.imports[0]!;
  }
  const check = (token: string, revoked = new Map<string, number>(), more: Partial<Import> = {}): unknown => {
    const found = checkActivation(imported(token, more), other.publicKey, exporter, revoked, today);
    return found.ok ? found.expiresAtSec : found.text;
  };
  const bySigning = { issuer_account: one.publicKey };

  test("by the account, or by its signing key", () => {
    expect(check(tokenOf({}))).toBeUndefined();
    expect(check(tokenOf(bySigning, signing))).toBeUndefined();
    expect(check(tokenOf({ exp: NOW + 1 }))).toBe(NOW + 1);
  });

  test.each([
    ["none", "", "activation token required"],
    ["garbage", "x", 'import "a.b" contains an invalid activation token'],
    ["a stranger's", tokenOf({}, other), 'activation token doesn\'t match account for import "a.b"'],
    ["a stranger's in its name", tokenOf(bySigning, other), "activation issuer is not known"],
    [
      "for another",
      tokenOf({ to: one.publicKey }),
      'activation token doesn\'t match account it is being included in, "a.b"',
    ],
    [
      "of another kind",
      tokenOf({ kind: "service" }),
      "mismatch between token import type service and type of import stream",
    ],
    [
      "of another subject",
      tokenOf({ subject: "b.>" }),
      'activation token import subject "b.>" doesn\'t match import "a.b"',
    ],
    ["expired", tokenOf({ exp: NOW - 1 }), "claim is expired"],
    ["expiring this second", tokenOf({ exp: NOW }), "activation token expired"],
    ["not yet", tokenOf({ nbf: NOW + 1 }), "claim is not yet valid"],
  ])("%s is refused", (_, token, text) => {
    expect(check(token)).toBe(text);
  });

  test("is void once it is revoked", () => {
    const revoked = (who: string, at: number): unknown => check(tokenOf({}), new Map([[who, at]]));
    expect(revoked(other.publicKey, ISSUED_SEC)).toBe("activation token revoked");
    expect(revoked("*", ISSUED_SEC + 5)).toBe("activation token revoked");
    expect([revoked(other.publicKey, ISSUED_SEC - 1), revoked(one.publicKey, ISSUED_SEC + 5)]).toEqual([
      undefined,
      undefined,
    ]);
  });
});
