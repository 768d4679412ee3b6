// An account whose token a trusted operator signed, at one moment of its life: a new token makes a new one.
//
// Knows who may sign its users and which of them are void; nothing of where
// its token came from, nor of connections.

import type { Permissions } from "../../config/options.ts";
import { type AccountClaims, isRevoked, type UserScope } from "../jwt/account_claims.ts";
import { permissionsOf } from "./claim_permissions.ts";

export class TrustedAccount {
  readonly publicKey: string;
  readonly token: string;
  readonly claims: AccountClaims;
  /** What holds for users without permissions of their own; undefined when they may do everything. */
  readonly defaultPermissions: Permissions | undefined;
  readonly #signers: ReadonlyMap<string, UserScope | undefined>;

  /** `isStrict`: its identity key signs no users. The claims are valid. */
  constructor(claims: AccountClaims, token: string, isStrict: boolean) {
    this.publicKey = claims.sub;
    this.token = token;
    this.claims = claims;
    this.defaultPermissions = permissionsOf(claims.nats.default_permissions);
    const own: [string, undefined][] = isStrict ? [] : [[claims.sub, undefined]];
    this.#signers = new Map([...claims.nats.signing_keys, ...own]);
  }

  /** The name in the token, empty when it has none. */
  get name(): string {
    return this.claims.name;
  }
  get tags(): readonly string[] {
    return this.claims.nats.tags;
  }
  /** Users that go to the account's authorization service do so unless they are among its `auth_users`. */
  get hasCallout(): boolean {
    return this.claims.nats.authorization.auth_users.length > 0;
  }

  signs(key: string): boolean {
    return this.#signers.has(key);
  }
  /** What the signing key decides for its users; undefined for one without a scope, and for one that does not sign. */
  scopeOf(key: string): UserScope | undefined {
    return this.#signers.get(key);
  }
  isExpired(nowSec: number): boolean {
    return this.claims.exp !== 0 && this.claims.exp <= nowSec;
  }
  /** Whether what was issued to a user at this second is void. */
  isRevoked(user: string, issuedAtSec: number): boolean {
    return isRevoked(this.claims.nats.revocations, user, issuedAtSec);
  }
  /** Whether its authorization service may place users in another account. */
  mayPlaceIn(account: string): boolean {
    const { allowed_accounts } = this.claims.nats.authorization;
    if (allowed_accounts.length === 1 && allowed_accounts[0] === "*") return true;
    return allowed_accounts.includes(account);
  }
}
