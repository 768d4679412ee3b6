// What Jepsen found in nats-server 2.12.1 (December 2025), as tests of a file
// store: any flipped bit, any cut, of the block and of the index.
//
// Elsewhere: acknowledged before synced (#7564) is file_recovery.test.ts and
// test/sim/store_sim.test.ts; a whole stream lost after kill -9 (#6888) is
// test/sim/kill9.mjs; a damaged meta file (#7556) is test/jetstream/damaged_meta.test.ts.

import { expect, test } from "vitest";
import { byteStringOf } from "../../src/base/bytes.ts";
import { DiskError } from "../../src/base/disk.ts";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { NO_LIMITS, StoredMsg } from "../../src/store/stream_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const NOW = 1_800_000_000;
const BLOCK = "S/msgs/1.blk";
const INDEX = "S/msgs/index.db";
const HEADER = "NATS/1.0\r\nA: b\r\n\r\n";
const MESSAGES = 5;

function put(store: FileStore, complete: () => void, seq: number): void {
  const msg = new StoredMsg();
  const subject = Buffer.from(seq % 2 === 0 ? "a.b" : "c");
  [msg.subject, msg.subjectTo] = [subject, subject.length];
  if (seq === 3) [msg.header, msg.headerTo] = [Buffer.from(HEADER), HEADER.length];
  const body = Buffer.from(`message ${seq}`);
  [msg.body, msg.bodyTo] = [body, body.length];
  [msg.sec, msg.nanos] = [NOW + seq, seq];
  expect(store.stage(msg, "plain")).toBe(seq);
  store.submit();
  complete();
}

/** A disk with the store that was stopped: five messages in one block. */
function stopped(): FakeDisk {
  const disk = madeDisk();
  const { store, complete } = opened(NO_LIMITS, deaf, { disk });
  for (let seq = 1; seq <= MESSAGES; seq++) put(store, complete, seq);
  store.close(() => undefined);
  complete();
  return disk;
}

/** Each message as text, by sequence. */
function shown(store: FileStore): Map<number, string> {
  const found = new Map<number, string>();
  for (let seq = 1; seq <= MESSAGES + 2; seq++) {
    const msg = new StoredMsg();
    if (!store.load(seq, msg)) continue;
    const part = (bytes: Uint8Array, from: number, to: number): string => byteStringOf(bytes, from, to);
    const subject = part(msg.subject, msg.subjectFrom, msg.subjectTo);
    // Where the subject ends and the body begins is not under the checksum of nats-server's format: the bytes are.
    const content = part(msg.header, msg.headerFrom, msg.headerTo) + part(msg.body, msg.bodyFrom, msg.bodyTo);
    found.set(seq, `${msg.sec}.${msg.nanos} ${subject}${content}`);
  }
  return found;
}

const original = shown(opened(NO_LIMITS, deaf, { disk: stopped() }).store);

/** What is missing at the first start, and at the second, when the index no longer says that all is well. */
interface Checked {
  readonly missing: number[];
  readonly missingLater: number[];
  readonly said: readonly string[];
}

/** Opens what is on `disk`: what it holds is what it held, or less, and it goes on from there. */
function checkOpened(disk: FakeDisk): Checked {
  const said: string[] = [];
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, log: (text) => void said.push(text) });
  const now = shown(store);
  for (const [seq, text] of now) expect(text).toBe(original.get(seq));
  const next = store.state().lastSeq + 1;
  put(store, complete, next);
  store.close(() => undefined);
  complete();
  const again = opened(NO_LIMITS, deaf, { disk }).store;
  const later = shown(again);
  for (const seq of now.keys()) if (seq !== next) expect(later.get(seq)).toBe(original.get(seq));
  expect(later.has(next)).toBe(true);
  const without = (found: Map<number, string>): number[] => [...original.keys()].filter((seq) => !found.has(seq));
  return { missing: without(now), missingLater: without(later), said };
}

test("Jepsen #7549: every flipped bit of a block costs at most the record it is in, and is reported", () => {
  expect(original.size).toBe(MESSAGES);
  const bits = stopped().contents(BLOCK).length * 8;
  for (const isIndexed of [false, true]) {
    // With the index a quarter of them: the same blocks are read, only later.
    for (let bit = 0; bit < bits; bit += isIndexed ? 4 : 1) {
      const disk = stopped();
      if (!isIndexed) disk.remove(INDEX);
      disk.flipBit(BLOCK, bit);
      const { missing, missingLater, said } = checkOpened(disk);
      // Behind an index the lengths that lead to a message are read with it: one that is wrong hides more until the next start.
      expect((isIndexed ? missingLater : missing).length, `bit ${bit}`).toBeLessThanOrEqual(1);
      if (missing.length > 0) expect(said.join(), `bit ${bit}`).not.toBe("");
    }
  }
}, 60_000);

test("Jepsen #7549: a block cut at any offset keeps every record before the cut, and takes more", () => {
  const whole = stopped().contents(BLOCK).length;
  const each = whole / MESSAGES;
  for (const isIndexed of [false, true]) {
    for (let size = 0; size < whole; size++) {
      const disk = stopped();
      if (!isIndexed) disk.remove(INDEX);
      cut(disk, BLOCK, size);
      const { missing } = checkOpened(disk);
      const kept = MESSAGES - missing.length;
      expect(missing, `cut at ${size}`).toEqual([...original.keys()].slice(kept));
      // Records are of about one length, so this many are whole at least.
      expect(kept, `cut at ${size}`).toBeGreaterThanOrEqual(Math.floor(size / each) - 1);
    }
  }
}, 60_000);

test("Jepsen #7556: an index with any flipped bit, or cut anywhere, costs nothing", () => {
  const { length } = stopped().contents(INDEX);
  for (let at = 0; at < length; at++) {
    for (const damage of ["flip", "cut"] as const) {
      const disk = stopped();
      if (damage === "flip") disk.flipBit(INDEX, at * 8 + (at & 7));
      else cut(disk, INDEX, at);
      expect(checkOpened(disk).missing, `${damage} at ${at}`).toEqual([]);
    }
  }
}, 60_000);

function cut(disk: FakeDisk, path: string, size: number): void {
  const file = disk.open(path, "write");
  if (file instanceof DiskError) throw file;
  expect(disk.truncate(file, size)).toBeUndefined();
  disk.sync(file, () => undefined);
  disk.complete();
  disk.close(file);
}
