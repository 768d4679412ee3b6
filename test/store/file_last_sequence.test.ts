// The last sequence of a file stream and its time, when nothing else is left to tell them.

import { expect, test } from "vitest";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { scanBlock } from "../../src/store/format/block_scan.ts";
import { blockHasher } from "../../src/store/format/keys.ts";
import { blockIndexOf } from "../../src/store/format/layout.ts";
import { NO_LIMITS, StoredMsg, type StageRule } from "../../src/store/stream_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const NOW = 1_800_000_000;
const BLOCK_BYTES = 150;

function stage(store: FileStore, rule: StageRule = "plain", subject = "s"): number {
  const msg = new StoredMsg();
  msg.sec = NOW + store.stagedLastSeq + 1;
  [msg.subject, msg.subjectTo] = [Buffer.from(subject), subject.length];
  return store.stage(msg, rule);
}

const open = (disk: FakeDisk, compression: "none" | "s2" = "none"): ReturnType<typeof opened> =>
  opened(NO_LIMITS, deaf, { disk, blockBytes: BLOCK_BYTES, compression });

/** The highest sequence in the last block: what nats-server takes for the last one of an empty stream. */
function toldByLastBlock(disk: FakeDisk): number {
  const names = disk.list("S/msgs") as string[];
  const number = Math.max(...names.map((name) => blockIndexOf(name) ?? 0));
  let told = 0;
  scanBlock(disk.contents(`S/msgs/${number}.blk`), blockHasher("S", number), {
    onRecord: ({ seq }) => void (told = Math.max(told, seq)),
    onDamage: () => expect.unreachable("nothing is damaged"),
  });
  return told;
}

test("a compaction of all tells the last sequence, also when its group goes on in the next block", () => {
  const disk = madeDisk();
  const { store, complete } = open(disk);
  for (let i = 0; i < 6; i++) stage(store);
  store.submit();
  complete();
  // The six tombstones of the rollup are behind what the compaction writes, and need two blocks.
  stage(store, "rollupSubject");
  store.stageCompact(8);
  store.submit();
  complete();
  expect(store.state()).toMatchObject({ msgs: 0, lastSeq: 7 });
  disk.kill();
  expect(toldByLastBlock(disk)).toBe(7);
  expect(open(disk).store.state()).toMatchObject({ msgs: 0, firstSeq: 8, lastSeq: 7 });
});

test("the last block tells the last sequence of a stream that was emptied message by message", () => {
  for (const order of [
    [6, 5, 4, 3, 2, 1],
    [6, 1, 2, 3, 4, 5],
    [1, 2, 3, 4, 5, 6],
  ]) {
    const disk = madeDisk();
    const { store, complete } = open(disk);
    for (let i = 0; i < 6; i++) stage(store);
    store.submit();
    complete();
    for (const seq of order) {
      store.stageRemove(seq, false);
      store.submit();
      complete();
    }
    expect(toldByLastBlock(disk)).toBe(6);
    disk.kill();
    expect(open(disk).store.state()).toMatchObject({ msgs: 0, lastSeq: 6, lastSec: NOW + 6 });
  }
});

test("a block whose messages were compacted goes at the next start, when a mark behind it tells the last sequence", () => {
  const disk = madeDisk();
  const { store, complete } = open(disk);
  for (let i = 0; i < 3; i++) stage(store);
  store.submit();
  complete();
  store.stageCompact(4);
  store.submit();
  // The group is on disk, and the process dies before the block is removed.
  const remove = disk.remove.bind(disk);
  disk.remove = () => undefined;
  complete();
  disk.remove = remove;
  disk.kill();
  expect(disk.list("S/msgs")).toEqual(["1.blk", "2.blk"]);
  const again = open(disk);
  again.complete();
  expect(again.store.state()).toMatchObject({ msgs: 0, lastSeq: 3, lastSec: NOW + 3 });
  expect(disk.list("S/msgs")).toEqual(["2.blk"]);
});

test("a compaction of what is staged has the time of the last message", () => {
  const disk = madeDisk();
  const { store, complete } = open(disk);
  stage(store);
  stage(store);
  store.stageCompact(3);
  store.submit();
  complete();
  expect(store.state()).toMatchObject({ msgs: 0, lastSeq: 2, lastSec: NOW + 2 });
  disk.kill();
  expect(open(disk).store.state()).toMatchObject({ msgs: 0, lastSeq: 2, lastSec: NOW + 2 });
});

test.each(["none", "s2"] as const)("the time of the last message outlives it when it is erased: %s", (compression) => {
  const disk = madeDisk();
  const { store, complete } = open(disk, compression);
  stage(store);
  stage(store);
  store.submit();
  complete();
  store.stageRemove(2, true);
  store.submit();
  complete();
  for (let i = 0; i < 2; i++) {
    disk.powerCut();
    expect(open(disk, compression).store.state()).toMatchObject({ msgs: 1, lastSeq: 2, lastSec: NOW + 2 });
  }
});

test("a message is erased and its block not needed any more, in one group: that is no failure", () => {
  const disk = madeDisk();
  const { store, complete } = open(disk, "s2");
  for (let i = 0; i < 20; i++) stage(store);
  store.submit();
  complete();
  store.tidy();
  complete();
  const outcomes: (string | undefined)[] = [];
  store.stageRemove(1, true);
  stage(store, "rollupAll");
  store.afterCommit((failure) => void outcomes.push(failure));
  store.submit();
  stage(store); // with this one behind it, the rollup goes message by message
  complete();
  expect(outcomes).toEqual([undefined]);
  expect(store.state()).toMatchObject({ msgs: 1, firstSeq: 21, lastSeq: 21 });
});
