// What a file store holds after it was stopped, killed or lost power.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { DiskError, type DiskFile } from "../../src/base/disk.ts";
import { byteStringOf, type ByteString } from "../../src/base/bytes.ts";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { NO_LIMITS, REFUSED, StoredMsg, type StageRule, type StoreLimits } from "../../src/store/stream_store.ts";
import { SubjectFilter } from "../../src/store/subject_filter.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { headedOf } from "./contract.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const NOW = 1_800_000_000;
const HEADER = Buffer.from("NATS/1.0\r\nA: b\r\n\r\n");
const SUBJECTS = ["a", "b", "a.b", "a.c", "b.c.d"];

interface Known {
  readonly subject: string;
  readonly body: string;
  readonly sec: number;
}

/** A store that is used at random, and what was promised of it. */
class Life {
  readonly disk: FakeDisk;
  readonly limits: StoreLimits;
  readonly blockBytes: number;
  readonly compression: "none" | "s2";
  store!: FileStore;
  complete!: () => void;
  step!: () => void;
  /** What every sequence was given to. */
  readonly given = new Map<number, Known>();
  /** Sequences that were committed. */
  readonly confirmed = new Set<number>();
  /** Sequences whose removal was asked for, and those for which it was confirmed. */
  readonly removing = new Set<number>();
  readonly removed = new Set<number>();
  lastConfirmed = 0;
  refusals = 0;
  rewrites = 0;
  /** The disk failed to read something: what it was about is not known until the next start. */
  isUnreadable = false;
  highest = 0;
  clock = 0;

  constructor(disk: FakeDisk, limits: StoreLimits, blockBytes: number, compression: "none" | "s2" = "none") {
    this.compression = compression;
    this.disk = disk;
    const rename = disk.rename.bind(disk);
    disk.rename = (path, to): DiskError | undefined => {
      if (to.endsWith(".blk")) this.rewrites++;
      return rename(path, to);
    };
    this.limits = limits;
    this.blockBytes = blockBytes;
    this.open();
  }

  open(): void {
    const events = {
      ...deaf,
      refused: (): void => void this.refusals++,
      committed: (upTo: number): void => {
        this.lastConfirmed = Math.max(this.lastConfirmed, upTo);
      },
      removed: (seq: number): void => void this.removing.add(seq),
      compacted: (first: number): void => {
        for (const seq of this.given.keys()) if (seq < first) this.removing.add(seq);
      },
    };
    const { store, complete, step } = opened(this.limits, events, {
      compression: this.compression,
      disk: this.disk,
      blockBytes: this.blockBytes,
      log: (text) => (this.isUnreadable ||= text.includes(".blk: ")),
    });
    this.store = store;
    this.complete = complete;
    this.step = step;
  }

  stage(rule: StageRule): void {
    const subject = SUBJECTS[this.disk.random(SUBJECTS.length)]!;
    const body = "x".repeat(this.disk.random(60));
    const msg = new StoredMsg();
    this.clock++;
    [msg.sec, msg.subject, msg.subjectTo] = [NOW + this.clock, Buffer.from(subject), subject.length];
    [msg.body, msg.bodyTo] = [Buffer.from(body), body.length];
    if (this.clock % 7 < 2) [msg.header, msg.headerTo] = [HEADER, HEADER.length];
    const before = new Set(this.given.keys());
    const seq = this.store.stage(msg, rule);
    if (seq < 0) return;
    expect(this.given.has(seq), `sequence ${seq} is given once`).toBe(false);
    expect(seq).toBeGreaterThan(this.highest);
    this.highest = seq;
    this.given.set(seq, { subject, body, sec: NOW + this.clock });
    const rolled = [...before].filter(
      (each) => rule === "rollupAll" || (rule === "rollupSubject" && this.given.get(each)!.subject === subject),
    );
    for (const each of rolled) this.removing.add(each);
    this.store.afterCommit((failure) => {
      if (failure !== undefined) return;
      this.confirmed.add(seq);
      for (const each of rolled) this.removed.add(each);
    });
  }

  remove(seq: number, erase: boolean): void {
    if (!this.store.stageRemove(seq, erase)) return;
    this.removing.add(seq);
    this.store.afterCommit((failure) => {
      if (failure === undefined) this.removed.add(seq);
    });
  }

  compact(first: number): void {
    const gone = [...this.given.keys()].filter((seq) => seq < first);
    this.store.stageCompact(first);
    for (const seq of gone) this.removing.add(seq);
    this.highest = this.store.stagedLastSeq;
    this.store.afterCommit((failure) => {
      if (failure !== undefined) return;
      for (const seq of gone) this.removed.add(seq);
      this.lastConfirmed = Math.max(this.lastConfirmed, first - 1);
    });
  }

  /** The process ends one way or the other, and another begins. */
  restart(): void {
    if (this.disk.random(3) === 0) this.disk.kill();
    else this.disk.powerCut();
    this.refusals = 0;
    this.isUnreadable = false;
    this.open();
    expect(this.isUnreadable).toBe(false);
    this.check();
    // What did not come back was never promised, its sequence may be given again.
    this.highest = this.store.stagedLastSeq;
    for (const seq of this.given.keys()) if (!this.store.load(seq, new StoredMsg())) this.given.delete(seq);
  }

  /** One random thing. */
  act(): void {
    const { disk } = this;
    const what = disk.random(20);
    if (what < 8) this.stage("plain");
    else if (what < 9) this.stage("rollupSubject");
    else if (what < 10 && disk.random(4) === 0) this.stage("rollupAll");
    else if (what < 13) this.remove(1 + disk.random(this.highest + 1), disk.random(4) === 0);
    else if (what < 14 && disk.random(3) === 0) this.compact(disk.random(this.highest + 3));
    else if (what < 15 && disk.random(3) === 0) {
      this.store.stageSkip(this.store.stagedLastSeq + 1 + disk.random(3), NOW + this.clock, 0);
      this.highest = this.store.stagedLastSeq;
    } else if (what < 16) this.store.submit();
    else if (what < 17) this.store.tidy();
    else this.step();
  }

  /** Everything that was promised holds. */
  check(): void {
    const { store } = this;
    if (this.isUnreadable) return;
    store.checkInvariants();
    const into = new StoredMsg();
    const headed = new Set(headedOf(store, 1));
    const isLimited = this.limits !== NO_LIMITS;
    for (const [seq, known] of this.given) {
      const isThere = store.load(seq, into);
      if (isThere) {
        expect(this.removed.has(seq), `removed ${seq} stays away`).toBe(false);
        const shown = { subject: byteStringOf(into.subject, into.subjectFrom, into.subjectTo), body: byteStringOf(into.body, into.bodyFrom, into.bodyTo), sec: into.sec }; // prettier-ignore
        expect(shown).toEqual(known);
        if (into.headerTo > into.headerFrom) expect(headed, `the headers of ${seq} are found`).toContain(seq);
      } else if (!isLimited) {
        expect(this.confirmed.has(seq) && !this.removing.has(seq), `confirmed ${seq} is there`).toBe(false);
      }
    }
    expect(store.state().lastSeq).toBeGreaterThanOrEqual(this.lastConfirmed);
    // A torn group may be lost: nobody was told of it.
    for (const [first, last] of store.lost?.msgs ?? []) {
      for (let seq = first; seq <= last; seq++) {
        expect(this.confirmed.has(seq) && !this.removing.has(seq), `lost ${seq} was not promised`).toBe(false);
      }
    }
  }
}

const limitsOf = (seed: number): StoreLimits =>
  seed % 3 === 0 ? { ...NO_LIMITS, maxMsgs: 6, maxMsgsPerSubject: 2 } : seed % 3 === 1 ? { ...NO_LIMITS, maxBytes: 400 } : NO_LIMITS; // prettier-ignore

function bytesIn(disk: FakeDisk): string {
  const names = disk.list("S/msgs");
  if (names instanceof DiskError) throw new Error(names.text);
  return names.sort().join(" ");
}

test("a clean stop leaves an index, and the store is as it was", () => {
  for (let seed = 0; seed < 60; seed++) {
    const disk = madeDisk({ seed });
    const life = new Life(disk, limitsOf(seed), 300, seed % 5 === 0 ? "s2" : "none");
    for (let steps = disk.random(80); steps > 0; steps--) life.act();
    life.store.submit();
    life.complete();
    const before = life.store.state();
    let closed: string | undefined = "never";
    life.store.close((failure) => (closed = failure));
    life.complete();
    expect(closed).toBeUndefined();
    if (before.lastSeq > 0) expect(bytesIn(disk)).toContain("index.db");
    if (seed % 2 === 0) disk.remove("S/msgs/index.db");
    life.open();
    expect(life.store.state(), `seed ${seed}`).toEqual(before);
    life.check();
  }
}, 60_000);

test("what was promised holds after a power cut at any point, again and again", () => {
  let rewrites = 0;
  for (let seed = 0; seed < 200; seed++) {
    const disk = madeDisk({ seed });
    const life = new Life(disk, limitsOf(seed), seed % 2 === 0 ? 300 : 5000, seed % 5 === 0 ? "s2" : "none");
    for (let cuts = 0; cuts < 3; cuts++) {
      for (let steps = disk.random(60); steps > 0; steps--) life.act();
      try {
        life.restart();
      } catch (error) {
        throw new Error(`seed ${seed}, cut ${cuts}: ${(error as Error).message}`, { cause: error });
      }
    }
    rewrites += life.rewrites;
  }
  expect(rewrites).toBeGreaterThan(50);
}, 60_000);

test("what was promised holds when any call of the disk fails, and after a power cut too", () => {
  let refusals = 0;
  let goneOn = 0;
  for (let seed = 0; seed < 150; seed++) {
    const disk = madeDisk({ seed });
    const life = new Life(disk, limitsOf(seed), 400, seed % 5 === 0 ? "s2" : "none");
    const code = seed % 2 === 0 ? "ENOSPC" : "EIO";
    try {
      for (let round = 0; round < 3; round++) {
        disk.failAt(1 + disk.random(60), code);
        for (let steps = disk.random(60); steps > 0; steps--) life.act();
        life.store.submit();
        life.complete();
        disk.heal();
        if (life.refusals > 0) {
          refusals++;
          if (life.store.failure === undefined) goneOn++;
          expect(life.store.failure === undefined || code === "EIO").toBe(true);
        }
        life.check();
        if (life.store.failure !== undefined || disk.random(2) === 0) life.restart();
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  expect(refusals).toBeGreaterThan(20);
  expect(goneOn).toBeGreaterThan(5);
}, 60_000);

/** A stream of some messages in blocks, stopped cleanly; the path of its second block. */
function stopped(disk: FakeDisk): string {
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, blockBytes: 300 });
  for (let i = 1; i <= 20; i++) {
    const msg = new StoredMsg();
    [msg.sec, msg.subject, msg.subjectTo] = [NOW + i, Buffer.from("s"), 1];
    [msg.body, msg.bodyTo] = [Buffer.from("x".repeat(19)), 19];
    store.stage(msg, "plain");
  }
  store.close(() => undefined);
  complete();
  return "S/msgs/2.blk";
}
const seqsOf = (store: FileStore): number[] =>
  Array.from({ length: 30 }, (_, i) => i + 1).filter((seq) => store.load(seq, new StoredMsg()));
const without = (...seqs: number[]): number[] =>
  Array.from({ length: 20 }, (_, i) => i + 1).filter((seq) => !seqs.includes(seq));

test("a damaged record is one message less; what is behind it and its sequence stay", () => {
  const disk = madeDisk();
  const block = stopped(disk);
  disk.remove("S/msgs/index.db");
  disk.flipBit(block, (2 * 50 + 30) * 8);
  const said: string[] = [];
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, blockBytes: 300, log: (text) => void said.push(text) });
  expect(seqsOf(store)).toEqual(without(9));
  expect(store.state()).toMatchObject({ msgs: 19, firstSeq: 1, lastSeq: 20, deleted: 1 });
  expect(store.lost).toEqual({ msgs: [[9, 9]], bytes: 50 });
  expect(said.join()).toContain("2.blk was damaged");
  store.checkInvariants();
  // It was repaired: the next start finds nothing.
  store.close(() => undefined);
  complete();
  disk.remove("S/msgs/index.db");
  const again = opened(NO_LIMITS, deaf, { disk, blockBytes: 300 }).store;
  expect(again.lost).toBeUndefined();
  expect(seqsOf(again)).toEqual(without(9));
});

test("damage behind a good index is found when the message is read; nothing is written over it", () => {
  const disk = madeDisk();
  const block = stopped(disk);
  disk.flipBit(block, (2 * 50 + 30) * 8);
  const said: string[] = [];
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, blockBytes: 300, log: (text) => void said.push(text) });
  expect(said).toEqual([]);
  expect(seqsOf(store)).toEqual(without(9));
  expect(said.join()).toContain("message 9");
  disk.remove("S/msgs/index.db");
  store.close(() => undefined);
  complete();
  // No index says that all is well: the next start scans, and repairs.
  expect(opened(NO_LIMITS, deaf, { disk, blockBytes: 300 }).store.lost).toEqual({ msgs: [[9, 9]], bytes: 50 });
});

test("a damaged end costs its message, and its sequence is not given again", () => {
  const disk = madeDisk();
  stopped(disk);
  disk.remove("S/msgs/index.db");
  disk.flipBit("S/msgs/4.blk", (50 + 30) * 8);
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, blockBytes: 300 });
  expect(seqsOf(store)).toEqual(without(20));
  const msg = new StoredMsg();
  [msg.sec, msg.subject, msg.subjectTo] = [NOW + 30, Buffer.from("s"), 1];
  expect(store.stage(msg, "plain")).toBe(21);
  store.submit();
  complete();
  store.checkInvariants();
});

const secretOf = (seq: number): string => createHash("sha256").update(String(seq)).digest("base64").slice(0, 19);

test("a message that is erased leaves no byte behind, in blocks of either kind", () => {
  for (const compression of ["none", "s2"] as const) {
    const disk = madeDisk();
    const { store, complete } = opened(NO_LIMITS, deaf, { disk, blockBytes: 300, compression });
    for (let i = 1; i <= 20; i++) {
      const msg = new StoredMsg();
      const body = secretOf(i);
      [msg.sec, msg.subject, msg.subjectTo] = [NOW + i, Buffer.from("s"), 1];
      [msg.body, msg.bodyTo] = [Buffer.from(body), body.length];
      store.stage(msg, "plain");
      store.submit();
      complete();
    }
    store.tidy();
    complete();
    const wholeDisk = (): string =>
      (disk.list("S/msgs") as string[])
        .map((name) => Buffer.from(disk.contents(`S/msgs/${name}`)).toString("latin1"))
        .join();
    expect(wholeDisk().includes(secretOf(3))).toBe(true);
    const outcomes: (string | undefined)[] = [];
    for (const seq of [3, 20]) store.stageRemove(seq, true);
    store.afterCommit((failure) => void outcomes.push(failure));
    store.submit();
    complete();
    expect(outcomes).toEqual([undefined]);
    expect([wholeDisk().includes(secretOf(3)), wholeDisk().includes(secretOf(20))]).toEqual([false, false]);
    expect(seqsOf(store)).toEqual(without(3, 20));
    store.checkInvariants();
    disk.powerCut();
    expect(seqsOf(opened(NO_LIMITS, deaf, { disk, blockBytes: 300, compression }).store)).toEqual(without(3, 20));
  }
});

test("a message that a limit took before a clean stop stays away when later ones are removed", () => {
  const disk = madeDisk();
  const limits = { ...NO_LIMITS, maxMsgsPerSubject: 1 };
  const first = opened(limits, deaf, { disk });
  for (const [i, subject] of ["other", "key", "key"].entries()) {
    const msg = new StoredMsg();
    [msg.sec, msg.subject, msg.subjectTo] = [NOW + i, Buffer.from(subject), subject.length];
    first.store.stage(msg, "plain");
    first.store.submit();
    first.complete();
  }
  first.store.close((failure) => expect(failure).toBeUndefined());
  first.complete();
  const second = opened(limits, deaf, { disk });
  expect(seqsOf(second.store)).toEqual([1, 3]);
  second.store.stageRemove(3, false);
  second.store.submit();
  second.complete();
  disk.powerCut();
  disk.remove("S/msgs/index.db");
  expect(seqsOf(opened(limits, deaf, { disk }).store)).toEqual([1]);
});

function staged(store: FileStore, subject = "s"): number {
  const msg = new StoredMsg();
  [msg.sec, msg.subject] = [NOW, Buffer.from(subject)];
  msg.subjectTo = msg.subject.length;
  return store.stage(msg, "plain");
}

test("a store that is destroyed raises no events, and tells who waits, once and later", () => {
  for (const when of ["staged", "submitted", "written", "erasing", "closing"] as const) {
    const disk = madeDisk();
    const said: number[] = [];
    const { store, complete } = opened(NO_LIMITS, { ...deaf, committed: (upTo) => void said.push(upTo) }, { disk });
    staged(store);
    store.submit();
    complete();
    said.length = 0;
    const outcomes: (string | undefined)[] = [];
    const waiter = (failure: string | undefined): void => void outcomes.push(failure);
    if (when === "erasing") store.stageRemove(1, true);
    else staged(store);
    if (when === "closing") store.close(waiter);
    else store.afterCommit(waiter);
    if (when !== "staged") store.submit();
    if (when === "erasing") disk.completeOne();
    store.destroy();
    expect(outcomes).toEqual([]);
    store.afterCommit(waiter);
    complete();
    expect(outcomes, when).toEqual(["the stream is deleted", "the stream is deleted"]);
    expect([said, staged(store)], when).toEqual([[], REFUSED.frozen]);
  }
});

test("sequences that were refused are not given out again after a restart, where the disk still takes a small file", () => {
  for (const code of ["EIO", "ENOSPC"]) {
    for (const how of ["closed", "killed", "cut"]) {
      const disk = madeDisk();
      const first = opened(NO_LIMITS, deaf, { disk });
      for (let i = 0; i < 5; i++) {
        staged(first.store);
        if (i === 1) first.store.submit();
        if (i === 1) first.complete();
      }
      first.store.submit();
      disk.failAt(1, code);
      first.complete();
      if (how === "closed") first.store.close(() => undefined);
      first.complete();
      if (how === "killed") disk.kill();
      if (how === "cut") disk.powerCut();
      const second = opened(NO_LIMITS, deaf, { disk });
      expect(second.store.stagedLastSeq, `${code} ${how}`).toBe(5);
      expect(staged(second.store)).toBe(6);
      second.store.submit();
      second.complete();
      expect(seqsOf(second.store)).toEqual([1, 2, 6]);
      second.store.checkInvariants();
      disk.powerCut();
      const third = opened(NO_LIMITS, deaf, { disk });
      expect(seqsOf(third.store)).toEqual([1, 2, 6]);
      expect(third.store.stagedLastSeq).toBe(6);
      expect(disk.list("S")).toEqual(["msgs/"]);
    }
  }
});

test("a mark of refused sequences that is damaged, or of another stream, is none", () => {
  const disk = madeDisk();
  const first = opened(NO_LIMITS, deaf, { disk });
  staged(first.store);
  first.store.submit();
  disk.failAt(1);
  first.complete();
  const mark = disk.contents("S/refused").slice();
  for (const bad of [
    mark.subarray(0, -1),
    Uint8Array.from(mark, (byte, i) => (i === 0 ? byte + 1 : byte)),
    new Uint8Array(0),
  ]) {
    disk.remove("S/refused");
    const file = disk.open("S/refused", "create") as DiskFile;
    disk.commit(file, 0, bad, 0, bad.length, "synced", () => undefined);
    disk.complete();
    disk.close(file);
    expect(opened(NO_LIMITS, deaf, { disk }).store.stagedLastSeq).toBe(0);
    expect(disk.list("S")).toEqual(["msgs/"]);
  }
});

test("opening many subjects, and closing, is done in many slices, with the index and without", () => {
  const disk = madeDisk();
  const subjects = 20_000;
  const first = opened(NO_LIMITS, deaf, { disk, blockBytes: 1 << 20, indexedACall: 8192 });
  for (let i = 0; i < subjects; i++) {
    const msg = new StoredMsg();
    [msg.sec, msg.subject] = [NOW, Buffer.from(`orders.eu.customer.${i}`)];
    msg.subjectTo = msg.subject.length;
    first.store.stage(msg, "plain");
  }
  first.store.submit();
  first.complete();
  const before = first.slices();
  first.store.close((failure) => expect(failure).toBeUndefined());
  first.complete();
  expect(first.slices() - before).toBeGreaterThan(8);
  for (const index of ["there", "gone"]) {
    if (index === "gone") disk.remove("S/msgs/index.db");
    const { store, slices } = opened(NO_LIMITS, deaf, { disk, blockBytes: 1 << 20, indexedACall: 8192 });
    expect(slices(), index).toBeGreaterThan(70);
    expect(store.state()).toMatchObject({ msgs: subjects, subjects });
    store.checkInvariants();
    store.destroy();
  }
});

test("a search through blocks that were never read looks at one of them in a call", () => {
  const disk = madeDisk();
  const first = opened(NO_LIMITS, deaf, { disk, blockBytes: 2000 });
  const subjects = ["a", "b", "rare"];
  for (let i = 0; i < 500; i++) {
    const msg = new StoredMsg();
    [msg.sec, msg.subject] = [NOW, Buffer.from(subjects[i === 499 || i === 0 ? 2 : i % 2]!)];
    msg.subjectTo = msg.subject.length;
    first.store.stage(msg, "plain");
  }
  first.store.submit();
  first.complete();
  first.store.close((failure) => expect(failure).toBeUndefined());
  first.complete();
  const { store } = opened(NO_LIMITS, deaf, { disk, blockBytes: 2000, indexedACall: 10 });
  const blocks = (disk.list("S/msgs") as string[]).filter((name) => name.endsWith(".blk")).length;
  expect(blocks).toBeGreaterThan(7);
  const rare = new SubjectFilter(["rare" as ByteString]);
  const search = (): number[] => {
    const found: number[] = [];
    for (let from = 2; from > 0 && found.at(-1) !== 500;) {
      found.push(store.next(rare, from, 1));
      from = -found.at(-1)!;
    }
    return found;
  };
  const found = search();
  expect([found.length, found.at(-1)]).toEqual([blocks, 500]);
  expect([...found].slice(0, -1).every((seq, i) => seq < 0 && (i === 0 || seq < found[i - 1]!))).toBe(true);
  // Each time a part of the blocks is indexed; then they are passed over quickly.
  for (let i = 0; i < 8; i++) search();
  disk.failAt(1);
  expect(store.next(rare, 2, 1000)).toBe(500);
  disk.heal();
});
