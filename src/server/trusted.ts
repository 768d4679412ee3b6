// Whom a server trusts, as its options say: operators, and where the tokens of
// their accounts are.

import { JwtError } from "../auth/jwt/jwt_error.ts";
import { tokenOfFile } from "../auth/jwt/decorated.ts";
import type { OperatorClaims } from "../auth/jwt/operator_claims.ts";
import { decodeOperatorClaims } from "../auth/jwt/token.ts";
import { parseServerVersion } from "../auth/jwt/validate.ts";
import { Trust } from "../auth/operator/trust.ts";
import type { ServerOptions } from "../config/options.ts";
import { ConfigError } from "../config/problems.ts";
import { NATS_VERSION } from "./version.ts";

/** Whom a server trusts, before anything is opened. */
export interface Trusted {
  readonly trust: Trust;
  /** The tokens of the operators. */
  readonly tokens: readonly string[];
  /** The options with what the operators say in them. */
  readonly options: ServerOptions;
  readonly resolver: ServerOptions["resolver"];
  /** The URL of the resolver is in the configuration, so it has to answer; what an operator names may come later. */
  readonly mustAnswer: boolean;
}

/** Reads what the options say of trust. Throws ConfigError with nats-server's text. */
export function readTrust(options: ServerOptions): Trusted {
  const tokens = options.operator.map(tokenOfFile);
  const operators = tokens.map((token): OperatorClaims => {
    const claims = decodeOperatorClaims(token);
    if (claims instanceof JwtError) throw new ConfigError(`error parsing operator JWT: ${claims.text}`);
    return claims;
  });
  const version = parseServerVersion(NATS_VERSION);
  if (typeof version === "string") throw new ConfigError(version);
  const resolver = options.resolver ?? urlOf(operators);
  const trust = Trust.open({
    operators,
    trustedKeys: options.trusted_keys,
    systemAccount: options.system_account ?? "",
    defaultSentinel: options.default_sentinel ?? "",
    pinnedAccounts: options.resolver_pinned_accounts,
    resolver: kindOf(resolver),
    serverVersion: version,
  });
  if (trust instanceof JwtError) throw new ConfigError(trust.text);
  const { systemAccount } = trust;
  return {
    trust,
    tokens,
    options: { ...options, resolver, ...(systemAccount === "" ? {} : { system_account: systemAccount }) },
    resolver,
    mustAnswer: options.resolver?.type === "url",
  };
}

/** What kind of resolver that is. */
export function kindOf(resolver: ServerOptions["resolver"]): "none" | "memory" | "url" | "directory" {
  if (resolver === undefined) return "none";
  return resolver.type === "full" || resolver.type === "cache" ? "directory" : resolver.type;
}

/** Where a single operator says that its accounts are. */
function urlOf(operators: readonly OperatorClaims[]): { readonly type: "url"; readonly url: string } | undefined {
  const url = operators.length === 1 ? operators[0]!.nats.account_server_url : "";
  return url === "" ? undefined : { type: "url", url: `${url}/accounts` };
}
