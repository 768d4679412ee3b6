// Messages of a group that are of one subject become visible together: with what lies around them it makes no difference.

import { describe, expect, test } from "vitest";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { NO_LIMITS, StoredMsg, type StoreLimits } from "../../src/store/stream_store.ts";
import { headedOf } from "./contract.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const TTL = Buffer.from("NATS/1.0\r\nNats-TTL: 1h\r\n\r\n");
/** Subject, and "+" for a header: runs of one, of several, with headers among them. */
const ONE_BY_ONE = "a b a b+ a".split(" ");
const RUNS = "a a a a+ a b b b+ b+ b a c c c c a".split(" ");

function stage(store: FileStore, words: readonly string[]): void {
  const msg = new StoredMsg();
  msg.sec = 1_800_000_000;
  for (const word of words) {
    msg.nanos = store.stagedLastSeq + 1;
    const [subject, header] = [Buffer.from(word.charAt(0)), word.endsWith("+") ? TTL : Buffer.alloc(0)];
    [msg.subject, msg.subjectTo] = [subject, 1];
    [msg.header, msg.headerTo] = [header, header.length];
    [msg.body, msg.bodyTo] = [Buffer.alloc(50, word), 50];
    expect(store.stage(msg, "plain")).toBeGreaterThan(0);
  }
}

const limits: readonly [string, StoreLimits, number][] = [
  ["no limits", NO_LIMITS, 58],
  ["limits that are not reached", { ...NO_LIMITS, maxMsgs: 58, maxBytes: 58 * 120 }, 58],
  ["a limit that is reached in the middle", { ...NO_LIMITS, maxMsgs: 30 }, 30],
  ["a limit of bytes that is reached", { ...NO_LIMITS, maxBytes: 30 * 81 }, 28],
  ["limits of subjects", { ...NO_LIMITS, maxMsgsPerSubject: 5 }, 15],
];

describe.each(limits)("%s", (_, each, left) => {
  test.each([110, 500, 10_000])("the same is there as message by message, in blocks of %i bytes", (blockBytes) => {
    const inGroups = (size: number): unknown => {
      const disk = madeDisk();
      const { store, complete } = opened(each, deaf, { disk, blockBytes });
      const words = [...ONE_BY_ONE, ...RUNS, ...RUNS, ...RUNS, ...ONE_BY_ONE];
      for (let at = 0; at < words.length; at += size) {
        stage(store, words.slice(at, at + size));
        store.submit();
        complete();
        store.checkInvariants();
      }
      const found = { state: store.state(), headed: headedOf(store, 1) };
      expect(store.state().msgs).toBe(left);
      store.close((failure) => expect(failure).toBeUndefined());
      complete();
      const again = opened(each, deaf, { disk, blockBytes });
      again.store.checkInvariants();
      expect({ state: again.store.state(), headed: headedOf(again.store, 1) }).toEqual(found);
      return found;
    };
    const expected = inGroups(1);
    for (const size of [7, 29, 1000]) expect(inGroups(size)).toEqual(expected);
  });
});

test("a tombstone among messages of a subject is not one of them", () => {
  const disk = madeDisk();
  const { store, complete } = opened(NO_LIMITS, deaf, { disk });
  stage(store, RUNS);
  store.submit();
  complete();
  stage(store, ["a", "a"]);
  expect(store.stageRemove(3, false)).toBe(true);
  stage(store, ["a", "a"]);
  store.submit();
  complete();
  store.checkInvariants();
  expect([store.state().msgs, store.state().lastSeq]).toEqual([RUNS.length + 3, RUNS.length + 4]);
});
