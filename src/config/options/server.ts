// The options at the top of a configuration.

import { OptionError } from "../problems.ts";
import type { Resolved, Row } from "../rows.ts";
import { bool, custom, duration, inObject, int, size, str, word } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";
import { accounts } from "./accounts.ts";
import { httpListen, listen } from "./address.ts";
import { authorization } from "./authorization.ts";
import { cluster } from "./cluster.ts";
import { gateway } from "./gateway.ts";
import { jetstream } from "./jetstream.ts";
import { leafnodes } from "./leafnodes.ts";
import { mqtt } from "./mqtt.ts";
import { tlsBlock } from "./tls.ts";
import { mappings } from "./transforms.ts";
import { trustRows } from "./trust.ts";
import { websocket } from "./websocket.ts";

const MB = 1024 * 1024;
const MOST_INT32 = 2 ** 31 - 1;
const LEAST_LAME_DUCK_MS = 30_000;

/** A duration that has to be a text, with nats-server's bounds; `complaint` says what is wrong with it. */
function strictDuration(spec: {
  readonly fallback: number;
  readonly shown: string;
  readonly doc: string;
  readonly complaint: (ms: number, text: string) => string | undefined;
}): Row<number> {
  const row = duration({ fallback: spec.fallback, doc: spec.doc, reload: "restart", shown: spec.shown });
  return {
    ...row,
    read(node, name, reading) {
      if (node.kind !== "string" && !inObject(node))
        throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not string`);
      const ms = row.read(node, name, reading);
      const complaint = spec.complaint(ms, goValue(node));
      if (complaint !== undefined) throw new OptionError(complaint);
      return ms;
    },
  };
}

const loggingRows = {
  debug: bool({ fallback: false, doc: "Logs what helps to find faults.", reload: "live" }),
  trace: bool({ fallback: false, doc: "Logs the protocol.", reload: "live" }),
  trace_verbose: bool({
    fallback: false,
    doc: "Logs the protocol of the system account too; implies trace.",
    reload: "live",
  }),
  trace_headers: bool({ fallback: false, doc: "Logs headers and no payload; implies trace.", reload: "live" }),
  logtime: bool({ fallback: true, doc: "Begins log lines with date and time.", reload: "live" }),
  logtime_utc: bool({ fallback: false, doc: "Shows that time in UTC.", reload: "live" }),
  log_file: str({ doc: "File to log to instead of stderr.", aliases: ["logfile"], reload: "live" }),
  logfile_size_limit: size({
    fallback: 0,
    doc: "Begins a new log file at this size; 0 never does.",
    aliases: ["log_size_limit"],
    reload: "restart",
  }),
  logfile_max_num: int({
    fallback: 0,
    doc: "Log files kept, the current one included; 0 keeps all.",
    aliases: ["log_max_num"],
    reload: "restart",
  }),
  syslog: bool({ fallback: false, doc: "Logs to syslog.", reload: "live" }),
  remote_syslog: str({ doc: "Logs to the syslog at this address, as udp://host:514.", reload: "live" }),
  max_traced_msg_len: int({ fallback: 0, doc: "Longest payload shown by trace; 0 is any.", reload: "live" }),
  connect_error_reports: int({
    fallback: 3600,
    doc: "Logs every so many failed attempts to connect for the first time.",
    reload: "live",
    zero: "fallback",
  }),
  reconnect_error_reports: int({
    fallback: 1,
    doc: "Logs every so many failed attempts to reconnect.",
    reload: "live",
    zero: "fallback",
  }),
};

const limitRows = {
  max_connections: int({
    fallback: 65_536,
    doc: "Clients connected at a time; 0 refuses all.",
    aliases: ["max_conn"],
    reload: "live",
  }),
  max_control_line: size({
    fallback: 4096,
    max: MOST_INT32,
    outside: "max_control_line value is too big",
    doc: "Longest protocol line.",
    reload: "live",
    zero: "fallback",
  }),
  max_payload: size({
    fallback: MB,
    max: MOST_INT32,
    outside: "max_payload value is too big",
    doc: "Largest payload, headers included; -1 is any.",
    reload: "live",
    zero: "fallback",
  }),
  max_pending: size({
    fallback: 64 * MB,
    doc: "Bytes waiting for one client, after which it is closed as a slow consumer.",
    reload: "restart",
    zero: "fallback",
  }),
  max_subscriptions: int({
    fallback: 0,
    doc: "Subscriptions of one client; 0 is any number.",
    aliases: ["max_subs"],
    reload: "restart",
  }),
  max_subscription_tokens: custom<number>(
    "number",
    0,
    {
      doc: "Tokens of a subscription's subject; without it any number.",
      aliases: ["max_sub_tokens"],
      reload: "restart",
      shown: "any",
      bounds: "1 to 255",
    },
    readTokens,
  ),
  max_closed_clients: int({
    fallback: 10_000,
    doc: "Closed connections remembered for monitoring.",
    reload: "restart",
    zero: "fallback",
  }),
  ping_interval: duration({
    fallback: 120_000,
    doc: "Time between two pings of a quiet client.",
    reload: "live",
    shown: "2m",
    zero: "fallback",
  }),
  ping_max: int({
    fallback: 2,
    doc: "Unanswered pings after which a client is closed as stale.",
    reload: "live",
    zero: "fallback",
  }),
  write_deadline: duration({
    fallback: 10_000,
    doc: "Time for one write to a client.",
    reload: "live",
    shown: "10s",
    zero: "fallback",
  }),
  write_timeout: word({
    words: ["default", "close", "retry"],
    fallback: "default",
    doc: "What happens to a client when a write took too long; default closes it.",
    reload: "restart",
    status: "later",
    why: "a client whose write took too long is closed",
    enables: (what: string) => what === "retry",
    outside: () => "write_timeout must be 'default', 'close' or 'retry'",
  }),
  no_fast_producer_stall: bool({
    fallback: false,
    doc: "Never slows a publisher down for the sake of a slow subscriber.",
    reload: "live",
  }),
  lame_duck_duration: strictDuration({
    fallback: 120_000,
    doc: "Time over which lame duck mode closes the clients; at least 30s.",
    shown: "2m",
    complaint: (ms, text) =>
      ms < LEAST_LAME_DUCK_MS ? `invalid lame_duck_duration of ${text}, minimum is 30 seconds` : undefined,
  }),
  lame_duck_grace_period: strictDuration({
    fallback: 10_000,
    doc: "Time before lame duck mode closes the first one; less than lame_duck_duration.",
    shown: "10s",
    complaint: (ms) => (ms < 0 ? "invalid lame_duck_grace_period, needs to be positive" : undefined),
  }),
};

/** Every option of a configuration file, by name. */
export const serverRows = {
  listen: listen("for clients"),
  host: str({ fallback: "0.0.0.0", doc: "Address for clients.", aliases: ["net"], reload: "restart" }),
  port: int({ fallback: 4222, doc: "Port for clients; -1 picks a free one.", reload: "restart", zero: "fallback" }),
  client_advertise: str({ doc: "Address told to clients instead of the listener's.", reload: "live" }),
  server_name: str({
    doc: "Name of this server.",
    reload: "restart",
    shown: "the server's id",
    check: (name) => {
      if (name.includes(" ")) throw new OptionError("server name cannot contain spaces");
    },
  }),
  server_tags: custom<readonly string[]>(
    "list of texts",
    [],
    { doc: "Words about this server, for monitoring.", reload: "live" },
    readTags,
  ),
  server_metadata: custom<Readonly<Record<string, string>>>(
    "map",
    record([]),
    { doc: "Names and values about this server, for monitoring.", reload: "live" },
    readMetadata,
  ),

  http: httpListen("monitoring", "http_port"),
  https: httpListen("monitoring over TLS", "https_port"),
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

  ...loggingRows,
  pid_file: str({ doc: "File that gets the process id.", aliases: ["pidfile"], reload: "live" }),
  ports_file_dir: str({ doc: "Directory that gets a file with the ports in use.", reload: "live" }),
  prof_port: int({
    fallback: 0,
    doc: "Port for Go profiles.",
    reload: "restart",
    shown: "off",
    status: "later",
    why: "there are no Go profiles here",
    enables: (port: number) => port !== 0,
  }),
  prof_block_rate: int({
    fallback: 0,
    doc: "Share of blocking events in Go profiles.",
    reload: "live",
    status: "later",
    why: "there are no Go profiles here",
    enables: (rate: number) => rate !== 0,
  }),
  ...limitRows,

  tls: tlsBlock("Certificate and checks for clients and for https."),
  allow_non_tls: bool({ fallback: false, doc: "With tls, takes clients without it as well.", reload: "restart" }),
  authorization,
  no_auth_user: str({
    doc: "User that clients without credentials become; a reload may leave it out together with the user.",
    reload: "restart",
  }),
  accounts,
  system_account: str({
    doc: "Account for system events and requests.",
    aliases: ["system"],
    reload: "restart",
    shown: "$SYS",
    mismatch: () => "system account name must be a string",
  }),
  no_system_account: bool({
    fallback: false,
    doc: "Has no system account unless one is named.",
    aliases: ["no_system", "no_sys_acc"],
    reload: "restart",
  }),
  mappings,
  ...trustRows,
  proxy_protocol: bool({
    fallback: false,
    doc: "Takes the client's address from the PROXY protocol.",
    reload: "restart",
    status: "refused",
    why: "clients behind the proxy could not connect",
    enables: (on: boolean) => on,
  }),

  websocket,
  mqtt,
  cluster,
  gateway,
  leafnodes,
  jetstream,
  store_dir: str({
    doc: "Directory for streams, as store_dir in jetstream.",
    aliases: ["storedir"],
    reload: "restart",
  }),
  default_js_domain: custom<Readonly<Record<string, string>>>(
    "map",
    record([]),
    {
      doc: "JetStream domains that accounts use.",
      reload: "restart",
    },
    readDomains,
  ),

  disable_sublist_cache: bool({
    fallback: false,
    doc: "Turns off a cache of nats-server; nothing depends on it here.",
    aliases: ["no_sublist_cache"],
    reload: "restart",
  }),
  no_header_support: bool({ fallback: false, doc: "Does not offer headers.", reload: "restart" }),
  feature_flags: custom<Readonly<Record<string, boolean>>>(
    "map",
    record([]),
    { doc: "Switches for features on trial.", reload: "restart" },
    readFlags,
  ),
};

/** Every option as its row read it; `load` makes ServerOptions of it. */
export type ReadOptions = Resolved<typeof serverRows> & { readonly http_host?: string };

function readTokens(node: Node): number {
  if (node.kind !== "int") throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not int64`);
  const count = Number(node.value);
  if (count > 255) throw new OptionError("max_sub_tokens value is too big");
  if (count < 1) throw new OptionError("max_sub_tokens value can not be negative");
  return count;
}

function readTags(node: Node): readonly string[] {
  const items = node.kind === "string" ? [node] : node.kind === "array" ? node.value : undefined;
  if (items === undefined) throw new OptionError(`error parsing tags: unsupported type ${goType(node)}`);
  const tags = items.map((item) => {
    if (item.kind === "string") return item.value.trim().toLowerCase();
    throw new OptionError("error parsing tags: unsupported type *conf.token where string is expected");
  });
  return [...new Set(tags.filter((tag) => tag !== ""))];
}

/** A record of a map's entries that no key can spoil. */
function record<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  const out = Object.create(null) as Record<string, T>;
  for (const [key, value] of entries) out[key] = value;
  return out;
}

function readMetadata(node: Node): Readonly<Record<string, string>> {
  if (node.kind !== "map") throw new OptionError(`error parsing metadata: unsupported type ${goType(node)}`);
  return record(
    [...node.value.values()].map(({ key, at, node }) => {
      if (node.kind === "string") return [key, node.value];
      throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not string`, { at });
    }),
  );
}

function readFlags(node: Node): Readonly<Record<string, boolean>> {
  if (node.kind !== "map") throw new OptionError(`error parsing feature flags: unsupported type ${goType(node)}`);
  return record(
    [...node.value.values()].map(({ key, at, node }) => {
      if (node.kind === "bool") return [key, node.value];
      throw new OptionError(`error parsing feature flag ${quote(key)}: expected bool, got ${goType(node)}`, { at });
    }),
  );
}

function readDomains(node: Node): Readonly<Record<string, string>> {
  if (node.kind !== "map") throw new OptionError(`error default_js_domain config: unsupported type ${goType(node)}`);
  return record(
    [...node.value.values()].map(({ key, node }) => {
      if (node.kind === "string") return [key, node.value];
      throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not string`);
    }),
  );
}
