// What the compiler lets into an object of options. `tsc -p .` is the test; what it lets in is also tried.

import { describe, expect, expectTypeOf, test } from "vitest";
import { fromObject } from "../../src/config/object.ts";
import type { ObjectOptions } from "../../src/config/object.ts";
import { textNumbers } from "../../src/config/object_types.ts";
import type { Rows } from "../../src/config/rows.ts";
import { serverRows } from "../../src/config/options/server.ts";
import { files } from "./support.ts";

const accepted: Record<string, ObjectOptions> = {
  "numbers and texts for lengths of time and sizes": {
    ping_interval: "30s",
    write_deadline: 5,
    max_payload: "64KB",
    max_pending: 1_000_000,
    lame_duck_duration: 45,
    lame_duck_grace_period: "1s",
    authorization: { timeout: 0.5 },
    websocket: { handshake_timeout: "2s", ping_interval: 1.5 },
    mqtt: { ack_wait: "3s" },
    jetstream: {
      max_memory_store: "1G",
      max_file_store: 1 << 30,
      sync_interval: "always",
      limits: { duplicate_window: 60 },
    },
  },
  "nested blocks": {
    tls: { verify: true, handshake_first: "auto", timeout: 1.5, min_version: "1.3" },
    websocket: {
      port: -1,
      no_tls: true,
      headers: { "X-A": "b" },
      allowed_origins: ["http://a"],
      authorization: { token: "t" },
    },
    cluster: {
      name: "c",
      listen: "127.0.0.1:-1",
      routes: ["nats://h:1"],
      compression: { mode: "s2_auto", rtt_thresholds: ["5ms"] },
    },
    leafnodes: { remotes: [{ urls: "nats://h:1", account: "A", hub: true, compression: false }] },
    accounts: { A: { users: [], limits: { max_connections: 5 } } },
    server_metadata: { a: "b" },
  },
  "every short form of permissions": {
    authorization: {
      users: [
        { user: "a", pass: "p", permissions: { pub: "a", sub: ["b", "c q"] } },
        { user: "b", password: "p", permissions: { publish: { allow: "a", deny: ["b"] }, allow_responses: true } },
        { user: "c", permissions: { import: ["a"], export: { deny: "x" }, allow_responses: { max: 5, ttl: "1m" } } },
      ],
      default_permissions: { subscribe: [] },
    },
  },
  "one text for a list": { server_tags: "a", websocket: { allowed_origins: "http://a" } },
  "ports that say more than a number": { listen: ":0", http: "127.0.0.1:-1", ws: { listen: -1, no_tls: true } },
  "what is not there": { port: undefined, tls: undefined, websocket: { port: undefined }, accounts: undefined },
  "accounts by name": { accounts: ["A", "B"], jetstream: "disabled" },
  "an anonymous user by its name": {
    no_auth_user: "a",
    accounts: { A: { users: [{ user: "a", password: "b", allowed_connection_types: ["STANDARD", "websocket"] }] } },
  },
};

/** Never called: each line is an error of the compiler. */
export const refused: readonly ObjectOptions[] = [
  // @ts-expect-error no such option
  { prot: 4222 },
  // @ts-expect-error a port is no text
  { port: "4222" },
  // @ts-expect-error a switch is no text
  { debug: "true" },
  // @ts-expect-error a block is no text
  { tls: "cert.pem" },
  // @ts-expect-error no such option in the block
  { tls: { cert: "cert.pem" } },
  // @ts-expect-error versions are two
  { tls: { min_version: "1.1" } },
  // @ts-expect-error a list of texts
  { tls: { cipher_suites: "TLS_AES_128_GCM_SHA256" } },
  // @ts-expect-error a number of milliseconds could be meant
  { tls: { handshake_first: 50 } },
  // @ts-expect-error no such option in the block
  { websocket: { prot: 1 } },
  // @ts-expect-error users are a list
  { authorization: { users: { a: "b" } } },
  // @ts-expect-error no such word
  { authorization: { users: [{ user: "a", allowed_connection_types: ["TCP"] }] } },
  // @ts-expect-error no such word
  { authorization: { users: [{ user: "a", permissions: { publish: { permit: "x" } } }] } },
  // @ts-expect-error no such option of an account
  { accounts: { A: { user: [] } } },
  // @ts-expect-error a number of connections is no text
  { max_connections: "5" },
  // @ts-expect-error one of three words
  { write_timeout: "never" },
  // @ts-expect-error it is the address that `http` sets
  { http_host: "x" },
];

const source = files({});

describe("an object of options", () => {
  test.each(Object.entries(accepted))("with %s compiles and is read", (_what, options) => {
    const named = { ...options, server_name: "s", jetstream: options.jetstream ?? true };
    expect(fromObject(named, source).options).toMatchObject({ host: "127.0.0.1", port: -1 });
  });

  test("has types that help", () => {
    type Tls = NonNullable<ObjectOptions["tls"]>;
    type Websocket = NonNullable<ObjectOptions["websocket"]>;
    expectTypeOf<ObjectOptions["port"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<ObjectOptions["ping_interval"]>().toEqualTypeOf<number | string | undefined>();
    expectTypeOf<ObjectOptions["max_payload"]>().toEqualTypeOf<number | string | undefined>();
    expectTypeOf<Tls["verify"]>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<Tls["certs"]>().toEqualTypeOf<
      readonly { readonly cert_file?: string | undefined; readonly key_file?: string | undefined }[] | undefined
    >();
    expectTypeOf<Tls["min_version"]>().toEqualTypeOf<"1.2" | "1.3" | undefined>();
    expectTypeOf<Websocket["listen"]>().toEqualTypeOf<number | string | undefined>();
    expectTypeOf<Websocket["headers"]>().toEqualTypeOf<Readonly<Record<string, string>> | undefined>();
    expectTypeOf<ObjectOptions["ws"]>().toEqualTypeOf<ObjectOptions["websocket"]>();
  });

  test("may give as a text exactly the numbers that are lengths of time and sizes", () => {
    const found = new Set<string>();
    const plain = new Set<string>();
    const visit = (rows: Rows): void => {
      for (const [name, row] of Object.entries(rows)) {
        if (row.rows !== undefined) visit(row.rows);
        if (["duration", "size", 'duration or "always"'].includes(row.kind)) found.add(name);
        else if (row.kind === "number") plain.add(name);
      }
    };
    visit(serverRows);
    const known: readonly string[] = textNumbers;
    // Sizes in the limits of an account come from the lexer; they are numbers in an object.
    const accountSizes = [...found].filter((name) =>
      /^(max_(memory|store|streams|consumers|ack_pending)|.*_max_stream_bytes)$/.test(name),
    );
    const notInObjects = ["response_threshold"];
    expect([...found].filter((name) => !accountSizes.includes(name) && !notInObjects.includes(name)).sort()).toEqual(
      known,
    );
    // `max_payload` and `max_pending` are sizes of the server.
    expect(known.filter((name) => plain.has(name))).toEqual(["max_payload"]);
  });
});
