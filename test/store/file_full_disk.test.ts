// File stores on a disk that is full, or that failed before the process died.

import { expect, test } from "vitest";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { NO_LIMITS, StoredMsg, type StoreLimits } from "../../src/store/stream_store.ts";
import { diskError } from "../../src/store/memory_disk.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const NOW = 1_800_000_000;

function stage(store: FileStore, subject = "s"): number {
  const msg = new StoredMsg();
  msg.sec = NOW + store.stagedLastSeq + 1;
  [msg.subject, msg.subjectTo] = [Buffer.from(subject), subject.length];
  [msg.body, msg.bodyTo] = [Buffer.alloc(19, "x"), 19];
  return store.stage(msg, "plain");
}
function seqsOf(store: FileStore): number[] {
  const { lastSeq } = store.state();
  return Array.from({ length: lastSeq }, (_, i) => i + 1).filter((seq) => store.load(seq, new StoredMsg()));
}
/** A stream of five messages and the beginning of a sixth. */
function torn(disk: FakeDisk): void {
  const { store, complete } = opened(NO_LIMITS, deaf, { disk });
  for (let i = 0; i < 6; i++) stage(store);
  store.submit();
  complete();
  disk.kill();
  const file = disk.open("S/msgs/1.blk", "write");
  disk.truncate(file as never, 5 * 50 + 33);
  disk.sync(file as never, () => undefined);
  disk.complete();
}

test("a stream with a torn end opens on a full disk, which it does not change; it is repaired when there is room", () => {
  const disk = madeDisk({ capacity: 310 });
  torn(disk);
  const before = disk.contents("S/msgs/1.blk");
  const said: string[] = [];
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, log: (text) => void said.push(text) });
  expect(said.join("\n")).toContain("1.blk is damaged: 33 bytes are lost; it is not repaired: no space left");
  expect(store.lost).toEqual({ msgs: [], bytes: 33 });
  expect(seqsOf(store)).toEqual([1, 2, 3, 4, 5]);
  store.checkInvariants();
  store.close(() => undefined);
  complete();
  expect(disk.contents("S/msgs/1.blk")).toEqual(before);
  expect(disk.list("S/msgs")).toEqual(["1.blk"]);

  const roomy = madeDisk();
  torn(roomy);
  expect(seqsOf(opened(NO_LIMITS, deaf, { disk: roomy }).store)).toEqual([1, 2, 3, 4, 5]);
  expect(roomy.contents("S/msgs/1.blk")).toEqual(before.subarray(0, 250));
  expect(roomy.list("S/damaged")).toEqual([`1.blk.from-250.damaged-${NOW}`]);
});

test("behind an end that could not be repaired writing goes on in the next block", () => {
  const disk = madeDisk();
  torn(disk);
  const makeDirectory = disk.makeDirectory.bind(disk);
  disk.makeDirectory = (path) => (path === "S/damaged" ? diskError("EDQUOT") : makeDirectory(path));
  const { store, complete } = opened(NO_LIMITS, deaf, { disk });
  disk.makeDirectory = makeDirectory;
  expect(stage(store)).toBe(6);
  store.submit();
  complete();
  expect(seqsOf(store)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(disk.list("S/msgs")).toEqual(["1.blk", "2.blk"]);
  disk.kill();
  const again = opened(NO_LIMITS, deaf, { disk });
  expect(seqsOf(again.store)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(disk.contents("S/msgs/1.blk").length).toBe(250);
  again.store.checkInvariants();
});

test.each(["ENOSPC", "EDQUOT"])("writing goes on after %s", (code) => {
  const disk = madeDisk();
  const { store, complete } = opened(NO_LIMITS, deaf, { disk });
  stage(store);
  disk.failAt(2, code); // the file is opened, its first commit fails
  store.submit();
  complete();
  expect(seqsOf(store)).toEqual([]);
  expect(store.failure).toBeUndefined();
  expect(stage(store)).toBe(2);
  store.submit();
  complete();
  expect(seqsOf(store)).toEqual([2]);
});

test("what a start shows is durable, also what a failed commit left behind", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const disk = madeDisk({ seed });
    const { store, complete } = opened(NO_LIMITS, deaf, { disk });
    stage(store);
    store.submit();
    complete();
    for (let i = 0; i < 4; i++) stage(store);
    disk.failAt(1, "EIO");
    store.submit();
    disk.complete(); // it is refused, and nothing more happens
    disk.kill();
    const shown = seqsOf(opened(NO_LIMITS, deaf, { disk }).store);
    disk.powerCut();
    expect(seqsOf(opened(NO_LIMITS, deaf, { disk }).store)).toEqual(shown);
  }
});

test("what limits took is marked again when the group with the marks was refused", () => {
  const limits: StoreLimits = { ...NO_LIMITS, maxMsgsPerSubject: 2 };
  const disk = madeDisk();
  const { store, complete } = opened(limits, deaf, { disk });
  for (const subject of "okk") stage(store, subject);
  store.submit();
  complete();
  store.setLimits({ ...limits, maxMsgsPerSubject: 1 });
  while (store.enforce(10));
  store.setLimits(limits);
  expect(seqsOf(store)).toEqual([1, 3]);
  stage(store);
  disk.failAt(1, "ENOSPC");
  store.submit();
  complete();
  // That is the removal of 3 alone; 2 must not take its place.
  store.stageRemove(3, false);
  store.submit();
  complete();
  disk.kill();
  expect(seqsOf(opened(limits, deaf, { disk }).store)).toEqual([1]);
});
