// Operators, resolvers, OCSP and proxies: whom the server trusts beyond its
// own configuration. Read so that mistakes show; refused until it can.

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

const later = { reload: "restart", status: "refused" } as const;
const why = "operators and JWTs are not supported yet; use authorization and accounts";

export const trustRows = {
  operator: custom<readonly string[]>(
    "list of texts",
    [],
    {
      doc: "Operators, as JWTs or files with one.",
      aliases: ["operators", "roots", "root", "root_operators", "root_operator"],
      ...later,
      why,
    },
    (node) => {
      if (node.kind === "array" && node.value.some((item) => item.kind !== "string")) {
        throw new OptionError("error parsing operators: unsupported type *conf.token where string is expected");
      }
      return texts(node, "error parsing operators:").map(({ text }) => text);
    },
  ),
  trusted_keys: custom<readonly string[]>(
    "list of texts",
    [],
    { doc: "Public operator nkeys that are trusted.", aliases: ["trusted"], ...later, why },
    (node) =>
      texts(node, "error parsing trusted:").map(({ text }) => {
        if (isPublicNkey(text, "operator")) return text;
        throw new OptionError(`trust key ${quote(text)} required to be a valid public operator nkey`);
      }),
  ),
  resolver: custom<string>(
    "text or block",
    "",
    { doc: "Where account JWTs are found.", aliases: ["account_resolver", "accounts_resolver"], ...later, why },
    readResolver,
  ),
  resolver_tls: {
    ...tlsBlock("Certificate shown to a URL resolver."),
    info: { doc: "Certificate shown to a URL resolver.", ...later, why },
  },
  resolver_preload: custom<undefined>(
    "map",
    undefined,
    { doc: "Account JWTs known from the start.", ...later, why },
    (node, _name, reading) => {
      if (node.kind !== "map") throw new OptionError("preload should be a map of account_public_key:account_jwt");
      for (const entry of node.value.values()) {
        if (entry.node.kind !== "string") reading.problems.error(entry.at, "preload map value should be a string JWT");
      }
      return undefined;
    },
  ),
  resolver_pinned_accounts: custom<readonly string[]>(
    "list of texts",
    [],
    { doc: "The only accounts that may be used.", ...later, why },
    (node) => texts(node, "error parsing resolver_pinned_accounts:").map(({ text }) => text),
  ),
  default_sentinel: str({ doc: "JWT of clients that bring none.", ...later, why }),
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
    {
      doc: "Proxies whose signature is trusted.",
      reload: "live",
      status: "later",
      why: "signatures of proxies are not checked yet",
      enables: (keys: readonly string[]) => keys.length > 0,
    },
    readProxies,
  ),
};

const resolverKinds = ["MEM", "MEMORY"];
const resolverNames = ["dir", "type", "allow_delete", "hard_delete", "interval", "limit", "timeout", "ttl"];

function readResolver(node: Node): string {
  const wanted =
    'error parsing account resolver, should be MEM or  URL("url") or a map containing dir and type state=[FULL|CACHE])';
  if (node.kind === "string") {
    const word = node.value.toUpperCase();
    if (resolverKinds.includes(word) || /^URL\(.+\)$/i.test(node.value)) return node.value;
    throw new OptionError(wanted);
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
  const type = found.get("type");
  const word = type?.kind === "string" ? type.value.toLowerCase() : "";
  if (!found.has("dir") || !["full", "cache", "cached"].includes(word)) throw new OptionError(wanted);
  return word;
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
