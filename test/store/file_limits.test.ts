// What limits take when a file store is opened, after its process died between a group and the marks of what it trimmed.

import { expect, test } from "vitest";
import { scanBlock } from "../../src/store/format/block_scan.ts";
import { blockHasher } from "../../src/store/format/keys.ts";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { NO_LIMITS, StoredMsg, type StoreEvents, type StoreLimits } from "../../src/store/stream_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const NOW = 1_800_000_000;
/** One alone on its subject is the first; of the four on the other two are to go. */
const SUBJECTS = "abbbb";
const LIMITS: StoreLimits = { ...NO_LIMITS, maxMsgs: 4, maxMsgsPerSubject: 2 };
const RECORDS = 5 * 50;

/** A disk with messages that nothing on it says are gone. */
function killed(capacity = Number.POSITIVE_INFINITY): FakeDisk {
  const disk = madeDisk({ capacity });
  const { store, complete } = opened(NO_LIMITS, deaf, { disk });
  for (const subject of SUBJECTS) stage(store, subject);
  store.submit();
  complete();
  disk.kill();
  return disk;
}
function stage(store: FileStore, subject: string): void {
  const msg = new StoredMsg();
  msg.sec = NOW;
  [msg.subject, msg.subjectTo] = [Buffer.from(subject), 1];
  [msg.body, msg.bodyTo] = [Buffer.alloc(19, "x"), 19];
  store.stage(msg, "plain");
}
function seqsOf(store: FileStore): number[] {
  const { lastSeq } = store.state();
  return Array.from({ length: lastSeq }, (_, i) => i + 1).filter((seq) => store.load(seq, new StoredMsg()));
}
function tombstonesOf(disk: FakeDisk): number[] {
  const found: number[] = [];
  scanBlock(disk.contents("S/msgs/1.blk"), blockHasher("S", 1), {
    onRecord: ({ kind, seq }) => void (kind === "tombstone" && found.push(seq)),
    onDamage: () => expect.unreachable("nothing is damaged"),
  });
  return found;
}

test("what limits took for the last messages before a stop is marked as well", () => {
  const disk = killed();
  const { store, complete } = opened(NO_LIMITS, deaf, { disk });
  store.setLimits({ ...NO_LIMITS, maxMsgsPerSubject: 4 });
  while (store.enforce(10));
  for (const subject of "bb") stage(store, subject);
  store.close((failure) => expect(failure).toBeUndefined());
  complete();
  expect(tombstonesOf(disk)).toEqual([2, 3]);
});

test("what limits took by subject at a start is marked, durably, when the stream is open", () => {
  const disk = killed();
  const heard: string[] = [];
  const events: StoreEvents = { ...deaf, committed: () => heard.push("committed"), removed: () => heard.push("removed") }; // prettier-ignore
  const { store } = opened(LIMITS, events, { disk });
  expect(seqsOf(store)).toEqual([1, 4, 5]);
  expect(heard).toEqual([]);
  disk.powerCut();
  expect(tombstonesOf(disk)).toEqual([2, 3]);
});

test("a start that has nothing to mark writes nothing", () => {
  const disk = killed();
  opened(NO_LIMITS, deaf, { disk });
  expect(disk.contents("S/msgs/1.blk").length).toBe(RECORDS);
});

test("on a full disk it opens all the same; the marks are written when there is room", () => {
  const disk = killed(RECORDS + 40);
  const { store, complete } = opened(LIMITS, deaf, { disk });
  expect(seqsOf(store)).toEqual([1, 4, 5]);
  expect(tombstonesOf(disk)).toEqual([]);
  expect(store.failure).toBeUndefined();
  store.close(() => undefined);
  complete();
  expect(seqsOf(opened(LIMITS, deaf, { disk }).store)).toEqual([1, 4, 5]);
});

test("where they cannot be written for another reason the stream does not open", () => {
  const disk = killed();
  let failures = 0;
  for (let call = 1; call < 30; call++) {
    disk.failAt(call);
    try {
      expect(seqsOf(opened(LIMITS, deaf, { disk }).store)).toEqual([1, 4, 5]);
    } catch (error) {
      expect((error as Error).message).toContain("not opened");
      failures++;
    }
    disk.heal();
    disk.kill();
  }
  expect(failures).toBeGreaterThan(5);
  expect(seqsOf(opened(LIMITS, deaf, { disk }).store)).toEqual([1, 4, 5]);
});
