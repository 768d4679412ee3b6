// What may not stand together, in nats-server's words. Those that it finds at a real start only are said by `start` alone.

import { describe, expect, test } from "vitest";
import { check, start } from "./support.ts";

const users = "authorization { users: [{ user: a, password: b }] }";
const ws = (more: string): string => `websocket { port: -1, no_tls: true, ${more} }`;
const mqtt = (more: string): string => `server_name: s\njetstream: true\nmqtt { port: -1${more} }`;

const starts: [document: string, error: string][] = [
  [
    "lame_duck_duration: 30s\nlame_duck_grace_period: 31s",
    "lame duck grace period (31s) should be strictly lower than lame duck duration (30s)",
  ],
  [
    "lame_duck_duration: 90s\nlame_duck_grace_period: '1m30s'",
    "lame duck grace period (1m30s) should be strictly lower than lame duck duration (1m30s)",
  ],
  ["max_payload: 2MB\nmax_pending: 1MB", "max_payload (2097152) cannot be higher than max_pending (1048576)"],
  ["no_auth_user: x", 'no_auth_user: "x" present, but users/nkeys are not defined'],
  [
    `no_auth_user: x\n${users}`,
    'no_auth_user: "x" not present as user or nkey in authorization block or account configuration',
  ],
  ["system_account: NOPE", "error resolving system account: account missing"],
  ["http: 8222\nhttps: 8223", "Can't start monitoring: can't specify both HTTP (8222) and HTTPs (8223) ports"],
  ["https: 8223", "Can't start monitoring: TLS cert and key required for HTTPS"],
  ["websocket { port: -1 }", "websocket requires TLS configuration"],
  [ws("allowed_origins: ['http//x']"), 'unable to parse allowed origin: parse "http//x": invalid URI for request'],
  [ws("headers { Host: x }"), 'websocket: invalid header "Host" not allowed'],
  [
    ws("headers { Sec-WebSocket-X: x }"),
    'websocket: invalid header "Sec-WebSocket-X", "Sec-WebSocket-" prefix not allowed',
  ],
  [
    ws("jwt_cookie: j"),
    'trusted operators or trusted keys configuration is required for JWT authentication via cookie "j"',
  ],
  [
    `${ws("authorization { user: u, password: p }")}\n${users}`,
    "websocket authentication username not compatible with presence of users/nkeys",
  ],
  [
    `${ws("authorization { token: t }")}\n${users}`,
    "websocket authentication token not compatible with presence of users/nkeys",
  ],
  [ws("no_auth_user: x"), 'no_auth_user: "x" present, but users/nkeys are not defined'],
  ["mqtt { port: -1 }", "mqtt requires JetStream to be enabled if running in standalone mode"],
  ["cluster { port: -1, name: c }\nmqtt { port: -1 }", "mqtt requires server name to be explicitly set"],
  [mqtt(", ack_wait: '-1s'"), "ack wait must be a positive value"],
  [mqtt(", js_api_timeout: '-1s'"), "JS API timeout must be a positive value"],
  ["cluster { port: -1, name: c, compression: zip }", 'unsupported compression mode "zip"'],
  [
    "cluster { port: -1, name: c, compression { mode: s2_auto, rtt_thresholds: [10ms, 5ms] } }",
    "RTT threshold values [10ms 5ms] should be in ascending order",
  ],
  [
    "cluster { port: -1, name: c, accounts: [A, A] }\naccounts { A {} }",
    'found duplicate account name "A" in pinned accounts list ["A" "A" "$SYS"]',
  ],
  [
    "cluster { port: -1, name: a }\ngateway { port: -1, name: b }",
    "cluster name conflicts between cluster and gateway definitions",
  ],
  ["gateway { port: -1 }", "gateway has no name"],
  ["gateway { name: g }", 'gateway "g" has no port specified (select -1 for random port)'],
  ["gateway { name: g, port: -1, gateways: [{ url: 'nats://h:1' }] }", "gateway in the list 0 has no name"],
  ["gateway { name: g, port: -1, gateways: [{ name: h }] }", 'gateway "h" has no URL'],
  [
    "leafnodes { remotes: [{ url: 'nats://h:1', account: X }] }",
    'cannot find local account "X" specified in leafnode remote',
  ],
  ["jetstream { domain: 'a.b' }", "invalid domain name: may not contain ., * or >"],
  ["jetstream: true\ncluster { port: -1, name: c }", "jetstream cluster requires `server_name` to be set"],
  ["default_js_domain { X: y }", 'in non operator mode, `default_js_domain` references non existing account "X"'],
];

const reads: [document: string, error: string][] = [
  ["authorization { user: a, password: b, token: c }", "Cannot have a user/pass and token"],
  ["authorization { user: a, users: [] }", "Can not have a single user/pass and a users array"],
  ["authorization { token: a, users: [] }", "Can not have a token and a users array"],
  ["authorization { users: [{ password: b }] }", "User entry requires a user"],
  ["authorization { users: [{ nkey: x }] }", "Not a valid public nkey for a user"],
  ["authorization { users: 5 }", "Expected users field to be an array, got 5"],
  ["authorization { users: [5 ] }", "Expected user entry to be a map/struct, got 5"],
  ["authorization { users: [{ user: a, password: b }, { user: a, password: c }] }", 'Duplicate user "a" detected'],
  [
    "accounts { A { users: [{ user: a, password: b }] }, B { users: [{ user: a, password: b }] } }",
    'Duplicate user "a" detected',
  ],
  ["accounts { A { nkey: UX } }", 'Not a valid public nkey for an account: "UX"'],
  ["accounts { A { limits { x: 1 } } }", 'Unknown field "x" parsing account limits'],
  ["cluster { authorization { users: [] } }", "Cluster authorization does not allow multiple users"],
  ["cluster { authorization { token: t } }", "Cluster authorization does not support tokens"],
  ["cluster { name: 'a b' }", "cluster name cannot contain spaces"],
  ["jetstream { store_dir: a }\nstore_dir: b", "Duplicate 'store_dir' configuration"],
  ["jetstream { store_dir: a, store: b }", "Duplicate 'store_dir' configuration"],
  ["authorization { users: [{ user: a, permissions { publish: 'a..b' } }] }", 'subject "a..b" is not a valid subject'],
  [
    "authorization { users: [{ user: a, permissions { publish { permit: a } } }] }",
    `Unknown field name "permit" parsing subject permissions, only 'allow' or 'deny' are permitted`,
  ],
  ["tls { cert_file: c }", "missing 'key_file' in TLS configuration"],
  ["tls { key_file: k }", "missing 'cert_file' in TLS configuration"],
  ["tls { timeout: x }", "error parsing tls config, 'timeout' time: invalid duration \"x\""],
  ["tls { min_version: '1.0' }", "error parsing tls config: unsupported TLS version: TLS 1.0"],
  ["tls { cipher_suites: [X] }", "unrecognized cipher X"],
  ["tls { pinned_certs: [X] }", "does not look like hex-encoded sha256 of DER encoded SubjectPublicKeyInfo"],
  ["tls { handshake_first: maybe }", `field "handshake_first"'s value "maybe" is invalid`],
  [
    "tls { cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA] }",
    "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set: TLS_RSA_WITH_AES_128_CBC_SHA",
  ],
  ["mqtt { max_ack_pending: 70000 }", "invalid value 70000, should in [0..65535] range"],
  ["listen: 'a:b'", 'could not parse port "b"'],
  ["listen: ''", 'could not parse address string ""'],
  ["leafnodes { min_version: 2.7.0 }", "the minimum version should be at least 2.8.0"],
];

describe("a start is refused", () => {
  test.each(starts)("%s", (document, error) => {
    expect(start(document).split("\n").at(-1)).toBe(error);
  });
});

describe("a file is refused, by -t too", () => {
  test.each(reads)("%s", (document, error) => {
    expect(start(document)).toContain(error);
    expect(check(document)).toBe(start(document));
  });
});

describe("what goes together", () => {
  test.each([
    ["max_payload: 1MB\nmax_pending: 1MB"],
    [`no_auth_user: a\n${users}`],
    ["system_account: S\naccounts { S {} }"],
    [ws("allowed_origins: ['http://x', 'https://y:1']")],
    [ws("headers { X-Host: x }")],
    ["websocket { port: 0 }"],
    ["mqtt { max_ack_pending: 5 }"],
    ["gateway {}"],
    ["gateway { name: g, port: -1, gateways: [{ name: h, url: 'nats://h:1' }] }"],
    ["leafnodes { remotes: [{ url: 'nats://h:1', account: X }] }\naccounts { X {} }"],
    ["cluster { port: -1, compression: { mode: s2_auto, rtt_thresholds: [5ms, 10ms] } }"],
    ["store_dir: b\njetstream: true"],
  ])("%s", (document) => {
    expect(start(document)).toBe("starts");
  });
});

describe("what is wrong is said completely", () => {
  test("every mistake with its place, in the order of the file", () => {
    expect(check("debug: 1\nport: x\ntls { verify: 2 }\nfoo: 1")).toBe(
      [
        "c.conf:1:0: interface conversion: interface {} is int64, not bool",
        "c.conf:2:1: interface conversion: interface {} is string, not int64",
        "c.conf:3:7: error parsing tls config, expected 'verify' to be a boolean",
        'c.conf:4:1: unknown field "foo"',
      ].join("\n"),
    );
  });
  test("warnings stop -t and not a start", () => {
    const warning = 'c.conf:1:0: invalid use of field "ping_interval": ping_interval should be converted to a duration';
    expect(check("ping_interval: 30")).toBe(warning);
    expect(start("ping_interval: 30")).toBe("starts");
  });
});
