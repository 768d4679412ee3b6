// What flags say, put over what the file says.

import { defaultsOf } from "./rows.ts";
import { ConfigError, OptionError } from "./problems.ts";
import type { ConfigSource } from "./source.ts";
import type { ClusterOptions, JetStreamOptions, TlsOptions } from "./options.ts";
import { clusterRows } from "./options/cluster.ts";
import { jetstreamRows } from "./options/jetstream.ts";
import type { ReadOptions } from "./options/server.ts";
import { serverRows } from "./options/server.ts";
import { checkTlsFiles, tlsRows } from "./options/tls.ts";

type Simple = Pick<
  ReadOptions,
  | "host"
  | "port"
  | "server_name"
  | "client_advertise"
  | "pid_file"
  | "ports_file_dir"
  | "http_port"
  | "https_port"
  | "log_file"
  | "logtime"
  | "logtime_utc"
  | "syslog"
  | "remote_syslog"
  | "debug"
  | "trace"
  | "trace_verbose"
  | "logfile_size_limit"
  | "max_traced_msg_len"
  | "store_dir"
  | "prof_port"
>;

interface TlsFlags {
  readonly on?: boolean;
  readonly verify?: boolean;
  readonly cert_file?: string;
  readonly key_file?: string;
  readonly ca_file?: string;
}

interface ClusterFlags {
  /** URL to listen on for routes; an empty one closes that listener. */
  readonly listen?: string;
  readonly name?: string;
  readonly advertise?: string;
  readonly no_advertise?: boolean;
  readonly connect_retries?: number;
  /** URLs, separated by commas. */
  readonly routes?: string;
}

/** Options from the command line; only what was given is there. */
export interface Overrides {
  /** Those that simply take the place of what the file says. */
  readonly options?: Partial<Simple>;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly jetstream?: boolean;
  readonly tls?: TlsFlags;
  readonly cluster?: ClusterFlags;
}

/** Puts `flags` over `read`; throws ConfigError in nats-server's words. */
export function applyFlags(read: ReadOptions, flags: Overrides, source: ConfigSource): ReadOptions {
  const simple = { ...read, ...flags.options };
  if (simple.server_name?.includes(" ")) throw new ConfigError("server name cannot contain spaces");
  return {
    ...simple,
    port: simple.port === 0 ? serverRows.port.fallback : simple.port,
    authorization: withCredentials(read.authorization, flags),
    tls: withTls(read.tls, flags.tls ?? {}, source),
    cluster: withCluster(read.cluster, flags.cluster ?? {}),
    jetstream: withJetStream(read.jetstream, flags),
  };
}

/** Notices about flags that ask for what is not there yet, in the words of their options. */
export function flagNotices(flags: Overrides): readonly string[] {
  const { options = {}, cluster = {} } = flags;
  const links = [cluster.listen, cluster.routes].some((flag) => flag !== undefined && flag !== "");
  const asked = [
    ["-js", serverRows.jetstream, flags.jetstream ?? false],
    ["-sd", serverRows.store_dir, options.store_dir !== undefined],
    ["--cluster", serverRows.cluster, links],
    ["--profile", serverRows.prof_port, (options.prof_port ?? 0) !== 0],
  ] as const;
  return asked
    .filter(([, row, given]) => given && row.info.status === "later")
    .map(([flag, row]) => `flag ${flag} has no effect: ${row.info.why ?? "not supported yet"}`);
}

function withCredentials(read: ReadOptions["authorization"], flags: Overrides): ReadOptions["authorization"] {
  const { user, password, token } = flags;
  if (user === undefined && password === undefined && token === undefined) return read;
  const none = { users: undefined, timeout: undefined, default_permissions: undefined, auth_callout: undefined };
  const base = read ?? { ...none, user: undefined, password: undefined, token: undefined, proxy_required: false };
  return {
    ...base,
    user: user ?? base.user,
    password: password ?? base.password,
    token: token ?? base.token,
  };
}

function withTls(read: TlsOptions | undefined, flags: TlsFlags, source: ConfigSource): TlsOptions | undefined {
  const { on, verify, cert_file, key_file, ca_file } = flags;
  if (on === false) return undefined;
  if ([on, verify, cert_file, key_file, ca_file].every((flag) => flag === undefined)) return read;
  if ((cert_file ?? "") === "") throw new ConfigError("TLS Server certificate must be present and valid");
  if ((key_file ?? "") === "") throw new ConfigError("TLS Server private key must be present and valid");
  const defaults = defaultsOf(tlsRows);
  const out: TlsOptions = {
    ...defaults,
    timeout: read?.timeout ?? defaults.timeout,
    cert_file,
    key_file,
    ca_file: ca_file === "" ? undefined : ca_file,
    verify: verify ?? false,
  };
  try {
    checkTlsFiles(out, source);
  } catch (err) {
    throw err instanceof OptionError ? new ConfigError(err.message) : err;
  }
  return out;
}

function withJetStream(read: JetStreamOptions | undefined, flags: Overrides): JetStreamOptions | undefined {
  const { jetstream } = flags;
  const store_dir = flags.options?.store_dir;
  if (jetstream === false) return undefined;
  const out = read ?? (jetstream === true ? defaultsOf(jetstreamRows) : undefined);
  return out === undefined || store_dir === undefined ? out : { ...out, store_dir };
}

function withCluster(read: ClusterOptions | undefined, flags: ClusterFlags): ClusterOptions | undefined {
  const { listen, name, advertise, no_advertise, connect_retries, routes } = flags;
  if ([listen, name, advertise, no_advertise, connect_retries, routes].every((flag) => flag === undefined)) return read;
  const base = read ?? defaultsOf(clusterRows);
  if (name?.includes(" ")) throw new ConfigError("cluster name cannot contain spaces");
  const out: ClusterOptions = {
    ...base,
    ...(listen === undefined ? {} : listenUrl(listen, base)),
    name: name ?? base.name,
    advertise: advertise ?? base.advertise,
    no_advertise: no_advertise ?? base.no_advertise,
    connect_retries: connect_retries ?? base.connect_retries,
    routes: routes === undefined ? base.routes : routes.split(",").map((url) => url.trim()),
  };
  if (routes !== undefined && out.port === 0) {
    throw new ConfigError("solicited routes require cluster capabilities, e.g. --cluster");
  }
  // Without a listener the other flags change nothing, as in nats-server.
  return out.port === 0 && read === undefined ? undefined : out;
}

/** Host, port and user of a URL such as nats://user:pass@host:port. */
function listenUrl(url: string, base: ClusterOptions): Pick<ClusterOptions, "host" | "port" | "authorization"> {
  const { authorization } = base;
  if (url === "") return { host: base.host, port: 0, authorization };
  const parts = /^[a-z][a-z0-9+.-]*:\/\/(?:([^/@]*)@)?([^/?#]*)/i.exec(url);
  if (parts === null) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(url) || !/^[^/]*:/.test(url)) throw new ConfigError("missing port in address");
    if (url.startsWith(":")) throw new ConfigError(`parse ${JSON.stringify(url)}: missing protocol scheme`);
    throw new ConfigError(`parse ${JSON.stringify(url)}: first path segment in URL cannot contain colon`);
  }
  const [, who, where = ""] = parts;
  const [, host, port] = /^(.*?)(?::([^:\]]*))?$/.exec(where) ?? [];
  if (port !== undefined && !/^(-1|\d*)$/.test(port)) {
    throw new ConfigError(`parse ${JSON.stringify(url)}: invalid port ":${port}" after host`);
  }
  if (port === undefined || port === "") {
    throw new ConfigError(`${where === "" ? "" : `address ${where}: `}missing port in address`);
  }
  const listen = { host: host?.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  if (who === undefined) return { ...listen, authorization };
  const colon = who.indexOf(":");
  if (colon < 0) throw new ConfigError("expected cluster password to be set");
  const credentials = [who.slice(0, colon), who.slice(colon + 1)];
  const wrong = credentials
    .map((part) => /%(?![0-9a-f]{2}).{0,2}/i.exec(part)?.[0])
    .find((escape) => escape !== undefined);
  if (wrong !== undefined) {
    throw new ConfigError(`parse ${JSON.stringify(url)}: invalid URL escape ${JSON.stringify(wrong)}`);
  }
  const [user, password] = credentials.map(unescaped);
  return { ...listen, authorization: { user, password, token: undefined, timeout: authorization?.timeout } };
}

/** A text without its %XX; bytes that are no UTF-8 are shown as such. */
function unescaped(text: string): string {
  const bytes = text.replaceAll(
    /%([0-9a-f]{2})|[^]/giu,
    (c, hex: string | undefined) => hex ?? Buffer.from(c).toString("hex"),
  );
  return Buffer.from(bytes, "hex").toString();
}
