// "Did you mean …?"

import { describe, expect, test } from "vitest";
import { didYouMean } from "../../src/config/suggest.ts";
import { check } from "./support.ts";

describe("a suggestion", () => {
  const known = ["port", "host", "max_payload", "max_pending", "tls", "ws"];
  test.each([
    ["prot", "port"],
    ["por", "port"],
    ["ports", "port"],
    ["PORT1", "port"],
    ["max_paylod", "max_payload"],
    ["max-payload", "max_payload"],
    ["maxpayload", "max_payload"],
    ["maxpending", "max_pending"],
    ["tsl", "tls"],
  ])("for %s is %s", (given, meant) => {
    expect(didYouMean(given, known)).toBe(`did you mean "${meant}"?`);
  });
  test.each(["colour", "x", "", "maximum_payload_size", "xyzzy", "tlsxyz"])("for %j there is none", (given) => {
    expect(didYouMean(given, known)).toBeUndefined();
  });
  test("takes time in proportion to what is near, not to what was typed", () => {
    expect(didYouMean("x".repeat(1_000_000), known)).toBeUndefined();
  });
});

describe("in a file", () => {
  test.each([
    ["max_paylod: 5", 'c.conf:1:0: unknown field "max_paylod"\n  did you mean "max_payload"?'],
    ["\n colour: blue", 'c.conf:2:2: unknown field "colour"'],
    [
      "tls { cert_fiel: x }",
      'c.conf:1:6: error parsing tls config, unknown field "cert_fiel"\n  did you mean "cert_file"?',
    ],
    ["websocket { no_tsl: true }", 'c.conf:1:12: unknown field "no_tsl"\n  did you mean "no_tls"?'],
    ["accounts { A { user: [] } }", 'c.conf:1:15: unknown field "user"\n  did you mean "users"?'],
    [
      "authorization { users: [{ user: a, permissions { pubish: x } }] }",
      'c.conf:1:49: Unknown field "pubish" parsing permissions\n  did you mean "publish"?',
    ],
    [
      "authorization { users: [{ user: a, password: b, allowed_connection_types: [STANDRD] }] }",
      'c.conf:1:48: invalid connection types ["STANDRD"]\n  known are STANDARD, WEBSOCKET, LEAFNODE, LEAFNODE_WS, MQTT, MQTT_WS, IN_PROCESS',
    ],
  ])("%s", (document, said) => {
    expect(check(document)).toBe(said);
  });
});
