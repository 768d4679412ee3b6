import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import { decodeAuthorizationRequest } from "../../../src/auth/jwt/token.ts";
import { scopeTemplate } from "../../../src/auth/jwt/user_claims.ts";
import type { KeyPair } from "../../../src/auth/nkey.ts";
import { MemoryResolver } from "../../../src/auth/operator/account_resolver.ts";
import {
  type CalloutAnswer,
  type CalloutQuestion,
  encodeCalloutRequest,
  placeCalloutUser,
  readCalloutAnswer,
} from "../../../src/auth/operator/callout.ts";
import { TrustStore } from "../../../src/auth/operator/trust_store.ts";
import type { TrustedAccount } from "../../../src/auth/operator/trusted_account.ts";
import { open, seal, xkeyFaultTexts } from "../../../src/auth/xkey.ts";
import { FAKE_EPOCH_SEC, FakeWorld } from "../../support/fake_world.ts";
import { intlZones } from "../jwt/zones.ts";
import { account, key, scopedUser, sign, trust, user } from "./world.ts";

const [service, other, signing, scoped, stranger] = [1, 2, 3, 4, 5].map((n) => key("account", n)) as [
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
];
const [server, alice, bob] = [key("server", 6), key("user", 7), key("user", 8)];
const [serverXkey, serviceXkey] = [key("curve", 9), key("curve", 10)];
const world = new FakeWorld();
const store = new TrustStore(trust(), new MemoryResolver(), world, intlZones);

function accountOf(token: string): TrustedAccount {
  const found = store.verify(token);
  if (found instanceof JwtError) throw new Error(found.text);
  return found;
}
const serviceAccount = accountOf(
  account(service, {
    signing_keys: new Map([[signing.publicKey, undefined]]),
    authorization: { auth_users: [bob.publicKey], allowed_accounts: [other.publicKey] },
  }),
);
const config: CalloutQuestion = {
  userKey: alice.publicKey,
  serverId: server.publicKey,
  accountName: "AUTH",
  issuer: service.publicKey,
  account: undefined,
  open: undefined,
  isProxied: false,
};
const operator: CalloutQuestion = {
  ...config,
  accountName: service.publicKey,
  issuer: undefined,
  account: serviceAccount,
};

interface Response {
  readonly sub?: string;
  readonly aud?: string;
  readonly error?: string;
  readonly jwt?: string;
  readonly issuer_account?: string;
}
function response({ sub = alice.publicKey, aud = server.publicKey, ...nats }: Response, by = service): Buffer {
  return Buffer.from(sign("authorization_response", { sub, aud, nats }, by));
}
const read = (payload: Uint8Array, question = config): CalloutAnswer =>
  readCalloutAnswer(payload, question, store, world);
const textOf = (payload: Uint8Array, question = config): string | undefined => {
  const answer = read(payload, question);
  return answer.ok ? undefined : answer.text;
};
const good = user(alice, service, {}, { aud: "APP", exp: FAKE_EPOCH_SEC + 60 });

describe("an answer, where the configuration names the service", () => {
  test("places a user in the account of its audience", () => {
    expect(read(response({ jwt: good }))).toMatchObject({
      ok: true,
      placement: "APP",
      token: good,
      expiresInMs: 60_000,
      claims: { name: "bob" },
    });
  });

  const of = (
    nats: Parameters<typeof user>[2],
    more: Parameters<typeof user>[3] = { aud: "APP" },
    by = service,
  ): Buffer => response({ jwt: user(alice, by, nats, more) });
  test.each([
    ["empty", Buffer.alloc(0), 'Auth callout violation: "no reason supplied" on account "AUTH"'],
    ["no token", Buffer.from("x"), "Expected 3 chunks"],
    ["a user token alone", Buffer.from(good), "Not an authorization request claim"],
    ["an error", response({ error: "go away" }), "Auth callout service returned an error: go away"],
    ["neither", response({}), "Authorization response had validation errors: Error or Jwt is required"],
    [
      "both",
      response({ error: "e", jwt: good }),
      "Authorization response had validation errors: Only Error or Jwt can be set",
    ],
    [
      "for another user",
      response({ sub: bob.publicKey, jwt: good }),
      "Auth callout violation: auth callout response is not for expected user",
    ],
    [
      "for another server",
      response({ aud: key("server", 11).publicKey, jwt: good }),
      "Auth callout violation: auth callout response is not for server",
    ],
    ["with a bad user token", response({ jwt: "x" }), "Expected 3 chunks"],
    [
      "with another's user token",
      response({ jwt: user(bob, service) }),
      `Expected authorized user of "${alice.publicKey}" but got "${bob.publicKey}" on account "AUTH"`,
    ],
    ["with an expired one", of({}, { exp: 5 }), "Error validating user JWT: claim is expired"],
    ["with nonsense", of({ src: ["x"] }), 'Error validating user JWT: invalid cidr "x" in user src limits'],
    [
      "outside its times",
      of({ times: [{ start: "01:00:00", end: "02:00:00" }], times_location: "UTC" }),
      'Authorized user on account "AUTH" outside of valid connect times',
    ],
    [
      "with unknown kinds of connection",
      of({ allowed_connection_types: ["x"] }),
      'Authorized user on account "AUTH" using invalid connection type',
    ],
    [
      "by another issuer",
      of({}, {}, other),
      `Wrong issuer for auth callout response on account "AUTH", expected "${service.publicKey}" got "${other.publicKey}"`,
    ],
    [
      "with an issuer account",
      of({ issuer_account: service.publicKey }),
      'Error non operator mode account "AUTH": attempted to use issuer_account',
    ],
    ["wanting a proxy", of({ proxy_required: true }), "Proxy Required"],
  ])("%s is refused", (_, payload, text) => {
    expect(textOf(payload)).toBe(text);
  });

  test("a proxy that is there is good", () => {
    expect(textOf(of({ proxy_required: true }), { ...config, isProxied: true })).toBeUndefined();
  });

  test("any bytes make no harm", () => {
    const questions = fc.constantFrom(config, operator, { ...config, open: () => "no" });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((text) => Buffer.from(`eyJ${text}`)),
        ),
        questions,
        (payload, question) => {
          expect(read(payload, question).ok).toBe(false);
        },
      ),
    );
  });
});

describe("an answer in operator mode", () => {
  test("places a user in the account of the service", () => {
    const jwt = user(alice, service, { subs: 3, payload: 4 });
    const answer = read(response({ jwt }), operator);
    if (!answer.ok) throw new Error(answer.text);
    expect(answer.placement).toBe(service.publicKey);
    expect(placeCalloutUser(answer, serviceAccount)).toMatchObject({
      publicKey: alice.publicKey,
      maxSubscriptions: -1,
      maxPayload: -1,
    });
  });

  test("in another account that is allowed, and in no other", () => {
    const jwt = user(alice, other);
    expect(read(response({ jwt }), operator)).toMatchObject({ ok: true, placement: other.publicKey });
    expect(textOf(response({ jwt: user(alice, stranger) }), operator)).toBe(
      `Account "${stranger.publicKey}" not permitted as valid account option for auth callout for account "${service.publicKey}"`,
    );
  });

  test("signed by the service's signing key, not by a stranger's", () => {
    const jwt = user(alice, service);
    expect(textOf(response({ jwt }, signing), operator)).toBeUndefined();
    expect(textOf(response({ jwt, issuer_account: service.publicKey }, signing), operator)).toBeUndefined();
    expect(textOf(response({ jwt }, stranger), operator)).toBe("Auth callout signing key is unknown");
  });

  test("with the scope of the key that signed the user", () => {
    const target = accountOf(
      account(other, {
        signing_keys: new Map([
          [
            scoped.publicKey,
            {
              key: scoped.publicKey,
              role: "",
              description: "",
              template: { ...scopeTemplate.zero, pub: { allow: ["{{name()}}"], deny: ["{{tag(a)}}"] } },
            },
          ],
        ]),
      }),
    );
    const place = (jwt: string): unknown => {
      const answer = read(response({ jwt }), operator);
      if (!answer.ok) throw new Error(answer.text);
      const placed = placeCalloutUser(answer, target);
      return placed instanceof JwtError ? placed.text : placed.permissions;
    };
    expect(place(scopedUser(alice, scoped, other.publicKey, { tags: ["a:x"] }))).toMatchObject({
      publish: { allow: ["bob"], deny: ["x"] },
    });
    expect(place(scopedUser(alice, scoped, other.publicKey))).toBe(
      'User JWT generated invalid permissions: generated invalid subject "{{tag(a)}}": "a" is not defined',
    );
    expect(place(user(alice, scoped, { issuer_account: other.publicKey }))).toBe(
      "User JWT is not valid: scoped users require no permissions or limits set",
    );
    expect(place(user(alice, stranger, { issuer_account: other.publicKey }))).toBe(
      `User JWT issuer "${stranger.publicKey}" is not known`,
    );
  });
});

describe("a sealed answer", () => {
  const opening = (sealed: Uint8Array): Uint8Array | string => {
    const opened = open(serverXkey, sealed, serviceXkey.publicKey);
    return typeof opened === "string" ? xkeyFaultTexts[opened] : opened;
  };
  const sealed = (payload: Buffer, by = serviceXkey): Buffer =>
    seal(by, payload, serverXkey.publicKey, new Uint8Array(24)) as Buffer;

  test("is opened; a plain one is good too", () => {
    const question = { ...config, open: opening };
    expect(textOf(sealed(response({ jwt: good })), question)).toBeUndefined();
    expect(textOf(response({ jwt: good }), question)).toBeUndefined();
    expect(textOf(sealed(response({ jwt: good }), key("curve", 12)), question)).toBe(
      'Error decrypting auth callout response on account "AUTH": nkeys: could not decrypt input',
    );
    expect(textOf(sealed(response({ jwt: good })), config)).toBe("Expected 3 chunks");
  });

  test("is the service's whoever signed it", () => {
    const payload = response({ jwt: user(alice, service) }, stranger);
    expect(textOf(sealed(payload), { ...operator, open: opening })).toBeUndefined();
  });
});

test("a request says what it was given, signed by the server", () => {
  const details = {
    server_id: { name: "s", host: "h", id: server.publicKey },
    user_nkey: alice.publicKey,
    client_info: { host: "127.0.0.1", id: 5, kind: "Client", type: "nats" },
    connect_opts: { user: "u", pass: "p", protocol: 1 },
  };
  const token = encodeCalloutRequest(service.publicKey, details, FAKE_EPOCH_SEC + 2, server, FAKE_EPOCH_SEC);
  expect(decodeAuthorizationRequest(token as string)).toMatchObject({
    sub: service.publicKey,
    iss: server.publicKey,
    aud: "nats-authorization-request",
    exp: FAKE_EPOCH_SEC + 2,
    nats: { user_nkey: alice.publicKey, client_info: { id: 5 }, connect_opts: { pass: "p" }, version: 2 },
  });
});
