// Opening a block: everything in a good one, everything but what was touched in a damaged one.

import { expect, test } from "vitest";
import { DiskError } from "../../../src/base/disk.ts";
import { blockHasher } from "../../../src/store/format/keys.ts";
import { BlockScratch } from "../../../src/store/file/block_open_bytes.ts";
import { isSound, openBlock } from "../../../src/store/file/block_open.ts";
import { madeBlock, messages, opened, packed, run, SEC, seqsIn, streamOnDisk, upTo } from "./stream_on_disk.ts";

const mixed = madeBlock([
  { seq: 3 },
  { kind: "hole", seq: 4 },
  { seq: 7, headers: Buffer.from("NATS/1.0\r\nA: b\r\n\r\n") },
  { kind: "tombstone", seq: 2 },
  { kind: "tombstone", seq: 1 },
  { seq: 9 },
]);

test.each([
  ["plain", mixed.bytes],
  ["compressed", packed(mixed.bytes)],
])("all of a %s block is told", (kind, file) => {
  const { report, records } = opened(streamOnDisk({ "1.blk": file }));
  expect(records).toEqual([
    `message 3 ${SEC + 3}.3 s.3  payload 3`,
    `hole 4 ${SEC + 4}.4   `,
    `message 7 ${SEC + 7}.7 s.7 NATS/1.0\r\nA: b\r\n\r\n payload 7`,
    `tombstone 2 ${SEC + 2}.2   `,
    `tombstone 1 ${SEC + 1}.1   `,
    `message 9 ${SEC + 9}.9 s.9  payload 9`,
  ]);
  expect(report).toEqual({
    block: 1,
    fileBytes: file.length,
    bytes: mixed.bytes.length,
    isCompressed: kind === "compressed",
    messages: 3,
    holes: 1,
    tombstones: 2,
    firstSeq: 3,
    lastSeq: 9,
    first: { sec: SEC + 3, nanos: 3 },
    last: { sec: SEC + 9, nanos: 9 },
    tombstoneSeq: 2,
    tombstone: { sec: SEC + 2, nanos: 2 },
    checksum: mixed.bytes.slice(-8),
    damaged: [],
    tornAt: undefined,
    isPackingDamaged: false,
    isForeign: false,
  });
  expect(isSound(report)).toBe(true);
});

test("an empty block has nothing, and is sound", () => {
  const { report, records } = opened(streamOnDisk({ "1.blk": new Uint8Array(0) }));
  expect([records, report.bytes, report.lastSeq, report.checksum]).toEqual([[], 0, 0, new Uint8Array(8)]);
  expect(isSound(report)).toBe(true);
});

test("a record whose sequence is not above the ones before it does not count", () => {
  const { bytes } = madeBlock([{ seq: 5 }, { seq: 5 }, { seq: 4 }, { seq: 6 }]);
  const place = streamOnDisk({ "1.blk": bytes });
  expect(seqsIn(place)).toEqual([5, 6]);
  expect(opened(place).report).toMatchObject({ messages: 2, firstSeq: 5, lastSeq: 6, damaged: [] });
});

test("0 is no sequence", () => {
  const { bytes } = madeBlock([{ seq: 0 }, { kind: "tombstone", seq: 0 }, { kind: "hole", seq: 0 }, { seq: 1 }]);
  const { report, records } = opened(streamOnDisk({ "1.blk": bytes }));
  expect([records.length, report.messages, report.firstSeq, report.damaged]).toEqual([1, 1, 1, []]);
});

test("a block that is not there, or cannot be read, is a result", () => {
  const place = streamOnDisk({ "1.blk": mixed.bytes });
  expect(
    run(
      place.disk,
      openBlock(place, 2, () => undefined),
    ),
  ).toMatchObject({ code: "ENOENT" });
  for (let call = 1; call <= 3; call++) {
    place.disk.failAt(call);
    expect(
      run(
        place.disk,
        openBlock(place, 1, () => undefined),
      ),
    ).toBeInstanceOf(DiskError);
  }
});

test("a file far larger than any block is not read into memory", () => {
  const place = streamOnDisk({ "1.blk": mixed.bytes });
  const file = place.disk.open("S/msgs/1.blk", "write");
  if (file instanceof DiskError) throw new Error(file.text);
  place.disk.truncate(file, (64 << 20) + 1);
  expect(
    run(
      place.disk,
      openBlock(place, 1, () => undefined),
    ),
  ).toMatchObject({ code: "EFBIG" });
});

test("a damaged record in the middle costs itself", () => {
  const { bytes, at } = madeBlock(messages(1, 6));
  bytes[at[3]! + 25]! ^= 1;
  const { report, records } = opened(streamOnDisk({ "1.blk": bytes }));
  expect(records.length).toBe(5);
  expect(report.damaged).toEqual([{ from: at[3], to: at[4], fault: "sum", isWhole: true, after: 3, before: 5 }]);
  expect([report.tornAt, isSound(report)]).toEqual([undefined, false]);
});

test("a tail that ends within a record, or in zeros, is torn; a damaged record that ends with the block is not", () => {
  const { bytes, at } = madeBlock(messages(1, 3));
  const short = opened(streamOnDisk({ "1.blk": bytes.subarray(0, at[3]! - 1) })).report;
  expect(short).toMatchObject({ tornAt: at[2], lastSeq: 2, damaged: [{ isWhole: false, after: 2, before: 0 }] });
  const zeros = Uint8Array.from(bytes).fill(0, at[1]);
  expect(opened(streamOnDisk({ "1.blk": zeros })).report).toMatchObject({ tornAt: at[1], lastSeq: 1 });
  const flipped = Uint8Array.from(bytes);
  flipped[at[2]! + 25]! ^= 1;
  expect(opened(streamOnDisk({ "1.blk": flipped })).report).toMatchObject({ tornAt: undefined, lastSeq: 2, damaged: [{ isWhole: true }] }); // prettier-ignore
});

test("a whole record with a sequence beyond 2^53 makes the block foreign", () => {
  const { bytes, at } = madeBlock(messages(1, 3));
  bytes[at[1]! + 11] = 1;
  const end = at[2]! - 8;
  const hasher = blockHasher("S", 1)
    .start()
    .add(bytes, at[1]! + 4, at[1]! + 20);
  hasher.add(bytes, at[1]! + 22, end).sum(bytes, end);
  const { report } = opened(streamOnDisk({ "1.blk": bytes }));
  expect(report).toMatchObject({ isForeign: true, lastSeq: 3, damaged: [{ fault: "sequence", isWhole: true }] });
  expect(isSound(report)).toBe(false);
});

test("any flipped byte costs at most the record it is in", () => {
  const headers = Buffer.from("NATS/1.0\r\nA: b\r\n\r\n");
  const { bytes, at } = madeBlock([{ seq: 1 }, { seq: 2, headers }, { kind: "hole", seq: 3 }, { seq: 4 }, { seq: 5, payload: new Uint8Array(0) }]); // prettier-ignore
  for (let i = 0; i < bytes.length; i++) {
    for (const flip of [1, 0x80, 0xff]) {
      const bad = Uint8Array.from(bytes);
      bad[i]! ^= flip;
      const hit = at.findLastIndex((from) => from <= i) + 1;
      const found = seqsIn(streamOnDisk({ "1.blk": bad }));
      for (const seq of upTo(5, [hit])) expect(found, `byte ${i} ^ ${flip}`).toContain(seq);
    }
  }
});

test("a block cut anywhere costs the record it is cut in, and those behind", () => {
  const { bytes, at } = madeBlock(messages(1, 5));
  for (let size = 0; size < bytes.length; size++) {
    const { report, records } = opened(streamOnDisk({ "1.blk": bytes.subarray(0, size) }));
    const whole = at.findLastIndex((from) => from <= size);
    expect(records.length).toBe(whole);
    expect(report.tornAt).toBe(at[whole] === size ? undefined : at[whole]);
  }
});

test("a compressed block with any flipped byte keeps what is before the damage, and other chunks", () => {
  let random = 1;
  const byte = (): number => (random = Math.imul(random ^ (random >>> 15), 2_246_822_507) + 0x9e37) >>> 24;
  const noise = (): Uint8Array => Uint8Array.from({ length: 60_000 }, byte);
  const { bytes } = madeBlock(messages(1, 8, noise));
  const file = packed(bytes); // four chunks
  for (const at of [0, 1, 3, 4, 6, 9, 17, 20, 25, 140_000, 270_000, 262_217, file.length - 3]) {
    const bad = Uint8Array.from(file);
    bad[at]! ^= 0x41;
    const { report, records } = opened(streamOnDisk({ "1.blk": bad }));
    expect(report.isPackingDamaged || report.damaged.length > 0, `${at}`).toBe(true);
    expect(records.length, `byte ${at}`).toBeGreaterThanOrEqual(7);
  }
});

test("a small block takes one slice, a large one many", () => {
  const slices = (bytes: Uint8Array): number => {
    const job = openBlock(streamOnDisk({ "1.blk": bytes }), 1, () => undefined);
    let count = 1;
    while (job.next().done !== true) count++;
    return count;
  };
  expect(slices(mixed.bytes)).toBe(1);
  expect(slices(packed(mixed.bytes))).toBe(1);
  expect(slices(madeBlock(messages(1, 8, () => new Uint8Array(1 << 20))).bytes)).toBeGreaterThan(8);
});

test("memory is used again", () => {
  const scratch = new BlockScratch();
  const place = streamOnDisk({ "1.blk": mixed.bytes, "2.blk": madeBlock(messages(20, 22), 2).bytes });
  const bytes: ArrayBufferLike[] = [];
  for (const block of [1, 2, 1]) {
    const seen: number[] = [];
    run(place.disk, openBlock(place, block, ({ seq }, records) => {
      seen.push(seq);
      bytes.push(records.buffer);
    }, scratch)); // prettier-ignore
    expect(seen).toEqual(block === 1 ? [3, 4, 7, 2, 1, 9] : [20, 21, 22]);
  }
  expect(new Set(bytes).size).toBe(1);
});
