// What a new token of an account means for a user that is connected under the old one.

import { isRevoked, type UserScope } from "../jwt/account_claims.ts";
import type { TokenUser } from "./login.ts";
import type { TrustedAccount } from "./trusted_account.ts";

/**
 * Why a user has to leave: told `User Authentication Revoked`, told of an authorization violation, or closed for one
 * without a word.
 */
export type Farewell = "revoked" | "bearer" | "signingKey";

/** The user under the account's new token, or why it has to leave. The end of its time stays what it was. */
export function renew(user: TokenUser, account: TrustedAccount): TokenUser | Farewell {
  const { revocations, limits } = account.claims.nats;
  if (user.isBearer && limits.disallow_bearer) return "bearer";
  // Where something is revoked, a token that does not say when it was issued is too.
  const isVoid = user.issuedAtSec === 0 || isRevoked(revocations, user.publicKey, user.issuedAtSec);
  if (isVoid && (revocations.size > 0 || limits.disallow_bearer)) return "revoked";
  const { signingKey } = user;
  if (signingKey !== undefined) {
    const isSame = sameScope(user.account.scopeOf(signingKey), account.scopeOf(signingKey));
    if (!account.signs(signingKey) || !isSame) return "signingKey";
  }
  const permissions = user.hasDefaultPermissions ? account.defaultPermissions : user.permissions;
  return { ...user, account, permissions };
}

function sameScope(before: UserScope | undefined, after: UserScope | undefined): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}
