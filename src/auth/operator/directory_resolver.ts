// The resolver that keeps tokens in a directory and asks other servers for those it has not: "full" and "cache".
//
// How others are asked (`$SYS.REQ.ACCOUNT.<key>.CLAIMS.LOOKUP`) is for whoever calls `attach`.

import { JwtError } from "../jwt/jwt_error.ts";
import type { AccountResolver } from "./account_resolver.ts";
import type { TokenDirectory } from "./token_directory.ts";

/** A cache without a limit of its own holds so many accounts. */
export const DEFAULT_CACHE_LIMIT = 1000;

/**
 * Asks all servers that are there for an account's token: the first answer that is not empty, an error when all are, or
 * when nobody answered in time. Never rejects.
 */
export type PeerLookup = (publicKey: string) => Promise<string | JwtError>;

export class DirectoryResolver implements AccountResolver {
  readonly isReadOnly = false;
  readonly tracksUpdates = true;
  readonly directory: TokenDirectory;
  #lookup: PeerLookup | undefined;

  constructor(directory: TokenDirectory) {
    this.directory = directory;
  }

  /** From now on other servers are asked too. */
  attach(lookup: PeerLookup | undefined): void {
    this.#lookup = lookup;
  }

  own(publicKey: string): string | undefined {
    const token = this.directory.load(publicKey);
    return typeof token === "string" && token !== "" ? token : undefined;
  }

  async fetch(publicKey: string): Promise<string | JwtError> {
    const own = this.directory.load(publicKey);
    if (typeof own === "string" && own !== "") return own;
    if (this.#lookup === undefined) return own instanceof JwtError ? own : new JwtError("account jwt not found");
    const found = await this.#lookup(publicKey);
    if (found instanceof JwtError) return found;
    return (await this.directory.saveIfNewer(publicKey, found)) ?? found;
  }

  store(publicKey: string, token: string): Promise<JwtError | undefined> {
    return this.directory.saveIfNewer(publicKey, token);
  }
}
