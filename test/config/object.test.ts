// Options as an object: what a server inside a program is told.

import { describe, expect, test } from "vitest";
import type { ObjectOptions } from "../../src/config/object.ts";
import { fromObject } from "../../src/config/object.ts";
import type { ServerOptions } from "../../src/config/options.ts";
import { files, load, outcome } from "./support.ts";

const source = files({});
const read = (options: object): ServerOptions => fromObject(options as ObjectOptions, source).options;
const said = (options: object): string =>
  outcome(() => {
    read(options);
    return "fine";
  });

describe("a listener", () => {
  test.each<[object, string, number]>([
    [{}, "127.0.0.1", -1],
    [{ port: 0 }, "127.0.0.1", -1],
    [{ port: -1 }, "127.0.0.1", -1],
    [{ port: 4333 }, "127.0.0.1", 4333],
    [{ PORT: 0 }, "127.0.0.1", -1],
    [{ host: "0.0.0.0" }, "0.0.0.0", -1],
    [{ net: "::1", port: 5 }, "::1", 5],
    [{ listen: 4333 }, "127.0.0.1", 4333],
    [{ listen: 0 }, "127.0.0.1", -1],
    [{ listen: ":4333" }, "127.0.0.1", 4333],
    [{ listen: "0.0.0.0:0" }, "0.0.0.0", -1],
    [{ listen: "[::1]:4333" }, "::1", 4333],
  ])("%j is at %s:%i", (options, host, port) => {
    expect(read(options)).toMatchObject({ host, port });
  });
  test.each<[object, string | undefined, number]>([
    [{ port: -1 }, "127.0.0.1", -1],
    [{ port: 0 }, "127.0.0.1", -1],
    [{ listen: 0 }, "127.0.0.1", -1],
    [{ host: "h", port: 0 }, "h", -1],
    [{ listen: "h:0" }, "h", -1],
    [{}, undefined, 0],
  ])("websocket %j is at %s:%i", (websocket, host, port) => {
    expect(read({ websocket: { ...websocket, no_tls: true } }).websocket).toMatchObject({ host, port });
    expect(read({ ws: { ...websocket, no_tls: true } }).websocket).toMatchObject({ host, port });
  });
  test("for monitoring is on the server's host", () => {
    expect(read({ http_port: -1 })).toMatchObject({ http_host: "127.0.0.1", http_port: -1 });
    expect(read({ http: "0.0.0.0:8222" })).toMatchObject({ http_host: "0.0.0.0", http_port: 8222 });
  });
});

describe("values", () => {
  test.each<[object, object]>([
    [{ ping_interval: "1m30s" }, { ping_interval: 90_000 }],
    [{ ping_interval: 2 }, { ping_interval: 2000 }],
    [{ ping_interval: 0.25 }, { ping_interval: 250 }],
    [
      { lame_duck_duration: 45, lame_duck_grace_period: 1.5 },
      { lame_duck_duration: 45_000, lame_duck_grace_period: 1500 },
    ],
    [{ max_payload: "64KB" }, { max_payload: 65_536 }],
    [{ max_payload: 5000 }, { max_payload: 5000 }],
    [{ max_payload: 5000n }, { max_payload: 5000 }],
    [
      { debug: true, trace_verbose: true },
      { debug: true, trace: true },
    ],
    [{ server_tags: "a" }, { server_tags: ["a"] }],
    [{ server_metadata: { a: "b" } }, { server_metadata: { a: "b" } }],
    [
      { port: undefined, server_name: undefined },
      { port: -1, server_name: undefined },
    ],
    [{ MAX_PAYLOAD: 5 }, { max_payload: 5 }],
    [{ authorization: { timeout: 0.5 } }, { authorization: { timeout: 500 } }],
    [
      { authorization: { users: [{ user: "u", password: "p", permissions: { publish: "a", sub: ["b", "c"] } }] } },
      {
        authorization: {
          users: [
            { user: "u", password: "p", permissions: { publish: { allow: ["a"] }, subscribe: { allow: ["b", "c"] } } },
          ],
        },
      },
    ],
    [{ accounts: { A: { users: [] } } }, { accounts: [{ name: "A" }] }],
    [{ tls: { timeout: 3, handshake_first: "300ms" } }, { tls: { timeout: 3000, handshake_first: 300 } }],
  ])("%o", (options, expected) => {
    expect(read(options)).toMatchObject(expected);
  });

  test("are what the file would give, but for the listener", () => {
    const file = load(
      "ping_interval: 30s\nmax_payload: 64KB\ntls { verify: true }\naccounts { A { users: [{user: a, password: b}] } }",
    );
    const object = read({
      host: "0.0.0.0",
      port: 4222,
      ping_interval: "30s",
      max_payload: "64KB",
      tls: { verify: true },
      accounts: { A: { users: [{ user: "a", password: "b" }] } },
    });
    expect(object).toEqual(file.options);
  });
  test("come without warnings, and with notices that name the option", () => {
    const { warnings, notices, digest } = fromObject({ ping_interval: 5, cluster: { port: -1 } }, source);
    expect({ warnings, digest }).toEqual({ warnings: [], digest: undefined });
    expect(notices).toEqual([expect.stringMatching(/^options\.cluster: option "cluster" has no effect: /)]);
  });
  test("are not taken from the prototype", () => {
    expect(read(Object.create({ debug: true }) as object).debug).toBe(false);
  });
});

describe("mistakes", () => {
  test.each<[object, string]>([
    [{ prot: 1 }, 'options.prot: unknown field "prot"\n  did you mean "port"?'],
    [{ websocket: { no_tsl: true } }, 'options.websocket.no_tsl: unknown field "no_tsl"\n  did you mean "no_tls"?'],
    [JSON.parse('{"__proto__": {"debug": true}}') as object, 'options.__proto__: unknown field "__proto__"'],
    [{ constructor: 1 }, 'options.constructor: unknown field "constructor"'],
    [{ toString: 1 }, 'options.toString: unknown field "toString"'],
    [
      { tls: JSON.parse('{"__proto__": 1}') as object },
      'options.tls.__proto__: error parsing tls config, unknown field "__proto__"',
    ],
    [{ port: "4222" }, "options.port: expected a whole number, got a text"],
    [{ port: 1.5 }, "options.port: expected a whole number, got a number"],
    [{ port: NaN }, "options.port: expected a finite number"],
    [{ port: null }, "options.port: expected a text, number, boolean, array or object, got null"],
    [{ debug: 1 }, "options.debug: expected a boolean, got a whole number"],
    [{ tls: "x" }, "options.tls: expected an object, got a text"],
    [
      { server_name: () => "x" },
      "options.server_name: expected a text, number, boolean, array or object, got function",
    ],
    [
      { server_name: Symbol("x") },
      "options.server_name: expected a text, number, boolean, array or object, got symbol",
    ],
    [
      { server_tags: ["a", null] },
      "options.server_tags[1]: expected a text, number, boolean, array or object, got null",
    ],
    [{ max_payload: "many" }, "options.max_payload: expected a whole number, got a text"],
    [{ max_payload: 1n << 62n }, "options.max_payload: max_payload value is too big"],
    [
      { ping_interval: "1d" },
      'options.ping_interval: error parsing ping_interval: time: unknown unit "d" in duration "1d"',
    ],
    [{ max_payload: 2, max_pending: 1 }, "max_payload (2) cannot be higher than max_pending (1)"],
    [{ operator: "x" }, "options.operator: error parsing operator JWT: open x: no such file or directory"],
    [[], "options: expected an object"],
  ])("%o", (options, error) => {
    expect(said(options)).toBe(error);
  });
  test("a circle is one of them", () => {
    const circle: Record<string, unknown> = {};
    circle["tls"] = circle;
    expect(said(circle)).toMatch(/: nested too deeply$/);
  });
  test("leave nothing behind on Object.prototype", () => {
    said(JSON.parse('{"__proto__": {"polluted": 1}, "server_metadata": {"__proto__": "x"}}') as object);
    expect("polluted" in {}).toBe(false);
    expect(Object.keys(read({ server_metadata: JSON.parse('{"__proto__": "x"}') as object }).server_metadata)).toEqual([
      "__proto__",
    ]);
  });
});
