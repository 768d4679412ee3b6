// Authorization by a service of the account: what it is asked, and what its answer makes of a client.
//
//   request   signed by the server:  about whom, for which account, under which new user key
//   response  signed by the account: a refusal, or a user token for just that key
//
// Pure: who sends, waits and seals is elsewhere (`open` of the answer is given
// in, so that nothing here loads what sealing needs). Errors are the texts that
// nats-server logs. Source: auth facts §6, conformance/facts/jwt.md.

import type { AuthorizationRequestInput } from "../jwt/authorization_claims.ts";
import { connectionTypesOf } from "../jwt/connection_types.ts";
import { encodeToken } from "../jwt/encode.ts";
import { JwtError } from "../jwt/jwt_error.ts";
import { NO_LIMIT } from "../jwt/kinds.ts";
import { quoted } from "../jwt/subject_rules.ts";
import { applyTemplate } from "../jwt/template.ts";
import { windowAt } from "../jwt/time_windows.ts";
import { decodeAuthorizationResponse, decodeUserClaims } from "../jwt/token.ts";
import { hasEmptyPermissions, type UserClaims, type UserPermissionLimits } from "../jwt/user_claims.ts";
import { type Today, validateAuthorizationResponse, validateUser } from "../jwt/validate.ts";
import type { KeyPair } from "../nkey.ts";
import { expiresIn, type Moment, type TokenUser, userOf } from "./login.ts";
import type { TrustStore } from "./trust_store.ts";
import type { TrustedAccount } from "./trusted_account.ts";

/** Where requests go in the account of the service, for whom, and with which header. */
export const CALLOUT_SUBJECT = "$SYS.REQ.USER.AUTH";
export const CALLOUT_AUDIENCE = "nats-authorization-request";
export const CALLOUT_XKEY_HEADER = "Nats-Server-Xkey";

export type CalloutDetails = Omit<NonNullable<AuthorizationRequestInput["nats"]>, "tags" | "type" | "version">;

/** The token of a request. `issuer` is the account's key that will sign the answer. */
export function encodeCalloutRequest(
  issuer: string,
  details: CalloutDetails,
  expiresAtSec: number,
  server: KeyPair,
  nowSec: number,
): string | JwtError {
  const claims = { sub: issuer, aud: CALLOUT_AUDIENCE, exp: expiresAtSec, nats: details };
  return encodeToken("authorization_request", claims, server, nowSec);
}

/** What was asked, as far as the answer has to fit it. */
export interface CalloutQuestion {
  /** The user key made for this one connection. */
  readonly userKey: string;
  readonly serverId: string;
  /** Name of the account that runs the service; its public key in operator mode. */
  readonly accountName: string;
  /** Who signs users: the configuration's issuer; in operator mode undefined. */
  readonly issuer: string | undefined;
  /** The account that runs the service, in operator mode. */
  readonly account: TrustedAccount | undefined;
  /** Opens a sealed answer; undefined when the question was not sealed. A text is why it did not open. */
  readonly open: ((sealed: Uint8Array) => Uint8Array | string) | undefined;
  /** The client came through a trusted proxy, or none is wanted. */
  readonly isProxied: boolean;
}

export type CalloutAnswer =
  | {
      readonly ok: true;
      readonly claims: UserClaims;
      readonly token: string;
      /** The account the user goes to: by name, in operator mode by public key. */
      readonly placement: string;
      readonly expiresInMs: number | undefined;
    }
  | { readonly ok: false; readonly text: string; readonly isProxyRequired: boolean };

/** Reads the answer of a service: any bytes. */
export function readCalloutAnswer(
  payload: Uint8Array,
  question: CalloutQuestion,
  store: Pick<TrustStore, "zones">,
  now: Moment,
): CalloutAnswer {
  const today: Today = { nowSec: now.wallSec(), zones: store.zones };
  const token = userTokenOf(payload, question, today);
  if (token instanceof JwtError) return refused(token.text);
  const claims = decodeUserClaims(token);
  if (claims instanceof JwtError) return refused(claims.text);
  if (claims.nats.proxy_required && !question.isProxied) {
    return { ok: false, text: "Proxy Required", isProxyRequired: true };
  }
  const [issue] = validateUser(claims, today).all;
  if (issue !== undefined) return refused(`Error validating user JWT: ${issue.text}`);
  const { accountName: name, userKey } = question;
  if (claims.sub !== userKey) {
    return refused(
      `Expected authorized user of ${quoted(userKey)} but got ${quoted(claims.sub)} on account ${quoted(name)}`,
    );
  }
  const window = windowAt(claims.nats, now.wallSec() * 1000 + now.wallNanos() / 1e6, store.zones);
  if (!window.open) return refused(`authorized user on account ${quoted(name)} outside of valid connect times`);
  if (connectionTypesOf(claims.nats.allowed_connection_types) === undefined) {
    return refused(`authorized user on account ${quoted(name)} using invalid connection type`);
  }
  const placement = placementOf(claims, question);
  if (placement instanceof JwtError) return refused(placement.text);
  return { ok: true, claims, token, placement, expiresInMs: expiresIn(claims.exp, window.forMs, now.wallSec()) };
}

/**
 * In operator mode: the user that the answer makes in the account it is placed in. Its token's limits of subscriptions
 * and payload do not hold, as in nats-server: services leave them out, which elsewhere means 0.
 */
export function placeCalloutUser(
  { token, claims, expiresInMs }: Extract<CalloutAnswer, { readonly ok: true }>,
  account: TrustedAccount,
): TokenUser | JwtError {
  if (!account.signs(claims.iss)) return new JwtError(`User JWT issuer ${quoted(claims.iss)} is not known`);
  const scope = account.scopeOf(claims.iss);
  const placed = (limits: UserPermissionLimits): TokenUser => ({
    ...userOf(token, claims, limits, account, expiresInMs),
    maxSubscriptions: NO_LIMIT,
    maxPayload: NO_LIMIT,
  });
  if (scope === undefined) return placed(claims.nats);
  if (!hasEmptyPermissions(claims)) {
    return new JwtError("User JWT is not valid: scoped users require no permissions or limits set");
  }
  const limits = applyTemplate(scope.template, claims, account);
  if (limits instanceof JwtError) return new JwtError(`User JWT generated invalid permissions: ${limits.text}`);
  return placed(limits);
}

/** The user's token in the response, which is held to the question. */
function userTokenOf(payload: Uint8Array, question: CalloutQuestion, today: Today): string | JwtError {
  const { accountName: name, account, open } = question;
  if (payload.length === 0) {
    return new JwtError(`auth callout violation: "no reason supplied" on account ${quoted(name)}`);
  }
  let text = Buffer.from(payload).toString("utf8");
  let isSealed = false;
  if (open !== undefined && !text.startsWith("eyJ")) {
    const opened = open(payload);
    if (typeof opened === "string") {
      return new JwtError(`error decrypting auth callout response on account ${quoted(name)}: ${opened}`);
    }
    text = Buffer.from(opened).toString("utf8");
    isSealed = true;
  }
  const response = decodeAuthorizationResponse(text);
  if (response instanceof JwtError) return response;
  const { nats, sub, aud, iss } = response;
  const [issue] = validateAuthorizationResponse(response, today).all;
  if (issue !== undefined) return new JwtError(`authorization response had validation errors: ${issue.text}`);
  if (sub !== question.userKey) {
    return new JwtError("auth callout violation: auth callout response is not for expected user");
  }
  if (aud !== question.serverId) return new JwtError("auth callout violation: auth callout response is not for server");
  if (nats.error !== "") return new JwtError(`auth callout service returned an error: ${nats.error}`);
  // A sealed one is the service's: nobody else could seal it.
  const signer = nats.issuer_account || iss;
  if (account !== undefined && !isSealed && signer !== account.publicKey && !account.signs(signer)) {
    return new JwtError("auth callout signing key is unknown");
  }
  return nats.jwt;
}

function placementOf(claims: UserClaims, { account, issuer, accountName }: CalloutQuestion): string | JwtError {
  const { issuer_account } = claims.nats;
  if (account === undefined) {
    if (issuer_account !== "") {
      return new JwtError(`error non operator mode account ${quoted(accountName)}: attempted to use issuer_account`);
    }
    if (claims.iss === issuer) return claims.aud;
    return new JwtError(
      `wrong issuer for auth callout response on account ${quoted(accountName)}, expected ${quoted(issuer ?? "")} got ${quoted(claims.iss)}`,
    );
  }
  const placement = issuer_account || claims.iss;
  if (placement === account.publicKey || account.mayPlaceIn(placement)) return placement;
  return new JwtError(
    `account ${quoted(claims.iss)} not permitted as valid account option for auth callout for account ${quoted(accountName)}`,
  );
}

function refused(text: string): CalloutAnswer {
  return { ok: false, text: text.charAt(0).toUpperCase() + text.slice(1), isProxyRequired: false };
}
