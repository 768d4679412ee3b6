// What a start warns of.

import { expect, test } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { fromObject } from "../../src/config/object.ts";
import { systemSource } from "../../src/io/files.ts";
import { logBanner } from "../../src/server/command_banner.ts";
import type { Core } from "../../src/server/core.ts";

test.each([
  [1 << 20, []],
  [(1 << 20) + 1, ["max_control_line: lines of more than 1 MB are refused"]],
])("max_control_line %i", (max_control_line, want) => {
  const { options } = fromObject({ max_control_line }, systemSource);
  const seen: string[] = [];
  const log = { ...silentLog, warn: (text: string) => void seen.push(text) };
  logBanner(log, { options, identity: { id: "N", name: "n", xkey: "X" } } as Core, {
    file: undefined,
    digest: undefined,
    notices: [],
  });
  expect(seen).toEqual(want);
});
