// Every option either changes while the server runs, or refuses the whole reload: what its row says is what happens.

import { describe, expect, test } from "vitest";
import { fromObject } from "../../src/config/object.ts";
import { serverRows } from "../../src/config/options/server.ts";
import type { ServerOptions } from "../../src/config/options.ts";
import { systemSource } from "../../src/io/files.ts";
import { changesOf } from "../../src/server/reload_changes.ts";
import { key } from "../auth/operator/world.ts";
import { cert } from "../support/transports.ts";

const pair = (name: string) => ({ cert_file: cert(`${name}.pem`), key_file: cert(`${name}-key.pem`) });
const user = (name: string) => ({ user: name, password: "p" });
const keys = { trusted_keys: [key("operator", 1).publicKey], resolver: "MEMORY" };

/** For each option a value before and another after, with what they need besides; undefined: not given. */
const samples: Readonly<Record<string, readonly [before: unknown, after: unknown, besides?: object]>> = {
  listen: ["127.0.0.1:4001", "127.0.0.1:4002"],
  host: ["127.0.0.1", "localhost"],
  port: [4001, 4002],
  client_advertise: [undefined, "a:1"],
  server_name: ["a", "b"],
  server_tags: [["a"], ["b"]],
  server_metadata: [{ a: "b" }, { a: "c" }],
  http: ["127.0.0.1:4001", "127.0.0.1:4002"],
  https: ["127.0.0.1:4001", "127.0.0.1:4002", { tls: pair("server") }],
  http_port: [4001, 4002],
  https_port: [4001, 4002, { tls: pair("server") }],
  http_base_path: ["/a", "/b"],
  debug: [false, true],
  trace: [false, true],
  trace_verbose: [false, true],
  trace_headers: [false, true],
  logtime: [true, false],
  logtime_utc: [false, true],
  log_file: ["a.log", "b.log"],
  logfile_size_limit: [0, 1000],
  logfile_max_num: [0, 3],
  syslog: [false, true],
  remote_syslog: [undefined, "udp://127.0.0.1:9"],
  max_traced_msg_len: [0, 5],
  connect_error_reports: [undefined, 5],
  reconnect_error_reports: [undefined, 5],
  pid_file: ["a.pid", "b.pid"],
  ports_file_dir: ["a", "b"],
  prof_port: [undefined, 4001],
  prof_block_rate: [undefined, 5],
  max_connections: [5, 6],
  max_control_line: [1000, 2000],
  max_payload: [1000, 2000],
  max_pending: [undefined, 2_000_000],
  max_subscriptions: [5, 6],
  max_subscription_tokens: [5, 6],
  max_closed_clients: [5, 6],
  ping_interval: ["5s", "6s"],
  ping_max: [5, 6],
  write_deadline: ["5s", "6s"],
  write_timeout: ["default", "close"],
  no_fast_producer_stall: [false, true],
  lame_duck_duration: ["40s", "50s"],
  lame_duck_grace_period: ["4s", "5s"],
  tls: [pair("server"), pair("server2")],
  allow_non_tls: [false, true, { tls: pair("server") }],
  authorization: [{ users: [user("a")] }, { users: [user("b")] }],
  no_auth_user: ["a", "b", { authorization: { users: [user("a"), user("b")] } }],
  accounts: [{ A: { users: [user("a")] } }, { A: { users: [user("b")] } }],
  system_account: [undefined, "A", { accounts: { A: { users: [user("a")] } } }],
  no_system_account: [false, true],
  mappings: [{ a: "b" }, { a: "c" }],
  operator: [undefined, undefined],
  trusted_keys: [keys.trusted_keys, [key("operator", 2).publicKey], { resolver: "MEMORY" }],
  resolver: ["URL(http://127.0.0.1:1/)", "URL(http://127.0.0.1:2/)", { trusted_keys: keys.trusted_keys }],
  resolver_tls: [pair("server"), pair("server2"), { ...keys, resolver: "URL(https://127.0.0.1:1/)" }],
  resolver_preload: [{}, {}, keys],
  resolver_pinned_accounts: [[key("account", 1).publicKey], [key("account", 2).publicKey], keys],
  default_sentinel: [undefined, undefined],
  proxies: [{ trusted: [{ key: key("server", 1).publicKey }] }, { trusted: [{ key: key("server", 2).publicKey }] }],
  websocket: [
    { no_tls: true, same_origin: true },
    { no_tls: true, same_origin: false },
  ],
  mqtt: [undefined, { port: 4001 }, { server_name: "a", jetstream: true }],
  cluster: [undefined, { name: "c", port: 4001 }],
  gateway: [undefined, { name: "g", port: 4001 }],
  leafnodes: [undefined, { port: 4001 }],
  jetstream: [false, true],
  store_dir: ["a", "b", { jetstream: true }],
  default_js_domain: [{ A: "x" }, { A: "y" }, { accounts: { A: { users: [user("a")] } } }],
  disable_sublist_cache: [false, true],
  no_header_support: [false, true],
  feature_flags: [{ a: true }, { a: false }],
};
/** They cannot be given at all, or only with files of their own: operator.test and the transcripts have them. */
const elsewhere = new Set(["operator", "default_sentinel", "resolver_preload", "proxy_protocol", "ocsp", "ocsp_cache"]);

function optionsOf(name: string, value: unknown, besides: object): ServerOptions {
  const given = value === undefined ? {} : { [name]: value };
  return fromObject({ ...besides, ...given } as never, systemSource).options;
}
const rows = serverRows as unknown as Readonly<Record<string, { info: { reload: string; status?: string } }>>;

describe("an option", () => {
  test("has a sample, whichever it is", () => {
    const missing = Object.keys(rows).filter((name) => !(name in samples) && !elsewhere.has(name));
    expect(missing.filter((name) => rows[name]!.info.status !== "refused")).toEqual([]);
  });

  const tried = Object.keys(samples).filter((name) => name in rows && !elsewhere.has(name));
  test.each(tried)("%s", (name) => {
    const [before, after, besides = {}] = samples[name]!;
    const now = optionsOf(name, before, besides);
    const changes = changesOf(now, optionsOf(name, after, besides));
    const common = changesOf(now, now);
    if (typeof common === "string") throw new Error(`the same options are refused: ${common}`);
    const isLive = rows[name]!.info.reload === "live";
    expect(typeof changes === "string" ? changes : "live").toMatch(isLive ? /^live$/ : /^config reload/);
    // Users, accounts and certificates are looked at whether they changed or not.
    const isAlways = ["tls", "authorization", "accounts", "mappings", "resolver", "resolver_tls", "resolver_pinned_accounts"].includes(name); // prettier-ignore
    if (typeof changes !== "string" && !isAlways) expect(changes.length).toBeGreaterThan(common.length);
  });
});
