// A block is the old one or the new one, whatever fails and whenever power is cut.

import { describe, expect, test } from "vitest";
import { removeTemporaries, rewriteBlock, type Fate, type Rewrite } from "../../../src/store/file/block_rewrite.ts";
import { SlicedJob } from "../../../src/store/file/sliced_job.ts";
import { madeBlock, messages, opened, packed, run, runUntilCall, seqsIn, streamOnDisk, treeOf, upTo } from "./stream_on_disk.ts"; // prettier-ignore

const randomBytes = (count: number): Uint8Array => new Uint8Array(count).fill(0xa5);
type Fates = Readonly<Record<number, Fate>>;
function rewrite(
  place: ReturnType<typeof streamOnDisk>,
  fates: Fates,
  compress = false,
): ReturnType<typeof rewriteBlock> {
  // prettier-ignore
  return rewriteBlock(place, 1, { fateOf: (_, seq) => fates[seq] ?? "keep", compress, randomBytes });
}

test("dropped records are gone, at the start, between, and at the end; the last bytes are those of the last record", () => {
  const { bytes, at } = madeBlock(messages(1, 6));
  const place = streamOnDisk({ "1.blk": bytes });
  const done = run(place.disk, rewrite(place, { 1: "drop", 3: "drop", 6: "drop" }))!;
  expect(seqsIn(place)).toEqual([2, 4, 5]);
  const size = at[2]! - at[1]! + at[5]! - at[3]!;
  expect(done).toEqual({
    how: "replaced",
    failed: undefined,
    fileBytes: size,
    bytes: size,
    isCompressed: false,
    checksum: bytes.slice(at[5]! - 8, at[5]),
  });
  expect(Object.keys(treeOf(place.disk))).toEqual(["S/msgs/1.blk"]);
});

test("an erased message is a hole of its length, with nothing of it left", () => {
  const { bytes, at } = madeBlock(messages(1, 3));
  const place = streamOnDisk({ "1.blk": bytes });
  const done = run(place.disk, rewrite(place, { 2: "erase" }))!;
  expect(done).toMatchObject({ how: "replaced", bytes: bytes.length });
  expect(opened(place).records[1]).toBe(`hole 2 1800000002.2   ${"\u00A5".repeat(at[2]! - at[1]! - 30)}`);
  expect(Buffer.from(place.disk.contents("S/msgs/1.blk")).includes("payload 2")).toBe(false);
  expect(opened(place).report).toMatchObject({ messages: 2, holes: 1, lastSeq: 3, damaged: [] });
});

test("holes and tombstones are dropped or kept, never erased", () => {
  const made = madeBlock([{ kind: "hole", seq: 1 }, { seq: 2 }, { kind: "tombstone", seq: 1 }]);
  const place = streamOnDisk({ "1.blk": made.bytes });
  expect(run(place.disk, rewrite(place, { 1: "erase" }))).toMatchObject({ how: "kept", failed: undefined });
  const kinds: string[] = [];
  const fateOf = (kind: string, seq: number): Fate => {
    kinds.push(`${kind} ${seq}`);
    return kind === "tombstone" ? "drop" : "keep";
  };
  expect(run(place.disk, rewriteBlock(place, 1, { fateOf, compress: false, randomBytes }))!.how).toBe("replaced");
  expect([kinds, seqsIn(place)]).toEqual([
    ["hole 1", "message 2", "tombstone 1"],
    [1, 2],
  ]);
});

test("compressing and unpacking keep every record, and its last bytes", () => {
  const { bytes } = madeBlock(messages(1, 50));
  const place = streamOnDisk({ "1.blk": bytes });
  const before = opened(place).records;
  const done = run(place.disk, rewrite(place, {}, true))!;
  expect(done).toMatchObject({ how: "replaced", bytes: bytes.length, isCompressed: true, checksum: bytes.slice(-8) });
  expect(place.disk.contents("S/msgs/1.blk").length).toBe(done.fileBytes);
  expect(done.fileBytes).toBeLessThan(bytes.length);
  expect(opened(place)).toMatchObject({ records: before, report: { isCompressed: true } });
  expect(run(place.disk, rewrite(place, {}, true))!.how).toBe("kept");
  expect(run(place.disk, rewrite(place, {}))!.how).toBe("replaced");
  expect(place.disk.contents("S/msgs/1.blk")).toEqual(bytes);
});

test("a compressed block is compacted, compressed or not", () => {
  const file = packed(madeBlock(messages(1, 9)).bytes);
  for (const compress of [true, false]) {
    const place = streamOnDisk({ "1.blk": file });
    expect(run(place.disk, rewrite(place, { 4: "drop", 9: "drop" }, compress))).toMatchObject({ how: "replaced", isCompressed: compress }); // prettier-ignore
    expect(seqsIn(place)).toEqual([1, 2, 3, 5, 6, 7, 8]);
  }
});

test("a block of which nothing would be left, or that is damaged, stays as it is", () => {
  const { bytes } = madeBlock(messages(1, 3));
  const place = streamOnDisk({ "1.blk": bytes });
  const before = treeOf(place.disk);
  expect(run(place.disk, rewrite(place, { 1: "drop", 2: "drop", 3: "drop" }))!.how).toBe("empty");
  expect(treeOf(place.disk)).toEqual(before);
  place.disk.flipBit("S/msgs/1.blk", 8 * 30);
  const damaged = treeOf(place.disk);
  expect(run(place.disk, rewrite(place, { 3: "drop" }))!.how).toBe("damaged");
  expect(treeOf(place.disk)).toEqual(damaged);
});

test("a temporary that was left over is no hindrance, and is removed at the start", () => {
  const { bytes } = madeBlock(messages(1, 3));
  const place = streamOnDisk({ "1.blk": bytes, "1.blk.tmp": bytes.slice(0, 9), "2.blk.tmp": bytes, "x.tmp": bytes });
  expect(run(place.disk, rewrite(place, { 1: "drop" }))!.how).toBe("replaced");
  expect(seqsIn(place)).toEqual([2, 3]);
  expect(removeTemporaries(place)).toBeUndefined();
  expect(Object.keys(treeOf(place.disk))).toEqual(["S/msgs/1.blk", "S/msgs/x.tmp"]);
});

test("cancelled while the new block is written, the old one stays and the new one goes", () => {
  const place = streamOnDisk({ "1.blk": madeBlock(messages(1, 3)).bytes });
  const before = treeOf(place.disk);
  const turns: (() => void)[] = [];
  const job = new SlicedJob(
    rewrite(place, { 1: "drop" }),
    (fire) => turns.push(fire),
    () => undefined,
  );
  turns.shift()!();
  expect(place.disk.pending).toBe(1);
  job.cancel();
  place.disk.complete();
  turns.shift()!();
  expect([job.isOver, turns.length, treeOf(place.disk)]).toEqual([true, 0, before]);
});

const fates: Fates = { 2: "drop", 4: "erase" };
const KEPT = "1 2 3 4 5";
const REPLACED = "1 3 4 5";
function seqs(place: ReturnType<typeof streamOnDisk>): string {
  const { report, records } = opened(place);
  expect(report.damaged).toEqual([]);
  return records.map((record) => record.split(" ")[1]).join(" ");
}

describe.each([false, true])("compress: %s", (compress) => {
  const block = madeBlock(messages(1, 5)).bytes;

  test("a failure at any call leaves the old block, or says that the new one is there", () => {
    const outcomes = new Set<string>();
    for (let call = 1; ; call++) {
      const place = streamOnDisk({ "1.blk": block }, call);
      place.disk.failAt(call, call % 2 === 0 ? "EIO" : "ENOSPC");
      const { how, failed } = run(place.disk, rewrite(place, fates, compress)) as Rewrite;
      place.disk.heal();
      if (failed === undefined && how === "replaced") {
        outcomes.add(`${how} ${seqs(place)}`);
        if (call > 20) break;
        continue;
      }
      outcomes.add(`${how} ${seqs(place)}`);
      expect(failed).toBeDefined();
      expect(Object.keys(treeOf(place.disk))).toEqual(["S/msgs/1.blk"]);
    }
    expect([...outcomes].sort()).toEqual([`kept ${KEPT}`, `replaced ${REPLACED}`, `unsure ${REPLACED}`]);
  });

  test("power cut at any call leaves the old block or the new one", () => {
    const found = new Set<string>();
    for (let calls = 1, isOver = false; !isOver; calls++) {
      for (let seed = 1; seed <= 25; seed++) {
        const place = streamOnDisk({ "1.blk": block }, seed * 100 + calls);
        isOver = runUntilCall(place.disk, rewrite(place, fates, compress), calls);
        place.disk.powerCut();
        const after = seqs(place);
        found.add(after);
        if (isOver) expect(after).toBe(REPLACED);
        expect(removeTemporaries(place)).toBeUndefined();
        expect(Object.keys(treeOf(place.disk))).toEqual(["S/msgs/1.blk"]);
      }
    }
    expect([...found].sort()).toEqual([KEPT, REPLACED]);
  });

  test("cancelled in any slice, nothing has changed", () => {
    const big = madeBlock(messages(1, 6, (seq) => new Uint8Array(400_000).fill(seq))).bytes;
    for (let slice = 1; ; slice++) {
      const place = streamOnDisk({ "1.blk": big });
      const before = treeOf(place.disk);
      const done = run(place.disk, rewrite(place, fates, compress), slice);
      if (done !== undefined) {
        expect(done.how).toBe("replaced");
        expect(seqsIn(place)).toEqual(upTo(6, [2]));
        expect(slice).toBeGreaterThan(8);
        break;
      }
      expect(treeOf(place.disk)).toEqual(before);
    }
  });
});
