// What a start warns of.

import { expect, test } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { fromObject } from "../../src/config/object.ts";
import type { ObjectOptions } from "../../src/config/object_types.ts";
import { systemSource } from "../../src/io/files.ts";
import { logBanner } from "../../src/server/command_banner.ts";
import type { Core } from "../../src/server/core.ts";

function warningsOf(object: ObjectOptions): { warnings: string[]; notices: string[] } {
  const { options } = fromObject(object, systemSource);
  const warnings: string[] = [];
  const notices: string[] = [];
  const log = {
    ...silentLog,
    warn: (text: string) => void warnings.push(text),
    notice: (text: string) => void notices.push(text),
  };
  logBanner(log, { options, identity: { id: "N", name: "n", xkey: "X" } } as Core, {
    file: undefined,
    digest: undefined,
    notices: [],
  });
  return { warnings, notices };
}

test.each([
  [1 << 20, []],
  [(1 << 20) + 1, ["max_control_line: lines of more than 1 MB are refused"]],
])("max_control_line %i", (max_control_line, want) => {
  expect(warningsOf({ max_control_line }).warnings).toEqual(want);
});

test("an account that asks for JetStream where there is none", () => {
  const accounts = { A: { jetstream: true }, B: {}, C: { jetstream: { max_memory: 5 } } };
  expect(warningsOf({ accounts }).warnings).toEqual([
    'Account "A" asks for JetStream, but it is not enabled for this server',
    'Account "C" asks for JetStream, but it is not enabled for this server',
  ]);
  expect(warningsOf({ accounts, jetstream: true }).warnings).toEqual([]);
});

test("the name of the node stands between name and id, with JetStream only", () => {
  expect(warningsOf({ jetstream: true }).notices.slice(-3)).toEqual([
    "  Name:     n",
    "  Node:     RMrbLFbj",
    "  ID:       N",
  ]);
  expect(warningsOf({}).notices.slice(-2)).toEqual(["  Name:     n", "  ID:       N"]);
});
