// How much a file store reads from its disk for those who read a stream in order.

import { describe, expect, test } from "vitest";
import { byteString } from "../../src/base/bytes.ts";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { StoredRun } from "../../src/store/stored_run.ts";
import { NO_LIMITS, StoredMsg } from "../../src/store/stream_store.ts";
import { SubjectFilter } from "../../src/store/subject_filter.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const BLOCK = 8 << 20;
/** A chunk of an object. */
const CHUNK = 1 << 17;
const MOST = 1000;

interface Opened {
  readonly disk: FakeDisk;
  readonly store: FileStore;
  readonly complete: () => void;
}

/** A stream with these subjects, one message each. */
function stored(subjects: readonly string[], bytes: number, blockBytes = BLOCK, disk = madeDisk()): Opened {
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, blockBytes, cacheBytes: 4 << 20, indexedACall: 1e6 }); // prettier-ignore
  const body = Buffer.alloc(bytes, "x");
  for (const subject of subjects) {
    const msg = new StoredMsg();
    msg.sec = 1_800_000_000;
    [msg.subject, msg.subjectTo] = [Buffer.from(subject), subject.length];
    [msg.body, msg.bodyTo] = [body, bytes];
    store.stage(msg, "plain");
    store.submit();
    complete();
  }
  return { disk, store, complete };
}

/** The same, closed and opened again. */
function again({ disk, store, complete }: Opened): Opened {
  store.close((failure) => expect(failure).toBeUndefined());
  complete();
  return stored([], 0, BLOCK, disk);
}

/** Sequences of a subject as a consumer reads them; and what was read from the disk and how often. */
function readInOrder({ disk, store }: Opened, subject: string): { seqs: number[]; bytes: number; reads: number } {
  const seqs: number[] = [];
  let bytes = 0;
  let reads = 0;
  const read = disk.read.bind(disk);
  disk.read = (file, at, into, from, to) => {
    bytes += to - from;
    reads++;
    return read(file, at, into, from, to);
  };
  const filter = new SubjectFilter([byteString(subject)]);
  const msg = new StoredMsg();
  for (let seq = store.next(filter, 1, MOST); seq !== 0; seq = store.next(filter, seq + 1, MOST)) {
    if (seq < 0) {
      seq = -seq - 1;
      continue;
    }
    expect(store.load(seq, msg)).toBe(true);
    expect(msg.seq).toBe(seq);
    seqs.push(seq);
  }
  delete (disk as { read?: unknown }).read;
  return { seqs, bytes, reads };
}

const counted = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe("what is read in order is read once", () => {
  const subjects = ["meta", ...counted(60).map(() => "chunk")];
  const wanted = counted(60).map((i) => i + 1);

  test.each(["chunk", "*"])("large messages of %s", (subject) => {
    const opening = again(stored(subjects, CHUNK));
    readInOrder(opening, "meta"); // the index is made
    const { seqs, bytes, reads } = readInOrder(opening, subject);
    expect(seqs.filter((seq) => seq > 1)).toEqual(wanted);
    expect(bytes).toBeLessThan(61 * CHUNK * 1.2);
    expect(reads).toBeLessThan(61 * 1.2);
  });

  test("large messages that were just stored, and their heads before", () => {
    const { seqs, bytes, reads } = readInOrder(stored(subjects, CHUNK), "chunk");
    expect(seqs).toEqual(wanted);
    expect(bytes).toBeLessThan(61 * CHUNK * 1.4);
    expect(reads).toBeLessThan(61 * 2.4);
  });

  test("small messages between others", () => {
    const opening = stored(counted(5000).map((i) => (i % 3 === 0 ? "a" : "b")), 100); // prettier-ignore
    readInOrder(opening, "b");
    const { seqs, bytes } = readInOrder(opening, "a");
    expect(seqs).toEqual(counted(1666).map((i) => i * 3));
    expect(bytes).toBeLessThan(5000 * 135 * 1.5);
  });

  test("messages of blocks that others were taken from", () => {
    const subjects = counted(600).map((i) => ["chunk", "chunk", "other", "other", "other"][i % 5]!);
    const opening = stored(subjects, 1000, 200_000);
    for (const seq of counted(600)) if (seq % 5 > 1) opening.store.stageRemove(seq, false);
    opening.store.submit();
    opening.complete();
    const left = again(opening);
    expect(left.disk.contents("S/msgs/1.blk").length).toBeLessThan(100_000);
    readInOrder(left, "other");
    const { seqs, bytes } = readInOrder(left, "chunk");
    expect(seqs).toEqual(counted(600).filter((seq) => seq % 5 <= 1));
    expect(bytes).toBeLessThan(240 * 1000 * 1.5);
  });

  test.each([
    ["are as long as others", 1000, 0],
    ["have others of other lengths between them", 1001, 8],
  ])("messages far from each other say how dear they are, which %s", (_, longer, around) => {
    const { store } = again(stored(counted(4000).map((i) => (i % 500 === 7 ? "a" : i % 3 === 0 ? "b" : "b".repeat(longer - 999))), 100)); // prettier-ignore
    const filter = new SubjectFilter([byteString("a")]);
    // All are found, and the index with that, before any is read.
    const seqs: number[] = [];
    for (let seq = store.next(filter, 1, MOST); seq !== 0; seq = store.next(filter, seq < 0 ? -seq : seq + 1, MOST)) {
      if (seq > 0) seqs.push(seq);
    }
    const run = new StoredRun();
    run.clear();
    for (const seq of seqs) expect(store.addToRun(seq, run)).toBe(true);
    expect(run.count).toBe(8);
    expect(run.around).toBe(around);
  });

  test("messages that were found while a part of an index was made count as many", () => {
    const first = again(stored(counted(8000).map((i) => (i % 200 === 7 ? "a" : "b")), 100)); // prettier-ignore
    first.store.close((failure) => expect(failure).toBeUndefined());
    first.complete();
    const { store } = opened(NO_LIMITS, deaf, { disk: first.disk, blockBytes: BLOCK, indexedACall: 200 });
    const filter = new SubjectFilter([byteString("a")]);
    const run = new StoredRun();
    run.clear();
    let seq = 0;
    const costs = counted(40).map(() => {
      seq = store.next(filter, seq + 1, MOST);
      const { around } = run;
      expect(store.addToRun(seq, run)).toBe(true);
      return run.around - around;
    });
    expect(Math.min(...costs.slice(0, 15))).toBeGreaterThan(8);
    expect(costs.at(-1)).toBe(0);
    expect(Math.max(...costs)).toBeLessThan(64);
  });
});
