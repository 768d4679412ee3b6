// /varz: what the server is, how it was configured, and its numbers.

import { rfc3339Nano, uptimeText } from "../base/gotime.ts";
import { bool, type Encodable, float, int, int64, list, map, omitEmpty, record, text } from "../base/json.ts";
import { jetstreamVarz, jetstreamVarzOf } from "./jetstream.ts";
import { part } from "./json_part.ts";
import type { MonitorSource } from "./source.ts";

const tlsOptions = { tls_timeout: omitEmpty(float), tls_required: omitEmpty(bool), tls_verify: omitEmpty(bool) };
const writeOptions = { write_deadline: omitEmpty(int64), write_timeout: omitEmpty(text) };
const certificate = { tls_cert_not_after: omitEmpty(text) };

const cluster = record({
  name: omitEmpty(text),
  addr: omitEmpty(text),
  cluster_port: omitEmpty(int),
  auth_timeout: omitEmpty(float),
  urls: omitEmpty(list(text)),
  ...tlsOptions,
  pool_size: omitEmpty(int),
  ...writeOptions,
  ...certificate,
});

const gateway = record({
  name: omitEmpty(text),
  host: omitEmpty(text),
  port: omitEmpty(int),
  auth_timeout: omitEmpty(float),
  ...tlsOptions,
  advertise: omitEmpty(text),
  connect_retries: omitEmpty(int),
  gateways: omitEmpty(list(record({ name: text, tls_timeout: omitEmpty(float), urls: omitEmpty(list(text)) }))),
  reject_unknown: omitEmpty(bool),
  ...writeOptions,
  ...certificate,
});

const leaf = record({
  host: omitEmpty(text),
  port: omitEmpty(int),
  auth_timeout: omitEmpty(float),
  ...tlsOptions,
  remotes: omitEmpty(
    list(
      record({
        local_account: omitEmpty(text),
        tls_timeout: omitEmpty(float),
        urls: omitEmpty(list(text)),
        deny: omitEmpty(record({ exports: omitEmpty(list(text)), imports: omitEmpty(list(text)) })),
      }),
    ),
  ),
  ...writeOptions,
  ...certificate,
});

const mqtt = record({
  host: omitEmpty(text),
  port: omitEmpty(int),
  no_auth_user: omitEmpty(text),
  auth_timeout: omitEmpty(float),
  tls_map: omitEmpty(bool),
  tls_timeout: omitEmpty(float),
  tls_pinned_certs: omitEmpty(list(text)),
  js_domain: omitEmpty(text),
  ack_wait: omitEmpty(int64),
  max_ack_pending: omitEmpty(int),
  ...certificate,
});

const websocket = record({
  host: omitEmpty(text),
  port: omitEmpty(int),
  advertise: omitEmpty(text),
  no_auth_user: omitEmpty(text),
  jwt_cookie: omitEmpty(text),
  handshake_timeout: omitEmpty(int64),
  auth_timeout: omitEmpty(float),
  no_tls: omitEmpty(bool),
  tls_map: omitEmpty(bool),
  tls_pinned_certs: omitEmpty(list(text)),
  same_origin: omitEmpty(bool),
  allowed_origins: omitEmpty(list(text)),
  compression: omitEmpty(bool),
  ...certificate,
});

const perKind = record({ clients: int64, routes: int64, gateways: int64, leafs: int64 });

/** The fields of /varz in nats-server's order. */
export const varz = record({
  server_id: text,
  server_name: text,
  version: text,
  proto: int,
  git_commit: omitEmpty(text),
  go: text,
  host: text,
  port: int,
  auth_required: omitEmpty(bool),
  tls_required: omitEmpty(bool),
  tls_verify: omitEmpty(bool),
  tls_ocsp_peer_verify: omitEmpty(bool),
  ip: omitEmpty(text),
  connect_urls: omitEmpty(list(text)),
  ws_connect_urls: omitEmpty(list(text)),
  max_connections: int,
  max_subscriptions: omitEmpty(int),
  ping_interval: int64,
  ping_max: int,
  http_host: text,
  http_port: int,
  http_base_path: text,
  https_port: int,
  auth_timeout: float,
  max_control_line: int,
  max_payload: int64,
  max_pending: int64,
  cluster,
  gateway,
  leaf,
  mqtt,
  websocket,
  jetstream: jetstreamVarz,
  tls_timeout: float,
  write_deadline: int64,
  write_timeout: omitEmpty(text),
  start: text,
  now: text,
  uptime: text,
  mem: int64,
  cores: int,
  gomaxprocs: int,
  gomemlimit: omitEmpty(int64),
  cpu: float,
  connections: int,
  total_connections: int64,
  routes: int,
  remotes: int,
  leafnodes: int,
  in_msgs: int64,
  in_bytes: int64,
  in_client_msgs: int64,
  in_client_bytes: int64,
  out_msgs: int64,
  out_bytes: int64,
  out_client_msgs: int64,
  out_client_bytes: int64,
  slow_consumers: int64,
  stale_connections: int64,
  stalled_clients: int64,
  subscriptions: int,
  http_req_stats: map(int64),
  config_load_time: text,
  config_digest: text,
  tags: omitEmpty(list(text)),
  metadata: omitEmpty(map(text)),
  feature_flags: omitEmpty(map(bool)),
  trusted_operators_jwt: omitEmpty(list(text)),
  trusted_operators_claim: omitEmpty(list(part)),
  system_account: omitEmpty(text),
  pinned_account_fails: omitEmpty(int64),
  slow_consumer_stats: perKind,
  stale_connection_stats: perKind,
  disk_io_wait_stats: record({ waiters: int64, waits: int64, wait_time: int64, max_wait_time: int64 }),
  tls_cert_not_after: omitEmpty(text),
});

export type Varz = Encodable<typeof varz>;

type NumberNames =
  | "mem"
  | "cores"
  | "gomaxprocs"
  | "cpu"
  | "connections"
  | "total_connections"
  | "routes"
  | "remotes"
  | "leafnodes"
  | `${"in" | "out"}_${"" | "client_"}${"msgs" | "bytes"}`
  | "slow_consumers"
  | "stale_connections"
  | "stalled_clients"
  | "subscriptions"
  | "slow_consumer_stats"
  | "stale_connection_stats"
  | "disk_io_wait_stats";
type ViewNames =
  | "server_id"
  | "server_name"
  | "version"
  | "proto"
  | "jetstream"
  | "system_account"
  | "start"
  | "now"
  | "uptime"
  | "http_req_stats";

/** What changes with traffic. */
export type VarzNumbers = Pick<Varz, NumberNames>;
/** What changes with a reload, by its name on the wire. Durations in nanoseconds, timeouts in seconds. No secrets. */
export type VarzConfig = Omit<Varz, NumberNames | ViewNames>;

/** The value of /varz. */
export function varzOf(source: MonitorSource, requests: ReadonlyMap<string, number>): Varz {
  const now = source.now();
  const { start } = source;
  return {
    ...source.config(),
    ...source.numbers(),
    server_id: source.serverId,
    server_name: source.serverName,
    version: source.version,
    proto: 1,
    jetstream: jetstreamVarzOf(source.jetstream),
    system_account: source.systemAccount,
    start: rfc3339Nano(start.sec, start.nanos),
    now: rfc3339Nano(now.sec, now.nanos),
    uptime: uptimeText(now.sec - start.sec + (now.nanos - start.nanos) / 1e9),
    http_req_stats: requests,
  };
}
