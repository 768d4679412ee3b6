// Where a server finds the tokens of accounts, by public key.

import { JwtError } from "../jwt/jwt_error.ts";
import { isPublicKey } from "../nkey.ts";

export interface AccountResolver {
  /** The token of an account as it came: nobody has looked at it. Never rejects. */
  fetch(publicKey: string): Promise<string | JwtError>;
  /** A token that is here already, so that nobody has to be asked; undefined where there is none. */
  own(publicKey: string): string | undefined;
  /** Keeps a token that was preloaded or looked up. An error also from a resolver that keeps none. Never rejects. */
  store(publicKey: string, token: string): Promise<JwtError | undefined>;
  /** Whether `store` can ever succeed. */
  readonly isReadOnly: boolean;
  /** Whether it says itself when a token changed; otherwise only asking again tells. */
  readonly tracksUpdates: boolean;
}

/** Asks a resolver for an account; for nothing that is no account's key. */
export async function fetchAccount(resolver: AccountResolver, publicKey: string): Promise<string | JwtError> {
  if (!isPublicKey(publicKey, "account")) return new JwtError("will only fetch valid account keys");
  return resolver.fetch(publicKey);
}

/** Tokens in memory: what the configuration preloads, and what is stored on the way. */
export class MemoryResolver implements AccountResolver {
  readonly isReadOnly = false;
  readonly tracksUpdates = false;
  readonly #tokens = new Map<string, string>();

  fetch(publicKey: string): Promise<string | JwtError> {
    return Promise.resolve(this.#tokens.get(publicKey) ?? new JwtError("account missing"));
  }
  own(publicKey: string): string | undefined {
    return this.#tokens.get(publicKey);
  }
  store(publicKey: string, token: string): Promise<undefined> {
    this.#tokens.set(publicKey, token);
    return Promise.resolve(undefined);
  }
}
