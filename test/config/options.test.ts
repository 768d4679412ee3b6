// The tables of options: what each top-level option is by default, by its other names, given the wrong type and out of
// its bounds; and that none is taken and then ignored.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Row, Rows, SpreadRow } from "../../src/config/rows.ts";
import { namesOf } from "../../src/config/rows.ts";
import { serverRows } from "../../src/config/options/server.ts";
import { check, FILE, load, start } from "./support.ts";

type AnyRow = Row<unknown> | SpreadRow<unknown>;
const options = load("port: 4222").options as unknown as Readonly<Record<string, unknown>>;

interface Case {
  readonly fallback?: unknown;
  /** Text of the file and what it comes to; the first for every alias too. */
  readonly takes: readonly (readonly [text: string, value: unknown])[];
  /** Values of a wrong type or out of bounds and the complaint about them. */
  readonly refuses?: readonly (readonly [text: string, complaint: string])[];
}

const not = (is: string, wanted: string): string => `interface conversion: interface {} is ${is}, not ${wanted}`;
const flag = (fallback: boolean): Case => ({
  fallback,
  takes: [[String(!fallback), !fallback]],
  refuses: [
    ["1", not("int64", "bool")],
    ["'true'", not("string", "bool")],
  ],
});
const words = (...more: Case["takes"]): Case => ({
  fallback: undefined,
  takes: [["some", "some"], ["''", undefined], ...more],
  refuses: [["7", not("int64", "string")]],
});
const number = (fallback: unknown, ...more: NonNullable<Case["refuses"]>): Case => ({
  fallback,
  takes: [["77", 77]],
  refuses: [["some", not("string", "int64")], ["1.5", not("float64", "int64")], ...more],
});
const bytes = (fallback: number, ...more: NonNullable<Case["refuses"]>): Case => ({
  ...number(fallback, ...more),
  takes: [
    ["8KB", 8192],
    ["8k", 8000],
  ],
});

const cases: Readonly<Record<string, Case>> = {
  host: {
    ...words(),
    fallback: "0.0.0.0",
    takes: [
      ["h", "h"],
      ["''", "0.0.0.0"],
    ],
  },
  port: {
    ...number(4222),
    takes: [
      ["4333", 4333],
      ["0", 4222],
      ["-1", -1],
    ],
  },
  client_advertise: words(),
  server_name: {
    ...words(),
    refuses: [
      ["'a b'", "server name cannot contain spaces"],
      ["7", not("int64", "string")],
    ],
  },
  server_tags: {
    fallback: [],
    takes: [
      ["[b, A, ' a ', '']", ["b", "a"]],
      ["x", ["x"]],
    ],
    refuses: [
      ["7", "error parsing tags: unsupported type int64"],
      ["[7 ]", "error parsing tags: unsupported type *conf.token where string is expected"],
    ],
  },
  server_metadata: {
    fallback: {},
    takes: [["{ a: b, __proto__: c }", Object.assign(Object.create(null) as object, { a: "b", ["__proto__"]: "c" })]],
    refuses: [
      ["x", "error parsing metadata: unsupported type string"],
      ["{ a: 1 }", not("int64", "string")],
    ],
  },
  http_port: number(0),
  https_port: { fallback: 0, takes: [], refuses: number(0).refuses! },
  http_base_path: words(),
  debug: flag(false),
  trace: flag(false),
  trace_verbose: flag(false),
  trace_headers: flag(false),
  logtime: flag(true),
  logtime_utc: flag(false),
  log_file: words(),
  logfile_size_limit: bytes(0),
  logfile_max_num: number(0),
  syslog: flag(false),
  remote_syslog: words(),
  max_traced_msg_len: number(0),
  connect_error_reports: number(3600),
  reconnect_error_reports: number(1),
  pid_file: words(),
  ports_file_dir: words(),
  max_connections: {
    ...number(65_536),
    takes: [
      ["77", 77],
      ["0", 0],
    ],
  },
  max_control_line: bytes(4096, ["2GB", "max_control_line value is too big"]),
  max_payload: bytes(1 << 20, ["2GB", "max_payload value is too big"]),
  max_pending: {
    ...bytes(1 << 26),
    takes: [
      ["8MB", 8 << 20],
      ["0", 1 << 26],
    ],
  },
  max_subscriptions: number(0),
  max_subscription_tokens: number(
    0,
    ["256", "max_sub_tokens value is too big"],
    ["0", "max_sub_tokens value can not be negative"],
  ),
  max_closed_clients: number(10_000),
  ping_interval: {
    fallback: 120_000,
    takes: [
      ["1h30m", 5_400_000],
      ["'1.5s'", 1500],
      ["'0s'", 120_000],
    ],
    refuses: [["1d", 'error parsing ping_interval: time: unknown unit "d" in duration "1d"']],
  },
  ping_max: number(2),
  write_deadline: {
    fallback: 10_000,
    takes: [["300ms", 300]],
    refuses: [["'3'", 'error parsing write_deadline: time: missing unit in duration "3"']],
  },
  write_timeout: {
    fallback: "default",
    takes: [
      ["close", "close"],
      ["RETRY", "retry"],
    ],
    refuses: [["never", "write_timeout must be 'default', 'close' or 'retry'"]],
  },
  no_fast_producer_stall: flag(false),
  lame_duck_duration: {
    fallback: 120_000,
    takes: [["45s", 45_000]],
    refuses: [
      ["29s", "invalid lame_duck_duration of 29s, minimum is 30 seconds"],
      ["45", not("int64", "string")],
    ],
  },
  lame_duck_grace_period: {
    fallback: 10_000,
    takes: [["5s", 5000]],
    refuses: [["'-1s'", "invalid lame_duck_grace_period, needs to be positive"]],
  },
  tls: { fallback: undefined, takes: [], refuses: [["5", not("int64", "map[string]interface {}")]] },
  allow_non_tls: flag(false),
  authorization: { takes: [], refuses: [["5", not("int64", "map[string]interface {}")]] },
  no_auth_user: { fallback: undefined, takes: [], refuses: [["7", not("int64", "string")]] },
  accounts: {
    fallback: [],
    takes: [],
    refuses: [
      ["{ $G: {} }", '"$G" is a Reserved Account'],
      ["[A, A]", "Duplicate Account Entry: A"],
      ["{ A: 5 }", "Expected map entries for accounts"],
    ],
  },
  system_account: {
    fallback: undefined,
    takes: [["'$SYS'", "$SYS"]],
    refuses: [["7", "system account name must be a string"]],
  },
  no_system_account: flag(false),
  disable_sublist_cache: flag(false),
  no_header_support: flag(false),
  feature_flags: {
    fallback: {},
    takes: [["{ a: true }", Object.assign(Object.create(null) as object, { a: true })]],
    refuses: [["{ a: 1 }", 'error parsing feature flag "a": expected bool, got int64']],
  },
  store_dir: words(),
  default_js_domain: {
    fallback: {},
    takes: [],
    refuses: [["7", "error default_js_domain config: unsupported type int64"]],
  },
  prof_port: number(0),
  prof_block_rate: number(0),
  mqtt: { fallback: undefined, takes: [], refuses: [["7", "Expected mqtt to be a map, got int64"]] },
  websocket: { fallback: undefined, takes: [], refuses: [["7", "Expected websocket to be a map, got int64"]] },
  cluster: { fallback: undefined, takes: [], refuses: [["7", "Expected map to define cluster, got int64"]] },
  gateway: { fallback: undefined, takes: [], refuses: [["7", "Expected gateway to be a map, got int64"]] },
  leafnodes: { fallback: undefined, takes: [], refuses: [["7", "Expected map to define a leafnode, got int64"]] },
  jetstream: {
    fallback: undefined,
    takes: [
      ["false", undefined],
      ["disabled", undefined],
    ],
    refuses: [
      ["7", "Expected map, bool or string to define JetStream, got int64"],
      ["some", "Expected 'enabled' or 'disabled' for string value, got 'some'"],
    ],
  },
  mappings: {
    fallback: [],
    takes: [
      ["{ a: b }", [{ source: "a", destinations: [{ subject: "b", weight: 100, cluster: "" }] }]],
      [
        "{ 'a.*': [{ destination: 'b.$1', weight: 20% }, { dest: c, weight: 5, cluster: east }] }",
        [
          {
            source: "a.*",
            destinations: [
              { subject: "b.$1", weight: 20, cluster: "" },
              { subject: "c", weight: 5, cluster: "east" },
            ],
          },
        ],
      ],
    ],
    refuses: [
      ["{ a: 'b.$1' }", "Error adding mapping for \"a\" to \"b.$1\" : invalid mapping destination: wildcard index out of range in $1"], // prettier-ignore
      ["{ a: [{ destination: b, weight: 150% }] }", "Invalid weight 150 for mapping destination"],
      ["{ a: [{ destination: b, weight: x }] }", 'Invalid weight "x" for mapping destination'],
      ["{ a: [{ destination: b }] }", 'Missing weight for mapping destination "b"'],
      ["{ a..b: c }", 'Subject "a..b" is not a valid subject'],
      [
        "{ a: [{ dest: b, weight: 9 }, { dest: b, weight: 9 }] }",
        'Error adding mapping for "a" : duplicate entry for "b"',
      ],
      ["{ a: { dest: b, weight: 60, x: 1 } }", 'Unknown field "x" for mapping destination'],
    ],
  },
};

const directory = {
  allow_delete: false,
  hard_delete: false,
  limit: 0,
  ttl: 0,
  interval: 0,
  timeout: 0,
};
const trustCases: Readonly<Record<string, Case>> = {
  operator: {
    fallback: [],
    takes: [
      ["eyJ.a.b", ["eyJ.a.b"]],
      ["[eyJa, eyJb]", ["eyJa", "eyJb"]],
    ],
    refuses: [
      ["nope", "error parsing operator JWT: open nope: no such file or directory"],
      ["{x: 1}", "error parsing operators: unsupported type map[string]interface {}"],
    ],
  },
  trusted_keys: {
    fallback: [],
    takes: [["[]", []]],
    refuses: [["x", 'trust key "x" required to be a valid public operator nkey']],
  },
  resolver: {
    fallback: undefined,
    takes: [
      ["MEMORY", { type: "memory" }],
      ["mem", { type: "memory" }],
      ["'URL(\"http://a/b\")'", { type: "url", url: "http://a/b" }],
      [
        "{ type: cache, dir: d, ttl: '1h', limit: 7 \n}",
        { type: "cache", dir: "d", ...directory, ttl: 3_600_000, limit: 7 },
      ],
      [
        "{ type: full, dir: d, allow_delete: true, hard_delete: true, interval: '1m', timeout: '2s' }",
        {
          type: "full",
          dir: "d",
          ...directory,
          allow_delete: true,
          hard_delete: true,
          interval: 60_000,
          timeout: 2000,
        },
      ],
    ],
    refuses: [
      ["{ type: full }", "dir has no value and needs to point to a directory"],
      ["{ type: full, dir: d, ttl: '1h' }", "FULL does not accept ttl"],
      ["{ type: full, dir: d, hard_delete: true }", "hard_delete has no effect without delete"],
      ["{ type: cache, dir: d, interval: '1h' }", "CACHE does not accept sync"],
      ["{ type: cache, dir: d, allow_delete: true }", "CACHE does not accept allow_delete"],
      ["{ type: cache, dir: d, hard_delete: true }", "CACHE does not accept hard_delete"],
      ["{ type: cache, dir: d, ttl: 'x' }", 'time: invalid duration "x"'],
    ],
  },
  resolver_tls: { fallback: undefined, takes: [], refuses: [["5", not("int64", "map[string]interface {}")]] },
  resolver_preload: {
    fallback: new Map(),
    takes: [
      ["{ A: x.eyJuYXRzIjp7InR5cGUiOiJhY2NvdW50In19.y }", new Map([["A", "x.eyJuYXRzIjp7InR5cGUiOiJhY2NvdW50In19.y"]])],
    ],
    refuses: [
      ["x", "preload should be a map of account_public_key:account_jwt"],
      ["{ A: 1 }", "preload map value should be a string JWT"],
      ["{ A: b }", "invalid account JWT"],
    ],
  },
  resolver_pinned_accounts: { fallback: [], takes: [["[A, B]", ["A", "B"]]], refuses: [] },
  default_sentinel: { fallback: undefined, takes: [["x", "x"]], refuses: [] },
  proxies: {
    fallback: [],
    takes: [
      [
        "{ trusted: [{ key: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4 }] }",
        ["UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"],
      ],
    ],
    refuses: [
      ["x", "expected proxies to be a map/struct, got string"],
      ["{ trusted: x }", "expected proxies' trusted field to be an array, got string"],
      ["{ trusted: [{ key: x }] }", 'invalid proxy key "x"'],
    ],
  },
};

const table = [...Object.entries(cases), ...Object.entries(trustCases)];

describe("every option", () => {
  test("has a case here, or is refused altogether, or stands for others", () => {
    const rows = Object.entries<AnyRow>(serverRows);
    const without = rows.filter(
      ([name, row]) => !("spread" in row) && row.info.status !== "refused" && !(name in cases) && !(name in trustCases),
    );
    expect(without.map(([name]) => name)).toEqual(["ocsp_cache"]);
  });

  test.each(table.filter(([, { fallback }]) => fallback !== undefined))("%s has its default", (name, { fallback }) => {
    expect(options[name]).toEqual(fallback);
  });
  test.each(table.filter((entry) => "fallback" in entry[1] && entry[1].fallback === undefined))(
    "%s is not there by default",
    (name) => {
      expect(options[name]).toBeUndefined();
    },
  );

  const values = table.flatMap(([name, { takes }]) => takes.map(([text, value]) => [name, text, value] as const));
  test.each(values)("%s: %s", (name, text, value) => {
    expect(load(`${name}: ${text}`).options).toHaveProperty([name], value);
  });

  const aliases = table.flatMap(([name, { takes }]) => {
    const row = (serverRows as Rows)[name]!;
    const [first] = takes;
    return first === undefined
      ? []
      : [...(row.info.aliases ?? []), name.toUpperCase()].map((alias) => [alias, name, ...first] as const);
  });
  test.each(aliases)("%s is %s", (alias, name, text, value) => {
    expect(load(`${alias}: ${text}`).options).toHaveProperty([name], value);
  });

  const wrong = table.flatMap(([name, { refuses = [] }]) =>
    refuses.map(([text, complaint]) => [name, text, complaint] as const),
  );
  test.each(wrong)("%s: %s is refused", (name, text, complaint) => {
    expect(start(`\n${name}: ${text}`).replace(/^c\.conf:2:\d+: /, "")).toBe(complaint);
    expect(check(`\n${name}: ${text}`)).toContain(complaint);
  });

  test("is called by one name only, in its own block", () => {
    for (const [path, rows] of blocks()) {
      const names = namesOf(rows);
      expect([path, new Set(names).size]).toEqual([path, names.length]);
    }
  });
  test("says in one sentence what it does", () => {
    for (const [path, rows] of blocks()) {
      for (const [name, { info }] of Object.entries(rows))
        expect([path, name, info.doc]).toEqual([path, name, expect.stringMatching(/^[^]+\.$/)]);
    }
  });
});

/** Every block of options and its place. */
function blocks(rows: Rows = serverRows, path = ""): readonly (readonly [path: string, rows: Rows])[] {
  const inner = Object.entries(rows).flatMap(([name, row]) =>
    row.rows === undefined ? [] : blocks(row.rows, `${path}${name}.`),
  );
  return [[path, rows], ...inner];
}

const asks: Readonly<Record<string, string>> = {
  ocsp: "true",
  ocsp_cache: "true",
  proxy_protocol: "true",
  mqtt: "{ port: -1 }",
  cluster: "{ port: -1 }",
  gateway: "{ port: -1, name: g }",
  leafnodes: "{ port: -1 }",
  prof_port: "1",
  prof_block_rate: "1",
  write_timeout: "retry",
};

describe("an option that does not work yet", () => {
  const rows = Object.entries<AnyRow>(serverRows);
  const of = (status: string): string[] => rows.filter(([, { info }]) => info.status === status).map(([name]) => name);

  test.each(of("later"))("%s is named in the log, with its place", (name) => {
    const text = `\n${name}: ${asks[name] ?? "missing in this test"}${name === "mqtt" ? "\nserver_name: a\njetstream: true" : ""}`;
    const { notices } = load(text);
    expect(notices[0]).toMatch(new RegExp(`^${FILE}:2:1: option "${name}" has no effect`));
  });
  test.each(of("refused"))("%s stops the start, by name", (name) => {
    expect(start(`\n${name}: ${asks[name] ?? "missing in this test"}`)).toContain(`option "${name}" is not supported`);
  });
  test.each([
    ["jetstream: false"],
    ["prof_port: 0"],
    ["proxy_protocol: false"],
    ["ocsp: false"],
    ["mappings: {}"],
    ["write_timeout: close"],
    ["websocket { compression: false }"],
  ])("says nothing of %s, which asks for nothing", (text) => {
    expect(load(text)).toMatchObject({ notices: [], warnings: [] });
  });
  test.each([
    ["websocket { port: -1, no_tls: true, compression: true }", 'option "websocket.compression" has no effect yet'],
    ["websocket { port: -1, no_tls: true, token_cookie: t }", 'option "websocket.token_cookie" has no effect yet'],
    ["jetstream { cipher: aes }", 'option "jetstream.cipher" has no effect: encryption is not supported yet'],
    [
      "jetstream { extension_hint: no_extend }",
      'option "jetstream.extension_hint" has no effect: leaf nodes are not supported yet',
    ],
    [
      "jetstream { limits { batch { max_msgs: 5 } } }",
      'option "jetstream.limits.batch" has no effect: atomic batches are not supported yet',
    ],
  ])("is named with its block: %s", (text, notice) => {
    expect(load(text).notices.map((line) => line.replace(/^\S+ /, ""))).toEqual([notice]);
  });
  test.each([
    ["jetstream { key: a }", 'option "jetstream.encryption_key" is not supported: files would not be encrypted'],
    [
      "jetstream { prev_ek: a }",
      'option "jetstream.prev_encryption_key" is not supported: files would not be encrypted',
    ],
    ["jetstream { tpm { keys_file: a } }", 'option "jetstream.tpm" is not supported: files would not be encrypted'],
    ["tls { ocsp_peer: true }", 'option "tls.ocsp_peer" is not supported'],
  ])("stops the start within its block: %s", (text, error) => {
    expect(start(text)).toContain(error);
  });
});

describe("an option that works", () => {
  /** Options that nothing outside the tables reads, and why that is right. */
  const unread: Readonly<Record<string, string>> = {
    trace_verbose: "switches trace on, in load.ts",
    connect_error_reports: "there are no links to report on; each block of links says that it has no effect",
    reconnect_error_reports: "as connect_error_reports",
    "tls.verify_cert_and_check_known_urls": "an error wherever it is not for links",
    "tls.allow_insecure_cipher_suites": "checked together with cipher_suites, in tls.ts",
    "accounts.limits.max_leafnodes": "there are no leaf nodes",
    disable_sublist_cache: "about a cache of nats-server",
    "jetstream.enabled": "without it there is no block, in jetstream.ts",
    "accounts.jetstream.cluster_traffic": "there are no replicas",
    "jetstream.max_outstanding_catchup": "there are no replicas",
    "jetstream.meta_compact": "the log of a cluster, and there is none",
    "jetstream.meta_compact_size": "as meta_compact",
    "jetstream.meta_compact_sync": "as meta_compact",
    "jetstream.max_concurrent_io": "Node has four threads for files, and four is the least one may give",
  };
  const room = join(import.meta.dirname, "../../src");
  // Monitoring shows what `server` hands it under the same names, a reload compares all, tokens have words of their own: that is no use of an option.
  const sources = readdirSync(room, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/^(config|monitor)\/|reload_changes|^auth\/jwt\//.test(file))
    .map((file) => readFileSync(join(room, file), "utf8").replaceAll(/^\s*(\/\/|\*|\/\*\*).*$/gm, ""))
    .join("\n");
  const isRead = (name: string): boolean => new RegExp(String.raw`(\.|[{,]\s*)${name}\b`).test(sources);

  const works = (rows: Rows, path: string): readonly (readonly [path: string, name: string])[] =>
    Object.entries(rows)
      .filter(([, { info }]) => (info.status ?? "works") === "works")
      .flatMap(([name, row]) => [
        ...("spread" in row ? [] : [[`${path}${name}`, name] as const]),
        ...(row.rows === undefined ? [] : works(row.rows, `${path}${name}.`)),
      ]);
  /** "websocket.tls.timeout" is listed as "tls.timeout". */
  const reason = (path: string): string | undefined =>
    unread[path] ?? unread[path.replace(/^.*(?=tls\.)/, "")] ?? undefined;

  test.each(works(serverRows, ""))("%s is read somewhere", (path, name) => {
    expect({ path, isRead: isRead(name) || reason(path) !== undefined }).toEqual({ path, isRead: true });
  });
  test.each(Object.keys(unread))("%s is still read nowhere else", (path) => {
    expect(isRead(path.replace(/^.*\./, ""))).toBe(false);
  });
});
