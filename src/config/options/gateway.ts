// The `gateway` block: links between clusters. Read and checked; the links come later.

import { OptionError } from "../problems.ts";
import type { Reading, Resolved, Row } from "../rows.ts";
import { block, bool, custom, int, readBlock, str } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";
import { host, listen, port } from "./address.ts";
import { peerAuthorization } from "./authorization.ts";
import { checkedUrl, linkName, notABlock, readUrls, writeDeadline, writeTimeout } from "./links.ts";
import { tlsBlock } from "./tls.ts";

const remoteRows = {
  name: str({ doc: "Name of the other gateway.", reload: "restart" }),
  url: custom<string | undefined>("URL", undefined, { doc: "Where it is.", reload: "restart" }, (node) => {
    if (node.kind !== "string")
      throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not string`);
    return checkedUrl(node.value, "gateway");
  }),
  urls: custom<readonly string[]>(
    "list of URLs",
    [],
    { doc: "Where it is, in several places.", reload: "restart" },
    (node) => readUrls(node, "gateway"),
  ),
  tls: tlsBlock("Certificate shown to it, and checks.", true),
};
export type RemoteGatewayOptions = Resolved<typeof remoteRows>;

export const gatewayRows = {
  name: linkName("gateway"),
  listen: listen("for other clusters"),
  host: host("for other clusters"),
  port: port("for other clusters"),
  authorization: peerAuthorization("Gateway"),
  tls: tlsBlock("Certificates of the gateways; both sides show one.", true),
  advertise: str({ doc: "Address told to other clusters instead of the listener's.", reload: "restart" }),
  connect_retries: int({ fallback: 0, doc: "Attempts to reach a gateway this one was told about.", reload: "restart" }),
  connect_backoff: bool({ fallback: false, doc: "Waits longer after each attempt.", reload: "restart" }),
  gateways: custom<readonly RemoteGatewayOptions[]>(
    "list of blocks",
    [],
    { doc: "The other gateways.", reload: "restart", rows: remoteRows },
    readRemotes,
  ),
  reject_unknown: bool({
    fallback: false,
    doc: "Refuses gateways that are not listed.",
    reload: "restart",
    aliases: ["reject_unknown_cluster"],
  }),
  write_deadline: writeDeadline,
  write_timeout: writeTimeout,
};
export type GatewayOptions = Resolved<typeof gatewayRows>;

export const gateway: Row<GatewayOptions | undefined> = block(gatewayRows, {
  doc: "Links to other clusters.",
  reload: "restart",
  status: "later",
  why: "gateways are not supported yet, no port is opened",
  mismatch: notABlock("Expected gateway to be a map"),
});

function readRemotes(node: Node, name: string, reading: Reading): readonly RemoteGatewayOptions[] {
  if (node.kind !== "array")
    throw new OptionError(`Expected gateways field to be an array, got ${goType(node)}`, { at: "none" });
  return node.value.map((item) => {
    if (item.kind !== "map") {
      throw new OptionError(`Expected gateway entry to be a map/struct, got ${goValue(item)}`, { at: item.at });
    }
    return readBlock(remoteRows, item, { ...reading, path: `${reading.path}${name}.` });
  });
}

/** nats-server's complaint about the `gateway` block as a whole, undefined when it is fine. */
export function gatewayComplaint(gateway: GatewayOptions): string | undefined {
  const { name, port, gateways } = gateway;
  if (name === undefined && port === 0) return undefined;
  if (name === undefined) return "gateway has no name";
  if (port === 0) return `gateway ${quote(name)} has no port specified (select -1 for random port)`;
  for (const [i, remote] of gateways.entries()) {
    if (remote.name === undefined) return `gateway in the list ${i} has no name`;
    if (remote.url === undefined && remote.urls.length === 0) return `gateway ${quote(remote.name)} has no URL`;
  }
  return undefined;
}
