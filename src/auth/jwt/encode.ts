// Writes tokens, byte for byte as nats-io/jwt v2 would with the same key at the same second.
//
// A server signs its requests to an authorization service; accounts, users and
// the rest are for tests and tools.

import { createHash } from "node:crypto";
import { encodeBase32 } from "../../base/base32.ts";
import { encode, type Kind, record } from "../../base/json.ts";
import { isPublicKey, type KeyPair, type NkeyKind } from "../nkey.ts";
import { accountClaims, type AccountClaimsInput } from "./account_claims.ts";
import { activationClaims, type ActivationClaimsInput } from "./activation_claims.ts";
import {
  authorizationRequestClaims,
  type AuthorizationRequestInput,
  authorizationResponseClaims,
  type AuthorizationResponseInput,
} from "./authorization_claims.ts";
import { encodeBase64Url } from "./base64url.ts";
import { JwtError } from "./jwt_error.ts";
import { claimsData } from "./kinds.ts";
import { operatorClaims, type OperatorClaimsInput } from "./operator_claims.ts";
import { ALGORITHM, CLAIMS_VERSION, type ClaimsKind, issuersOf } from "./token.ts";
import { userClaims, type UserClaimsInput } from "./user_claims.ts";

/** What each kind of token is written from. Issuer, time of issue, id, type and version are filled in. */
export interface InputByKind {
  readonly operator: OperatorClaimsInput;
  readonly account: AccountClaimsInput;
  readonly user: UserClaimsInput;
  readonly activation: ActivationClaimsInput;
  readonly authorization_request: AuthorizationRequestInput;
  readonly authorization_response: AuthorizationResponseInput;
}
export type WritableKind = Exclude<ClaimsKind, "generic">;

/** A token signed by `signer` at `nowSec`; an error when the subject or the signer is not of the kind it takes. */
export function encodeToken<K extends WritableKind>(
  kind: K,
  claims: InputByKind[K],
  signer: KeyPair,
  nowSec: number,
): string | JwtError {
  const fault = subjectFault(kind, claims.sub ?? "");
  if (fault !== undefined) return new JwtError(fault);
  if (!issuersOf[kind].includes(signer.kind)) {
    return new JwtError(`unable to validate expected prefixes - [${issuersOf[kind].join(" ")}]`);
  }
  const issued = { ...claims, iss: signer.publicKey, iat: nowSec, jti: "" };
  const jti = encodeBase32(createHash("sha512-256").update(encode(standardClaims, issued)).digest());
  const nats = { ...claims.nats, type: kind, version: CLAIMS_VERSION };
  const table = tables[kind] as Kind<unknown, unknown>;
  const signed = `${HEADER}.${encodeBase64Url(Buffer.from(encode(table, { ...issued, jti, nats }), "utf8"))}`;
  return `${signed}.${encodeBase64Url(signer.sign(Buffer.from(signed, "latin1")))}`;
}

const HEADER = encodeBase64Url(Buffer.from(JSON.stringify({ typ: "JWT", alg: ALGORITHM })));
const standardClaims = record(claimsData);
const tables: { readonly [K in WritableKind]: Kind<never, InputByKind[K]> } = {
  operator: operatorClaims as never,
  account: accountClaims as never,
  user: userClaims as never,
  activation: activationClaims as never,
  authorization_request: authorizationRequestClaims as never,
  authorization_response: authorizationResponseClaims as never,
};

const subjects: Partial<Record<WritableKind, readonly [NkeyKind, string]>> = {
  operator: ["operator", "expected subject to be an operator public key"],
  account: ["account", "expected subject to be account public key"],
  user: ["user", "expected subject to be user public key"],
  activation: ["account", "expected subject to be an account"],
};

function subjectFault(kind: WritableKind, subject: string): string | undefined {
  if (subject === "") return "subject is not set";
  const rule = subjects[kind];
  return rule === undefined || isPublicKey(subject, rule[0]) ? undefined : rule[1];
}
