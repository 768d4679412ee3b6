// /routez, /gatewayz and /leafz of a server that has none of these.

import { rfc3339Nano } from "../base/gotime.ts";
import { type Encodable, int, list, map, record, text } from "../base/json.ts";
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

function headOf(source: MonitorSource): { readonly server_id: string; readonly now: string } {
  const now = source.now();
  return { server_id: source.serverId, now: rfc3339Nano(now.sec, now.nanos) };
}

export function routezOf(source: MonitorSource): Encodable<typeof routez> {
  return { ...headOf(source), server_name: source.serverName, num_routes: 0, routes: [] };
}

export function gatewayzOf(source: MonitorSource): Encodable<typeof gatewayz> {
  return { ...headOf(source), outbound_gateways: new Map(), inbound_gateways: new Map() };
}

export function leafzOf(source: MonitorSource): Encodable<typeof leafz> {
  return { ...headOf(source), leafnodes: 0, leafs: [] };
}
