import { describe, expect, test } from "vitest";
import { byteString } from "../../src/base/bytes.ts";
import { Tracer } from "../../src/session/tracer.ts";

function traced(act: (tracer: Tracer) => void): string[] {
  const lines: string[] = [];
  act(new Tracer((text) => lines.push(text), { maxTracedBytes: 0, traceHeaders: false }));
  return lines;
}

describe("the trace of CONNECT", () => {
  test("has no secret, however the key is written", () => {
    for (const json of [
      '{"user":"joe","pass":"s3cret"}',
      '{"PASS" : "s3cret"}',
      '{"auth_token":"s3cret","jwt":"s3cret","sig":"s3cret","nkey":"s3cret","proxy_sig":"s3cret"}',
      '{"pass":"s3\\"cret s3cret"}',
      '{"pa\\u0073s":"s3cret"}',
      '{"\\u0061uth_token":"s3cret"}',
    ]) {
      expect(traced((tracer) => tracer.connect(json)).join()).not.toContain("s3cret");
    }
  });
  test("shows the rest as it came", () => {
    expect(traced((tracer) => tracer.connect('{"user":"joe","pass":"x","lang":"go"}'))).toEqual([
      '<<- [CONNECT {"user":"joe","pass":"[REDACTED]","lang":"go"}]',
    ]);
  });
});

test("subjects are shown as UTF-8", () => {
  expect(traced((tracer) => tracer.in(`SUB ${byteString("Malmö.東京")} 1`))).toEqual(["<<- [SUB Malmö.東京 1]"]);
});
