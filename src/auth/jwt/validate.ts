// Whether claims make sense, each kind by the rules of nats-io/jwt v2 and in its words.
//
// Knows nothing of trust: who signed is for operator/. Accounts, with all they
// hold, are in validate_account.ts.

import { isPublicKey } from "../nkey.ts";
import type { ActivationClaims } from "./activation_claims.ts";
import type { AuthorizationRequestClaims, AuthorizationResponseClaims } from "./authorization_claims.ts";
import { parseClockTime } from "./clock_time.ts";
import { urlOf } from "./go_url.ts";
import { Issues } from "./issues.ts";
import type { ClaimsData } from "./kinds.ts";
import type { OperatorClaims } from "./operator_claims.ts";
import { checkPermissionEntry, checkSubject, quoted } from "./subject_rules.ts";
import { isCidr } from "./source_address.ts";
import { isKnownZone, type Zones } from "./time_windows.ts";
import type { ClaimPermissions, UserClaims } from "./user_claims.ts";

/** What validity depends on besides the claims. */
export interface Today {
  readonly nowSec: number;
  readonly zones: Zones;
}

export function validateUser(claims: UserClaims, today: Today): Issues {
  const issues = new Issues();
  const { nats } = claims;
  checkTimes(claims, today, issues);
  checkPermissions(nats, issues);
  for (const cidr of nats.src) if (!isCidr(cidr)) issues.error(`invalid cidr ${quoted(cidr)} in user src limits`);
  for (const { start, end } of nats.times) {
    checkClockTime("start", start, issues);
    checkClockTime("end", end, issues);
  }
  if (nats.times_location !== "" && !isKnownZone(nats.times_location, today.zones)) {
    const isPath = /^[/\\]|\.\./.test(nats.times_location);
    const fault = isPath ? "time: invalid location name" : `unknown time zone ${nats.times_location}`;
    issues.error(`could not parse iana time zone by name: ${fault}`);
  }
  checkIssuerAccount(nats.issuer_account, "account_id is not an account public key", issues);
  return issues;
}

export function validateOperator(claims: OperatorClaims, today: Today): Issues {
  const issues = new Issues();
  const { nats } = claims;
  checkTimes(claims, today, issues);
  if (nats.account_server_url !== "") {
    const url = urlOf(nats.account_server_url);
    if (typeof url === "string") issues.error(`error parsing account server url: ${url}`);
    else if (url.scheme === "") {
      issues.error(`account server url ${quoted(nats.account_server_url)} requires a protocol`);
    }
  }
  for (const url of nats.operator_service_urls) {
    const fault = url === "" ? undefined : serviceUrlFault(url);
    if (fault !== undefined) issues.error(fault);
  }
  for (const key of nats.signing_keys) {
    if (!isPublicKey(key, "operator")) issues.error(`${key} is not an operator public key`);
  }
  if (nats.system_account !== "" && !isPublicKey(nats.system_account, "account")) {
    issues.error(`${nats.system_account} is not an account public key`);
  }
  const version = parseServerVersion(nats.assert_server_version);
  if (typeof version === "string") issues.error(`assert server version error: ${version}`);
  return issues;
}

/** `today` undefined: their times do not matter. */
export function validateActivation(claims: ActivationClaims, today: Today | undefined): Issues {
  const issues = new Issues();
  if (today !== undefined) checkTimes(claims, today, issues);
  if (claims.nats.kind === "") issues.error('invalid import type: "unknown"');
  checkSubject(claims.nats.subject, issues);
  checkIssuerAccount(claims.nats.issuer_account, "account_id is not an account public key", issues);
  return issues;
}

export function validateAuthorizationRequest(claims: AuthorizationRequestClaims, today: Today): Issues {
  const issues = new Issues();
  const { user_nkey } = claims.nats;
  if (user_nkey === "") issues.error("User nkey is required");
  else if (!isPublicKey(user_nkey, "user")) {
    issues.error(`User nkey ${quoted(user_nkey)} is not a valid user public key`);
  }
  checkTimes(claims, today, issues);
  return issues;
}

export function validateAuthorizationResponse(claims: AuthorizationResponseClaims, today: Today): Issues {
  const issues = new Issues();
  const { jwt, error, issuer_account } = claims.nats;
  if (!isPublicKey(claims.sub, "user")) issues.error("Subject must be a user public key");
  if (!isPublicKey(claims.aud, "server")) issues.error("Audience must be a server public key");
  if (error === "" && jwt === "") issues.error("Error or Jwt is required");
  if (error !== "" && jwt !== "") issues.error("Only Error or Jwt can be set");
  checkIssuerAccount(issuer_account, "issuer_account is not an account public key", issues);
  checkTimes(claims, today, issues);
  return issues;
}

/** Valid still in the second in which they expire, and in the one they begin in. */
export function checkTimes({ exp, nbf }: ClaimsData, { nowSec }: Today, issues: Issues): void {
  if (exp > 0 && nowSec > exp) issues.time("claim is expired");
  if (nbf > 0 && nbf > nowSec) issues.time("claim is not yet valid");
}

export function checkPermissions({ pub, sub }: ClaimPermissions, issues: Issues): void {
  for (const entry of [...sub.allow, ...sub.deny]) checkPermissionEntry(entry, true, issues);
  for (const entry of [...pub.allow, ...pub.deny]) checkPermissionEntry(entry, false, issues);
}

export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  readonly update: number;
}

/** A text is what is wrong with it. No version at all is 0.0.0. */
export function parseServerVersion(version: string): ServerVersion | string {
  if (version === "") return { major: 0, minor: 0, update: 0 };
  const parts = version.split(".");
  if (parts.length !== 3) return "asserted server version must be of the form <major>.<minor>.<update>";
  const bad = parts.find((part) => !/^[+-]?\d+$/.test(part));
  if (bad !== undefined) return `asserted server version cant parse ${bad} to int`;
  const [major = 0, minor = 0, update = 0] = parts.map(Number);
  if (major < 0 || minor < 0 || update < 0) {
    return `asserted server version can'b contain negative values: ${version}`;
  }
  return { major, minor, update };
}

function checkClockTime(which: "start" | "end", time: string, issues: Issues): void {
  if (time === "") issues.error(`time ranges ${which} must contain ${which === "start" ? "a start" : "an end"}`);
  else if (parseClockTime(time) === undefined) issues.error(`${which} in time range is invalid ${quoted(time)}`);
}

function checkIssuerAccount(key: string, otherwise: string, issues: Issues): void {
  if (key !== "" && !isPublicKey(key, "account")) issues.error(otherwise);
}

function serviceUrlFault(input: string): string | undefined {
  const shown = `operator service url ${quoted(input)}`;
  const url = urlOf(input);
  if (typeof url === "string") return `error parsing ${shown}: ${url}`;
  if (url.hasUser) return `${shown} - credentials are not supported`;
  if (url.path !== "") return `${shown} - paths are not supported`;
  if (["nats", "tls", "ws", "wss"].includes(url.scheme)) return undefined;
  return `${shown} - protocol not supported (only 'nats', 'tls', 'ws', 'wss' only)`;
}
