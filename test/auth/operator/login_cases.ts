// Users that log in, good and bad, and what nats-server 2.14.5 said of each in its debug log.
//
// `said` undefined: it let the client in. test/server/token_logins.test.ts asks
// the real server again, test/auth/operator/login.test.ts ours.

import type { InputByKind } from "../../../src/auth/jwt/encode.ts";
import type { UserScope } from "../../../src/auth/jwt/account_claims.ts";
import { scopeTemplate, type UserPermissionLimits } from "../../../src/auth/jwt/user_claims.ts";
import {
  account,
  FAR_SEC,
  ISSUED_SEC,
  key,
  NO_LIMITS,
  operatorKey,
  scopedUser,
  sign,
  strangerKey,
  user,
} from "./world.ts";

export const plain = key("account", 110);
export const signingKey = key("account", 111);
export const scopedKey = key("account", 112);
export const tagKey = key("account", 113);
export const bearerKey = key("account", 114);
export const noBearer = key("account", 120);
export const byIdentity = key("account", 121);
export const byStranger = key("account", 122);
export const expired = key("account", 123);
export const invalid = key("account", 124);
export const revoking = key("account", 125);
export const revokingAll = key("account", 126);
export const unknown = key("account", 127);
export const proxiedKey = key("account", 128);
export const bob = key("user", 130);

function scope(of: typeof plain, template: Partial<UserPermissionLimits>): [string, UserScope] {
  const { publicKey } = of;
  return [publicKey, { key: publicKey, role: "r", description: "", template: { ...scopeTemplate.zero, ...template } }];
}
const lists = (allow: string[], deny: string[] = []): { allow: string[]; deny: string[] } => ({ allow, deny });

/** By public key, as a resolver has them. */
export const accounts: ReadonlyMap<string, string> = new Map([
  [
    plain.publicKey,
    account(plain, {
      tags: ["region:eu"],
      signing_keys: new Map([
        [signingKey.publicKey, undefined],
        scope(scopedKey, { pub: lists(["sales.{{name()}}.>"]), sub: lists(["in.{{tag(team)}}"]), subs: 5 }),
        scope(tagKey, { pub: lists([], ["x.{{tag(team)}}"]) }),
        scope(bearerKey, { bearer_token: true }),
        scope(proxiedKey, { src: ["10.0.0.0/8"] }),
      ]),
    }),
  ],
  [noBearer.publicKey, account(noBearer, { limits: { ...NO_LIMITS, disallow_bearer: true } })],
  [byIdentity.publicKey, account(byIdentity, {}, {}, operatorKey)],
  [byStranger.publicKey, account(byStranger, {}, {}, strangerKey)],
  [expired.publicKey, account(expired, {}, { exp: ISSUED_SEC + 1 })],
  [invalid.publicKey, account(invalid, { cluster_traffic: "sometimes" })],
  [revoking.publicKey, account(revoking, { revocations: new Map([[bob.publicKey, ISSUED_SEC]]) })],
  [revokingAll.publicKey, account(revokingAll, { revocations: new Map([["*", ISSUED_SEC + 5]]) })],
]);

export interface LoginCase {
  readonly name: string;
  readonly token: string;
  /** What happens to the signature of the nonce; "good" is the right one. */
  readonly sig: "good" | "standard" | "none" | "wrong" | "garbage";
  readonly isStrict: boolean;
  readonly pinned?: readonly string[];
  readonly said: string | undefined;
}

type Extra = Partial<Pick<LoginCase, "sig" | "isStrict" | "pinned">>;
const all: LoginCase[] = [];
function login(name: string, token: string, said: string | undefined, extra: Extra = {}): void {
  all.push({ name, token, said, sig: "good", isStrict: false, ...extra });
}
const of = (nats: Partial<NonNullable<InputByKind["user"]["nats"]>>, more: Partial<InputByKind["user"]> = {}): string =>
  user(bob, plain, nats, more);
const by = { issuer_account: plain.publicKey };

login("plain", of({}), undefined);
login("no token", "", "Authentication requires a user JWT");
login("garbage for a token", "eyJ0eXAi", "Authentication requires a user JWT");
login("an account's token", accounts.get(plain.publicKey)!, "Authentication requires a user JWT");
login(
  "a token turned by a letter",
  of({}).replace(/\.(.)/, (_, letter) => (letter === "e" ? ".f" : ".e")),
  "Authentication requires a user JWT",
);
login("standard base64", of({}), undefined, { sig: "standard" });
login("no signature", of({}), "Signature missing", { sig: "none" });
login("another's signature", of({}), "Signature not verified", { sig: "wrong" });
login("no base64", of({}), "Signature not valid base64", { sig: "garbage" });
login("bearer", of({ bearer_token: true }), undefined, { sig: "none" });
login("bearer with a wrong signature", of({ bearer_token: true }), undefined, { sig: "wrong" });
login("bearer where none may be", user(bob, noBearer, { bearer_token: true }), "Account does not allow bearer tokens", {
  sig: "none",
});
login("no bearer where none may be", user(bob, noBearer), undefined);
login("expires in 2100", of({}, { exp: FAR_SEC }), undefined);
login("expired", of({}, { exp: ISSUED_SEC + 1 }), "User JWT no longer valid");
login("not yet", of({}, { nbf: FAR_SEC }), "User JWT no longer valid");
login("bad cidr", of({ src: ["x"] }), "User JWT no longer valid");
login("signing key", user(bob, signingKey, by), undefined);
login("signing key without its account", user(bob, signingKey), "Account JWT lookup error: account missing");
login("signing key of nobody", user(bob, key("account", 140), by), "User JWT issuer is not known");
login("its account named", user(bob, plain, by), undefined);
login("unknown account", user(bob, unknown), "Account JWT lookup error: account missing");
login("account by the operator itself", user(bob, byIdentity), undefined);
login(
  "account by the operator itself, which is strict",
  user(bob, byIdentity),
  "Account JWT lookup error: account validation failed",
  { isStrict: true },
);
login("account by a stranger", user(bob, byStranger), "Account JWT lookup error: account validation failed");
login("account expired", user(bob, expired), "Account JWT lookup error: account validation failed");
login("account invalid", user(bob, invalid), "Account JWT lookup error: account validation failed");
login("the account itself signs, which is strict", of({}), "User JWT issuer is not known", { isStrict: true });
login("signing key, strict", user(bob, signingKey, by), undefined, { isStrict: true });
login("revoked", user(bob, revoking), "User authentication revoked");
login("issued after the revocation", user(bob, revoking, {}, {}, ISSUED_SEC + 1), undefined);
login("another than the revoked", user(key("user", 131), revoking), "Signature not verified");
login("all revoked", user(bob, revokingAll, {}, {}, ISSUED_SEC + 5), "User authentication revoked");
login("issued after all were revoked", user(bob, revokingAll, {}, {}, ISSUED_SEC + 6), undefined);
login("from here", of({ src: ["127.0.0.0/8"] }), undefined);
login("from elsewhere", of({ src: ["10.0.0.0/8", "192.168.0.0/16"] }), "Bad src Ip 127.0.0.1");
login(
  "all day but a second",
  of({
    times: [
      { start: "00:00:00", end: "23:59:59" },
      { start: "12:00:00", end: "11:59:59" },
    ],
    times_location: "UTC",
  }),
  undefined,
);
login(
  "at no time",
  of({ times: [{ start: "12:00:00", end: "12:00:00" }], times_location: "UTC" }),
  "Outside connect times",
);
login(
  "zone of nowhere",
  of({ times: [{ start: "00:00:00", end: "23:59:59" }], times_location: "Mars/X" }),
  "User JWT no longer valid",
);
login("kind of connection", of({ allowed_connection_types: ["standard", "MQTT"] }), undefined);
login("other kind of connection", of({ allowed_connection_types: ["WEBSOCKET"] }), "Connection type not allowed");
login("unknown kind and this one", of({ allowed_connection_types: ["NOPE", "STANDARD"] }), undefined);
login("unknown kinds", of({ allowed_connection_types: ["nope", "x"] }), 'invalid connection types ["NOPE" "X"]');
login("proxy wanted", of({ proxy_required: true }), "Proxy Required");
login("scoped", scopedUser(bob, scopedKey, plain.publicKey, { tags: ["team:a"] }), undefined);
login("scoped without its tag", scopedUser(bob, scopedKey, plain.publicKey), undefined);
login(
  "scoped with limits",
  user(bob, scopedKey, by),
  "User JWT is not valid: scoped users require no permissions or limits set",
);
login(
  "scoped with a list",
  scopedUser(bob, scopedKey, plain.publicKey, { pub: { allow: ["a"] } }),
  "User JWT is not valid: scoped users require no permissions or limits set",
);
login(
  "scoped deny without its tag",
  scopedUser(bob, tagKey, plain.publicKey),
  "User JWT generated invalid permissions",
);
login("scoped deny with its tag", scopedUser(bob, tagKey, plain.publicKey, { tags: ["team:a"] }), undefined);
login("bearer by its scope", scopedUser(bob, bearerKey, plain.publicKey), undefined, { sig: "none" });
login("from elsewhere by its scope", scopedUser(bob, proxiedKey, plain.publicKey), "Bad src Ip 127.0.0.1");
login(
  "scoped without its account",
  sign("user", { sub: bob.publicKey, nats: {} }, scopedKey),
  "Account JWT lookup error: account missing",
);
login("pinned", of({}), undefined, { pinned: [plain.publicKey] });
login("not pinned", of({}), `Account ${plain.publicKey} not listed as operator pinned account`, {
  pinned: [noBearer.publicKey],
});
login("bad subjects in permissions", of({ pub: { allow: ["a..b"] } }), "User JWT no longer valid");
login("queue in a publish permission", of({ pub: { allow: ["a q"] } }), "User JWT no longer valid");

export const loginCases: readonly LoginCase[] = all;
