// Who a client is. The answers are those of nats-server 2.14.5, see conformance/facts/auth.md.

import { describe, expect, test } from "vitest";
import {
  type AuthOptions,
  type Credentials,
  openAuthenticator,
  type ReloadableAuthenticator,
  type Verdict,
} from "../../src/auth/authenticator.ts";
import { KeyPair } from "../../src/auth/nkey.ts";
import type { Compared, PasswordHasher } from "../../src/auth/secret.ts";
import type { PeerCertificate, TlsInfo, TransportKind } from "../../src/base/transport.ts";
import type { AccountOptions, UserOptions } from "../../src/config/options.ts";
import { FakeWorld } from "../support/fake_world.ts";

const HASH = "$2a$04$abcdefghijklmnopqrstuv";
/** Says that "bcrypted" is the password of every hash, a moment later. */
const hasher: PasswordHasher = {
  compare: (password): Promise<Compared> => Promise.resolve(password === "bcrypted" ? "equal" : "different"),
};
const busy: PasswordHasher = { compare: () => "busy" };

interface Given {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly users?: readonly UserOptions[];
  readonly defaults?: UserOptions["permissions"];
  readonly isGiven?: boolean;
  readonly proxyRequired?: boolean;
  readonly accounts?: Readonly<Record<string, readonly UserOptions[]>>;
  readonly noAuthUser?: string;
  readonly system?: string;
  readonly maps?: boolean;
  readonly ws?: { user?: string; password?: string; token?: string; noAuthUser?: string; maps?: boolean };
}
function open(given: Given, using = hasher): ReloadableAuthenticator {
  const { user, password, token, users = [], ws } = given;
  const limits = {
    max_connections: undefined,
    max_subscriptions: undefined,
    max_payload: undefined,
    max_leafnodes: undefined,
  };
  const accounts = Object.entries(given.accounts ?? {}).map(([name, list]): AccountOptions => ({
    name,
    nkey: undefined,
    users: list,
    limits,
    default_permissions: undefined,
    jetstream: undefined,
    exports: [],
    imports: [],
    mappings: [],
    msg_trace: undefined,
  }));
  const tls = (maps: boolean | undefined): unknown => (maps === undefined ? undefined : { verify_and_map: maps });
  const own = { user: ws?.user, password: ws?.password, token: ws?.token, timeout: undefined };
  const options = {
    authorization: {
      user,
      password,
      token,
      users,
      timeout: 2000,
      default_permissions: given.defaults,
      proxy_required: given.proxyRequired ?? false,
      is_given: given.isGiven ?? false,
    },
    accounts,
    no_auth_user: given.noAuthUser,
    system_account: given.system,
    tls: tls(given.maps),
    websocket: { authorization: own, no_auth_user: ws?.noAuthUser, tls: tls(ws?.maps) },
  };
  return openAuthenticator(options as unknown as AuthOptions, using, new FakeWorld());
}

function from(more: Partial<Credentials> = {}): Credentials {
  const empty = { user: "", pass: "", token: "", nkey: "", sig: "", jwt: "", nonce: "", tls: undefined };
  return { ...empty, kind: "tcp", ...more };
}
function withCertificate(certificate: Partial<PeerCertificate>): TlsInfo {
  const empty = { emails: [], dnsNames: [], uris: [], subject: [], spkiSha256: "", certSha256: "", subjectText: "" };
  const peerCertificates = [{ der: new Uint8Array(0), ...empty, ...certificate }];
  return { version: "1.3", cipherSuite: "", peerCertificates, first: false };
}
const joesCertificate = withCertificate({ subject: [[["CN", "joe"]]] });

/** "ACCOUNT/name" of who is let in, or "no". */
const said = (verdict: Verdict): string =>
  verdict.ok ? `${verdict.identity.accountName}/${verdict.identity.shownName}` : "no";
async function who(auth: ReloadableAuthenticator, more: Partial<Credentials> = {}): Promise<string> {
  return said(await auth.authenticate(from(more)));
}
function first(auth: ReloadableAuthenticator, kind: TransportKind = "tcp"): string {
  const verdict = auth.authenticateAnonymous(kind);
  return verdict === undefined ? "nobody" : said(verdict);
}
async function logged(auth: ReloadableAuthenticator, more: Partial<Credentials>): Promise<string> {
  const verdict = await auth.authenticate(from(more));
  return verdict.ok ? "ok" : verdict.logText;
}
const u = (user: string, more: UserOptions = {}): UserOptions => ({ user, password: "p", ...more });

describe("without users", () => {
  test("everybody is let into the global account, whatever they say", async () => {
    const auth = open({});
    expect([auth.authRequired("tcp"), auth.infoAuthRequired("tcp"), auth.nonceRequired]).toEqual([false, false, false]);
    expect(await who(auth, { user: "x", pass: "y" })).toBe("$G/");
    expect(first(auth)).toBe("$G/");
  });
  test("an empty user or token is none", () => {
    expect(open({ token: "" }).authRequired("tcp")).toBe(false);
    expect(open({ user: "", password: "x" }).authRequired("tcp")).toBe(false);
    expect(open({ password: "x" }).authRequired("tcp")).toBe(false);
    expect(open({ accounts: { A: [] } }).authRequired("tcp")).toBe(false);
  });
});

describe("one user or a token", () => {
  test("a user and a password, exactly", async () => {
    const auth = open({ user: "joe", password: "s3cret" });
    expect([auth.authRequired("tcp"), auth.infoAuthRequired("tcp"), first(auth)]).toEqual([true, true, "nobody"]);
    expect(await who(auth, { user: "joe", pass: "s3cret" })).toBe("$G/joe");
    expect(await who(auth, { user: "joe", pass: "s3cret", token: "x", nkey: "U" })).toBe("$G/joe");
    for (const [user, pass] of [
      ["joe", "S3cret"],
      ["Joe", "s3cret"],
      ["joe", ""],
      ["", ""],
      ["joe", "s3cret "],
    ] as const) {
      expect(await who(auth, { user, pass })).toBe("no");
    }
  });
  test("a user without a password has the empty one", async () => {
    const auth = open({ user: "joe" });
    expect([await who(auth, { user: "joe" }), await who(auth, { user: "joe", pass: "x" })]).toEqual(["$G/joe", "no"]);
  });
  test("a token, shown to nobody", async () => {
    const auth = open({ token: "s3cret" });
    expect(await who(auth, { token: "s3cret" })).toBe("$G/[REDACTED]");
    expect(await who(auth, { token: "s3cret", user: "x" })).toBe("$G/[REDACTED]");
    expect(await who(auth, { user: "s3cret", pass: "s3cret" })).toBe("no");
    expect(await who(auth, {})).toBe("no");
    expect(await logged(auth, { token: "s3cre" })).toBe('authentication error - Token "[REDACTED]"');
  });
  test("hashed ones are compared by bcrypt, and a hash is no password", async () => {
    const auth = open({ token: HASH });
    expect(auth.authenticate(from({ token: "bcrypted" }))).toBeInstanceOf(Promise);
    expect([await who(auth, { token: "bcrypted" }), await who(auth, { token: HASH })]).toEqual(["$G/[REDACTED]", "no"]);
    const full = open({ token: HASH }, busy);
    expect(await full.authenticate(from({ token: "bcrypted" }))).toMatchObject({ ok: false, reason: "busy" });
  });
  test("proxy_required lets nobody in who came without one", async () => {
    const auth = open({ user: "joe", password: "p", proxyRequired: true });
    expect(await who(auth, { user: "joe", pass: "p" })).toBe("no");
    expect(await who(auth, { user: "joe", pass: "p", isProxied: true })).toBe("$G/joe");
  });
});

describe("users", () => {
  const auth = open({ users: [u("joe"), u("ann", { password: HASH })], accounts: { A: [u("a")], B: [u("b")] } });
  test("each belongs to its account", async () => {
    expect(await who(auth, { user: "joe", pass: "p" })).toBe("$G/joe");
    expect(await who(auth, { user: "ann", pass: "bcrypted" })).toBe("$G/ann");
    expect(await who(auth, { user: "a", pass: "p" })).toBe("A/a");
    expect(await who(auth, { user: "b", pass: "p", token: "x", jwt: "y", sig: "z" })).toBe("B/b");
  });
  test("nobody else is let in, and names of things of JavaScript are no users", async () => {
    for (const user of ["", "x", "__proto__", "constructor", "toString", "joe\0"]) {
      expect(await who(auth, { user, pass: "p" })).toBe("no");
    }
    expect([await who(auth, { pass: "p" }), await who(auth, { token: "p" }), first(auth)]).toEqual([
      "no",
      "no",
      "nobody",
    ]);
  });
  test("what is logged names who failed, and no secret", async () => {
    expect(await logged(auth, { user: "joe", pass: "s3cret" })).toBe('authentication error - User "joe"');
    expect(await logged(auth, { user: "a", token: "s3cret" })).toBe('authentication error - User "a"');
    expect(await logged(auth, { user: "a", token: "t", nkey: 'U"' })).toBe('authentication error - Nkey "U\\""');
    expect(await logged(auth, { token: "s3cret", jwt: "j" })).toBe('authentication error - Token "[REDACTED]"');
    expect(await logged(auth, { pass: "s3cret" })).toBe("authentication error");
    expect(await logged(auth, { user: "Malmö\r\n" })).toBe('authentication error - User "Malmö\\r\\n"');
  });
  test("own permissions replace the default ones, also when they are empty; accounts have their own defaults", async () => {
    const defaults = { publish: { allow: ["d"] } };
    const some = open({ defaults, users: [u("plain"), u("own", { permissions: {} })], accounts: { A: [u("a")] } });
    const restricted = async (user: string): Promise<boolean> => {
      const verdict = await some.authenticate(from({ user, pass: "p" }));
      return verdict.ok && verdict.identity.permissions !== undefined;
    };
    expect([await restricted("plain"), await restricted("own"), await restricted("a")]).toEqual([true, false, false]);
  });
  test("two connections of a user do not share what they have seen", async () => {
    const some = open({ users: [u("r", { permissions: { allow_responses: { max: 1, expires: 0 } } })] });
    const [one, two] = await Promise.all([
      some.authenticate(from({ user: "r", pass: "p" })),
      some.authenticate(from({ user: "r", pass: "p" })),
    ]);
    expect(one.ok && two.ok && one.identity.permissions !== two.identity.permissions).toBe(true);
  });
});

describe("kinds of connections", () => {
  const auth = open({
    users: [
      u("all"),
      u("none", { allowed_connection_types: [] }),
      u("web", { allowed_connection_types: ["WEBSOCKET"] }),
      u("std", { allowed_connection_types: ["STANDARD"] }),
      u("in", { allowed_connection_types: ["IN_PROCESS"] }),
      u("mqtt", { allowed_connection_types: ["MQTT"] }),
    ],
  });
  test.each([
    ["tcp", ["all", "none", "std"]],
    ["tls", ["all", "none", "std"]],
    ["ws", ["all", "none", "web"]],
    ["wss", ["all", "none", "web"]],
    ["pipe", ["all", "none", "in"]],
  ] as const)("over %s: %s", async (kind, expected) => {
    const good: string[] = [];
    for (const user of ["all", "none", "web", "std", "in", "mqtt"]) {
      if ((await who(auth, { user, pass: "p", kind })) !== "no") good.push(user);
    }
    expect(good).toEqual(expected);
  });
  test("MQTT says so itself", async () => {
    expect(await who(auth, { user: "mqtt", pass: "p", type: "MQTT" })).toBe("$G/mqtt");
    expect(await who(auth, { user: "std", pass: "p", type: "MQTT" })).toBe("no");
  });
});

describe("nkeys", () => {
  const [key, other] = [
    new KeyPair("user", new Uint8Array(32).fill(1)),
    new KeyPair("user", new Uint8Array(32).fill(2)),
  ];
  const nonce = "abcdefghijklmno";
  const sign = (pair: KeyPair, text = nonce): Buffer => Buffer.from(pair.sign(Buffer.from(text)));
  const good = { nkey: key.publicKey, nonce, sig: sign(key).toString("base64url") };
  const auth = open({ users: [{ nkey: key.publicKey }, u("joe")], accounts: { A: [{ nkey: other.publicKey }] } });

  test("the nonce signed, in base64 for URLs or with padding", async () => {
    expect(auth.nonceRequired).toBe(true);
    expect(await who(auth, good)).toBe(`$G/${key.publicKey}`);
    expect(await who(auth, { ...good, sig: sign(key).toString("base64") })).toBe(`$G/${key.publicKey}`);
    expect(await who(auth, { nkey: other.publicKey, nonce, sig: sign(other).toString("base64url") })).toBe(
      `A/${other.publicKey}`,
    );
    expect(await who(auth, { ...good, user: "x", pass: "y", token: "z" })).toBe(`$G/${key.publicKey}`);
  });
  test("anything else is refused", async () => {
    const sigs = [
      "",
      "!!!",
      "AAAA",
      `${good.sig}==`,
      sign(key).toString("base64").replaceAll("=", ""),
      sign(other).toString("base64url"),
    ];
    for (const sig of [...sigs, sign(key, "another").toString("base64url"), good.sig.repeat(100_000)]) {
      expect(await who(auth, { ...good, sig })).toBe("no");
    }
    expect(await who(auth, { ...good, nonce: "" })).toBe("no");
    expect(await who(auth, { ...good, nonce: "", sig: sign(key, "").toString("base64url") })).toBe("no");
  });
  test("who names an nkey is not taken for a user instead", async () => {
    expect(await who(auth, { nkey: "U", user: "joe", pass: "p" })).toBe("no");
    expect(await who(auth, { nkey: key.publicKey, user: "joe", pass: "p", nonce })).toBe("no");
  });
  test("no_auth_user may name an nkey: its signature is not asked for, but CONNECT is", async () => {
    const open_ = open({ users: [{ nkey: key.publicKey }, u("joe")], noAuthUser: key.publicKey });
    expect(await who(open_)).toBe(`$G/${key.publicKey}`);
    expect(await who(open_, { nkey: key.publicKey })).toBe(`$G/${key.publicKey}`);
    expect(await who(open_, { nkey: other.publicKey })).toBe("no");
    expect(await who(open_, { nkey: key.publicKey, user: "joe" })).toBe("no");
    expect(first(open_)).toBe("no");
  });
});

describe("no_auth_user", () => {
  test("who says nothing is that user, and INFO asks for nothing", async () => {
    const auth = open({ users: [u("joe"), u("guest")], noAuthUser: "guest" });
    expect([auth.authRequired("tcp"), auth.infoAuthRequired("tcp"), auth.infoAuthRequired("ws")]).toEqual([
      true,
      false,
      true,
    ]);
    expect([await who(auth), await who(auth, { jwt: "x", sig: "y" }), first(auth)]).toEqual([
      "$G/guest",
      "$G/guest",
      "$G/guest",
    ]);
    for (const more of [{ user: "x" }, { pass: "p" }, { token: "t" }]) expect(await who(auth, more)).toBe("no");
  });
  test("not with a hashed password", async () => {
    const auth = open({ users: [u("guest", { password: HASH })], noAuthUser: "guest" });
    expect([await who(auth), first(auth), await who(auth, { user: "guest", pass: "bcrypted" })]).toEqual([
      "no",
      "no",
      "$G/guest",
    ]);
  });
  test("GHSA-hmmp-q8cx-v964: kinds of connections and proxies are checked for it too, with and without CONNECT", async () => {
    const web = open({ users: [u("guest", { allowed_connection_types: ["WEBSOCKET"] })], noAuthUser: "guest" });
    expect([await who(web), first(web)]).toEqual(["no", "no"]);
    expect([await who(web, { kind: "ws" }), first(web, "ws")]).toEqual(["$G/guest", "$G/guest"]);
    const proxied = open({ users: [u("guest", { proxy_required: true })], noAuthUser: "guest" });
    expect([await who(proxied), first(proxied)]).toEqual(["no", "no"]);
  });
});

describe("websocket", () => {
  const users = [u("g"), u("h")];
  test("its own user or token replaces the server's", async () => {
    const auth = open({ user: "g", password: "p", ws: { token: "w" } });
    expect([await who(auth, { user: "g", pass: "p" }), await who(auth, { token: "w" })]).toEqual(["$G/g", "no"]);
    const ws = { kind: "ws" } as const;
    expect([await who(auth, { ...ws, user: "g", pass: "p" }), await who(auth, { ...ws, token: "w" })]).toEqual([
      "no",
      "$G/[REDACTED]",
    ]);
  });
  test("it may ask where the server does not", () => {
    const auth = open({ ws: { user: "w", password: "p" } });
    expect([auth.authRequired("tcp"), auth.authRequired("ws"), auth.authRequired("pipe")]).toEqual([
      false,
      true,
      false,
    ]);
    expect([first(auth), first(auth, "ws")]).toEqual(["$G/", "nobody"]);
  });
  test("its own no_auth_user", async () => {
    const auth = open({ users, ws: { noAuthUser: "h" } });
    expect([await who(auth), first(auth)]).toEqual(["no", "nobody"]);
    expect([await who(auth, { kind: "ws" }), first(auth, "wss")]).toEqual(["$G/h", "$G/h"]);
    const both = open({ users, noAuthUser: "g", ws: { noAuthUser: "h" } });
    expect([await who(both), await who(both, { kind: "ws" })]).toEqual(["$G/g", "$G/h"]);
  });
});

describe("CVE-2023-47090: users of the system account alone open the global account, and nothing else does", () => {
  const admin = [u("admin")];
  const system = { accounts: { $SYS: admin } };
  test("only they", async () => {
    for (const auth of [
      open(system),
      open({ accounts: { S: admin }, system: "S" }),
      open({ accounts: { $SYS: admin, A: [] } }),
    ]) {
      expect([auth.authRequired("tcp"), auth.infoAuthRequired("tcp")]).toEqual([true, true]);
      expect([await who(auth), first(auth), await who(auth, { kind: "ws" })]).toEqual(["$G/", "$G/", "$G/"]);
      expect(await who(auth, { user: "admin", pass: "p" })).toMatch(/^(?:\$SYS|S)\/admin$/);
    }
  });
  test("but wrong or other credentials are refused", async () => {
    const auth = open(system);
    for (const more of [{ user: "admin", pass: "x" }, { user: "joe" }, { pass: "p" }, { token: "t" }]) {
      expect(await who(auth, more)).toBe("no");
    }
  });
  test.each<[string, Given]>([
    ["an authorization block, even an empty one", { ...system, isGiven: true }],
    ["a user of the global account", { ...system, users: [u("g")] }],
    ["a user of another account", { accounts: { $SYS: admin, A: [u("a")] } }],
    [
      "an nkey of another account",
      { accounts: { $SYS: admin, A: [{ nkey: new KeyPair("user", new Uint8Array(32)).publicKey }] } },
    ],
    ["another account being the system's", { ...system, system: "S" }],
    ["only users of an account that is not the system's", { accounts: { A: admin } }],
    ["a single user", { ...system, user: "joe", password: "p" }],
    ["a token", { ...system, token: "t" }],
    ["certificates that say who one is", { ...system, maps: true }],
  ])("not with %s", async (_, given) => {
    const auth = open(given);
    expect([auth.authRequired("tcp"), await who(auth), first(auth)]).toEqual([true, "no", "nobody"]);
  });
});

describe("CVE-2022-24450: nobody chooses an account", () => {
  test("credentials have no place for one, and the answer names the user's own", async () => {
    const auth = open({ users: [u("joe")], accounts: { $SYS: [u("admin")] } });
    const more = { user: "joe", pass: "p", account: "$SYS", new_account: true } as Partial<Credentials>;
    expect(await who(auth, more)).toBe("$G/joe");
  });
});

describe("certificates that say who one is", () => {
  const users = [u("CN=joe", { password: "" }), u("b")];
  const auth = open({ users, maps: true });
  test("the certificate decides, not the name in CONNECT; a password is still asked for where there is one", async () => {
    expect(await who(auth, { kind: "tls", tls: joesCertificate })).toBe("$G/CN=joe");
    const verdict = await auth.authenticate(from({ kind: "tls", tls: joesCertificate, user: "b" }));
    expect(verdict).toMatchObject({
      ok: true,
      warning: 'User "b" found in connect proto, but user required from cert',
    });
    const withPassword = open({ users: [u("CN=joe")], maps: true });
    expect(await who(withPassword, { kind: "tls", tls: joesCertificate })).toBe("no");
    expect(await who(withPassword, { kind: "tls", tls: joesCertificate, user: "b", pass: "p" })).toBe("$G/CN=joe");
  });
  test("without a certificate of a user nobody comes in, no_auth_user or not, CONNECT or not", async () => {
    const guest = open({ users, maps: true, noAuthUser: "b" });
    for (const tls of [undefined, withCertificate({}), { ...joesCertificate, peerCertificates: [] }]) {
      expect(await who(auth, { kind: "tls", tls, user: "b", pass: "p" })).toBe("no");
      expect(await who(auth, { kind: "tcp", tls, user: "CN=joe" })).toBe("no");
      expect(await who(guest, { kind: "tls", tls })).toBe("no");
    }
    expect(first(guest, "tls")).toBe("nobody");
  });
  test("725f0081f: a user for certificates cannot log in by name on another listener", async () => {
    expect(await who(auth, { kind: "ws", user: "CN=joe" })).toBe("no");
    expect(await who(auth, { kind: "pipe", user: "CN=joe" })).toBe("no");
    expect(await who(auth, { kind: "ws", user: "b", pass: "p" })).toBe("$G/b");
    const overWs = open({ users, ws: { maps: true } });
    expect([await who(overWs, { user: "CN=joe" }), await who(overWs, { user: "b", pass: "p" })]).toEqual([
      "no",
      "$G/b",
    ]);
    const without = open({ users });
    expect(await who(without, { user: "CN=joe" })).toBe("$G/CN=joe");
  });
});

describe("after a reload", () => {
  const identityOf = async (auth: ReloadableAuthenticator, more: Partial<Credentials>) => {
    const verdict = await auth.authenticate(from(more));
    if (!verdict.ok) throw new Error(verdict.logText);
    return verdict.identity;
  };
  test("a user stays while name, account and password stay, and gets the new rules", async () => {
    const rules = (allow: string): UserOptions => u("joe", { permissions: { publish: { allow: [allow] } } });
    const identity = await identityOf(open({ users: [rules("a")] }), { user: "joe", pass: "p" });
    const next = open({ users: [rules("b"), u("ann")] }).renew(identity, "tcp")!;
    const bytes = Buffer.from("b");
    expect(next.permissions).toBe(identity.permissions);
    expect(identity.permissions!.canPublish(bytes, 0, 1)).toBe(true);
    expect(open({ users: [u("joe")] }).renew(identity, "tcp")!.permissions).toBeUndefined();
  });
  test.each<[string, Given]>([
    ["the user is gone", { users: [u("ann")] }],
    ["it has another password", { users: [u("joe", { password: "q" })] }],
    ["it is in another account", { accounts: { A: [u("joe")] } }],
    ["it may not come like this any more", { users: [u("joe", { allowed_connection_types: ["WEBSOCKET"] })] }],
    ["there are no users any more", {}],
  ])("it does not stay when %s", async (_, given) => {
    const identity = await identityOf(open({ users: [u("joe")] }), { user: "joe", pass: "p" });
    expect(open(given).renew(identity, "tcp")).toBeUndefined();
  });
  test("tokens, the single user and nobody", async () => {
    const byToken = await identityOf(open({ token: "t" }), { token: "t" });
    const joe = await identityOf(open({ user: "joe", password: "p" }), { user: "joe", pass: "p" });
    const nobody = await identityOf(open({}), {});
    expect(open({ token: "t" }).renew(byToken, "tcp")).toBeDefined();
    expect(open({ token: "u" }).renew(byToken, "tcp")).toBeUndefined();
    expect(open({ user: "[REDACTED]", password: "t" }).renew(byToken, "tcp")).toBeUndefined();
    expect(open({ user: "joe", password: "p" }).renew(joe, "tcp")).toBeDefined();
    expect(open({ user: "joe", password: "q" }).renew(joe, "tcp")).toBeUndefined();
    expect(open({ token: "t" }).renew(nobody, "tcp")).toBeUndefined();
    expect(open({}).renew(nobody, "tcp")).toBeDefined();
  });
});
