// Messages that are read together are each checked, whatever lies between them in their block.

import { expect, test } from "vitest";
import { byteStringOf } from "../../../src/base/bytes.ts";
import { StoredRun } from "../../../src/store/stored_run.ts";
import { NO_LIMITS, StoredMsg } from "../../../src/store/stream_store.ts";
import { deaf, madeDisk, opened } from "../file_support.ts";

const PATH = "S/msgs/1.blk";
const MSGS = 8;

/** The bodies that a run has; between the messages lies a tombstone, and in body `damaged` a bit is not what it was. */
function runWith(damaged: number): string[] {
  const disk = madeDisk();
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, indexedACall: 1e6 });
  const put = (i: number): void => {
    const msg = new StoredMsg();
    const [subject, body] = [Buffer.from("a"), Buffer.from(`body ${i}`)];
    msg.sec = 1_800_000_000;
    [msg.subject, msg.subjectTo, msg.body, msg.bodyTo] = [subject, subject.length, body, body.length];
    store.stage(msg, "plain");
  };
  for (let i = 0; i < 5; i++) put(i);
  store.submit();
  complete();
  store.stageRemove(1, false);
  for (let i = 5; i <= MSGS; i++) put(i);
  store.submit();
  complete();
  store.close((failure) => expect(failure).toBeUndefined());
  complete();
  // The index says what is there: nothing is checked by a scan.
  const again = opened(NO_LIMITS, deaf, { disk, indexedACall: 1e6 }).store;
  const at = Buffer.from(disk.contents(PATH)).indexOf(`body ${damaged}`);
  expect(at).toBeGreaterThan(0);
  disk.flipBit(PATH, at * 8);
  const run = new StoredRun();
  again.loadRun(2, 100, run);
  return Array.from({ length: run.count }, (_, i) => byteStringOf(run.data, run.bodyFrom[i]!, run.bodyTo[i]!));
}

const bodies = Array.from({ length: MSGS }, (_, i) => `body ${i + 1}`);

test.each(bodies)("a run ends before a damaged message: %s", (damaged) => {
  const i = bodies.indexOf(damaged);
  expect(runWith(i + 1)).toEqual(bodies.slice(0, i));
});
