// Operators, resolvers, OCSP and proxies: whom the server trusts beyond its
// own configuration. Tokens are read as texts here; what they say is for `auth`.

import { goDuration } from "../go.ts";
import { isNkey, isPublicNkey } from "../nkey.ts";
import { OptionError } from "../problems.ts";
import type { Reading } from "../rows.ts";
import { custom, readBlock, str, unknownKey } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, quote } from "../tree.ts";
import { tlsBlock } from "./tls.ts";

function texts(node: Node, before: string): readonly { readonly text: string; readonly at: Node["at"] }[] {
  if (node.kind === "string") return [{ text: node.value, at: node.at }];
  if (node.kind !== "array") throw new OptionError(`${before} unsupported type ${goType(node)}`);
  return node.value.map((item) => {
    if (item.kind === "string") return { text: item.value, at: item.at };
    throw new OptionError(`${before} unsupported type in array ${goType(item)}`, { at: item.at });
  });
}

/** Where the tokens of accounts are found. */
export type ResolverOptions =
  | { readonly type: "memory" }
  | { readonly type: "url"; readonly url: string }
  | {
      readonly type: "full" | "cache";
      readonly dir: string;
      readonly allow_delete: boolean;
      readonly hard_delete: boolean;
      /** Tokens at most; 0 is none given. */
      readonly limit: number;
      /** Milliseconds; 0 is none given. */
      readonly ttl: number;
      readonly interval: number;
      readonly timeout: number;
    };

/** Whether it looks like the token of an account; who takes it looks closer. */
function isAccountToken(text: string): boolean {
  try {
    const claims = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString()) as {
      readonly type?: unknown;
      readonly nats?: { readonly type?: unknown };
    };
    return (claims.nats?.type ?? claims.type) === "account";
  } catch {
    return false;
  }
}

const restart = { reload: "restart" } as const;
const live = { reload: "live" } as const;
const later = { reload: "restart", status: "refused" } as const;

export const trustRows = {
  operator: custom<readonly string[]>(
    "list of texts",
    [],
    {
      doc: "Operators, as JWTs or files with one.",
      aliases: ["operators", "roots", "root", "root_operators", "root_operator"],
      ...restart,
    },
    (node, _name, reading) => {
      if (node.kind === "array" && node.value.some((item) => item.kind !== "string")) {
        throw new OptionError("error parsing operators: unsupported type *conf.token where string is expected");
      }
      return texts(node, "error parsing operators:").map(({ text }) => tokenOf(text, reading));
    },
  ),
  trusted_keys: custom<readonly string[]>(
    "list of texts",
    [],
    { doc: "Public operator nkeys that are trusted.", aliases: ["trusted"], ...restart },
    (node) =>
      texts(node, "error parsing trusted:").map(({ text }) => {
        if (isPublicNkey(text, "operator")) return text;
        throw new OptionError(`trust key ${quote(text)} required to be a valid public operator nkey`);
      }),
  ),
  resolver: custom<ResolverOptions | undefined>(
    "text or block",
    undefined,
    { doc: "Where account JWTs are found.", aliases: ["account_resolver", "accounts_resolver"], ...live },
    readResolver,
  ),
  resolver_tls: {
    ...tlsBlock("Certificate shown to a URL resolver, and the authorities that may vouch for it."),
    info: { doc: "Certificate shown to a URL resolver, and the authorities that may vouch for it.", ...live },
  },
  resolver_preload: custom<ReadonlyMap<string, string>>(
    "map",
    new Map(),
    { doc: "Account JWTs known from the start.", ...live },
    (node, _name, reading) => {
      if (node.kind !== "map") throw new OptionError("preload should be a map of account_public_key:account_jwt");
      const tokens = new Map<string, string>();
      for (const entry of node.value.values()) {
        const { node: token } = entry;
        if (token.kind !== "string") reading.problems.error(entry.at, "preload map value should be a string JWT");
        else if (isAccountToken(token.value)) tokens.set(entry.key, token.value);
        else reading.problems.error(entry.at, "invalid account JWT");
      }
      return tokens;
    },
  ),
  resolver_pinned_accounts: custom<readonly string[]>(
    "list of texts",
    [],
    { doc: "The only accounts that may be used.", ...live },
    (node) => texts(node, "error parsing resolver_pinned_accounts:").map(({ text }) => text),
  ),
  default_sentinel: str({ doc: "JWT of clients that bring none.", ...live }),
  ocsp: custom<boolean>(
    "boolean or block",
    false,
    {
      doc: "Staples the issuer's word that the certificate is not revoked.",
      ...later,
      why: "OCSP stapling is not supported yet",
      enables: (on: boolean) => on,
    },
    readOcsp,
  ),
  ocsp_cache: custom<boolean>(
    "boolean or block",
    false,
    {
      doc: "Remembers what issuers said.",
      reload: "restart",
      status: "later",
      why: "nothing is asked of issuers",
      enables: (on: boolean) => on,
    },
    readOcspCache,
  ),
  proxies: custom<readonly string[]>(
    "block",
    [],
    { doc: "Proxies whose signature is trusted.", reload: "live" },
    readProxies,
  ),
};

const resolverNames = ["dir", "type", "allow_delete", "hard_delete", "interval", "limit", "timeout", "ttl"];
const noResolver =
  'error parsing account resolver, should be MEM or  URL("url") or a map containing dir and type state=[FULL|CACHE])';

function readResolver(node: Node, _name: string, reading: Reading): ResolverOptions | undefined {
  if (node.kind === "string") {
    if (/MEM(ORY)?\s*/i.test(node.value)) return { type: "memory" };
    const url = /URL(?:\(\s*"?([^\s"]*)"?\s*\))?\s*/i.exec(node.value);
    if (url === null) throw new OptionError(noResolver);
    return { type: "url", url: url[1] ?? "" };
  }
  if (node.kind !== "map") throw new OptionError(`error parsing operator resolver, wrong type ${goType(node)}`);
  const found = new Map([...node.value.values()].map((entry) => [entry.key.toLowerCase(), entry.node]));
  for (const name of resolverNames) {
    const value = found.get(name);
    const kind = name === "limit" ? "int" : name.endsWith("_delete") ? "bool" : "string";
    if (value === undefined || value.kind === kind) continue;
    const go = kind === "int" ? "int64" : kind;
    throw new OptionError(`interface conversion: interface {} is ${goType(value)}, not ${go}`);
  }
  return readDirectory(found, node.at, reading);
}

function readDirectory(
  found: ReadonlyMap<string, Node>,
  at: Node["at"],
  { problems }: Reading,
): ResolverOptions | undefined {
  const textOf = (name: string): string => {
    const value = found.get(name);
    return value?.kind === "string" ? value.value : "";
  };
  const isSet = (name: string): boolean => {
    const value = found.get(name);
    return value?.kind === "bool" && value.value;
  };
  const duration = (name: string): number => {
    const value = found.get(name);
    if (value?.kind !== "string") return 0;
    const parsed = goDuration(value.value);
    if (typeof parsed === "number") return parsed;
    throw new OptionError(parsed.complaint);
  };
  const limit = found.get("limit");
  const [ttl, interval, timeout] = [duration("ttl"), duration("interval"), duration("timeout")];
  const type = textOf("type").toUpperCase();
  if (type === "MEM" || type === "MEMORY") return { type: "memory" };
  if (type !== "FULL" && type !== "CACHE") throw new OptionError(noResolver);
  const complain = (when: boolean, text: string): void => {
    if (when) problems.error(at, text);
  };
  const dir = textOf("dir");
  complain(dir === "", "dir has no value and needs to point to a directory");
  if (type === "CACHE") {
    complain(interval !== 0, "CACHE does not accept sync");
    complain(isSet("allow_delete"), "CACHE does not accept allow_delete");
    complain(found.has("hard_delete"), "CACHE does not accept hard_delete");
  } else {
    complain(ttl !== 0, "FULL does not accept ttl");
    complain(found.has("hard_delete") && !isSet("allow_delete"), "hard_delete has no effect without delete");
  }
  return {
    type: type === "FULL" ? "full" : "cache",
    dir,
    allow_delete: isSet("allow_delete"),
    hard_delete: isSet("hard_delete"),
    limit: limit?.kind === "int" ? Number(limit.value) : 0,
    ttl,
    interval,
    timeout,
  };
}

/** The content of a file, or the token itself. */
function tokenOf(given: string, { source }: Reading): string {
  try {
    return source.read(given);
  } catch (error) {
    if (given.startsWith("eyJ")) return given;
    throw new OptionError(`error parsing operator JWT: ${(error as Error).message}`);
  }
}

function readOcsp(node: Node): boolean {
  const before = "error parsing ocsp config:";
  if (node.kind === "bool") return node.value;
  if (node.kind !== "map") throw new OptionError(`${before} unsupported type ${goType(node)}`);
  let on = true;
  for (const entry of node.value.values()) {
    const name = entry.key.toLowerCase();
    if (!["mode", "url", "urls"].includes(name))
      throw new OptionError(`${before} unsupported field string`, { at: entry.at });
    if (name !== "mode" || entry.node.kind !== "string") continue;
    const mode = entry.node.value.toLowerCase();
    if (!["auto", "always", "must", "never"].includes(mode)) {
      throw new OptionError(`${before} unsupported ocsp mode string`, { at: entry.at });
    }
    on = mode !== "never";
  }
  return on;
}

const cacheNames = ["type", "local_store", "preserve_revoked", "save_interval"];

function readOcspCache(node: Node, _name: string, reading: Reading): boolean {
  if (node.kind === "bool") return node.value;
  if (node.kind !== "map") throw new OptionError(`error parsing tags: unsupported type ${goType(node)}`);
  const before = "error parsing OCSP peer cache config,";
  let on = true;
  for (const entry of node.value.values()) {
    reading.problems.attempt(entry.at, () => {
      const name = entry.key.toLowerCase();
      const { kind } = entry.node;
      if (name === "save_interval") {
        if (kind === "int" || kind === "float") return;
        if (kind !== "string") throw new OptionError(`${before} conversion error: unexpected type`);
        const parsed = goDuration(entry.node.value);
        if (typeof parsed !== "number")
          throw new OptionError(`error parsing tls peer config, conversion error: ${parsed.complaint}`);
        return;
      }
      const fits = name === "preserve_revoked" ? kind === "bool" : kind === "string";
      if (!cacheNames.includes(name) || !fits) throw new OptionError(`${before} unknown field [${quote(entry.key)}]`);
      if (name !== "type" || kind !== "string") return;
      const type = entry.node.value.toLowerCase();
      if (type !== "none" && type !== "local") throw new OptionError(`${before} unknown type [${entry.node.value}]`);
      on = type !== "none";
    });
  }
  return on;
}

const proxyKeyRows = { key: str({ doc: "Public nkey of a proxy.", reload: "live" }) };

function readProxies(node: Node, name: string, reading: Reading): readonly string[] {
  if (node.kind !== "map") throw new OptionError(`expected proxies to be a map/struct, got ${goType(node)}`);
  const keys: string[] = [];
  for (const entry of node.value.values()) {
    reading.problems.attempt(entry.at, () => {
      if (entry.key.toLowerCase() !== "trusted") {
        unknownKey(entry, ["trusted"], reading);
        return;
      }
      if (entry.node.kind !== "array") {
        throw new OptionError(`expected proxies' trusted field to be an array, got ${goType(entry.node)}`);
      }
      for (const item of entry.node.value) {
        if (item.kind !== "map") {
          throw new OptionError(`expected proxies' trusted entry to be a map/struct, got ${goType(item)}`, {
            at: item.at,
          });
        }
        const { key } = readBlock(proxyKeyRows, item, { ...reading, path: `${reading.path}${name}.trusted.` });
        if (key === undefined) continue;
        if (!isNkey(key))
          throw new OptionError(`invalid proxy key ${quote(key)}`, { at: [...item.value.values()][0]?.at ?? item.at });
        keys.push(key);
      }
    });
  }
  return keys;
}
