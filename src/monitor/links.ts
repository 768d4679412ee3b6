// /routez, /gatewayz, /leafz and /jsz of a server that has none of these.

import { rfc3339Nano } from "../base/gotime.ts";
import { bool, type Encodable, int, int64, list, map, omitEmpty, record, text } from "../base/json.ts";
import { type Query, QueryError } from "./query.ts";
import type { MonitorSource } from "./source.ts";

const none = record({});

export const routez = record({ server_id: text, server_name: text, now: text, num_routes: int, routes: list(none) });
export const gatewayz = record({
  server_id: text,
  now: text,
  outbound_gateways: map(none),
  inbound_gateways: map(none),
});
export const leafz = record({ server_id: text, now: text, leafnodes: int, leafs: list(none) });
export const jsz = record({
  memory: int64,
  storage: int64,
  reserved_memory: int64,
  reserved_storage: int64,
  accounts: int,
  ha_assets: int,
  api: record({ level: int, total: int64, errors: int64 }),
  server_id: text,
  now: text,
  disabled: omitEmpty(bool),
  config: record({ max_memory: int64, max_storage: int64 }),
  streams: int,
  consumers: int,
  messages: int64,
  bytes: int64,
  total: int,
});

function headOf(source: MonitorSource): { readonly server_id: string; readonly now: string } {
  const now = source.now();
  return { server_id: source.serverId, now: rfc3339Nano(now.sec, now.nanos) };
}

export function routezOf(source: MonitorSource): Encodable<typeof routez> {
  return { ...headOf(source), server_name: source.serverName, num_routes: 0, routes: [] };
}

export function gatewayzOf(source: MonitorSource, query: Query): Encodable<typeof gatewayz> {
  query.bool("subs");
  query.bool("accs");
  return { ...headOf(source), outbound_gateways: new Map(), inbound_gateways: new Map() };
}

export function leafzOf(source: MonitorSource, query: Query): Encodable<typeof leafz> {
  query.bool("subs");
  return { ...headOf(source), leafnodes: 0, leafs: [] };
}

const jszSwitches = ["accounts", "streams", "consumers", "direct-consumers", "config", "raft", "stream-leader-only"];

export function jszOf(source: MonitorSource, query: Query): Encodable<typeof jsz> {
  for (const name of jszSwitches) query.bool(name);
  query.int("limit");
  query.int("offset");
  if (query.bool("leader-only")) throw new QueryError("filtered response: not leader");
  return {
    ...headOf(source),
    memory: 0,
    storage: 0,
    reserved_memory: 0,
    reserved_storage: 0,
    accounts: 0,
    ha_assets: 0,
    api: { level: 0, total: 0, errors: 0 },
    disabled: true,
    config: { max_memory: 0, max_storage: 0 },
    streams: 0,
    consumers: 0,
    messages: 0,
    bytes: 0,
    total: 0,
  };
}
