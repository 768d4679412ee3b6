// An index that is believed only as long as it is true.

import { expect, test } from "vitest";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { NO_LIMITS, StoredMsg, type StageRule, type StoreLimits } from "../../src/store/stream_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const NOW = 1_800_000_000;

class Stream {
  readonly disk: FakeDisk = madeDisk();
  readonly limits: StoreLimits;
  store!: FileStore;
  said: string[] = [];
  #complete!: () => void;

  constructor(limits = NO_LIMITS) {
    this.limits = limits;
    this.open();
  }
  open(): void {
    this.said = [];
    const log = (text: string): void => void this.said.push(text);
    ({ store: this.store, complete: this.#complete } = opened(this.limits, deaf, { disk: this.disk, log }));
  }
  stage(subject: string, rule: StageRule = "plain"): void {
    const msg = new StoredMsg();
    msg.sec = NOW + this.store.stagedLastSeq;
    [msg.subject, msg.subjectTo] = [Buffer.from(subject), subject.length];
    this.store.stage(msg, rule);
  }
  commit(): void {
    this.store.submit();
    this.#complete();
  }
  putAll(subjects: string): void {
    for (const subject of subjects) {
      this.stage(subject);
      this.commit();
    }
  }
  stop(): void {
    this.store.close((failure) => expect(failure).toBeUndefined());
    this.#complete();
  }
  get seqs(): number[] {
    const { lastSeq } = this.store.state();
    return Array.from({ length: lastSeq }, (_, i) => i + 1).filter((seq) => this.store.load(seq, new StoredMsg()));
  }
}

test("a removal after a start by index is there after a kill, also when its group ends as the block did before", () => {
  const stream = new Stream();
  stream.putAll("abcd");
  // Ends the block with a mark of where the stream begins.
  stream.store.stageCompact(2);
  stream.commit();
  stream.stop();
  for (const [removed, left] of [
    [3, [2, 4]],
    [4, [2]],
  ] as const) {
    stream.open();
    expect(stream.said).toEqual([]);
    stream.store.stageRemove(removed, false);
    stream.commit();
    stream.disk.kill();
    stream.open();
    expect(stream.seqs).toEqual(left);
    stream.stop();
  }
});

test.each([
  ["alone", "ab", 2, [1]],
  ["after others", "abc", 3, [1, 2]],
  ["among others of a block", "abcdef", 6, [1, 5, 2, 3, 4]],
])(
  "a removal of the last messages is there after a kill, when the block ended with the last sequence: %s",
  (...story) => {
    const [, before, last, others] = story;
    const stream = new Stream();
    stream.putAll(before);
    stream.store.stageRemove(last, false);
    stream.commit();
    stream.stop();
    stream.open();
    expect(stream.said).toEqual([]);
    for (const seq of others) {
      stream.store.stageRemove(seq, false);
      stream.commit();
    }
    stream.disk.kill();
    stream.open();
    expect(stream.seqs).toEqual([]);
    expect(stream.store.state()).toMatchObject({ msgs: 0, firstSeq: last + 1, lastSeq: last, lastSec: NOW + last - 1 });
    stream.stop();
  },
);

test("an index that was not believed once is not believed later", () => {
  const stream = new Stream();
  stream.putAll("abcd");
  stream.stop();
  const index = stream.disk.contents("S/msgs/index.db");
  stream.disk.flipBit("S/msgs/index.db", index.length * 4);
  stream.open();
  expect(stream.said.join()).toContain("index.db is not used");
  expect(stream.disk.list("S/msgs")).toEqual(["1.blk"]);
  stream.disk.powerCut();
  expect(stream.disk.list("S/msgs")).toEqual(["1.blk"]);
});

test("a rollup and a purge in one group leave nothing of what limits took before", () => {
  const stream = new Stream({ ...NO_LIMITS, maxMsgs: 2 });
  stream.putAll("akoo");
  expect(stream.seqs).toEqual([3, 4]);
  stream.stage("k", "rollupSubject");
  for (const seq of [3, 4]) stream.store.stageRemove(seq, false);
  stream.store.stageCompact(2);
  stream.commit();
  expect(stream.seqs).toEqual([5]);
  stream.disk.kill();
  stream.open();
  expect(stream.seqs).toEqual([5]);
});
