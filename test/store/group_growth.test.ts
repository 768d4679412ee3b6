// A group grows while the disk is busy with the one before.

import { expect, test } from "vitest";
import { byteString, bytesOf } from "../../src/base/bytes.ts";
import { NO_LIMITS, StoredMsg, type StageRule, type StreamStore } from "../../src/store/stream_store.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

function stage(store: StreamStore, bytes = 10, rule: StageRule = "plain"): number {
  const msg = new StoredMsg();
  [msg.sec, msg.subject, msg.subjectTo] = [1_800_000_000, bytesOf(byteString("s")), 1];
  [msg.body, msg.bodyTo] = [new Uint8Array(bytes), bytes];
  return store.stage(msg, rule);
}

function openedStore(how: "synced" | "written" = "synced") {
  const disk = madeDisk();
  const commits: number[] = [];
  const commit = disk.commit.bind(disk);
  disk.commit = (file, at, bytes, from, to, ...rest) => {
    commits.push(to - from);
    commit(file, at, bytes, from, to, ...rest);
  };
  const said: string[] = [];
  const events = { ...deaf, committed: (upTo: number): void => void said.push(`committed ${upTo}`) };
  const { store, complete } = opened(NO_LIMITS, events, { disk, how, blockBytes: 10_000_000 });
  return { disk, store, commits, said, complete };
}

test("what is submitted while the disk is busy goes with one write", () => {
  const { disk, store, commits, said, complete } = openedStore();
  for (let turn = 0; turn < 5; turn++) {
    stage(store);
    store.afterCommit(() => said.push(`turn ${turn}`));
    store.submit();
  }
  expect(commits.length).toBe(1);
  const [one] = commits;
  // The block's name is synced too.
  disk.completeOne();
  disk.completeOne();
  expect(commits).toEqual([one, 4 * one!]);
  expect(said).toEqual(["committed 1", "turn 0"]);
  complete();
  expect(said).toEqual(["committed 1", "turn 0", "committed 5", "turn 1", "turn 2", "turn 3", "turn 4"]);
  expect(commits.length).toBe(2);
});

test("the next group is on its way when the one before is reported", () => {
  const { store, commits, complete } = openedStore();
  stage(store);
  store.submit();
  let writes = 0;
  store.afterCommit(() => (writes = commits.length));
  stage(store);
  store.submit();
  complete();
  expect(writes).toBe(2);
});

test("a group that has grown large is closed, and the next one grows", () => {
  const { store, commits, complete } = openedStore();
  for (let turn = 0; turn < 6; turn++) {
    stage(store, 300_000);
    store.submit();
  }
  complete();
  expect(commits.map((bytes) => Math.round(bytes / 300_000))).toEqual([1, 2, 2, 1]);
});

test("a group of very many messages is closed too: it is committed in one go", () => {
  const { store, commits, complete } = openedStore();
  for (let turn = 0; turn < 4; turn++) {
    for (let i = 0; i < 3000; i++) stage(store, 0);
    store.submit();
  }
  complete();
  expect(commits.map((bytes) => bytes / commits[0]!)).toEqual([1, 2, 1]);
});

test("a group of nothing but removals is closed too when it has grown large", () => {
  const { store, commits, complete } = openedStore();
  const msgs = 20_000;
  for (let i = 0; i < msgs; i++) stage(store, 0);
  store.submit();
  complete();
  const before = commits.length;
  stage(store);
  store.submit();
  for (let seq = 1; seq <= msgs; seq++) {
    store.stageRemove(seq, false);
    store.submit();
  }
  complete();
  expect(store.state()).toMatchObject({ msgs: 1 });
  expect(commits.length - before).toBe(3);
  expect(Math.max(...commits.slice(before))).toBeLessThan(600_000);
});

test("rollups of a subject in one group name each message once", () => {
  const { disk, store, commits, complete } = openedStore();
  for (let i = 0; i < 3; i++) stage(store);
  store.submit();
  complete();
  const before = commits.length;
  const count = 300;
  for (let i = 0; i < count; i++) stage(store, 10, "rollupSubject");
  store.submit();
  complete();
  const [messages, tombstones] = commits.slice(before);
  expect(messages! / count).toBe(30 + 1 + 10);
  expect(tombstones! / 30).toBe(3 + count - 1);
  for (const { state } of [store, opened(NO_LIMITS, deaf, { disk }).store].map((each) => ({ state: each.state() }))) {
    expect(state).toMatchObject({ msgs: 1, firstSeq: 3 + count, lastSeq: 3 + count });
  }
});

test("a store that is closed while a group grows has all of it", () => {
  const { disk, store, complete } = openedStore();
  for (let turn = 0; turn < 3; turn++) {
    stage(store);
    store.submit();
  }
  let closed: string | undefined = "not yet";
  store.close((failure) => (closed = failure));
  complete();
  expect(closed).toBe(undefined);
  const again = opened(NO_LIMITS, deaf, { disk });
  expect(again.store.state()).toMatchObject({ msgs: 3, lastSeq: 3 });
});

test("a group that grew is refused as a whole when the one before fails", () => {
  const { disk, store, complete } = openedStore();
  stage(store);
  store.submit();
  complete();
  disk.failAt(1);
  const answers: (string | undefined)[] = [];
  for (let turn = 0; turn < 3; turn++) {
    stage(store);
    store.afterCommit((failure) => answers.push(failure === undefined ? "stored" : "refused"));
    store.submit();
  }
  complete();
  expect(answers).toEqual(["refused", "refused", "refused"]);
  expect(store.state()).toMatchObject({ msgs: 1 });
});
