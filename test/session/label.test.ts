// Whatever a client calls itself, it stays within its quotes and its line of the log.

import { expect, test } from "vitest";
import type { Account } from "../../src/account/account.ts";
import { defaultConnectOptions } from "../../src/proto/connect.ts";
import { clientLabel } from "../../src/session/label.ts";

const account = { name: "APP" } as Account;

test("a name, a language and a user as they are", () => {
  const options = { ...defaultConnectOptions, version: "1.0", lang: "js", name: "Zoë's", user: "joe" };
  expect(clientLabel(options, account, undefined)).toBe(' - "v1.0:js:Zoë\'s" - "APP/user:joe"');
});

test("line ends, quotes and control characters are escaped", () => {
  const options = { ...defaultConnectOptions, name: 'x"\r\n[1] [INF] all is well \u001b[2J', user: "joe\n" };
  expect(clientLabel(options, account, undefined)).toBe(
    ' - "x\\"\\r\\n[1] [INF] all is well \\x1b[2J" - "APP/user:joe\\n"',
  );
});
