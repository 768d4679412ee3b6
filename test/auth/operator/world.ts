// An operator with its accounts and users, as tokens, for tests of operator mode.

import { type InputByKind, encodeToken, type WritableKind } from "../../../src/auth/jwt/encode.ts";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import { decodeOperatorClaims } from "../../../src/auth/jwt/token.ts";
import { Trust, type TrustOptions } from "../../../src/auth/operator/trust.ts";
import { KeyPair, type NkeyKind } from "../../../src/auth/nkey.ts";

/** Always the same key for the same kind and number. */
export function key(kind: NkeyKind, number: number): KeyPair {
  return new KeyPair(kind, Buffer.alloc(32, number));
}

export const operatorKey = key("operator", 101);
export const operatorSigningKey = key("operator", 102);
export const strangerKey = key("operator", 103);

/** A second in which everything was issued. */
export const ISSUED_SEC = 1_700_000_000;
/** In 2100. */
export const FAR_SEC = 4_102_444_800;

export function sign<K extends WritableKind>(kind: K, claims: InputByKind[K], by: KeyPair, atSec = ISSUED_SEC): string {
  const token = encodeToken(kind, claims, by, atSec);
  if (token instanceof JwtError) throw new Error(token.text);
  return token;
}

export const NO_LIMITS = {
  subs: -1,
  data: -1,
  payload: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: -1,
};
export const NO_USER_LIMITS = { subs: -1, data: -1, payload: -1 };

type AccountNats = NonNullable<InputByKind["account"]["nats"]>;
type UserNats = NonNullable<InputByKind["user"]["nats"]>;

export function account(
  of: KeyPair,
  nats: Partial<AccountNats> = {},
  more: Partial<InputByKind["account"]> = {},
  by: KeyPair = operatorSigningKey,
): string {
  return sign("account", { sub: of.publicKey, name: "acc", ...more, nats: { limits: NO_LIMITS, ...nats } }, by);
}

export function user(
  of: KeyPair,
  by: KeyPair,
  nats: Partial<UserNats> = {},
  more: Partial<InputByKind["user"]> = {},
  atSec = ISSUED_SEC,
): string {
  return sign("user", { sub: of.publicKey, name: "bob", ...more, nats: { ...NO_USER_LIMITS, ...nats } }, by, atSec);
}

/** A user that leaves everything to its scope. */
export function scopedUser(
  of: KeyPair,
  by: KeyPair,
  accountKey: string,
  nats: Partial<UserNats> = {},
  more: Partial<InputByKind["user"]> = {},
): string {
  return sign("user", { sub: of.publicKey, name: "bob", ...more, nats: { issuer_account: accountKey, ...nats } }, by);
}

export function operatorToken(isStrict: boolean, systemAccount = ""): string {
  return sign(
    "operator",
    {
      sub: operatorKey.publicKey,
      name: "O",
      nats: {
        signing_keys: [operatorSigningKey.publicKey],
        strict_signing_key_usage: isStrict,
        system_account: systemAccount,
      },
    },
    operatorKey,
  );
}

export function trustOptions(isStrict = false, more: Partial<TrustOptions> = {}): TrustOptions {
  const operator = decodeOperatorClaims(operatorToken(isStrict));
  if (operator instanceof JwtError) throw new Error(operator.text);
  return {
    operators: [operator],
    trustedKeys: [],
    systemAccount: "",
    defaultSentinel: "",
    pinnedAccounts: [],
    resolver: "memory",
    serverVersion: { major: 2, minor: 14, update: 5 },
    ...more,
  };
}

export function trust(isStrict = false, more: Partial<TrustOptions> = {}): Trust {
  const opened = Trust.open(trustOptions(isStrict, more));
  if (opened instanceof JwtError) throw new Error(opened.text);
  return opened;
}
