// Who a peer is: from what it says in CONNECT, its certificate and the kind of
// its connection to an identity, or a refusal.
//
// Knows the users; nothing of sessions. Plain passwords, tokens and signatures
// are answered at once, bcrypt later. What a peer sent never makes it throw.
// `account` and `new_account` of CONNECT are no credentials: nobody chooses
// an account. Source: auth facts §1, §2, conformance/facts/auth.md.

import { byteString } from "../base/bytes.ts";
import type { TlsInfo, TransportKind } from "../base/transport.ts";
import type { Env } from "../base/world.ts";
import type { AuthorizationOptions, ConnectionType, ServerOptions } from "../config/options.ts";
import { quoted } from "../errors/protocol.ts";
import { userOfCertificate } from "./certificate_map.ts";
import { verify } from "./nkey.ts";
import { Permissions } from "./permissions.ts";
import { type Compared, type PasswordHasher, Secret } from "./secret.ts";
import { DEFAULT_SYSTEM_ACCOUNT, GLOBAL_ACCOUNT, type KnownUser, UserTable } from "./users.ts";
import type { TokenUser } from "./operator/login.ts";

/** What a peer shows. Texts are as decoded from CONNECT, empty when absent. */
export interface Credentials {
  readonly user: string;
  readonly pass: string;
  readonly token: string;
  readonly nkey: string;
  readonly sig: string;
  readonly jwt: string;
  /** The challenge in the INFO it was sent. */
  readonly nonce: string;
  readonly kind: TransportKind;
  /** Another type than the kind of its transport says: MQTT, a leaf node. */
  readonly type?: ConnectionType | undefined;
  readonly tls: TlsInfo | undefined;
  /** It came through a trusted proxy. */
  readonly isProxied?: boolean;
  /** Its IP address; empty when it has none. */
  readonly host?: string;
  /** What else it says of itself, for whoever is asked about it. */
  readonly about?: {
    readonly cid: number;
    readonly name: string;
    readonly lang: string;
    readonly version: string;
    readonly protocol: number;
  };
}

/** Limits of a user: -1, and undefined, take the account's; 0 lets nothing through. */
export interface UserLimits {
  readonly maxSubscriptions: number | undefined;
  readonly maxPayload: number | undefined;
}

/** Who a peer is. */
export interface Identity {
  readonly accountName: string;
  /** As /connz and `User "…"` show it: user name, nkey, or "[REDACTED]" for a token; empty when it is nobody. */
  readonly shownName: string;
  /** As in the log's `"account/user:name"`: "user:name", "nkey:U…"; empty when it is nobody. */
  readonly label: string;
  readonly nkey: string | undefined;
  /** Of this connection alone. Undefined when everything is allowed. */
  readonly permissions: Permissions | undefined;
  readonly limits: UserLimits | undefined;
  /** How it was known, for `renew`; nobody has neither. */
  readonly user: KnownUser | undefined;
  readonly secret: Secret | undefined;
  /** The user of a token, in operator mode. */
  readonly token?: TokenUser;
  /** An authorization service let it in, by this key, at this second: it is nobody whom an authenticator could renew. */
  readonly answered?: { readonly userKey: string; readonly issuedAtSec: number };
  /** Milliseconds of the wall clock after which it has to leave; without it never, or as its token says. */
  readonly expiresInMs?: number;
}

export type Refusal =
  | "credentials"
  | "connectionType"
  | "proxyRequired"
  | "proxyNotTrusted"
  | "certificate"
  | "certificateRequired"
  | "busy"
  | "connectFirst";

export type Verdict =
  | {
      readonly ok: true;
      readonly identity: Identity;
      /** For the log, as a warning. */
      readonly warning?: string | undefined;
    }
  | {
      readonly ok: false;
      /** Undefined when the authenticator itself failed. */
      readonly reason?: Refusal;
      /** For the log, as an error: who failed, without secrets. */
      readonly logText: string;
      /** For the log: why, as a debug line unless `isError`. */
      readonly detail?: { readonly text: string; readonly isError: boolean };
      /** Another account than its own is told, and another reason. */
      readonly told?: { readonly account: string; readonly reason: string };
    };

/** The options it is built from. */
export interface AuthOptions extends Pick<
  ServerOptions,
  "no_auth_user" | "accounts" | "system_account" | "tls" | "websocket"
> {
  readonly authorization: Omit<AuthorizationOptions, "proxy_required"> & { readonly proxy_required?: boolean };
}

export interface Authenticator {
  /** Whether INFO and a nonce matter: clients of this kind must say who they are, or be let in as somebody. */
  authRequired(kind: TransportKind): boolean;
  /** What INFO says: not when `no_auth_user` lets everybody in. Over WebSocket it says so all the same. */
  infoAuthRequired(kind: TransportKind): boolean;
  /** INFO must carry a nonce. */
  readonly nonceRequired: boolean;
  authenticate(credentials: Credentials): Verdict | Promise<Verdict>;
  /** For a first operation that is not CONNECT. Undefined when there is nobody a client could be without it. */
  authenticateAnonymous(kind: TransportKind): Verdict | undefined;
}

/** The authenticator of a configuration that may be reloaded. */
export interface ReloadableAuthenticator extends Authenticator {
  /**
   * After a reload, asked of the new authenticator: who this peer is now. Undefined when it is no longer welcome:
   * the user is gone, moved, or has another password, nkey or kind of connection. Permissions seen before are kept and
   * changed in place where there were any, so what was counted stays counted.
   */
  renew(identity: Identity, kind: TransportKind, isProxied?: boolean): Identity | undefined;
  /** The account of the user or nkey that was named; empty when there is none such, undefined when nobody was named. */
  accountOf(named: { readonly user: string; readonly nkey: string }): string | undefined;
}

export function openAuthenticator(options: AuthOptions, hasher: PasswordHasher, env: Env): ReloadableAuthenticator {
  return new ConfigAuthenticator(options, hasher, env);
}

interface SingleUser {
  readonly name: string;
  readonly password: Secret;
}

/** The rules of one listener. */
interface Door {
  /** Single user or token; undefined where there is none. */
  readonly user: SingleUser | undefined;
  readonly token: Secret | undefined;
  readonly noAuthUser: string | undefined;
  /** The client's certificate says who it is. */
  readonly mapsCertificates: boolean;
  readonly required: boolean;
}

class ConfigAuthenticator implements ReloadableAuthenticator {
  readonly nonceRequired: boolean;
  readonly #env: Env;
  readonly #hasher: PasswordHasher;
  readonly #users: UserTable;
  readonly #standard: Door;
  readonly #websocket: Door;
  readonly #pipe: Door;
  readonly #isProxyRequired: boolean;
  /** Only the system account has users: everybody else still gets the global account. */
  readonly #letsNobodyIn: boolean;

  constructor(options: AuthOptions, hasher: PasswordHasher, env: Env) {
    const { authorization, accounts, tls, websocket } = options;
    this.#env = env;
    this.#hasher = hasher;
    const users = new UserTable(authorization, accounts);
    this.#users = users;
    this.nonceRequired = users.hasNkeys;
    this.#isProxyRequired = authorization.proxy_required === true;
    const noAuthUser = text(options.no_auth_user);
    const door = doorOf(users, authorization, noAuthUser, tls?.verify_and_map === true);
    this.#standard = door;
    this.#pipe = { ...door, mapsCertificates: false };
    const own = websocket?.authorization;
    const ownNoAuthUser = text(websocket?.no_auth_user);
    const isOverridden = text(own?.user) !== undefined || text(own?.token) !== undefined || ownNoAuthUser !== undefined;
    this.#websocket = doorOf(
      users,
      isOverridden ? own : authorization,
      isOverridden ? ownNoAuthUser : noAuthUser,
      websocket?.tls?.verify_and_map === true,
    );
    this.#letsNobodyIn =
      noAuthUser === undefined &&
      !authorization.is_given &&
      door.user === undefined &&
      door.token === undefined &&
      users.isOnlyOf(text(options.system_account) ?? DEFAULT_SYSTEM_ACCOUNT);
  }

  authRequired(kind: TransportKind): boolean {
    return this.#doorOf(kind).required;
  }

  infoAuthRequired(kind: TransportKind): boolean {
    const door = this.#doorOf(kind);
    return door.required && (isWebSocket(kind) || door.noAuthUser === undefined);
  }

  authenticate(credentials: Credentials): Verdict | Promise<Verdict> {
    const door = this.#doorOf(credentials.kind);
    if (!door.required) return accepted(nobody());
    if (!this.#users.isEmpty) return this.#amongUsers(credentials, door);
    if (this.#isProxyRequired && credentials.isProxied !== true) return refused("proxyRequired", credentials);
    const { token, user } = door;
    if (token !== undefined) return this.#compare(token, credentials.token, credentials, () => byToken(token));
    if (user?.name !== credentials.user) return refused("credentials", credentials);
    return this.#compare(user.password, credentials.pass, credentials, () => bySingleUser(user));
  }

  authenticateAnonymous(kind: TransportKind): Verdict | undefined {
    const door = this.#doorOf(kind);
    if (!door.required) return accepted(nobody());
    if (door.mapsCertificates) return undefined;
    if (door.noAuthUser === undefined) return this.#letsNobodyIn ? accepted(nobody()) : undefined;
    const user = this.#users.byName(door.noAuthUser);
    // An nkey is taken without its signature only from a CONNECT.
    if (user === undefined) return refused("connectFirst", nothing(kind));
    return this.#asNoAuthUser(user, nothing(kind));
  }

  renew(identity: Identity, kind: TransportKind, isProxied = false): Identity | undefined {
    const door = this.#doorOf(kind);
    const { user, secret, answered } = identity;
    if (answered !== undefined) return undefined;
    if (user !== undefined) return this.#renewUser(identity, user, { ...nothing(kind), isProxied });
    if (secret === undefined) return !door.required || this.#letsNobodyIn ? nobody() : undefined;
    if (!door.required) return nobody();
    if (this.#isProxyRequired && !isProxied) return undefined;
    if (identity.label === TOKEN_LABEL) return door.token?.sameAs(secret) === true ? byToken(door.token) : undefined;
    const isSame = door.user?.name === identity.shownName && door.user.password.sameAs(secret);
    return isSame ? bySingleUser(door.user) : undefined;
  }

  accountOf({ user, nkey }: { readonly user: string; readonly nkey: string }): string | undefined {
    if (nkey !== "") return this.#users.byNkey(nkey)?.accountName ?? "";
    return user === "" ? undefined : (this.#users.byName(user)?.accountName ?? "");
  }

  #renewUser(identity: Identity, before: KnownUser, credentials: Credentials): Identity | undefined {
    const now = before.isNkey ? this.#users.byNkey(before.name) : this.#users.byName(before.name);
    if (now?.accountName !== before.accountName || !now.password.sameAs(before.password)) return undefined;
    if (refusalFor(now, credentials) !== undefined) return undefined;
    const { permissions } = identity;
    if (permissions === undefined || now.rules === undefined) return this.#identity(now);
    permissions.replace(now.rules);
    return { ...this.#identity(now), permissions };
  }

  #amongUsers(credentials: Credentials, door: Door): Verdict | Promise<Verdict> {
    const { user: name, pass, token, nkey } = credentials;
    const isSilent = name === "" && pass === "" && token === "";
    if (nkey !== "" && this.#users.hasNkeys) return this.#byNkey(credentials, door, isSilent);
    if (door.mapsCertificates) return this.#byCertificate(credentials);
    if (isSilent) {
      if (door.noAuthUser !== undefined) {
        const user = this.#users.byName(door.noAuthUser) ?? this.#users.byNkey(door.noAuthUser);
        return user === undefined ? refused("credentials", credentials) : this.#asNoAuthUser(user, credentials);
      }
      if (this.#letsNobodyIn && nkey === "") return accepted(nobody());
    }
    const user = this.#users.byName(name);
    if (user === undefined) {
      const isStopped = name === "" && this.#isProxyRequired && credentials.isProxied !== true;
      return refused(isStopped ? "proxyRequired" : "credentials", credentials);
    }
    // A user without a password is one for certificates, where these are used.
    if (user.password.isEmpty && this.#mapsAnywhere) return refused("certificateRequired", credentials);
    return this.#checkUser(user, credentials, undefined);
  }

  #byNkey(credentials: Credentials, door: Door, isSilent: boolean): Verdict {
    const { nkey, nonce, sig } = credentials;
    const user = this.#users.byNkey(nkey);
    if (user === undefined) return refused("credentials", credentials);
    const refusal = refusalFor(user, credentials);
    if (refusal !== undefined) return refused(refusal, credentials);
    const isLetIn = isSilent && door.noAuthUser === nkey;
    const signature = decodeSignature(sig);
    const isSigned = nonce !== "" && signature !== undefined && verify(nkey, Buffer.from(nonce, "latin1"), signature);
    return isLetIn || isSigned ? accepted(this.#identity(user)) : refused("credentials", credentials);
  }

  #byCertificate(credentials: Credentials): Verdict | Promise<Verdict> {
    const certificate = credentials.tls?.peerCertificates[0];
    const user = certificate === undefined ? undefined : userOfCertificate(this.#users, certificate);
    if (user === undefined) return refused("certificate", credentials);
    const warning =
      credentials.user === ""
        ? undefined
        : `User ${quoted(byteString(credentials.user))} found in connect proto, but user required from cert`;
    return this.#checkUser(user, credentials, warning);
  }

  #checkUser(user: KnownUser, credentials: Credentials, warning: string | undefined): Verdict | Promise<Verdict> {
    const refusal = refusalFor(user, credentials);
    if (refusal !== undefined) return refused(refusal, credentials);
    return this.#compare(
      user.password,
      credentials.pass,
      { ...credentials, user: user.name },
      () => this.#identity(user),
      warning,
    );
  }

  /** Its password is taken as given: so a hashed one cannot be right. */
  #asNoAuthUser(user: KnownUser, credentials: Credentials): Verdict {
    const refusal = refusalFor(user, credentials) ?? (user.password.isHashed ? "credentials" : undefined);
    if (refusal !== undefined) return refused(refusal, { ...credentials, user: user.name });
    return accepted(this.#identity(user));
  }

  #compare(
    secret: Secret,
    given: string,
    credentials: Credentials,
    identity: () => Identity,
    warning?: string,
  ): Verdict | Promise<Verdict> {
    const conclude = (compared: Compared): Verdict => {
      if (compared === "equal") return accepted(identity(), warning);
      return refused(compared === "busy" ? "busy" : "credentials", credentials);
    };
    const compared = secret.compare(given, this.#hasher);
    return typeof compared === "string" ? conclude(compared) : compared.then(conclude);
  }

  #identity(user: KnownUser): Identity {
    return {
      accountName: user.accountName,
      shownName: user.name,
      label: `${user.isNkey ? "nkey" : "user"}:${user.name}`,
      nkey: user.isNkey ? user.name : undefined,
      permissions: user.rules === undefined ? undefined : new Permissions(user.rules, this.#env),
      limits: undefined,
      user,
      secret: user.password,
    };
  }

  get #mapsAnywhere(): boolean {
    return this.#standard.mapsCertificates || this.#websocket.mapsCertificates;
  }

  #doorOf(kind: TransportKind): Door {
    if (isWebSocket(kind)) return this.#websocket;
    return kind === "pipe" ? this.#pipe : this.#standard;
  }
}

const REDACTED = "[REDACTED]";
const TOKEN_LABEL = "token";
const connectionTypeOf = {
  tcp: "STANDARD",
  tls: "STANDARD",
  ws: "WEBSOCKET",
  wss: "WEBSOCKET",
  pipe: "IN_PROCESS",
} as const satisfies Record<TransportKind, ConnectionType>;

function nobody(): Identity {
  return {
    accountName: GLOBAL_ACCOUNT,
    shownName: "",
    label: "",
    nkey: undefined,
    permissions: undefined,
    limits: undefined,
    user: undefined,
    secret: undefined,
  };
}

function byToken(secret: Secret): Identity {
  return { ...nobody(), shownName: REDACTED, label: TOKEN_LABEL, secret };
}

function bySingleUser({ name, password }: SingleUser): Identity {
  return { ...nobody(), shownName: name, label: `user:${name}`, secret: password };
}

function isWebSocket(kind: TransportKind): boolean {
  return kind === "ws" || kind === "wss";
}

function doorOf(
  users: UserTable,
  single:
    | { readonly user: string | undefined; readonly password: string | undefined; readonly token: string | undefined }
    | undefined,
  noAuthUser: string | undefined,
  mapsCertificates: boolean,
): Door {
  const name = text(single?.user);
  const token = text(single?.token);
  return {
    user: name === undefined ? undefined : { name, password: new Secret(single?.password ?? "") },
    token: token === undefined ? undefined : new Secret(token),
    noAuthUser,
    mapsCertificates,
    required: !users.isEmpty || name !== undefined || token !== undefined,
  };
}

/** What stands in the way of this user coming like that, whatever it knows. */
function refusalFor(user: KnownUser, { kind, type, isProxied }: Credentials): Refusal | undefined {
  const { connectionTypes } = user;
  if (connectionTypes.size > 0 && !connectionTypes.has(type ?? connectionTypeOf[kind])) return "connectionType";
  return user.proxyRequired && isProxied !== true ? "proxyRequired" : undefined;
}

function accepted(identity: Identity, warning?: string): Verdict {
  return { ok: true, identity, warning };
}

function refused(reason: Refusal, { nkey, user, token }: Credentials): Verdict {
  let who = "";
  if (nkey !== "") who = ` - Nkey ${quoted(byteString(nkey))}`;
  else if (user !== "") who = ` - User ${quoted(byteString(user))}`;
  else if (token !== "") who = ` - Token "${REDACTED}"`;
  return { ok: false, reason, logText: `authentication error${who}` };
}

function nothing(kind: TransportKind): Credentials {
  return { user: "", pass: "", token: "", nkey: "", sig: "", jwt: "", nonce: "", kind, tls: undefined };
}

/** Base64 as for URLs without padding, or the standard one with it: nothing else is taken. */
function decodeSignature(sig: string): Uint8Array | undefined {
  if (/^[A-Za-z0-9_-]{86}$/.test(sig)) return Buffer.from(sig, "base64url");
  return /^[A-Za-z0-9+/]{86}==$/.test(sig) ? Buffer.from(sig, "base64") : undefined;
}

/** An empty text is none. */
function text(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
