// What a reload may change of links to other servers.

import type { ServerOptions } from "../config/options.ts";
import { blockRow, live, restart, type Row } from "./reload_changes_row.ts";

/** Links to other servers, which this one has not: what would have been refused is, so that a file means the same. */
export const linkRows: readonly Row[] = [
  clusterRow(
    "host",
    ({ host }) => host ?? "",
    (before, after) => before !== after,
  ),
  // A port of the system's choice stays what it became.
  clusterRow(
    "port",
    ({ port }) => port,
    (before, after) => before !== after && after !== -1,
  ),
  live(
    "Cluster",
    (o) => o.cluster && { ...o.cluster, routes: [] },
    "sessions",
    () => "Reloaded: cluster",
  ),
  blockRow("Gateway", ({ gateway }) => gateway && { ...gateway, tls: undefined }),
  restart('LeafNode: field "Host"', (o) => o.leafnodes?.host ?? ""),
  // Whom it joins may change, and how those links are made.
  blockRow("LeafNode", ({ leafnodes }) => [
    leafnodes?.port ?? 0,
    leafnodes?.authorization,
    leafnodes?.advertise,
    leafnodes?.no_advertise ?? false,
    leafnodes?.min_version,
  ]),
];

function clusterRow<T extends string | number>(
  name: string,
  of: (cluster: NonNullable<ServerOptions["cluster"]>) => T,
  differs: (before: T | "" | 0, after: T | "" | 0) => boolean,
): Row {
  const none = name === "port" ? 0 : "";
  const value = ({ cluster }: ServerOptions): T | "" | 0 => (cluster === undefined ? none : of(cluster));
  return { ...restart(`cluster ${name}`, value), isChange: (before, after) => differs(value(before), value(after)) };
}
