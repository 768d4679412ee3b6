// A resolver that asks an HTTP server: GET <url>/<public key> answers the token.
//
// Knows nothing of sockets: `HttpGet` is the world's. Nothing is kept here.

import { JwtError } from "../jwt/jwt_error.ts";
import { quoted } from "../jwt/subject_rules.ts";
import type { AccountResolver } from "./account_resolver.ts";

/** How long nats-server waits for an account, in milliseconds. */
export const FETCH_TIMEOUT_MS = 1900;

export interface HttpAnswer {
  readonly status: number;
  /** "404 Not Found". */
  readonly statusText: string;
  readonly body: string;
}
/** One GET with all redirects, at most `timeoutMs` long and a megabyte large; a text is why it failed. Never rejects. */
export type HttpGet = (url: string, timeoutMs: number) => Promise<HttpAnswer | string>;

export class UrlResolver implements AccountResolver {
  readonly isReadOnly = true;
  readonly tracksUpdates = false;
  readonly #url: string;
  readonly #get: HttpGet;

  constructor(url: string, get: HttpGet) {
    this.#url = url.endsWith("/") ? url : `${url}/`;
    this.#get = get;
  }

  async fetch(publicKey: string): Promise<string | JwtError> {
    const url = `${this.#url}${publicKey}`;
    const answer = await this.#get(url, FETCH_TIMEOUT_MS);
    const failure = typeof answer === "string" ? answer : answer.status === 200 ? undefined : answer.statusText;
    if (failure !== undefined) return new JwtError(`could not fetch <${quoted(withoutPassword(url))}>: ${failure}`);
    return (answer as HttpAnswer).body;
  }
  own(): undefined {
    return undefined;
  }
  store(): Promise<JwtError> {
    return Promise.resolve(new JwtError("store operation not supported for URL Resolver"));
  }
}

/** A URL as logs may show it. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/@:]*):[^/]*@/i, "$1:xxxxx@");
}
