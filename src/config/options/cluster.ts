// The `cluster` block: routes to other servers. Read and checked; the links come later.

import type { Resolved, Row } from "../rows.ts";
import { block, bool, custom, duration, int, str, texts } from "../rows.ts";
import { host, listen, port } from "./address.ts";
import { peerAuthorization } from "./authorization.ts";
import { compression, linkName, notABlock, readUrls, writeDeadline, writeTimeout } from "./links.ts";
import type { Permissions } from "./permissions.ts";
import { readPermissions } from "./permissions.ts";
import { tlsBlock } from "./tls.ts";

export const clusterRows = {
  name: linkName("cluster"),
  listen: listen("for routes"),
  host: host("for routes"),
  port: port("for routes"),
  advertise: str({
    doc: "Address told to other servers instead of the listener's.",
    reload: "live",
    aliases: ["cluster_advertise"],
  }),
  no_advertise: bool({ fallback: false, doc: "Does not tell clients about the other servers.", reload: "restart" }),
  authorization: peerAuthorization("Cluster"),
  routes: custom<readonly string[]>(
    "list of URLs",
    [],
    { doc: "Other servers to connect to.", reload: "live" },
    (node) => readUrls(node, "route"),
  ),
  tls: tlsBlock("Certificates of the routes; both sides show one.", true),
  connect_retries: int({ fallback: 0, doc: "Attempts to reach a server this one was told about.", reload: "restart" }),
  connect_backoff: bool({ fallback: false, doc: "Waits longer after each attempt.", reload: "restart" }),
  permissions: custom<Permissions | undefined>(
    "block",
    undefined,
    { doc: "What may come in (import) and go out (export).", reload: "live" },
    (node, _name, reading) => readPermissions(node, reading, "none"),
  ),
  pool_size: int({ fallback: 3, doc: "Connections to each server; -1 is one, as old servers have.", reload: "live" }),
  accounts: texts({ doc: "Accounts with a connection of their own.", reload: "live", noun: "accounts" }),
  compression: compression("s2_fast", "accept"),
  ping_interval: duration({
    fallback: undefined,
    doc: "Time between two pings of a quiet route.",
    reload: "live",
    shown: "30s",
  }),
  ping_max: int({
    fallback: undefined,
    doc: "Unanswered pings after which a route is closed.",
    reload: "live",
    shown: "2",
  }),
  write_deadline: writeDeadline,
  write_timeout: writeTimeout,
};

export type ClusterOptions = Resolved<typeof clusterRows>;

export const cluster: Row<ClusterOptions | undefined> = block(clusterRows, {
  doc: "Routes to other servers.",
  reload: "restart",
  status: "later",
  why: "clusters are not supported yet, this server stays alone",
  mismatch: notABlock("Expected map to define cluster"),
});
