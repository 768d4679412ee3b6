// Who a client is by its user token: the checks of nats-server in operator mode, in its order.
//
// Asks the trust store for the account, which may take a while. Knows nothing
// of connections; whether an authorization service decides afterwards is for
// whoever asks (`TrustedAccount.hasCallout`). What a peer sends never throws.
// Source: auth facts §7, conformance/facts/jwt.md.

import type { ConnectionType, Permissions } from "../../config/options.ts";
import { decodeSignature } from "../jwt/base64url.ts";
import { connectionTypesOf } from "../jwt/connection_types.ts";
import type { Issues } from "../jwt/issues.ts";
import { JwtError } from "../jwt/jwt_error.ts";
import { isAllowedSource } from "../jwt/source_address.ts";
import { quoted } from "../jwt/subject_rules.ts";
import { applyTemplate } from "../jwt/template.ts";
import { windowAt } from "../jwt/time_windows.ts";
import { decodeUserClaims } from "../jwt/token.ts";
import { hasEmptyPermissions, type UserClaims, type UserPermissionLimits } from "../jwt/user_claims.ts";
import { type Today, validateUser } from "../jwt/validate.ts";
import { verify } from "../nkey.ts";
import { limitOf, permissionsOf } from "./claim_permissions.ts";
import type { TrustStore } from "./trust_store.ts";
import type { TrustedAccount } from "./trusted_account.ts";

/** What a client shows. */
export interface TokenLogin {
  /** `jwt` of CONNECT, or MQTT's password; empty when there is none. */
  readonly token: string;
  readonly sig: string;
  /** The challenge in the INFO it was sent. */
  readonly nonce: string;
  readonly type: ConnectionType;
  /** Its IP address; empty when it has none. */
  readonly host: string;
  /** It came through a trusted proxy. */
  readonly isProxied: boolean;
}

/** A user of an account, for one connection. */
export interface TokenUser {
  readonly account: TrustedAccount;
  readonly publicKey: string;
  /** The name in the token, empty when it has none. */
  readonly name: string;
  readonly tags: readonly string[];
  /** Who signed it. */
  readonly issuer: string;
  /** The account's signing key that signed it; undefined when the account did itself. */
  readonly signingKey: string | undefined;
  readonly issuedAtSec: number;
  readonly token: string;
  readonly isBearer: boolean;
  /** Undefined when everything is allowed. */
  readonly permissions: Permissions | undefined;
  /** They are the account's, and change with it. */
  readonly hasDefaultPermissions: boolean;
  /** -1 is none; 0 lets nothing through. */
  readonly maxSubscriptions: number;
  readonly maxPayload: number;
  /** Empty means all. */
  readonly connectionTypes: ReadonlySet<ConnectionType>;
  /** Milliseconds of the wall clock after which it has to leave; undefined is never. */
  readonly expiresInMs: number | undefined;
}

export type LoginRefusal =
  /** It has none, or one that is no user's. */
  | "token"
  | "proxyRequired"
  /** Expired, not yet valid, or nonsense. */
  | "invalid"
  | "pinned"
  | "account"
  | "issuer"
  | "bearer"
  | "connectionType"
  | "signature"
  | "revoked"
  | "source"
  | "times";

export type LoginVerdict =
  | { readonly ok: true; readonly user: TokenUser }
  | {
      readonly ok: false;
      readonly reason: LoginRefusal;
      /** For the log: as a debug line, unless `isError`. */
      readonly text: string;
      readonly isError: boolean;
      /** Where it got as far as that: the account, and the user's public key. */
      readonly account: TrustedAccount | undefined;
      readonly user: string;
    };

/** Never rejects. At once when the account is known. */
export function logIn(login: TokenLogin, store: TrustStore, now: Moment): LoginVerdict | Promise<LoginVerdict> {
  const given = bestToken(login.token, store.trust.defaultSentinel);
  if (given instanceof JwtError) return refused("token", given.text);
  const { token, claims } = given;
  if (claims.nats.proxy_required && !login.isProxied) return refused("proxyRequired", "Proxy Required");
  const today: Today = { nowSec: now.wallSec(), zones: store.zones };
  const issues = validateUser(claims, today);
  if (issues.blocks(true)) return refused("invalid", `User JWT no longer valid: ${shown(issues)}`);
  const issuer = claims.nats.issuer_account || claims.iss;
  if (!store.trust.isPinned(issuer))
    return refused("pinned", `Account ${issuer} not listed as operator pinned account`);
  const conclude = (account: TrustedAccount | JwtError): LoginVerdict => {
    if (account instanceof JwtError) return refused("account", `Account JWT lookup error: ${account.text}`);
    return checkUser(token, claims, account, login, store, now);
  };
  const account = store.lookup(issuer, login.host);
  return account instanceof Promise ? account.then(conclude) : conclude(account);
}

/** The wall clock, as `Env` has it. */
export interface Moment {
  wallSec(): number;
  wallNanos(): number;
}

/**
 * What a user may do under its account: its own word, or the scope's of the key that signed it. An error says why the
 * key may not sign it.
 */
export function limitsOf(claims: UserClaims, account: TrustedAccount): UserPermissionLimits | JwtError {
  if (!account.signs(claims.iss)) return new JwtError("User JWT issuer is not known");
  const scope = account.scopeOf(claims.iss);
  if (scope === undefined) return claims.nats;
  if (!hasEmptyPermissions(claims)) {
    return new JwtError("User JWT is not valid: scoped users require no permissions or limits set");
  }
  const filled = applyTemplate(scope.template, claims, account);
  return filled instanceof JwtError ? new JwtError("User JWT generated invalid permissions") : filled;
}

/** The user that claims make under limits that hold for it. */
export function userOf(
  token: string,
  claims: UserClaims,
  limits: UserPermissionLimits,
  account: TrustedAccount,
  expiresInMs: number | undefined,
): TokenUser {
  const own = permissionsOf(limits);
  return {
    account,
    publicKey: claims.sub,
    name: claims.name,
    tags: claims.nats.tags,
    issuer: claims.iss,
    signingKey: claims.nats.issuer_account === "" ? undefined : claims.iss,
    issuedAtSec: claims.iat,
    token,
    isBearer: limits.bearer_token,
    permissions: own ?? account.defaultPermissions,
    hasDefaultPermissions: own === undefined,
    maxSubscriptions: limitOf(limits.subs),
    maxPayload: limitOf(limits.payload),
    connectionTypes: connectionTypesOf(limits.allowed_connection_types) ?? new Set(),
    expiresInMs,
  };
}

/** Until a token is over: by its expiry, in whole seconds of the clock, or by the end of the window it is in. */
export function expiresIn(exp: number, windowMs: number | undefined, nowSec: number): number | undefined {
  if (exp === 0) return windowMs;
  const tokenMs = Math.max(0, exp - nowSec) * 1000;
  return windowMs === undefined ? tokenMs : Math.min(tokenMs, windowMs);
}

function checkUser(
  token: string,
  claims: UserClaims,
  account: TrustedAccount,
  login: TokenLogin,
  store: TrustStore,
  now: Moment,
): LoginVerdict {
  const no = (reason: LoginRefusal, text: string, isError = false): LoginVerdict =>
    refused(reason, text, isError, account, claims.sub);
  if (!store.trust.isTrusted(account.claims.iss)) return no("account", "Account JWT not signed by trusted operator");
  const limits = limitsOf(claims, account);
  if (limits instanceof JwtError) return no("issuer", limits.text);
  // A scope may ask for it too, which nats-server overlooks.
  if (limits.proxy_required && !login.isProxied) return no("proxyRequired", "Proxy Required");
  if (store.isExpired(account.publicKey)) return no("account", "Account JWT has expired");
  if (limits.bearer_token && account.claims.nats.limits.disallow_bearer) {
    return no("bearer", "Account does not allow bearer tokens");
  }
  const types = connectionTypesOf(limits.allowed_connection_types);
  if (types === undefined) {
    const names = limits.allowed_connection_types.map((name) => quoted(name.toUpperCase()));
    return no("connectionType", `invalid connection types [${names.join(" ")}]`);
  }
  if (types.size > 0 && !types.has(login.type)) return no("connectionType", "Connection type not allowed");
  const unsigned = limits.bearer_token ? undefined : signatureFault(claims.sub, login);
  if (unsigned !== undefined) return no("signature", unsigned);
  if (account.isRevoked(claims.sub, claims.iat)) return no("revoked", "User authentication revoked");
  if (!isAllowedSource(limits.src, login.host)) return no("source", `Bad src Ip ${login.host}`, true);
  const window = windowAt(limits, now.wallSec() * 1000 + now.wallNanos() / 1e6, store.zones);
  if (!window.open) return no("times", "Outside connect times", true);
  const expiresInMs = expiresIn(claims.exp, window.forMs, now.wallSec());
  return { ok: true, user: userOf(token, claims, limits, account, expiresInMs) };
}

/** The client's own token when it is a user's, else the one of those that bring none. */
function bestToken(own: string, sentinel: string): { token: string; claims: UserClaims } | JwtError {
  const claims = own === "" ? undefined : decodeUserClaims(own);
  if (claims !== undefined && !(claims instanceof JwtError)) return { token: own, claims };
  if (sentinel === "") return new JwtError("Authentication requires a user JWT");
  const others = decodeUserClaims(sentinel);
  if (others instanceof JwtError) return new JwtError(`User JWT not valid: ${others.text}`);
  return { token: sentinel, claims: others };
}

function signatureFault(publicKey: string, { sig, nonce }: TokenLogin): string | undefined {
  if (sig === "") return "Signature missing";
  const signature = decodeSignature(sig);
  if (signature === undefined) return "Signature not valid base64";
  // Without a challenge a signature says nothing.
  const isSigned = nonce !== "" && verify(publicKey, Buffer.from(nonce, "latin1"), signature);
  return isSigned ? undefined : "Signature not verified";
}

function refused(
  reason: LoginRefusal,
  text: string,
  isError = false,
  account?: TrustedAccount,
  user = "",
): LoginVerdict & { readonly ok: false } {
  return { ok: false, reason, text, isError, account, user };
}

function shown(issues: Issues): string {
  return issues.all.map(({ text }) => text).join("; ");
}
