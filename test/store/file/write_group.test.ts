// A group of records on its way to disk: whether what it copies lies in the arena makes no difference.

import { expect, test } from "vitest";
import { bytes, READ } from "../../../src/base/arena.ts";
import { arenaHashArea } from "../../../src/base/arena_hash.ts";
import { Hasher } from "../../../src/base/highway_hash.ts";
import { RecordReader } from "../../../src/store/format/record.ts";
import { StoredMsg } from "../../../src/store/stream_store.ts";
import { WriteGroup } from "../../../src/store/file/write_group.ts";

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
  const inArena = new WriteGroup();
  const elsewhere = new WriteGroup();
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
