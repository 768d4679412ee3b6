// The `leafnodes` block: servers that join as if they were clients, and the
// servers this one joins. Read and checked; the links come later.

import { isNkeySeed, isPublicNkey } from "../nkey.ts";
import { OptionError } from "../problems.ts";
import type { Reading, Resolved, Row } from "../rows.ts";
import { block, bool, custom, duration, readBlock, str } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";
import { host, listen, port } from "./address.ts";
import type { CompressionOptions } from "./links.ts";
import { checkedUrl, compression, notABlock, writeDeadline, writeTimeout } from "./links.ts";
import { subjectList } from "./permissions.ts";
import { seconds, tlsBlock } from "./tls.ts";
import { proxyRequired } from "./users.ts";

const OLDEST = [2, 8, 0];

const leafUserRows = {
  user: str({ doc: "Name.", reload: "live", aliases: ["username"] }),
  password: str({ doc: "Password, in clear or as a bcrypt hash.", reload: "live", aliases: ["pass"] }),
  account: str({ doc: "Account of this user's leaf nodes.", reload: "live" }),
  proxy_required: proxyRequired,
};
const leafAuthorizationRows = {
  ...leafUserRows,
  nkey: str({ doc: "Public nkey instead of a name and a password.", reload: "live" }),
  users: custom<readonly Resolved<typeof leafUserRows>[]>(
    "list of blocks",
    [],
    { doc: "Users for leaf nodes.", reload: "live", rows: leafUserRows },
    readLeafUsers,
  ),
  timeout: seconds("leafnode authorization config", { doc: "Time a leaf node has to authenticate." }),
};

const proxyRows = {
  url: str({ doc: "The HTTP proxy to go through.", reload: "live" }),
  username: str({ doc: "User for the proxy.", reload: "live" }),
  password: str({ doc: "Password for the proxy.", reload: "live" }),
  timeout: duration({
    fallback: undefined,
    doc: "Time the proxy has to answer.",
    reload: "live",
    named: "proxy timeout",
  }),
};
const migrateRows = {
  leader_migrate_delay: duration({ fallback: 0, doc: "How long to wait before.", reload: "restart", shown: "0" }),
};

const on = (doc: string, ...aliases: string[]): Row<boolean> => bool({ fallback: false, doc, reload: "live", aliases });
const denied = (doc: string, alias: string): Row<readonly string[]> =>
  custom<readonly string[]>("list of subjects", [], { doc, reload: "live", aliases: [alias] }, (node) =>
    subjectList(node, false, undefined),
  );

const remoteRows = {
  urls: custom<readonly string[]>(
    "list of URLs",
    [],
    { doc: "Where the other server is.", reload: "live", aliases: ["url"] },
    readUrls,
  ),
  account: str({ doc: "Account here that is linked.", reload: "live", aliases: ["local"], shown: "$G" }),
  credentials: str({ doc: "File with the JWT and the seed to log in with.", reload: "live", aliases: ["creds"] }),
  nkey: custom<string | undefined>(
    "text",
    undefined,
    { doc: "Seed to log in with.", reload: "live", aliases: ["seed"] },
    (node) => {
      if (node.kind !== "string")
        throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not string`);
      if (isNkeySeed(node.value)) return node.value;
      throw new OptionError(`Remote leafnode nkey is not a valid seed: ${quote(node.value)}`);
    },
  ),
  tls: tlsBlock("Certificate shown to the other server, and checks."),
  hub: on("This side is the hub."),
  deny_imports: denied("Subjects that do not come in.", "deny_import"),
  deny_exports: denied("Subjects that do not go out.", "deny_export"),
  no_randomize: on("Tries the URLs in their order."),
  ws_compression: on("Asks for permessage-deflate.", "ws_compress"),
  ws_no_masking: on("Asks to leave frames unmasked."),
  jetstream_cluster_migrate: custom<boolean>(
    "boolean or block",
    false,
    {
      doc: "Hands JetStream leaders over when the link is down.",
      reload: "restart",
      aliases: ["js_cluster_migrate"],
      rows: migrateRows,
    },
    (node, name, reading) => {
      if (node.kind === "bool") return node.value;
      if (node.kind === "map") {
        readBlock(migrateRows, node, { ...reading, path: `${reading.path}${name}.` });
        return true;
      }
      const text = `Expected boolean or map for jetstream_cluster_migrate, got ${goType(node)}`;
      throw new OptionError(text, { at: "none" });
    },
  ),
  isolate_leafnode_interest: on("Keeps what other leaf nodes want from this link.", "isolate"),
  request_isolation: on("Asks the hub to do that."),
  compression: compression("s2_auto", "s2_auto"),
  first_info_timeout: duration({
    fallback: 1000,
    doc: "Time the other server has to send INFO.",
    reload: "live",
    shown: "1s",
  }),
  dial_timeout: duration({ fallback: 1000, doc: "Time to connect.", reload: "live", shown: "1s" }),
  disabled: on("Leaves this remote out."),
  ignore_discovered_servers: on("Keeps to the URLs of the configuration."),
  proxy: custom<Resolved<typeof proxyRows> | undefined>(
    "block",
    undefined,
    { doc: "HTTP proxy in between.", reload: "live", rows: proxyRows },
    readProxy,
  ),
};
export type RemoteLeafOptions = Resolved<typeof remoteRows>;

export const leafnodesRows = {
  listen: listen("for leaf nodes"),
  host: host("for leaf nodes"),
  port: port("for leaf nodes"),
  authorization: custom<Resolved<typeof leafAuthorizationRows> | undefined>(
    "block",
    undefined,
    { doc: "Who may join.", reload: "restart", rows: leafAuthorizationRows },
    readLeafAuthorization,
  ),
  tls: tlsBlock("Certificate and checks of this listener."),
  advertise: str({ doc: "Address told to leaf nodes instead of the listener's.", reload: "restart" }),
  no_advertise: on("Does not tell leaf nodes about other servers."),
  min_version: str({ doc: "Oldest nats-server that may join.", reload: "restart", check: checkVersion }),
  compression: compression("s2_auto", "s2_auto"),
  isolate_leafnode_interest: on("Keeps what leaf nodes want from each other.", "isolate"),
  reconnect: duration({
    fallback: 1000,
    doc: "Time between two attempts to connect.",
    reload: "restart",
    aliases: ["reconnect_delay", "reconnect_interval"],
    named: "reconnect",
    shown: "1s",
  }),
  dial_timeout: duration({ fallback: 1000, doc: "Time to connect.", reload: "restart", shown: "1s" }),
  write_deadline: writeDeadline,
  write_timeout: writeTimeout,
  remotes: custom<readonly RemoteLeafOptions[]>(
    "list of blocks",
    [],
    { doc: "Servers this one joins.", reload: "live", rows: remoteRows },
    readRemotes,
  ),
};
export type LeafnodesOptions = Resolved<typeof leafnodesRows>;

export const leafnodes: Row<LeafnodesOptions | undefined> = block(leafnodesRows, {
  doc: "Leaf nodes, and servers this one is a leaf of.",
  aliases: ["leaf"],
  reload: "restart",
  status: "later",
  why: "leaf nodes are not supported yet, no port is opened and no server is joined",
  mismatch: notABlock("Expected map to define a leafnode"),
});

function checkVersion(text: string): void {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number);
  if (parts === undefined) throw new OptionError("invalid leafnode's minimum version: invalid semver");
  const at = parts.findIndex((part, i) => part !== OLDEST[i]);
  if (at >= 0 && parts[at]! < OLDEST[at]!) throw new OptionError("the minimum version should be at least 2.8.0");
}

function readUrls(node: Node): readonly string[] {
  if (node.kind === "string") return [checkedUrl(node.value, "leafnode")];
  if (node.kind !== "array")
    throw new OptionError(`Expected remote leafnode url to be an array or string, got ${goValue(node)}`);
  return node.value.map((item) => {
    if (item.kind === "string") return checkedUrl(item.value, "leafnode", item.at);
    throw new OptionError(`Expected leafnode url to be a string, got ${goType(item)}`, { at: item.at });
  });
}

function readProxy(node: Node, name: string, reading: Reading): Resolved<typeof proxyRows> {
  if (node.kind !== "map") throw new OptionError(`Expected proxy to be a map, got ${goType(node)}`);
  const proxy = readBlock(proxyRows, node, { ...reading, path: `${reading.path}${name}.` });
  if (proxy.url === undefined) return proxy;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(proxy.url)?.[1]?.toLowerCase() ?? "";
  if (scheme !== "http" && scheme !== "https") {
    throw new OptionError(`proxy URL scheme must be http or https, got: ${scheme}`);
  }
  if ((proxy.username ?? "") === "" ? (proxy.password ?? "") !== "" : (proxy.password ?? "") === "") {
    throw new OptionError("proxy username and password must both be specified or both be empty");
  }
  return proxy;
}

function readRemotes(node: Node, name: string, reading: Reading): readonly RemoteLeafOptions[] {
  if (node.kind !== "array") throw new OptionError(`Expected remotes field to be an array, got ${goType(node)}`);
  const seen = new Set<string>();
  return node.value.map((item) => {
    if (item.kind !== "map") {
      throw new OptionError(`Expected remote leafnode entry to be a map/struct, got ${goValue(item)}`, { at: item.at });
    }
    const remote = readBlock(remoteRows, item, { ...reading, path: `${reading.path}${name}.` });
    const at = [...item.value.values()].at(-1)?.at ?? item.at;
    if (remote.credentials !== undefined && remote.nkey !== undefined) {
      throw new OptionError("Remote leafnode can not have both creds and nkey defined", { at });
    }
    const urls = `[${remote.urls.map(quote).join(" ")}]`;
    const same = `urls=${urls}, account=${quote(remote.account ?? "$G")}`;
    if (remote.urls.length > 0 && seen.has(same)) throw new OptionError(`duplicate remote ${same}`, { at });
    seen.add(same);
    return remote;
  });
}

function readLeafUsers(node: Node, name: string, reading: Reading): readonly Resolved<typeof leafUserRows>[] {
  if (node.kind !== "array") throw new OptionError(`Expected users field to be an array, got ${goValue(node)}`);
  return node.value.map((item) => {
    if (item.kind === "map") return readBlock(leafUserRows, item, { ...reading, path: `${reading.path}${name}.` });
    throw new OptionError(`Expected user entry to be a map/struct, got ${goValue(item)}`, { at: item.at });
  });
}

function readLeafAuthorization(node: Node, name: string, reading: Reading): Resolved<typeof leafAuthorizationRows> {
  if (node.kind !== "map") {
    throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not map[string]interface {}`);
  }
  const read = readBlock(leafAuthorizationRows, node, { ...reading, path: `${reading.path}${name}.` });
  const entries = [...node.value.values()];
  if (read.nkey !== undefined && !isPublicNkey(read.nkey, "user")) {
    const at = entries.find(({ key }) => key.toLowerCase() === "nkey")?.at ?? node.at;
    throw new OptionError("Not a valid public nkey for leafnode authorization", { at });
  }
  if (read.users.length > 0 && read.user !== undefined) {
    throw new OptionError("can not have a single user/pass and a users array");
  }
  const names = read.users.map(({ user }) => user);
  const twice = names.find((user, i) => user !== undefined && names.indexOf(user) !== i);
  if (twice !== undefined) throw new OptionError(`duplicate user ${quote(twice)} detected in leafnode authorization`);
  return read;
}

/** nats-server's complaint about accounts and URLs in the `leafnodes` block, undefined when it is fine. */
export function leafnodesComplaint(leaf: LeafnodesOptions, accounts: ReadonlySet<string>): string | undefined {
  const users = leaf.authorization === undefined ? [] : [leaf.authorization, ...leaf.authorization.users];
  const homeless = users.find(({ account }) => account !== undefined && !accounts.has(account));
  if (homeless !== undefined)
    return `cannot find local account ${quote(homeless.account!)} specified in leafnode authorization`;
  for (const remote of leaf.remotes) {
    if (remote.account !== undefined && !accounts.has(remote.account)) {
      return `cannot find local account ${quote(remote.account)} specified in leafnode remote`;
    }
    const ws = remote.urls.filter((url) => /^wss?:/i.test(url)).length;
    if (ws > 0 && ws < remote.urls.length) {
      const urls = `[${remote.urls.map(quote).join(" ")}]`;
      return `remote leaf node configuration cannot have a mix of websocket and non-websocket urls: ${urls}`;
    }
  }
  return undefined;
}

/** The compressions of the block, to be checked. */
export function leafnodesCompressions(leaf: LeafnodesOptions): readonly CompressionOptions[] {
  return [leaf.compression, ...leaf.remotes.map((remote) => remote.compression)];
}
