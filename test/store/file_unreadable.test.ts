// Messages that cannot be read: damaged ones behind an index that is believed, and a disk that fails.

import { expect, test } from "vitest";
import type { FileStore } from "../../src/store/file/file_store.ts";
import {
  NO_LIMITS,
  StoredMsg,
  type StageRule,
  type StoreEvents,
  type StoreLimits,
} from "../../src/store/stream_store.ts";
import { byteString } from "../../src/base/bytes.ts";
import { SubjectFilter } from "../../src/store/subject_filter.ts";
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

  readonly #onRemoved: (seq: number, subject: string) => void;
  /** With 0 nothing is in memory but what was read last. */
  readonly #cacheBytes: number;

  constructor(
    limits: StoreLimits = NO_LIMITS,
    onRemoved: (seq: number, subject: string) => void = () => undefined,
    cacheBytes = 1 << 20,
  ) {
    this.limits = limits;
    this.#onRemoved = onRemoved;
    this.#cacheBytes = cacheBytes;
    this.open();
  }

  open(): void {
    const log = (text: string): void => void this.said.push(text);
    const events: StoreEvents = {
      ...deaf,
      removed: (seq, subject, from, to) => this.#onRemoved(seq, Buffer.from(subject.subarray(from, to)).toString()),
    };
    ({ store: this.store, complete: this.complete } = opened(this.limits, events, { disk: this.disk, blockBytes: 300, log, cacheBytes: this.#cacheBytes })); // prettier-ignore
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
  get blocks(): string[] {
    return this.disk.list("S/msgs") as string[];
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

test("messages that are removed while nothing can be read are counted and told of when it can", () => {
  const removed: string[] = [];
  const stream = new Stream(NO_LIMITS, (seq, subject) => removed.push(`${seq} ${subject}`));
  stream.putAll("abacab");
  stream.putAll("cdef");
  stream.stop();
  stream.open();
  unreadable(stream.disk, () => {
    for (const seq of [2, 3, 7]) stream.store.stageRemove(seq, false);
    stream.commit();
    expect(stream.store.state().msgs).toBe(7);
    expect(removed).toEqual([]);
  });
  for (let calls = 0; calls < 10; calls++) stream.store.state();
  expect(stream.store.state()).toMatchObject({ msgs: 7, bytes: 7 * RECORD, subjects: 6 });
  stream.store.checkInvariants();
  stream.put("g");
  expect(removed).toEqual(["2 b", "3 a", "7 c"]);
  expect(stream.seqs).toEqual([1, 4, 5, 6, 8, 9, 10, 11]);
});

test("a block of which all was removed unread stays until it is read, or the stream is closed", () => {
  for (const isRead of [true, false]) {
    const stream = new Stream();
    stream.putAll("abcdef");
    stream.putAll("ghijkl");
    stream.stop();
    stream.open();
    unreadable(stream.disk, () => {
      for (const seq of [1, 2, 3, 4, 5, 6]) stream.store.stageRemove(seq, false);
      stream.commit();
      expect(stream.blocks).toContain("1.blk");
      if (!isRead) stream.stop();
    });
    if (isRead) for (let calls = 0; calls < 10; calls++) stream.put("m");
    expect(stream.blocks).not.toContain("1.blk");
    if (isRead) stream.store.checkInvariants();
    stream.disk.kill();
    stream.open();
    expect(stream.seqs[0]).toBe(7);
    stream.store.checkInvariants();
  }
});

test("limits take nothing for a message that was removed unread and still counts", () => {
  const stream = new Stream({ ...NO_LIMITS, maxMsgsPerSubject: 2, maxBytes: 4 * RECORD });
  stream.putAll("kko");
  stream.stop();
  stream.open();
  unreadable(stream.disk, () => {
    stream.store.stageRemove(2, false);
    stream.commit();
    stream.put("k");
    stream.put("o");
    stream.put("k");
  });
  // Of k there are 1, 4 and 6 now, of which 1 is to go, when it can be read.
  for (let calls = 0; calls < 70; calls++) stream.store.state();
  expect(stream.seqs).toEqual([1, 3, 4, 5, 6]);
  stream.put("k");
  expect(stream.seqs).toEqual([3, 5, 6, 7]);
  stream.store.checkInvariants();
});

test("a rollup that finds nothing of its subject by the time it is committed leaves nothing of it all the same", () => {
  const stream = new Stream(NO_LIMITS, undefined, 0);
  stream.putAll("kokoko");
  stream.putAll("pppppp");
  stream.putAll("qqqqqq");
  stream.stop();
  stream.open();
  const msg = new StoredMsg();
  [msg.sec, msg.subject, msg.subjectTo] = [NOW + 19, Buffer.from("k"), 1];
  expect(stream.store.stage(msg, "rollupSubject")).toBe(19);
  for (const seq of [7, 13]) expect(stream.store.load(seq, new StoredMsg())).toBe(true);
  const left = [2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
  unreadable(stream.disk, () => stream.commit());
  expect(stream.seqs).toEqual(left);
  stream.disk.kill();
  stream.open();
  expect(stream.seqs).toEqual(left);
});

test("a message that is to be erased and cannot be read is not said to be erased", () => {
  const stream = new Stream(NO_LIMITS, undefined, 0);
  for (const subjects of ["abcdef", "gggggg", "hhhhhh"]) stream.putAll(subjects);
  stream.stop();
  stream.open();
  const said: (string | undefined)[] = [];
  stream.store.stageRemove(2, true);
  stream.store.afterCommit((failure) => said.push(failure));
  for (const seq of [7, 13]) expect(stream.store.load(seq, new StoredMsg())).toBe(true);
  unreadable(stream.disk, () => stream.commit());
  expect(said).toEqual(["block 1 cannot be read"]);
  expect(stream.seqs).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
});

test("who asks is told whether it may be had later", () => {
  const stream = new Stream();
  stream.putAll("abcdefgh");
  stream.stop();
  stream.disk.flipBit("S/msgs/1.blk", (2 * RECORD + 40) * 8);
  stream.open();
  const { store } = stream;
  const fails = (ask: () => unknown): unknown[] => {
    const before = store.readFailures;
    return [ask(), store.readFailures > before];
  };
  const load = (seq: number) => (): boolean => store.load(seq, new StoredMsg());
  const pattern = new SubjectFilter([byteString("*")]);
  unreadable(stream.disk, () => {
    expect(fails(load(1))).toEqual([false, true]);
    expect(fails(load(3))).toEqual([false, true]);
    expect(fails(load(9))).toEqual([false, false]);
    expect(fails(() => store.next(pattern, 1, 100))).toEqual([0, true]);
    expect(fails(() => store.count(pattern, 1, 100))).toEqual([0, true]);
    expect(fails(() => store.next(new SubjectFilter([byteString("b")]), 1, 100))[1]).toBe(true);
  });
  expect(fails(load(1))).toEqual([true, false]);
  expect(fails(load(3))).toEqual([false, false]);
  unreadable(stream.disk, () => {
    stream.seqs.forEach((seq) => store.load(seq, new StoredMsg()));
    expect(fails(load(8))).toEqual([false, true]);
  });
  expect(fails(load(3))).toEqual([false, false]);
  expect(fails(() => store.count(pattern, 1, 100))).toEqual([7, false]);
});
