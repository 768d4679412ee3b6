// What a file store reads from its disk to tell of subjects, after it was opened from an index.

import { expect, test } from "vitest";
import { byteString, byteStringOf, type ByteString } from "../../src/base/bytes.ts";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { NO_LIMITS, StoredMsg } from "../../src/store/stream_store.ts";
import { ALL_SUBJECTS, SubjectFilter } from "../../src/store/subject_filter.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const START = "" as ByteString;

/** A stream with these subjects, 10 messages a block, closed and opened again; nothing was read since. */
function reopened(subjects: readonly string[]): { store: FileStore; reads: () => number; complete: () => void } {
  const disk = madeDisk();
  const written = opened(NO_LIMITS, deaf, { disk, blockBytes: 1000 });
  for (const subject of subjects) {
    const msg = new StoredMsg();
    msg.sec = 1_800_000_000;
    [msg.subject, msg.subjectTo] = [Buffer.from(subject), subject.length];
    [msg.body, msg.bodyTo] = [Buffer.alloc(69, "x"), 69];
    written.store.stage(msg, "plain");
  }
  written.store.submit();
  written.complete();
  written.store.close((failure) => expect(failure).toBeUndefined());
  written.complete();
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, blockBytes: 1000 });
  return { store, complete, reads: countReads(disk) };
}

function countReads(disk: FakeDisk): () => number {
  let reads = 0;
  const read = disk.read.bind(disk);
  disk.read = (...args) => {
    reads++;
    return read(...args);
  };
  return () => reads;
}

test("how many messages subjects have is told without reading any", () => {
  const { store, reads } = reopened(Array.from({ length: 100 }, (_, i) => `s.${i % 10}`));
  const counts: string[] = [];
  const show = ({ bytes, from, to, count }: Parameters<Parameters<FileStore["subjects"]>[3]>[0]): void => {
    counts.push(`${byteStringOf(bytes, from, to)} ${count}`);
  };
  expect(store.subjects(ALL_SUBJECTS, START, 100, show)).toBeUndefined();
  expect(counts).toEqual(Array.from({ length: 10 }, (_, i) => `s.${i} 10`));
  expect(reads()).toBe(0);
});

test("the first and the last of a subject are looked for when they are asked for", () => {
  const { store, reads } = reopened(Array.from({ length: 100 }, (_, i) => `s.${i % 10}`));
  const found: number[][] = [];
  store.subjects(new SubjectFilter([byteString("s.3")]), START, 1, ({ first, last }) => found.push([first, last]));
  expect(found).toEqual([[4, 94]]);
  expect(reads()).toBeGreaterThan(0);
});

test("looking for the next of a subject whose first went costs a bounded part of the stream a call", () => {
  const others = Array.from({ length: 500 }, (_, i) => `s.${i % 7}`);
  const { store, reads, complete } = reopened(["a", ...others, "a", ...others, "a"]);
  store.stageRemove(1, false);
  store.submit();
  complete();
  const filter = new SubjectFilter([byteString("a")]);
  let calls = 0;
  let at = 1;
  for (let seq = -1; seq < 0; calls++) {
    const before = reads();
    seq = store.next(filter, at, 10);
    // Of the hundred blocks, one or two.
    expect(reads() - before).toBeLessThan(10);
    at = Math.abs(seq);
  }
  expect(at).toBe(502);
  expect(calls).toBeGreaterThan(10);
  expect(store.next(filter, 1, 1)).toBe(502);
});
