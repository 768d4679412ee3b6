// What limits took does not come back, wherever a group is torn that removes something else; and they take nothing that
// the whole group would have left.

import { expect, test } from "vitest";
import { DiskError } from "../../src/base/disk.ts";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { EMPTY_RECORD } from "../../src/store/format/record.ts";
import { NO_LIMITS, StoredMsg, type StageRule, type StoreLimits } from "../../src/store/stream_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const NOW = 1_800_000_000;
const BLOCK = "S/msgs/1.blk";

function stage(store: FileStore, subjects: string, rule: StageRule = "plain"): void {
  for (const subject of subjects) {
    const msg = new StoredMsg();
    msg.sec = NOW;
    [msg.subject, msg.subjectTo] = [Buffer.from(subject), 1];
    [msg.body, msg.bodyTo] = [Buffer.alloc(19, "x"), 19];
    store.stage(msg, rule);
  }
}
function seqsOf(store: FileStore): number[] {
  const { lastSeq } = store.state();
  return Array.from({ length: lastSeq }, (_, i) => i + 1).filter((seq) => store.load(seq, new StoredMsg()));
}
/** A disk on which the first `length` bytes of the block of another one are all there is. */
function torn(from: FakeDisk, length: number): FakeDisk {
  const disk = madeDisk();
  disk.makeDirectory("S/msgs");
  const file = disk.open(BLOCK, "create");
  if (file instanceof DiskError) throw new Error(file.text);
  disk.commit(file, 0, from.contents(BLOCK), 0, length, "synced", () => undefined);
  disk.complete();
  return disk;
}

interface Story {
  readonly limits: StoreLimits;
  /** Messages, one a letter, before the group. */
  readonly before: string;
  /** What of them limits leave. */
  readonly left: readonly number[];
  readonly group: (store: FileStore) => void;
}

const MOST_FIVE: StoreLimits = { ...NO_LIMITS, maxMsgs: 5 };
const MOST_TWO_EACH: StoreLimits = { ...NO_LIMITS, maxMsgsPerSubject: 2 };
const STORIES: [string, Story][] = [
  [
    "messages are removed",
    {
      limits: MOST_FIVE,
      before: "abcdefghij",
      left: [6, 7, 8, 9, 10],
      group: (store) => void [7, 9].map((seq) => store.stageRemove(seq, false)),
    },
  ],
  [
    "a message is removed whose subject was full",
    {
      limits: MOST_TWO_EACH,
      before: "aaaab",
      left: [3, 4, 5],
      group: (store) => void store.stageRemove(3, false),
    },
  ],
  [
    "a subject is rolled up",
    {
      limits: MOST_FIVE,
      before: "abcdeaaabc",
      left: [6, 7, 8, 9, 10],
      group: (store) => stage(store, "a", "rollupSubject"),
    },
  ],
  [
    "the first messages are removed together",
    { limits: MOST_FIVE, before: "abcdefghij", left: [6, 7, 8, 9, 10], group: (store) => store.stageCompact(9) },
  ],
  [
    "one is removed, then another is published in its place",
    {
      limits: MOST_FIVE,
      before: "abcde",
      left: [1, 2, 3, 4, 5],
      group: (store) => {
        store.stageRemove(4, false);
        stage(store, "f");
      },
    },
  ],
  [
    "one is removed, then others are published and rolled up",
    {
      limits: MOST_FIVE,
      before: "abcdeaaabc",
      left: [6, 7, 8, 9, 10],
      group: (store) => {
        store.stageRemove(9, false);
        stage(store, "b");
        stage(store, "a", "rollupSubject");
        store.stageCompact(8);
      },
    },
  ],
];

test.each(STORIES)("wherever the group is torn: %s", (_, { limits, before, left, group }) => {
  const disk = madeDisk();
  const { store, complete } = opened(limits, deaf, { disk });
  stage(store, before);
  store.submit();
  complete();
  expect(seqsOf(store)).toEqual(left);
  const from = disk.contents(BLOCK).length;
  group(store);
  store.submit();
  complete();
  const to = disk.contents(BLOCK).length;
  expect(to).toBeGreaterThan(from);
  const last = left.at(-1)!;
  const after = seqsOf(store);
  const staying = left.filter((seq) => after.includes(seq));
  expect(staying).not.toEqual([]);
  for (let length = from; length <= to; length++) {
    const again = opened(limits, deaf, { disk: torn(disk, length) }).store;
    const seqs = seqsOf(again);
    const back = seqs.filter((seq) => seq <= last && !left.includes(seq));
    const lost = staying.filter((seq) => !seqs.includes(seq));
    expect({ back, lost }, `${length - from} of ${to - from} bytes of the group`).toEqual({ back: [], lost: [] });
  }
});

interface Behind {
  readonly limits: StoreLimits;
  readonly before: string;
  /** On which a message is published that makes limits take one. */
  readonly subject: string;
  readonly removes: number;
  readonly left: readonly number[];
}
const BEHIND: [string, Behind][] = [
  ["the first", { limits: MOST_FIVE, before: "abcde", subject: "f", removes: 4, left: [2, 3, 5, 6] }],
  ["one of a subject", { limits: MOST_TWO_EACH, before: "baab", subject: "a", removes: 3, left: [1, 4, 5] }],
];

/** A message is on its way to the disk, a removal waits for it. */
function behindEachOther({ limits, before, subject, removes }: Behind, how: "synced" | "written") {
  const disk = madeDisk();
  const { store, complete } = opened(limits, deaf, { disk, how });
  stage(store, before);
  store.submit();
  complete();
  stage(store, subject);
  store.submit();
  store.stageRemove(removes, false);
  store.submit();
  return { disk, store, complete };
}

test.each(BEHIND)("what a message trims that lands while the next group is written: %s", (_, story) => {
  for (const how of ["synced", "written"] as const) {
    const { disk, store, complete } = behindEachOther(story, how);
    complete();
    expect(seqsOf(store)).toEqual(story.left);
    disk.kill();
    expect(seqsOf(opened(story.limits, deaf, { disk, how }).store)).toEqual(story.left);
  }
});

test.each(BEHIND)("what it trims when nothing is staged behind that, and a turn ends: %s", (_, story) => {
  for (const how of ["synced", "written"] as const) {
    const { disk, store, complete } = behindEachOther(story, how);
    disk.completeOne();
    // The first group has landed, the second one is on its way.
    expect(store.lastSeq).toBe(story.before.length + 1);
    expect(store.load(story.removes, new StoredMsg())).toBe(true);
    store.submit();
    complete();
    expect(seqsOf(store)).toEqual(story.left);
    disk.kill();
    expect(seqsOf(opened(story.limits, deaf, { disk, how }).store)).toEqual(story.left);
  }
});

test.each(BEHIND)("what a message trims in a group that removes something behind it: %s", (_, story) => {
  for (const end of ["kill", "powerCut", "close"] as const) {
    const disk = madeDisk();
    const { store, complete } = opened(story.limits, deaf, { disk });
    stage(store, story.before);
    store.submit();
    complete();
    stage(store, story.subject);
    store.stageRemove(story.removes, false);
    if (end === "close") store.close((failure) => expect(failure).toBeUndefined());
    else store.submit();
    complete();
    if (end === "close") disk.remove("S/msgs/index.db");
    else disk[end]();
    expect(seqsOf(opened(story.limits, deaf, { disk }).store)).toEqual(story.left);
  }
});

test("nothing is written behind a group that only removes", () => {
  const disk = madeDisk();
  const { store, complete } = opened(MOST_FIVE, deaf, { disk });
  stage(store, "abcde");
  store.submit();
  complete();
  const from = disk.contents(BLOCK).length;
  store.stageRemove(1, false);
  store.submit();
  complete();
  expect(disk.contents(BLOCK).length - from).toBe(EMPTY_RECORD);
});
