// The options at the top of a configuration.

import type { Resolved } from "../rows.ts";
import { block, bool, custom, duration, int, size, str, texts, word } from "../rows.ts";
import type { AccountOptions } from "./accounts.ts";
import { listen } from "./address.ts";
import { tlsRows } from "./tls.ts";
import type { AuthorizationOptions } from "./users.ts";
import { websocketRows } from "./websocket.ts";

const MB = 1024 * 1024;

export const serverRows = {
  listen: listen("for clients"),
  host: str({ fallback: "0.0.0.0", doc: "Address for clients.", aliases: ["net"], reload: "restart" }),
  port: int({ fallback: 4222, doc: "Port for clients; -1 picks a free one.", reload: "restart" }),
  client_advertise: str({ doc: "Address told to clients instead of the listener's.", reload: "live" }),
  server_name: str({ doc: "Name of this server; without one its id.", reload: "restart", shown: "the server's id" }),
  server_tags: texts({ doc: "Words about this server, shown by monitoring.", reload: "live" }),
  server_metadata: custom<Readonly<Record<string, string>>>(
    "map",
    {},
    { doc: "Names and values about this server, shown by monitoring.", reload: "live" },
    () => ({}),
  ),

  debug: bool({ fallback: false, doc: "Logs what helps to find faults.", reload: "live" }),
  trace: bool({ fallback: false, doc: "Logs the protocol.", reload: "live" }),
  trace_verbose: bool({
    fallback: false,
    doc: "Logs the protocol of the system account too; implies trace.",
    reload: "live",
  }),
  trace_headers: bool({ fallback: false, doc: "Logs headers but no payload; implies trace.", reload: "live" }),
  logtime: bool({ fallback: true, doc: "Begins log lines with date and time.", reload: "live" }),
  logtime_utc: bool({ fallback: false, doc: "Shows that time in UTC.", reload: "live" }),
  log_file: str({ doc: "File to log to instead of stderr.", aliases: ["logfile"], reload: "live" }),
  logfile_size_limit: size({
    fallback: 0,
    doc: "Begins a new log file at this size; 0 never does.",
    aliases: ["log_size_limit"],
    reload: "live",
  }),
  logfile_max_num: int({
    fallback: 0,
    doc: "Log files kept, the current one included; 0 keeps all.",
    aliases: ["log_max_num"],
    reload: "live",
  }),
  syslog: bool({ fallback: false, doc: "Logs to syslog.", reload: "live" }),
  remote_syslog: str({ doc: "Logs to the syslog at this address, as udp://host:514.", reload: "live" }),
  max_traced_msg_len: int({ fallback: 0, doc: "Longest payload shown by trace; 0 is any.", reload: "live" }),

  pid_file: str({ doc: "File that gets the process id.", aliases: ["pidfile"], reload: "live" }),
  ports_file_dir: str({ doc: "Directory that gets a file with the ports in use.", reload: "live" }),

  http_host: custom<string>(
    "text",
    "0.0.0.0",
    { doc: "Address for monitoring; set by http or https.", reload: "restart" },
    () => "",
  ),
  http_port: int({
    fallback: 0,
    doc: "Port for monitoring; -1 picks a free one.",
    aliases: ["monitor_port"],
    reload: "restart",
    shown: "off",
  }),
  https_port: int({
    fallback: 0,
    doc: "Port for monitoring over TLS; -1 picks a free one.",
    reload: "restart",
    shown: "off",
  }),
  http_base_path: str({ doc: "Path in front of every monitoring endpoint.", reload: "restart" }),

  max_connections: int({
    fallback: 65_536,
    doc: "Clients connected at a time; 0 refuses all.",
    aliases: ["max_conn"],
    reload: "live",
  }),
  max_control_line: size({ fallback: 4096, doc: "Longest protocol line.", reload: "live" }),
  max_payload: size({ fallback: MB, doc: "Largest payload, headers included.", reload: "live" }),
  max_pending: size({
    fallback: 64 * MB,
    doc: "Bytes waiting for one client, after which it is closed as a slow consumer.",
    reload: "restart",
  }),
  max_subscriptions: int({
    fallback: 0,
    doc: "Subscriptions of one client; 0 is any number.",
    aliases: ["max_subs"],
    reload: "restart",
  }),
  max_subscription_tokens: int({
    fallback: 0,
    doc: "Tokens of a subscription's subject; 0 is any number.",
    aliases: ["max_sub_tokens"],
    reload: "restart",
  }),
  max_closed_clients: int({
    fallback: 10_000,
    doc: "Closed connections remembered for monitoring.",
    reload: "restart",
  }),
  ping_interval: duration({
    fallback: 120_000,
    doc: "Time between two pings of a quiet client.",
    reload: "live",
    shown: "2m",
  }),
  ping_max: int({ fallback: 2, doc: "Unanswered pings after which a client is closed as stale.", reload: "live" }),
  write_deadline: duration({ fallback: 10_000, doc: "Time for one write to a client.", reload: "live", shown: "10s" }),
  write_timeout: word({
    words: ["default", "close", "retry"],
    fallback: "default",
    doc: "What happens to a client whose write took too long.",
    reload: "restart",
    outside: () => "write_timeout must be 'default', 'close' or 'retry'",
  }),
  no_fast_producer_stall: bool({
    fallback: false,
    doc: "Never slows a publisher down for the sake of a slow subscriber.",
    reload: "live",
  }),
  lame_duck_duration: duration({
    fallback: 120_000,
    doc: "Time over which lame duck mode closes the clients.",
    reload: "restart",
    shown: "2m",
  }),
  lame_duck_grace_period: duration({
    fallback: 10_000,
    doc: "Time before lame duck mode closes the first one.",
    reload: "restart",
    shown: "10s",
  }),

  authorization: custom<AuthorizationOptions>(
    "block",
    {
      user: undefined,
      password: undefined,
      token: undefined,
      users: [],
      timeout: 2000,
      default_permissions: undefined,
      proxy_required: false,
    },
    { doc: "Who may connect to the global account.", reload: "live" },
    () => {
      throw new Error("soon");
    },
  ),
  no_auth_user: str({ doc: "User that clients without credentials become.", reload: "live" }),
  accounts: custom<readonly AccountOptions[]>(
    "map of blocks",
    [],
    { doc: "Name spaces, each with its users.", reload: "live" },
    () => [],
  ),
  system_account: str({
    doc: "Account for system events and requests.",
    aliases: ["system"],
    reload: "restart",
    shown: "$SYS",
  }),
  no_system_account: bool({
    fallback: false,
    doc: "Has no system account.",
    aliases: ["no_system", "no_sys_acc"],
    reload: "restart",
  }),

  tls: block(tlsRows, { doc: "Certificate and checks of the client listener and of https.", reload: "live" }),
  allow_non_tls: bool({ fallback: false, doc: "With tls, takes clients without it as well.", reload: "restart" }),
  websocket: block(websocketRows, { doc: "Clients over WebSocket.", aliases: ["ws"], reload: "restart" }),

  disable_sublist_cache: bool({
    fallback: false,
    doc: "Turns off a cache of nats-server; nothing depends on it here.",
    aliases: ["no_sublist_cache"],
    reload: "restart",
  }),
  no_header_support: bool({ fallback: false, doc: "Does not offer headers.", reload: "restart" }),
  connect_error_reports: int({
    fallback: 3600,
    doc: "Logs every so many failed attempts to connect for the first time.",
    reload: "live",
  }),
  reconnect_error_reports: int({
    fallback: 1,
    doc: "Logs every so many failed attempts to reconnect.",
    reload: "live",
  }),
  feature_flags: custom<Readonly<Record<string, boolean>>>(
    "map",
    {},
    { doc: "Switches for features on trial.", reload: "restart" },
    () => ({}),
  ),
};

type ServerRows = Resolved<typeof serverRows>;
/** Every option, resolved: durations in milliseconds, sizes in bytes, a block that is not there undefined. */
export type ServerOptions = ServerRows;
