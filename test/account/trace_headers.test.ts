// Which messages ask to be traced.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSampledParent, samplingHeaders } from "../../src/account/sampling_headers.ts";
import { askedTrace, mayAskForTrace } from "../../src/account/trace_headers.ts";

const block = (...lines: string[]): Buffer =>
  Buffer.from(`xxNATS/1.0\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\nyy`);
const asked = (...lines: string[]): ReturnType<typeof askedTrace> => {
  const bytes = block(...lines);
  return askedTrace(bytes, 2, bytes.length - 2);
};
const PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("a message asks for a trace", () => {
  test("by a destination, or by a sampled parent", () => {
    expect(asked("A: b")).toBeUndefined();
    expect(asked("Nats-Trace-Dest: tr", "A: b", "A: c")).toEqual({
      headers: new Map([
        ["Nats-Trace-Dest", ["tr"]],
        ["A", ["b", "c"]],
      ]),
      destination: "tr",
      isOnly: false,
    });
    expect(asked(`TRACEPARENT: ${PARENT}`)).toMatchObject({ destination: undefined, isOnly: false });
    expect(asked(`traceparent: ${PARENT.replace(/1$/, "0")}`)).toBeUndefined();
    expect(asked(`traceparent: ${PARENT}`, "Nats-Trace-Dest: tr")).toMatchObject({ destination: "tr" });
  });

  test("and only for that, when it says so", () => {
    for (const only of ["1", "true", "TRUE", "On"]) {
      expect(asked("Nats-Trace-Dest:tr", `Nats-Trace-Only: ${only}`)?.isOnly).toBe(true);
    }
    for (const only of ["0", "yes", ""])
      expect(asked("Nats-Trace-Dest: tr", `Nats-Trace-Only: ${only}`)?.isOnly).toBe(false);
    expect(asked("Nats-Trace-Only: 1", `traceparent: ${PARENT}`)?.isOnly).toBe(false);
    expect(asked("Nats-Trace-Only: 1")).toBeUndefined();
  });

  test("not when it was told to be none, nor without a value", () => {
    expect(asked("Nats-Trace-Dest: trace disabled", `traceparent: ${PARENT}`)).toBeUndefined();
    expect(asked("Nats-Trace-Dest: ")).toBeUndefined();
    expect(asked("nats-trace-dest: tr")).toBeUndefined();
  });

  test("and a quick look never misses it", () => {
    const name = fc.constantFrom(
      "Nats-Trace-Dest",
      "traceparent",
      "TraceParent",
      "Nats-Trace-Only",
      "X",
      "Nats-Msg-Id",
      "tr",
    );
    const value = fc.constantFrom("tr", PARENT, "1", "", "trace disabled");
    const line = fc.tuple(name, fc.constantFrom(":", ": ", ":\t"), value).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const bytes = block(...lines);
        if (askedTrace(bytes, 2, bytes.length - 2) !== undefined) {
          expect(mayAskForTrace(bytes, 2, bytes.length - 2)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("and hostile headers ask for nothing that is not theirs", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (junk) => {
        const bytes = Buffer.concat([
          Buffer.from("NATS/1.0\r\n"),
          junk,
          Buffer.from("\r\n\r\nNats-Trace-Dest: behind\r\n"),
        ]);
        const end = 10 + junk.length + 4;
        mayAskForTrace(bytes, 0, end);
        expect(askedTrace(bytes, 0, end)?.destination).not.toBe("behind");
        samplingHeaders(bytes, 0, end);
      }),
    );
  });
});

describe("a parent is sampled", () => {
  test.each([
    [PARENT, true],
    [PARENT.replace(/01$/, "03"), true],
    [PARENT.replace(/01$/, "00"), false],
    [PARENT.replace(/01$/, "81"), false],
    [PARENT.replace(/01$/, "1"), false],
    [PARENT.replace(/01$/, "0x"), false],
    [`${PARENT}-more`, false],
    ["", false],
  ])("by the last bit of its flags: %s", (value, wanted) => {
    expect(isSampledParent(value)).toBe(wanted);
  });
});
