// A group of records on its way to disk: whether what it copies lies in the arena makes no difference.

import { afterEach, expect, test, vi } from "vitest";
import { bytes, READ } from "../../../src/base/arena.ts";
import { arenaHashArea } from "../../../src/base/arena_hash.ts";
import { Hasher } from "../../../src/base/highway_hash.ts";
import { RecordReader } from "../../../src/store/format/record.ts";
import { StoredMsg } from "../../../src/store/stream_store.ts";
import { WriteGroup } from "../../../src/store/file/write_group.ts";

const groups: WriteGroup[] = [];
function newGroup(): WriteGroup {
  const group = new WriteGroup();
  groups.push(group);
  return group;
}
afterEach(() => {
  for (const group of groups.splice(0)) group.reset();
});

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 3);

function message(source: Uint8Array, at: number, header: string, body: string, sec: number, nanos: number): StoredMsg {
  const msg = new StoredMsg();
  const subject = "orders.new";
  source.set(Buffer.from(subject + header + body, "latin1"), at);
  msg.subject = source;
  msg.subjectFrom = at;
  msg.subjectTo = at + subject.length;
  msg.header = source;
  msg.headerFrom = msg.subjectTo;
  msg.headerTo = msg.headerFrom + header.length;
  msg.body = source;
  msg.bodyFrom = msg.headerTo;
  msg.bodyTo = msg.bodyFrom + body.length;
  msg.sec = sec;
  msg.nanos = nanos;
  return msg;
}

const moments = [
  [0, 0],
  [1_800_000_000, 5],
  [1_800_000_000, 5],
  [1_800_000_000, 999_999_999],
  [-6_795_364_579, 128_654_848],
  [1_800_000_001, 0],
] as const;

test("records are the same wherever a message lies, and can be read", () => {
  const hasher = new Hasher(KEY, arenaHashArea());
  const inArena = newGroup();
  const elsewhere = newGroup();
  const own = new Uint8Array(20_000);
  let seq = 0;
  for (const [sec, nanos] of moments) {
    for (const [header, length] of [
      ["", 0],
      ["NATS/1.0\r\nA: b\r\n\r\n", 300],
      ["", 9000],
    ] as const) {
      seq++;
      const body = "x".repeat(length) + String(seq);
      inArena.addMessage(seq, message(bytes, READ + seq, header, body, sec, nanos), seq, hasher);
      elsewhere.addMessage(seq, message(own, seq, header, body, sec, nanos), seq, hasher);
    }
  }
  expect(inArena.used).toBe(elsewhere.used);
  expect(Buffer.compare(inArena.bytes.subarray(0, inArena.used), elsewhere.bytes.subarray(0, elsewhere.used))).toBe(0);
  const record = new RecordReader(new Hasher(KEY));
  let at = 0;
  for (let entry = 0; entry < inArena.entries; entry++) {
    expect(record.read(inArena.bytes, at, inArena.used)).toBe(undefined);
    const [sec, nanos] = moments[Math.floor(entry / 3)]!;
    expect([record.seq, record.sec, record.nanos]).toEqual([entry + 1, sec, nanos]);
    expect(inArena.momentOf(entry)).toEqual({ sec, nanos });
    at = record.to;
  }
  expect(at).toBe(inArena.used);
});

test("a group lies in the arena while it fits there and there is a place; all places come back", async () => {
  // Nothing else has places in this arena.
  vi.resetModules();
  const { bytes } = await import("../../../src/base/arena.ts");
  const { blockHasher } = await import("../../../src/store/format/keys.ts");
  const { freeGroupSlots, SLOT_ROOM } = await import("../../../src/store/file/group_slots.ts");
  const { WriteGroup } = await import("../../../src/store/file/write_group.ts");
  const hasher = blockHasher("S", 1);
  const all = freeGroupSlots();
  const body = "x".repeat(9000);
  const isInArena = ({ bytes: of }: { readonly bytes: Uint8Array }): boolean => of.buffer === bytes.buffer;
  const many = Array.from({ length: all + 1 }, () => new WriteGroup());
  expect(all).toBeGreaterThan(1);
  for (const group of many) group.addMessage(1, message(bytes, READ, "", body, 1, 2), 7, hasher);
  expect(many.map(isInArena)).toEqual([...Array.from({ length: all }, () => true), false]);
  expect(freeGroupSlots()).toBe(0);
  const [first, last] = [many[0]!, many.at(-1)!];
  let seq = 1;
  while (first.used + 9100 <= SLOT_ROOM) first.addMessage(++seq, message(bytes, READ, "", body, 1, 2), 7, hasher);
  expect(isInArena(first)).toBe(true);
  // Now it is too large: with all that it had, it goes elsewhere.
  for (const _ of [1, 2]) first.addMessage(++seq, message(bytes, READ, "A: b\r\n", body, 1, 2), 7, hasher);
  expect([isInArena(first), freeGroupSlots()]).toEqual([false, 1]);
  const record = new RecordReader(hasher);
  for (let entry = 0, at = 0; entry < seq; entry++, at = record.to) {
    expect(record.read(first.bytes, at, first.used)).toBe(undefined);
    expect(record.seq).toBe(entry + 1);
  }
  for (let i = 2; i <= seq; i++)
    last.addMessage(i, message(bytes, READ, i > seq - 2 ? "A: b\r\n" : "", body, 1, 2), 7, hasher);
  expect(Buffer.compare(first.bytes.subarray(0, first.used), last.bytes.subarray(0, last.used))).toBe(0);
  for (const group of many) expect(group.reset()).toBe(true);
  expect(freeGroupSlots()).toBe(all);
  // What a group has of its own it keeps, but uses only where there is no place.
  first.addMessage(1, message(bytes, READ, "", body, 1, 2), 7, hasher);
  expect([isInArena(first), first.entries, first.used]).toEqual([true, 1, 30 + 10 + 9000]);
});
