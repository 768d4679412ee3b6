// Messages that cannot be read: damaged ones behind an index that is believed, and a disk that fails.

import { expect, test } from "vitest";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { NO_LIMITS, StoredMsg, type StageRule, type StoreLimits } from "../../src/store/stream_store.ts";
import { diskError } from "../../src/store/memory_disk.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const NOW = 1_800_000_000;
/** Of a record on a subject of one byte with a body of 19. */
const RECORD = 50;

class Stream {
  readonly disk = madeDisk();
  readonly limits: StoreLimits;
  readonly said: string[] = [];
  store!: FileStore;
  complete!: () => void;

  constructor(limits: StoreLimits = NO_LIMITS) {
    this.limits = limits;
    this.open();
  }

  open(): void {
    const log = (text: string): void => void this.said.push(text);
    ({ store: this.store, complete: this.complete } = opened(this.limits, deaf, { disk: this.disk, blockBytes: 300, log })); // prettier-ignore
  }
  put(subject: string, rule: StageRule = "plain"): void {
    const msg = new StoredMsg();
    msg.sec = NOW + this.store.stagedLastSeq + 1;
    [msg.subject, msg.subjectTo] = [Buffer.from(subject), subject.length];
    [msg.body, msg.bodyTo] = [Buffer.alloc(19, "x"), 19];
    expect(this.store.stage(msg, rule)).toBeGreaterThan(0);
    this.commit();
  }
  putAll(subjects: string): void {
    for (const subject of subjects) this.put(subject);
  }
  commit(): void {
    this.store.submit();
    this.complete();
  }
  stop(): void {
    this.store.close((failure) => expect(failure).toBeUndefined());
    this.complete();
  }
  get seqs(): number[] {
    const { lastSeq } = this.store.state();
    return Array.from({ length: lastSeq }, (_, i) => i + 1).filter((seq) => this.store.load(seq, new StoredMsg()));
  }
}

/** While it runs no file can be read. */
function unreadable(disk: FakeDisk, run: () => void): void {
  disk.read = () => diskError("EIO");
  run();
  // What is left is the one of the class.
  delete (disk as { read?: unknown }).read;
}

test.each([
  ["length, too long", 1, 2],
  ["length, too short", 0, 4],
  ["sequence, too high", 5, 3],
  ["payload", 40, 0],
])("a record that is damaged behind a good index costs that message, no other: %s", (_where, byte, bit) => {
  const stream = new Stream();
  stream.putAll("abcdefgh");
  stream.stop();
  stream.disk.flipBit("S/msgs/1.blk", (2 * RECORD + byte) * 8 + bit);
  stream.open();
  expect(stream.said).toEqual([]);
  expect(stream.seqs).toEqual([1, 2, 4, 5, 6, 7, 8]);
  expect(stream.said.join("\n")).toContain("1.blk: 50 bytes of it are damaged");
  // In any order, and by subject.
  expect(stream.seqs.toReversed().every((seq) => stream.store.load(seq, new StoredMsg()))).toBe(true);
  // Writing goes on, and the next start repairs: what the disk had is kept aside.
  stream.put("i");
  stream.stop();
  stream.open();
  expect(stream.seqs).toEqual([1, 2, 4, 5, 6, 7, 8, 9]);
  expect(stream.store.lost).toEqual({ msgs: [[3, 3]], bytes: RECORD });
  expect(stream.disk.list("S/damaged")).toContain(`1.blk.damaged-${NOW}`);
  stream.store.checkInvariants();
});

test("a damaged message does not push a sound one out of its subject's limit", () => {
  const stream = new Stream({ ...NO_LIMITS, maxMsgsPerSubject: 2 });
  stream.putAll("kok");
  stream.stop();
  stream.disk.flipBit("S/msgs/1.blk", 40 * 8);
  stream.open();
  expect(stream.seqs).toEqual([2, 3]);
  stream.put("k");
  expect(stream.seqs).toEqual([2, 3, 4]);
  stream.put("k");
  expect(stream.seqs).toEqual([2, 4, 5]);
});

test("a rollup of a subject whose first message is damaged leaves the rollup", () => {
  const stream = new Stream();
  stream.putAll("kok");
  stream.stop();
  stream.disk.flipBit("S/msgs/1.blk", 40 * 8);
  stream.open();
  expect(stream.seqs).toEqual([2, 3]);
  stream.put("k", "rollupSubject");
  expect(stream.seqs).toEqual([2, 4]);
  stream.disk.kill();
  stream.open();
  expect(stream.seqs).toEqual([2, 4]);
});

test("a rollup of a subject of which limits took everything keeps that away, also after a crash", () => {
  const stream = new Stream({ ...NO_LIMITS, maxMsgs: 10 });
  stream.putAll("koo");
  stream.store.setLimits({ ...NO_LIMITS, maxMsgs: 2 });
  while (stream.store.enforce(1));
  stream.store.setLimits(stream.limits);
  expect(stream.seqs).toEqual([2, 3]);
  stream.put("k", "rollupSubject");
  stream.disk.kill();
  stream.open();
  expect(stream.seqs).toEqual([2, 3, 4]);
});

test("tombstones stay while a damaged block before them may have what they are about", () => {
  const stream = new Stream();
  stream.putAll("abcdef");
  stream.putAll("ghijk");
  stream.store.stageRemove(2, false);
  stream.commit();
  stream.stop();
  stream.disk.flipBit("S/msgs/1.blk", 40 * 8);
  stream.open();
  // Block 1 cannot be rewritten as it is; most of block 2 is of no use.
  for (const seq of [3, 4, 5, 7, 8, 9, 10]) stream.store.stageRemove(seq, false);
  stream.put("l");
  stream.putAll("mnopqr");
  stream.store.tidy();
  stream.complete();
  stream.disk.kill();
  stream.open();
  expect(stream.seqs).toEqual([6, 11, 12, 13, 14, 15, 16, 17, 18]);
});

test("what cannot be read now is not removed by limits, and its numbers stay", () => {
  const stream = new Stream({ ...NO_LIMITS, maxMsgs: 3, maxMsgsPerSubject: 2, maxAgeSec: 100 });
  stream.putAll("kok");
  stream.stop();
  stream.open();
  unreadable(stream.disk, () => {
    stream.put("k");
    expect(stream.store.expire(NOW + 101, 0, 10)).toBe(false);
    expect(stream.store.state()).toMatchObject({ msgs: 4, bytes: 4 * RECORD, firstSeq: 1 });
  });
  expect(stream.seqs).toEqual([1, 2, 3, 4]);
  stream.put("k");
  expect(stream.seqs).toEqual([2, 4, 5]);
  stream.store.checkInvariants();
});

test("a disk that fails once while the oldest message of a subject is looked for does not cost a younger one", () => {
  for (let call = 1; call < 12; call++) {
    const stream = new Stream({ ...NO_LIMITS, maxMsgsPerSubject: 2 });
    stream.putAll("kokoo");
    stream.putAll("koooo");
    stream.stop();
    stream.open();
    stream.disk.failAt(call);
    const msg = new StoredMsg();
    [msg.sec, msg.subject, msg.subjectTo] = [NOW + 50, Buffer.from("k"), 1];
    stream.store.stage(msg, "plain");
    stream.commit();
    stream.disk.heal();
    if (stream.store.failure === undefined) expect(stream.seqs).toEqual(expect.arrayContaining([6, 11]));
  }
});
