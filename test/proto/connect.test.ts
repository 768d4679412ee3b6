import { describe, expect, test } from "vitest";
import { JsonError } from "../../src/base/json.ts";
import { type ConnectOptions, decodeConnect, defaultConnectOptions } from "../../src/proto/connect.ts";

const decodeText = (input: string): ConnectOptions | JsonError => {
  const bytes = Buffer.from(`CONNECT ${input}\r\n`);
  return decodeConnect(bytes, 8, bytes.length - 2);
};
const fault = (input: string): string => {
  const got = decodeText(input);
  return got instanceof JsonError ? got.text : `accepted ${input}`;
};

describe("CONNECT", () => {
  test("without options is verbose, pedantic and echoes", () => {
    expect(decodeText("{}")).toEqual({ ...defaultConnectOptions, verbose: true, pedantic: true, echo: true });
    expect(decodeText("null")).toEqual(defaultConnectOptions);
  });
  test("carries every field a client sends", () => {
    const sent = {
      echo: false,
      verbose: false,
      pedantic: false,
      tls_required: true,
      nkey: "U1",
      jwt: "ey",
      sig: "s",
      auth_token: "t",
      user: "u",
      pass: "p",
      name: "é<n>",
      lang: "node",
      version: "1.2.3",
      protocol: 1,
      account: "A",
      new_account: true,
      headers: true,
      no_responders: true,
      import: { allow: ["a"], deny: [] },
      export: { allow: [], deny: ["b"] },
      remote_account: "R",
      proxy_sig: "x",
    };
    expect(decodeText(JSON.stringify(sent))).toEqual(sent);
  });
  test("keys match without case, unknown ones are ignored", () => {
    expect(decodeText('{"VERBOSE":false,"Max":{"a":[1]},"__proto__":{"user":"x"}}')).toEqual({
      ...defaultConnectOptions,
      verbose: false,
    });
  });
  // Each text was read in the log of nats-server 2.14.5.
  test.each([
    ['{"verbose":"x"}', "json: cannot unmarshal string into Go struct field ClientOpts.verbose of type bool"],
    ['{"user":1}', "json: cannot unmarshal number into Go struct field ClientOpts.user of type string"],
    ['{"protocol":1.5}', "json: cannot unmarshal number 1.5 into Go struct field ClientOpts.protocol of type int"],
    ["[]", "json: cannot unmarshal array into Go value of type server.ClientOpts"],
    ['"x"', "json: cannot unmarshal string into Go value of type server.ClientOpts"],
    ['{"verbose":false,}', "invalid character '}' looking for beginning of object key string"],
    ['{"protocol":1} x', "invalid character 'x' after top-level value"],
    ['{"new_account":1}', "json: cannot unmarshal number into Go struct field ClientOpts.new_account of type bool"],
    [
      '{"import":"x"}',
      "json: cannot unmarshal string into Go struct field ClientOpts.import of type server.SubjectPermission",
    ],
    [
      '{"import":{"allow":1}}',
      "json: cannot unmarshal number into Go struct field SubjectPermission.import.allow of type []string",
    ],
  ])("%s is refused as nats-server refuses it", (input, message) => {
    expect(fault(input)).toBe(message);
  });
});
