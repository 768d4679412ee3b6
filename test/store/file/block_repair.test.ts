// Repair keeps what is good, keeps the bytes as they were aside, and never leaves less than there was.

import { array, assert, boolean, nat, property, record, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { DiskError } from "../../../src/base/disk.ts";
import { isSound } from "../../../src/store/file/block_open.ts";
import { repairBlock, type Repair } from "../../../src/store/file/block_repair.ts";
import { madeBlock, messages, opened, packed, run, runUntilCall, SEC, seqsIn, streamOnDisk, treeOf, upTo } from "./stream_on_disk.ts"; // prettier-ignore

type Place = ReturnType<typeof streamOnDisk>;
const NOW = 1_900_000_000;
function repaired(place: Place, isLast = false, after = 0): Repair {
  const done = run(place.disk, repairBlock(place, opened(place).report, { isLast, after, wallSec: NOW }));
  if (done === undefined || done instanceof DiskError) throw new Error(done?.text);
  return done;
}
const KEPT = `S/damaged/1.blk.damaged-${NOW}`;
const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
const five = madeBlock(messages(1, 5));

test("a sound block is left alone", () => {
  const place = streamOnDisk({ "1.blk": five.bytes });
  const before = treeOf(place.disk);
  expect(repaired(place, true)).toEqual({ how: "nothing", kept: undefined, lost: [], lostBytes: 0 });
  expect(treeOf(place.disk)).toEqual(before);
});

test("a damaged record in the middle is left out, and the file as it was is kept aside", () => {
  const bad = flipped(five.bytes, five.at[2]! + 26);
  for (const isLast of [false, true]) {
    const place = streamOnDisk({ "1.blk": bad });
    expect(repaired(place, isLast)).toEqual({ how: "rewritten", kept: KEPT, lost: [{ first: 3, last: 3 }], lostBytes: five.at[3]! - five.at[2]! }); // prettier-ignore
    expect(seqsIn(place)).toEqual([1, 2, 4, 5]);
    expect(isSound(opened(place).report)).toBe(true);
    expect(place.disk.contents(KEPT)).toEqual(bad);
  }
});

test("a torn tail of the last block is kept aside and cut off; index.db stays", () => {
  const at = five.at[4]!;
  const place = streamOnDisk({ "1.blk": five.bytes.subarray(0, at + 20), "index.db": Uint8Array.of(1) });
  const kept = `S/damaged/1.blk.from-${at}.damaged-${NOW}`;
  expect(repaired(place, true)).toEqual({ how: "cut", kept, lost: [{ first: 5, last: 0 }], lostBytes: 20 });
  expect(place.disk.contents("S/msgs/1.blk")).toEqual(five.bytes.slice(0, at));
  expect(place.disk.contents(kept)).toEqual(five.bytes.slice(at, at + 20));
  expect(Object.keys(treeOf(place.disk)).sort()).toEqual([kept, "S/msgs/1.blk", "S/msgs/index.db"]);
});

test("a damaged record that ends the block keeps its sequence from being used again", () => {
  const place = streamOnDisk({ "1.blk": flipped(five.bytes, five.at[4]! + 26) });
  expect(repaired(place, true).how).toBe("rewritten");
  expect(opened(place).records.at(-1)).toBe(`hole 5 ${SEC + 4}.4   `);
  expect(opened(place).report).toMatchObject({ lastSeq: 5, messages: 4, holes: 1 });
});

test("but not when the sequence it names does not follow, or it is a tombstone", () => {
  for (const at of [5, 6, 10, 11]) {
    const place = streamOnDisk({ "1.blk": flipped(five.bytes, five.at[4]! + at) });
    repaired(place, true);
    expect(opened(place).report).toMatchObject({ lastSeq: 4, holes: 0, damaged: [] });
  }
  const made = madeBlock([...messages(1, 2), { kind: "tombstone", seq: 3 }]);
  const place = streamOnDisk({ "1.blk": flipped(made.bytes, made.at[2]! + 13) });
  repaired(place, true);
  expect(seqsIn(place)).toEqual([1, 2]);
});

test("the sequence before the block is what its first one follows", () => {
  const made = madeBlock([{ seq: 7 }]);
  for (const [after, left] of [
    [6, [7]],
    [5, []],
  ] as const) {
    const place = streamOnDisk({ "1.blk": flipped(made.bytes, 26) });
    expect(repaired(place, true, after)).toMatchObject({ how: left.length > 0 ? "rewritten" : "cut", lost: [{ first: after + 1, last: 0 }] }); // prettier-ignore
    expect(seqsIn(place)).toEqual(left);
    expect(isSound(opened(place).report)).toBe(true);
  }
});

test("no hole where the length is in doubt, or for a record in the middle that claims to be the last", () => {
  const short = flipped(five.bytes, five.at[1]! + 26);
  short[five.at[4]!]! -= 2;
  const middle = five.bytes.map((byte, i) => (i === five.at[2]! + 4 ? 6 : byte));
  for (const [bytes, left] of [
    [short, [1, 3, 4]],
    [middle, [1, 2, 4, 5]],
  ] as const) {
    const place = streamOnDisk({ "1.blk": bytes });
    repaired(place, true);
    expect(seqsIn(place)).toEqual(left);
  }
});

test("several damaged ranges, the last one torn", () => {
  const { bytes, at } = madeBlock(messages(1, 9));
  const bad = flipped(flipped(bytes, at[1]! + 25), at[5]! + 25).subarray(0, at[9]! - 3);
  const place = streamOnDisk({ "1.blk": bad });
  expect(repaired(place, true)).toMatchObject({ how: "rewritten", lost: [{ first: 2, last: 2 }, { first: 6, last: 6 }, { first: 9, last: 0 }] }); // prettier-ignore
  expect(seqsIn(place)).toEqual([1, 3, 4, 5, 7, 8]);
});

test("a damaged compressed block becomes a plain one with what could be had", () => {
  const place = streamOnDisk({ "1.blk": flipped(packed(five.bytes), 4) });
  expect(repaired(place)).toMatchObject({ how: "rewritten", lost: [], lostBytes: 0 });
  expect(place.disk.contents("S/msgs/1.blk")).toEqual(five.bytes);
});

test("a block without a good record is removed when others follow, and emptied when not", () => {
  const noise = new Uint8Array(100).fill(0x77);
  const place = streamOnDisk({ "1.blk": noise, "2.blk": madeBlock(messages(6, 7), 2).bytes });
  expect(repaired(place)).toEqual({ how: "removed", kept: KEPT, lost: [{ first: 1, last: 0 }], lostBytes: 100 });
  expect(Object.keys(treeOf(place.disk)).sort()).toEqual([KEPT, "S/msgs/2.blk"]);
  const last = streamOnDisk({ "1.blk": noise });
  expect(repaired(last, true).how).toBe("cut");
  expect(treeOf(last.disk)).toEqual({ "S/msgs/1.blk": "", [KEPT]: Buffer.from(noise).toString("hex") });
});

test("a foreign block is left alone", () => {
  const place = streamOnDisk({ "1.blk": flipped(five.bytes, five.at[2]! + 26) });
  const report = { ...opened(place).report, isForeign: true };
  expect(run(place.disk, repairBlock(place, report, { isLast: false, after: 0, wallSec: NOW }))).toMatchObject({
    how: "nothing",
  });
  expect(Object.keys(treeOf(place.disk))).toEqual(["S/msgs/1.blk"]);
});

test("index.db, which is no longer true, goes to the damaged files", () => {
  const place = streamOnDisk({ "1.blk": flipped(five.bytes, 26), "index.db": Uint8Array.of(1, 2, 3) });
  repaired(place);
  expect(Object.keys(treeOf(place.disk)).sort()).toEqual([KEPT, `S/damaged/index.db.damaged-${NOW}`, "S/msgs/1.blk"]);
});

test("copies are never overwritten, and the same bytes are kept once", () => {
  const place = streamOnDisk({ "1.blk": flipped(five.bytes, 26), "2.blk": madeBlock(messages(6, 7), 2).bytes });
  const first = place.disk.contents("S/msgs/1.blk");
  repaired(place);
  place.disk.flipBit("S/msgs/1.blk", 8 * 26);
  const second = place.disk.contents("S/msgs/1.blk");
  expect(repaired(place).kept).toBe(`${KEPT}.2`);
  expect([place.disk.contents(KEPT), place.disk.contents(`${KEPT}.2`)]).toEqual([first, second]);
  // The same damage again, as after a repair that did not get through.
  const again = streamOnDisk({ "1.blk": first });
  const { report } = opened(again);
  for (const failing of [true, false]) {
    if (failing) again.disk.failAt(16);
    const done = run(
      again.disk,
      repairBlock(again, report, { isLast: false, after: 0, wallSec: failing ? NOW : NOW + 9 }),
    );
    expect(done instanceof DiskError).toBe(failing);
    again.disk.heal();
  }
  expect(Object.keys(treeOf(again.disk)).sort()).toEqual([KEPT, "S/msgs/1.blk"]);
});

const stories: readonly (readonly [string, Uint8Array, boolean, number[]])[] = [
  ["a block removed", new Uint8Array(100).fill(0x77), false, []],
  ["a record left out", flipped(five.bytes, five.at[1]! + 26), false, upTo(5, [2])],
  ["a torn tail cut", five.bytes.subarray(0, five.at[5]! - 1), true, upTo(4)],
  ["a hole at the end", flipped(five.bytes, five.at[4]! + 26), true, upTo(5)],
  ["packing", flipped(packed(five.bytes), 4), false, upTo(5)],
];

/** Whether the bytes of block 1 as they were can be put together again. */
function hasOriginal({ disk }: Place, file: Uint8Array): boolean {
  const tree = treeOf(disk);
  const tails = Object.entries(tree).flatMap(([name, bytes]) => (name.includes(".from-") ? bytes : []));
  const whole = Buffer.from(file).toString("hex");
  return [...Object.values(tree), ...tails.map((tail) => tree["S/msgs/1.blk"]! + tail)].includes(whole);
}

test.each(stories)(
  "power cut at any call (%s): the good records stay, and so does a way to the bytes as they were",
  (_, file, isLast, seqs) => {
    const isGood = new Set(seqs);
    for (let calls = 1, isOver = false; !isOver; calls++) {
      for (let seed = 1; seed <= 12; seed++) {
        const place = streamOnDisk({ "1.blk": file, "index.db": Uint8Array.of(1) }, 1000 * seed + calls);
        const { report } = opened(place);
        isOver = runUntilCall(place.disk, repairBlock(place, report, { isLast, after: 0, wallSec: NOW }), calls);
        place.disk.powerCut();
        expect(hasOriginal(place, file)).toBe(true);
        const isThere = Object.keys(treeOf(place.disk)).includes("S/msgs/1.blk");
        // What was done when it ended stays done; else, started again, it comes to the same end.
        if (isOver) expect(isThere ? isSound(opened(place).report) : seqs.length === 0).toBe(true);
        const done = isThere ? repaired(place, isLast) : undefined;
        if (done === undefined || done.how === "removed") {
          expect(seqs).toEqual([]);
          continue;
        }
        expect(done.how === "nothing" || done.kept !== undefined).toBe(true);
        expect(seqsIn(place).filter((seq) => isGood.has(seq))).toEqual(seqs);
        expect(isSound(opened(place).report)).toBe(true);
        expect(hasOriginal(place, file)).toBe(true);
      }
    }
  },
);

test("a failure at any call is a result, and another try comes to the end", () => {
  for (const [, file, isLast, seqs] of stories) {
    for (let call = 1, done: unknown; done === undefined || done instanceof DiskError; call++) {
      const place = streamOnDisk({ "1.blk": file, "index.db": Uint8Array.of(1) }, call);
      const { report } = opened(place);
      place.disk.failAt(call);
      done = run(place.disk, repairBlock(place, report, { isLast, after: 0, wallSec: NOW }));
      place.disk.heal();
      if (!(done instanceof DiskError)) continue;
      if (Object.keys(treeOf(place.disk)).includes("S/msgs/1.blk") && repaired(place, isLast).how !== "removed") {
        expect(seqsIn(place)).toEqual(seqs);
      }
      expect(hasOriginal(place, file)).toBe(true);
    }
  }
});

test("every flipped bit of a block is repaired without the loss of another record", () => {
  const { bytes, at } = madeBlock([...messages(1, 2), { kind: "hole", seq: 3 }, ...messages(4, 4)]);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const bad = Uint8Array.from(bytes);
    bad[bit >>> 3]! ^= 1 << (bit & 7);
    const hit = at.findLastIndex((from) => from <= bit >>> 3) + 1;
    const place = streamOnDisk({ "1.blk": bad });
    repaired(place, true);
    expect(isSound(opened(place).report)).toBe(true);
    const found = seqsIn(place);
    for (const seq of upTo(4, [hit])) expect(found, `bit ${bit}`).toContain(seq);
  }
});

test("whatever bytes are overwritten, wherever it is cut, untouched records survive, and one repair is enough", () => {
  const payload = uint8Array({ maxLength: 60 });
  const hit = record({ at: nat(100_000), bytes: uint8Array({ minLength: 1, maxLength: 40 }) });
  assert(
    property(array(payload, { minLength: 1, maxLength: 10 }), array(hit, { maxLength: 4 }), nat(60), boolean(), (payloads, hits, short, isLast) => {
      const { bytes, at } = madeBlock(payloads.map((bytes, i) => ({ seq: i + 1, payload: bytes })));
      const bad = Uint8Array.from(bytes.subarray(0, Math.max(0, bytes.length - short)));
      for (const { at: from, bytes: noise } of hits) {
        if (bad.length > 0) bad.set(noise.subarray(0, bad.length - (from % bad.length)), from % bad.length);
      }
      const place = streamOnDisk({ "1.blk": bad });
      const untouched = payloads.flatMap((_, i) => {
        const [from, to] = [at[i]!, at[i + 1]!];
        return to <= bad.length && Buffer.compare(bytes.subarray(from, to), bad.subarray(from, to)) === 0 ? i + 1 : [];
      });
      if (repaired(place, isLast).how === "removed") {
        expect(untouched).toEqual([]);
        return;
      }
      expect(seqsIn(place)).toEqual(expect.arrayContaining(untouched));
      expect(isSound(opened(place).report)).toBe(true);
      expect(hasOriginal(place, bad)).toBe(true);
    }),
    { numRuns: 500, seed: 1 },
  ); // prettier-ignore
});
