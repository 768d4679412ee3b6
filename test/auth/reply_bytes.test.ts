// However long the replies, remembering them stays bounded.

import { expect, test } from "vitest";
import { MOST_BYTES, ReplyTable } from "../../src/auth/reply_table.ts";
import { byteString } from "../../src/base/bytes.ts";
import { FakeWorld } from "../support/fake_world.ts";

test("the oldest long replies are forgotten, the newest may be answered", () => {
  const table = new ReplyTable(new FakeWorld(), { max: 1, expiresMs: -1 });
  const reply = (i: number): ReturnType<typeof byteString> => byteString(`${i}.${"x".repeat(4000)}`);
  const count = Math.ceil(MOST_BYTES / 4000) + 500;
  for (let i = 0; i < count; i++) table.add(reply(i));
  expect(table.count * 4000).toBeLessThanOrEqual(MOST_BYTES);
  expect(table.use(reply(0))).toBe(false);
  expect(table.use(reply(count - 1))).toBe(true);
});
