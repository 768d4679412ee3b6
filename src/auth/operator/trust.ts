// Whom a server in operator mode trusts: the keys that may sign accounts.
//
// Owns no tokens. Source: auth facts §7, conformance/facts/jwt.md.

import { JwtError } from "../jwt/jwt_error.ts";
import type { OperatorClaims } from "../jwt/operator_claims.ts";
import { quoted } from "../jwt/subject_rules.ts";
import { decodeUserClaims } from "../jwt/token.ts";
import { hasEmptyPermissions } from "../jwt/user_claims.ts";
import { parseServerVersion, type ServerVersion } from "../jwt/validate.ts";
import { isPublicKey } from "../nkey.ts";

/** What the configuration says of trust. */
export interface TrustOptions {
  readonly operators: readonly OperatorClaims[];
  readonly trustedKeys: readonly string[];
  /** Empty when the configuration names none. */
  readonly systemAccount: string;
  /** Token of clients that bring none; empty when there is none. */
  readonly defaultSentinel: string;
  /** Empty when every account may be used. */
  readonly pinnedAccounts: readonly string[];
  /** "none" is an error with operators; "directory" speaks over the system account. */
  readonly resolver: "none" | "memory" | "url" | "directory";
  readonly serverVersion: ServerVersion;
}

export class Trust {
  readonly operators: readonly OperatorClaims[];
  /** Public key of the system account; empty when nobody names one. */
  readonly systemAccount: string;
  readonly defaultSentinel: string;
  readonly #keys: ReadonlySet<string>;
  readonly #strictKeys: ReadonlySet<string>;
  readonly #pinned: ReadonlySet<string> | undefined;

  private constructor(options: TrustOptions, keys: readonly string[]) {
    const { operators, pinnedAccounts } = options;
    this.operators = operators;
    const own = operators.length === 1 ? operators[0]!.nats.system_account : "";
    this.systemAccount = options.systemAccount || own;
    this.defaultSentinel = options.defaultSentinel;
    this.#keys = new Set(keys);
    const strict = operators.filter(({ nats }) => nats.strict_signing_key_usage);
    this.#strictKeys = new Set(strict.flatMap(({ nats }) => nats.signing_keys));
    // The system account can always connect.
    this.#pinned =
      pinnedAccounts.length === 0
        ? undefined
        : new Set([...pinnedAccounts, this.systemAccount].filter((key) => key !== ""));
  }

  /** An error is the text with which nats-server refuses to start. */
  static open(options: TrustOptions): Trust | JwtError {
    const { operators, trustedKeys, pinnedAccounts } = options;
    const fault = operators.length === 0 ? faultWithoutOperators(options) : faultOf(options);
    if (fault !== undefined) return new JwtError(fault);
    const keys = [
      ...trustedKeys,
      ...operators.flatMap(({ sub, nats }) => [...(nats.strict_signing_key_usage ? [] : [sub]), ...nats.signing_keys]),
    ];
    const badKey = keys.find((key) => !isPublicKey(key, "operator"));
    if (badKey !== undefined) {
      return new JwtError(`trusted Keys ${quoted(badKey)} are required to be a valid public operator nkey`);
    }
    const badAccount = pinnedAccounts.find((key) => !isPublicKey(key, "account"));
    if (badAccount !== undefined) {
      return new JwtError(`pinned account key ${quoted(badAccount)} is not a valid public account nkey`);
    }
    return new Trust(options, keys);
  }

  /** Whether `issuer` may sign accounts. */
  isTrusted(issuer: string): boolean {
    return this.#keys.has(issuer);
  }
  /** Whether an account that `issuer` signed must not sign users with its identity key. */
  isStrict(issuer: string): boolean {
    return this.#strictKeys.has(issuer);
  }
  /** Whether users of this account may connect here. */
  isPinned(account: string): boolean {
    return this.#pinned === undefined || this.#pinned.has(account);
  }
}

function faultWithoutOperators({ defaultSentinel, resolver }: TrustOptions): string | undefined {
  if (defaultSentinel !== "") return "default sentinel requires operators and accounts";
  // It answers to its operator, who has to be known by more than a key.
  return resolver === "directory" ? "Could not start resolver: no operator key found" : undefined;
}

function faultOf(options: TrustOptions): string | undefined {
  const { operators, trustedKeys, systemAccount, resolver } = options;
  const sentinel = sentinelFault(options.defaultSentinel);
  if (sentinel !== undefined) return sentinel;
  if (resolver === "none") return "operators require an account resolver to be configured";
  if (trustedKeys.length > 0) return "conflicting options for 'TrustedKeys' and 'TrustedOperators'";
  const named = operators.map(({ nats }) => nats.system_account);
  if (systemAccount !== "") {
    if (named.some((name) => name !== "") && !named.includes(systemAccount)) {
      return "system_account in config and operator JWT must be identical";
    }
  } else if (named[0] === "" && resolver === "directory") {
    return "using nats based account resolver - the system account needs to be specified in configuration or the operator jwt";
  }
  for (const operator of operators) {
    const fault = versionFault(operator, options.serverVersion);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function sentinelFault(token: string): string | undefined {
  if (token === "") return undefined;
  const claims = decodeUserClaims(token);
  if (claims instanceof JwtError) return "default sentinel JWT not valid";
  const { bearer_token, issuer_account } = claims.nats;
  // A user of a scope, which may make it a bearer.
  const isScoped = issuer_account !== "" && hasEmptyPermissions(claims);
  return bearer_token || isScoped ? undefined : "default sentinel must be a bearer token";
}

function versionFault({ sub, nats }: OperatorClaims, server: ServerVersion): string | undefined {
  const wanted = parseServerVersion(nats.assert_server_version);
  if (typeof wanted === "string") {
    return `operator ${sub} expects version ${nats.assert_server_version} got error instead: ${wanted}`;
  }
  for (const part of ["major", "minor", "update"] as const) {
    if (wanted[part] > server[part]) {
      return `operator ${sub} expected ${part} version ${wanted[part]} > server ${part} version ${server[part]}`;
    }
    if (wanted[part] < server[part]) return undefined;
  }
  return undefined;
}
