// What a server says of itself in INFO, to clients, leaf nodes, routes and gateways.

import {
  bool,
  type Encodable,
  encode,
  int,
  int64,
  list,
  nullable,
  omitEmpty,
  record,
  text,
  uint64,
} from "../base/json.ts";
import { subjectPermission } from "./connect.ts";

/** The fields of INFO, in the order nats-server sends them. */
export const serverInfo = record(
  {
    server_id: text,
    server_name: text,
    version: text,
    proto: int,
    git_commit: omitEmpty(text),
    go: text,
    host: text,
    port: int,
    headers: bool,
    auth_required: omitEmpty(bool),
    tls_required: omitEmpty(bool),
    tls_verify: omitEmpty(bool),
    tls_available: omitEmpty(bool),
    max_payload: int64,
    jetstream: omitEmpty(bool),
    ip: omitEmpty(text),
    client_id: omitEmpty(uint64),
    client_ip: omitEmpty(text),
    nonce: omitEmpty(text),
    cluster: omitEmpty(text),
    cluster_dynamic: omitEmpty(bool),
    domain: omitEmpty(text),
    connect_urls: omitEmpty(list(text)),
    ws_connect_urls: omitEmpty(list(text)),
    ldm: omitEmpty(bool),
    compression: omitEmpty(text),
    connect_info: omitEmpty(bool),
    remote_account: omitEmpty(text),
    acc_is_sys: omitEmpty(bool),
    api_lvl: omitEmpty(int),
    import: omitEmpty(nullable(subjectPermission)),
    export: omitEmpty(nullable(subjectPermission)),
    lnoc: omitEmpty(bool),
    lnocu: omitEmpty(bool),
    info_on_connect: omitEmpty(bool),
    route_pool_size: omitEmpty(int),
    route_pool_idx: omitEmpty(int),
    route_account: omitEmpty(text),
    route_acc_add_reqid: omitEmpty(text),
    gossip_mode: omitEmpty(int),
    gateway: omitEmpty(text),
    gateway_urls: omitEmpty(list(text)),
    gateway_url: omitEmpty(text),
    gateway_cmd: omitEmpty(int),
    gateway_cmd_payload: omitEmpty(text),
    gateway_nrp: omitEmpty(bool),
    gateway_iom: omitEmpty(bool),
    leafnode_urls: omitEmpty(list(text)),
    xkey: omitEmpty(text),
  },
  "server.Info",
);

/** An INFO to send: what nats-server omits when empty may be left out. */
export type ServerInfo = Encodable<typeof serverInfo>;

/** The whole INFO line, owned by the caller. */
export function encodeInfo(info: ServerInfo): Uint8Array<ArrayBuffer> {
  return Buffer.from(`INFO ${encode(serverInfo, info)} \r\n`, "utf8");
}
