// Where the tokens of accounts are: a resolver as the options describe it, that
// is there, with the tokens of the configuration in it. What it does is in auth/operator.

import { type AccountResolver, MemoryResolver } from "../auth/operator/account_resolver.ts";
import { DEFAULT_CACHE_LIMIT, DirectoryResolver } from "../auth/operator/directory_resolver.ts";
import { TokenDirectory } from "../auth/operator/token_directory.ts";
import { type HttpGet, UrlResolver } from "../auth/operator/url_resolver.ts";
import { JwtError } from "../auth/jwt/jwt_error.ts";
import { decodeAccountClaims } from "../auth/jwt/token.ts";
import { DiskError } from "../base/disk.ts";
import type { Log } from "../base/log.ts";
import type { World } from "../base/world.ts";
import type { ServerOptions } from "../config/options.ts";
import { ConfigError } from "../config/problems.ts";
import { openStoreDirectory, type StoreDirectory } from "../io/disk_directory.ts";
import { getText } from "../io/http_get.ts";
import { readTls } from "./tls_files.ts";

type DirectoryOptions = Extract<NonNullable<ServerOptions["resolver"]>, { readonly dir: string }>;

/** A resolver, and the directory it keeps tokens in; `onSaved` is told of those that come. Throws a ConfigError. */
export function openResolver(
  wanted: ServerOptions["resolver"],
  tls: ServerOptions["resolver_tls"],
  world: World,
  onSaved: (key: string, token: string) => void,
): { readonly resolver: AccountResolver; readonly directory: StoreDirectory | undefined } {
  if (wanted === undefined || wanted.type === "memory") return { resolver: new MemoryResolver(), directory: undefined };
  if (wanted.type === "url") {
    const client = tls && { settings: readTls(tls, false), insecure: tls.insecure };
    const get: HttpGet = (url, timeoutMs) => getText(url, timeoutMs, client);
    return { resolver: new UrlResolver(wanted.url, get), directory: undefined };
  }
  const isCache = wanted.type === "cache";
  const opened = openStoreDirectory(wanted.dir, { later: (fire) => world.atTurnEnd(fire), enter: (fire) => fire() });
  if (opened instanceof DiskError) throw new ConfigError(opened.text);
  const tokens = TokenDirectory.open(
    opened.disk,
    world,
    {
      limit: wanted.limit > 0 ? wanted.limit : isCache ? DEFAULT_CACHE_LIMIT : Infinity,
      whenFull: isCache ? "evict" : "refuse",
      // A full one keeps tokens until they expire.
      ttlMs: isCache ? wanted.ttl || Infinity : 0,
      deletes: deletesOf(wanted),
    },
    onSaved,
  );
  if (tokens instanceof DiskError) throw new ConfigError(tokens.text);
  return { resolver: new DirectoryResolver(tokens), directory: opened };
}

function deletesOf(wanted: DirectoryOptions): "no" | "rename" | "hard" {
  if (wanted.type === "cache" || wanted.hard_delete) return "hard";
  return wanted.allow_delete ? "rename" : "no";
}

/** Rejects with a ConfigError in nats-server's text when nobody answers at the resolver's URL. */
export async function reach(resolver: AccountResolver): Promise<void> {
  const answer = await resolver.fetch("");
  if (answer instanceof JwtError) throw new ConfigError(answer.text);
}

/** Whether the resolver can keep these tokens. Throws a ConfigError in nats-server's text. */
export function checkPreload(resolver: AccountResolver, tokens: ReadonlyMap<string, string>): void {
  if (tokens.size > 0 && resolver.isReadOnly) {
    throw new ConfigError("resolver preloads only available for writeable resolver types MEM/DIR/CACHE_DIR");
  }
  for (const [key, token] of tokens) {
    const claims = decodeAccountClaims(token);
    if (claims instanceof JwtError) throw new ConfigError(`preload account error for "${key}": ${claims.text}`);
  }
}

/** Gives a resolver the tokens of the configuration. */
export async function preload(resolver: AccountResolver, tokens: ReadonlyMap<string, string>, log: Log): Promise<void> {
  for (const [key, token] of tokens) {
    const failed = await resolver.store(key, token);
    if (failed !== undefined) log.warn(`Preloaded account [${key}] not kept: ${failed.text}`);
  }
}
