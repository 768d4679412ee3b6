import { expect, test } from "vitest";
import { Hasher } from "../../../src/base/highway_hash.ts";
import { SpareGroups } from "../../../src/store/file/spare_groups.ts";
import { WriteGroup } from "../../../src/store/file/write_group.ts";
import { StoredMsg } from "../../../src/store/stream_store.ts";

/** More than fits into a place in the arena. */
const ELSEWHERE = 1_200_000;

function filled(group: WriteGroup, bytes: number): WriteGroup {
  const msg = new StoredMsg();
  [msg.body, msg.bodyTo] = [new Uint8Array(bytes), bytes];
  group.addMessage(1, msg, 0, new Hasher(new Uint8Array(32)));
  return group;
}

test("a group that was given comes back empty, with the memory it had", () => {
  const spares = new SpareGroups();
  const group = filled(spares.take(), ELSEWHERE);
  const { heldBytes } = group;
  spares.give(group);
  expect(spares.heldBytes).toBe(heldBytes);
  const again = spares.take();
  expect(again).toBe(group);
  expect([again.used, again.entries, again.pieces, again.heldBytes]).toEqual([0, 0, [], heldBytes]);
  expect([spares.heldBytes, spares.take() === group]).toEqual([0, false]);
});

test("a group that grew too large is not kept, nor many of them", () => {
  const spares = new SpareGroups();
  spares.give(filled(new WriteGroup(), 5_000_000));
  expect(spares.heldBytes).toBe(0);
  for (let i = 0; i < 10; i++) spares.give(filled(new WriteGroup(), ELSEWHERE));
  expect(spares.heldBytes).toBeGreaterThan(6_000_000);
  expect(spares.heldBytes).toBeLessThanOrEqual(8 << 20);
});
