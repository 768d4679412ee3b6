// What a reload may change, in nats-server's order and words.
//
// Compares the options that run with those just read. The first one that needs
// a restart refuses the whole reload; the others say what was done about them.
// Knows nothing of how a change is applied: reload.ts does that.

import type { ServerOptions } from "../config/options.ts";
import { jetstreamRows } from "./reload_changes_jetstream.ts";
import { linkRows } from "./reload_changes_links.ts";
import { blockRow, type Concern, duration, isSame, live, restart, type Row } from "./reload_changes_row.ts";

export interface Change {
  readonly concern: Concern | undefined;
  /** For the log, when it is done. */
  readonly says: string | undefined;
}

const seconds = (ms: number): string => String(ms / 1000);

/** Users with a name, or with an nkey, anywhere. */
const userNames = ({ authorization, accounts }: ServerOptions, isNkey: boolean): readonly unknown[] =>
  [...authorization.users, ...accounts.flatMap(({ users }) => users)].filter(
    ({ nkey }) => ((nkey ?? "") !== "") === isNkey,
  );

const DEFAULT_TLS_TIMEOUT_MS = 2000;

const isTlsFirst = ({ tls }: ServerOptions): boolean => tls !== undefined && tls.handshake_first !== false;
const tlsFirstFor = ({ tls }: ServerOptions): number =>
  typeof tls?.handshake_first === "number" ? tls.handshake_first : 0;

function shownCallout(callout: ServerOptions["authorization"]["auth_callout"]): string {
  if (callout === undefined) return "<nil>";
  const { issuer, account, auth_users, xkey = "", allowed_accounts } = callout;
  return `&{${issuer} ${account} [${auth_users.join(" ")}] ${xkey} [${allowed_accounts.join(" ")}]}`;
}

/** In the order of nats-server's options. */
const rows: readonly Row[] = [
  restart("ServerName", (o) => o.server_name ?? ""),
  restart("Host", (o) => o.host),
  {
    ...restart("Port", (o) => o.port),
    // A port of the system's choice stays what it became.
    isChange: (before, after) => after.port > 0 && after.port !== before.port,
  },
  live(
    "ClientAdvertise",
    (o) => o.client_advertise ?? "",
    "sessions",
    (o) => `Reload: client_advertise = ${o.client_advertise ?? ""}`,
  ),
  live(
    "Trace",
    (o) => o.trace,
    "log",
    (o) => `Reloaded: trace = ${o.trace}`,
  ),
  live(
    "Debug",
    (o) => o.debug,
    "log",
    (o) => `Reloaded: debug = ${o.debug}`,
  ),
  live(
    "TraceVerbose",
    (o) => o.trace_verbose,
    "trace",
    (o) => `Reloaded: trace_verbose = ${o.trace_verbose}`,
  ),
  live(
    "TraceHeaders",
    (o) => o.trace_headers,
    "trace",
    (o) => `Reloaded: trace_headers = ${o.trace_headers}`,
  ),
  restart("NoSublistCache", (o) => o.disable_sublist_cache),
  restart("NoHeaderSupport", (o) => o.no_header_support),
  live(
    "Logtime",
    (o) => o.logtime,
    "log",
    (o) => `Reloaded: logtime = ${o.logtime}`,
  ),
  live(
    "LogtimeUTC",
    (o) => o.logtime_utc,
    "log",
    (o) => `Reloaded: logtime_utc = ${o.logtime_utc}`,
  ),
  live(
    "MaxConn",
    (o) => o.max_connections,
    "connections",
    (o) => `Reloaded: max_connections = ${o.max_connections === 0 ? -1 : o.max_connections}`,
  ),
  restart("MaxSubs", (o) => o.max_subscriptions),
  restart("MaxSubTokens", (o) => o.max_subscription_tokens),
  live(
    "Nkeys",
    (o) => userNames(o, true),
    "auth",
    () => "Reloaded: authorization nkey users",
  ),
  {
    ...live(
      "Users",
      (o) => userNames(o, false),
      "auth",
      () => "Reloaded: authorization users",
    ),
    isAlways: () => true,
  },
  {
    ...live(
      "Accounts",
      (o) => o.accounts,
      "auth",
      () => "Reloaded: accounts",
    ),
    isAlways: () => true,
  },
  {
    ...restart("NoAuthUser", (o) => o.no_auth_user ?? ""),
    // It may go, when the user goes, too.
    isChange: (before, after) =>
      (before.no_auth_user ?? "") !== (after.no_auth_user ?? "") &&
      ((after.no_auth_user ?? "") !== "" ||
        userNames(after, false).some((user) => (user as { user?: string }).user === before.no_auth_user)),
  },
  restart("SystemAccount", (o) => o.system_account ?? ""),
  restart("NoSystemAccount", (o) => o.no_system_account),
  live(
    "Username",
    (o) => o.authorization.user ?? "",
    "auth",
    () => "Reloaded: authorization username",
  ),
  live(
    "Password",
    (o) => o.authorization.password ?? "",
    "auth",
    () => "Reloaded: authorization password",
  ),
  restart("ProxyRequired", (o) => o.authorization.proxy_required),
  restart("ProxyProtocol", (o) => o.proxy_protocol),
  live(
    "Authorization",
    (o) => o.authorization.token ?? "",
    "auth",
    () => "Reloaded: authorization token",
  ),
  restart("AuthCallout", (o) => o.authorization.auth_callout, shownCallout),
  live(
    "PingInterval",
    (o) => o.ping_interval,
    "sessions",
    (o) => `Reloaded: ping_interval = ${duration(o.ping_interval)}`,
  ),
  live(
    "MaxPingsOut",
    (o) => o.ping_max,
    "sessions",
    (o) => `Reloaded: ping_max = ${o.ping_max}`,
  ),
  restart("HTTPHost", (o) => o.http_host),
  restart("HTTPPort", (o) => o.http_port),
  restart("HTTPBasePath", (o) => o.http_base_path ?? ""),
  restart("HTTPSPort", (o) => o.https_port),
  live(
    "AuthTimeout",
    (o) => o.authorization.timeout,
    "sessions",
    (o) => `Reloaded: authorization timeout = ${seconds(o.authorization.timeout)}`,
  ),
  live(
    "MaxControlLine",
    (o) => o.max_control_line,
    "sessions",
    (o) => `Reloaded: max_control_line = ${o.max_control_line}`,
  ),
  live(
    "MaxPayload",
    (o) => o.max_payload,
    "sessions",
    (o) => `Reloaded: max_payload = ${o.max_payload}`,
  ),
  restart("MaxPending", (o) => o.max_pending),
  live(
    "NoFastProducerStall",
    (o) => o.no_fast_producer_stall,
    "sessions",
    (o) => `Reloaded: fast producers will ${o.no_fast_producer_stall ? "not " : ""}be stalled`,
  ),
  ...linkRows,
  ...jetstreamRows,
  restart("JsAccDefaultDomain", (o) => o.default_js_domain, goMap),
  restart(
    "Websocket",
    (o) => withoutTls(o.websocket),
    () => "...",
  ),
  blockRow("MQTT", (o) => o.mqtt),
  restart("ProfPort", (o) => o.prof_port),
  live(
    "ProfBlockRate",
    (o) => o.prof_block_rate,
    "sessions",
    (o) => `Reloaded: prof_block_rate = ${o.prof_block_rate}`,
  ),
  live(
    "PidFile",
    (o) => o.pid_file ?? "",
    "pidFile",
    (o) => `Reloaded: pid_file = ${o.pid_file ?? ""}`,
  ),
  live(
    "PortsFileDir",
    (o) => o.ports_file_dir ?? "",
    "portsFile",
    (o) => `Reloaded: ports_file_dir = ${o.ports_file_dir ?? ""}`,
  ),
  live(
    "LogFile",
    (o) => o.log_file ?? "",
    "log",
    (o) => `Reloaded: log_file = ${o.log_file ?? ""}`,
  ),
  restart("LogSizeLimit", (o) => o.logfile_size_limit),
  restart("LogMaxFiles", (o) => o.logfile_max_num),
  live(
    "Syslog",
    (o) => o.syslog,
    "log",
    (o) => `Reloaded: syslog = ${o.syslog}`,
  ),
  live(
    "RemoteSyslog",
    (o) => o.remote_syslog ?? "",
    "log",
    (o) => `Reloaded: remote_syslog = ${o.remote_syslog ?? ""}`,
  ),
  live(
    "TLSTimeout",
    (o) => o.tls?.timeout ?? DEFAULT_TLS_TIMEOUT_MS,
    "tls",
    (o) => `Reloaded: tls timeout = ${seconds(o.tls?.timeout ?? DEFAULT_TLS_TIMEOUT_MS)}`,
  ),
  restart("TLSMap", (o) => o.tls?.verify_and_map === true),
  {
    ...live(
      "TLSConfig",
      (o) => o.tls,
      "tls",
      (o) => `Reloaded: tls = ${o.tls === undefined ? "disabled" : "enabled"}`,
    ),
    // What the files hold may have changed.
    isAlways: (o) => o.tls !== undefined,
  },
  live(
    "TLSPinnedCerts",
    (o) => o.tls?.pinned_certs ?? [],
    "pins",
    (o) => `Reloaded: ${o.tls?.pinned_certs?.length ?? 0} pinned_certs`,
  ),
  restart("TLSRateLimit", (o) => o.tls?.connection_rate_limit ?? 0),
  live("TLSHandshakeFirst", isTlsFirst, "tls", (o) => `Reloaded: Client TLS handshake first: ${isTlsFirst(o)}`),
  live(
    "TLSHandshakeFirstFallback",
    tlsFirstFor,
    "tls",
    (o) => `Reloaded: Client TLS handshake first fallback delay: ${duration(tlsFirstFor(o))}`,
  ),
  restart("AllowNonTLS", (o) => o.allow_non_tls),
  live(
    "WriteDeadline",
    (o) => o.write_deadline,
    "sessions",
    (o) => `Reloaded: write_deadline = ${duration(o.write_deadline)}`,
  ),
  restart("WriteTimeout", (o) => (o.write_timeout === "default" ? "" : o.write_timeout)),
  restart("MaxClosedClients", (o) => o.max_closed_clients),
  restart("LameDuckDuration", (o) => o.lame_duck_duration, duration),
  restart("LameDuckGracePeriod", (o) => o.lame_duck_grace_period, duration),
  live(
    "MaxTracedMsgLen",
    (o) => o.max_traced_msg_len,
    "sessions",
    (o) => `Reloaded: max_traced_msg_len = ${o.max_traced_msg_len}`,
  ),
  restart(
    "TrustedOperators",
    (o) => o.operator,
    (operators: readonly string[]) => `[${operators.length}]`,
  ),
  restart(
    "TrustedKeys",
    (o) => o.trusted_keys,
    (keys: readonly string[]) => `[${keys.join(" ")}]`,
  ),
  {
    ...restart("AccountResolver", (o) => o.resolver !== undefined),
    refusal: "config reload does not support moving to or from an account resolver",
  },
  {
    ...live(
      "AccountResolver",
      (o) => [o.resolver, o.resolver_preload, o.resolver_pinned_accounts],
      "auth",
      () => "Reloaded: accounts",
    ),
    // What it preloads may have changed.
    isAlways: (o) => o.resolver !== undefined,
  },
  live(
    "AccountResolverTLSConfig",
    (o) => o.resolver_tls,
    "auth",
    () => "Reloaded: accounts",
  ),
  live(
    "ConnectErrorReports",
    (o) => o.connect_error_reports,
    "sessions",
    (o) => `Reloaded: connect_error_reports = ${o.connect_error_reports}`,
  ),
  live(
    "ReconnectErrorReports",
    (o) => o.reconnect_error_reports,
    "sessions",
    (o) => `Reloaded: reconnect_error_reports = ${o.reconnect_error_reports}`,
  ),
  live(
    "Tags",
    (o) => o.server_tags,
    "stats",
    () => "Reloaded: tags",
  ),
  live(
    "Metadata",
    (o) => o.server_metadata,
    "stats",
    () => "Reloaded: metadata",
  ),
  // A token is for nobody's eyes.
  live(
    "DefaultSentinel",
    (o) => o.default_sentinel ?? "",
    "auth",
    (o) => `Reloaded: default_sentinel = ${(o.default_sentinel ?? "") === "" ? "" : "[REDACTED]"}`,
  ),
  proxyRow("removed", (before, after) => before.filter((key) => !after.includes(key))),
  proxyRow("added", (before, after) => after.filter((key) => !before.includes(key))),
  restart(
    "FeatureFlags",
    (o) => o.feature_flags,
    (flags: object) => goMap(flags),
  ),
];

/** Keys of proxies that came or went. */
function proxyRow(
  what: "added" | "removed",
  changed: (before: readonly string[], after: readonly string[]) => readonly string[],
): Row {
  const shown = (keys: readonly string[]): string => `[${keys.map((key) => JSON.stringify(key)).join(" ")}]`;
  return {
    go: "Proxies",
    of: (o) => o.proxies,
    concern: "auth",
    isChange: (before, after) => changed(before.proxies, after.proxies).length > 0,
    says: (after, before) =>
      `Reloaded: proxies trusted keys ${shown(changed(before.proxies, after.proxies))} were ${what}`,
  };
}

/** What differs; a text: why it cannot be taken over. */
export function changesOf(before: ServerOptions, after: ServerOptions): readonly Change[] | string {
  const changes: Change[] = [];
  for (const row of rows) {
    const { go, of, concern, says, isAlways } = row;
    const isChange = row.isChange?.(before, after) ?? !isSame(of(before), of(after));
    if (!isChange && isAlways?.(before) !== true && isAlways?.(after) !== true) continue;
    if (concern === undefined) {
      if (row.refusal !== undefined) return row.refusal;
      const shown = (value: unknown): string => row.shown?.(value as never) ?? String(value);
      return `config reload not supported for ${go}: old=${shown(of(before))}, new=${shown(of(after))}`;
    }
    changes.push({ concern, says: says?.(after, before) });
  }
  return changes;
}

/** Its certificates may change, but not who has to show one. */
function withoutTls(websocket: ServerOptions["websocket"]): unknown {
  if (websocket === undefined) return undefined;
  const { verify_and_map, pinned_certs } = websocket.tls ?? {};
  return { ...websocket, tls: { verify_and_map: verify_and_map === true, pinned_certs: pinned_certs ?? [] } };
}

/** As Go prints a map. */
function goMap(flags: object): string {
  return `map[${Object.entries(flags)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${String(value)}`)
    .join(" ")}]`;
}
