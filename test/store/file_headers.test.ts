// Which messages of a file store have headers: found at its start without reading the others.

import { describe, expect, test } from "vitest";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { NO_LIMITS, StoredMsg } from "../../src/store/stream_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { headedOf } from "./contract.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const BLOCK = 1000;
const HEADER = Buffer.from("NATS/1.0\r\nNats-Msg-Id: a\r\n\r\n");

interface Opened {
  readonly disk: FakeDisk;
  readonly store: FileStore;
  readonly complete: () => void;
}

function open(disk: FakeDisk, compression: "none" | "s2" = "none"): Opened {
  return { disk, ...opened(NO_LIMITS, deaf, { disk, blockBytes: BLOCK, cacheBytes: 1 << 20, compression }) };
}
function put({ store, complete }: Opened, header: Uint8Array, bytes = 100): void {
  const msg = new StoredMsg();
  msg.sec = 1_800_000_000;
  [msg.subject, msg.subjectTo] = [Buffer.from("s"), 1];
  [msg.header, msg.headerTo] = [header, header.length];
  [msg.body, msg.bodyTo] = [Buffer.alloc(bytes, "x"), bytes];
  store.stage(msg, "plain");
  store.submit();
  complete();
}
/** Forty messages in several blocks, of which these have headers; closed, and opened again by index or by a scan. */
function again(headed: readonly number[], how: "index" | "scan", compression: "none" | "s2" = "none"): Opened {
  const first = open(madeDisk(), compression);
  for (let seq = 1; seq <= 40; seq++) put(first, headed.includes(seq) ? HEADER : Buffer.alloc(0));
  first.store.close((failure) => expect(failure).toBeUndefined());
  first.complete();
  if (how === "scan") first.disk.remove("S/msgs/index.db");
  return open(first.disk, compression);
}
/** What is found, and how many bytes were read for that. */
function found({ disk, store }: Opened, from = 1): { seqs: number[]; bytes: number } {
  let bytes = 0;
  const read = disk.read.bind(disk);
  disk.read = (file, at, into, start, end) => {
    bytes += end - start;
    return read(file, at, into, start, end);
  };
  const seqs = headedOf(store, from);
  delete (disk as { read?: unknown }).read;
  return { seqs, bytes };
}

describe.each(["index", "scan"] as const)("after a start by %s", (how) => {
  test.each(["none", "s2"] as const)("they are those that have any, in blocks packed by %s", (compression) => {
    const headed = [1, 2, 17, 30, 40];
    expect(found(again(headed, how, compression)).seqs).toEqual(headed);
    expect(found(again(headed, how, compression), 17).seqs).toEqual([17, 30, 40]);
    expect(found(again(headed, how, compression), 18).seqs).toEqual([30, 40]);
    expect(found(again([], how, compression)).seqs).toEqual([]);
  });

  test("what was removed is none of them, what came later is", () => {
    const opening = again([3, 5], how);
    opening.store.stageRemove(3, false);
    put(opening, Buffer.alloc(0));
    put(opening, HEADER);
    expect(found(opening).seqs).toEqual([5, 42]);
  });

  test("they are found again when others were removed meanwhile and blocks are others", () => {
    const opening = again([3, 20, 38], how);
    const seqs: number[] = [];
    for (let at = 1; at > 0;) {
      at = opening.store.withHeaders(at, seqs);
      for (let seq = 1; seq <= 40; seq++) if (seq % 10 !== 0 && seq !== 38) opening.store.stageRemove(seq, false);
      opening.store.submit();
      opening.complete();
    }
    expect(seqs).toEqual(expect.arrayContaining([20, 38]));
  });
});

test("blocks that a scan has seen to have none are not read again", () => {
  const none = found(again([], "scan"));
  expect(none.bytes).toBe(0);
  const opening = again([20], "scan");
  const all = opening.disk.list("S/msgs") as string[];
  expect(all.length).toBeGreaterThan(3);
  expect(found(opening).bytes).toBeLessThanOrEqual(2 * BLOCK);
});

test("blocks that were found to have none are not read again", () => {
  const opening = again([20], "index");
  const first = found(opening);
  expect(first.bytes).toBeGreaterThan(4 * BLOCK);
  expect(found(opening)).toEqual({ seqs: [20], bytes: expect.any(Number) as number });
  expect(found(opening).bytes).toBeLessThanOrEqual(2 * BLOCK);
  put(opening, HEADER);
  expect(found(opening, 30).seqs).toEqual([41]);
});

test("where a block is damaged, messages that may have headers are told, and the others are still found", () => {
  const opening = again([1, 4, 39], "index");
  // The length of the third record.
  const damaged = "S/msgs/1.blk";
  opening.disk.flipBit(damaged, 8 * (2 * (30 + 1 + 100) + (4 + HEADER.length) + 2) + 5);
  const { seqs } = found(opening);
  expect(seqs).toEqual(expect.arrayContaining([1, 4, 39]));
  const into = new StoredMsg();
  const ids = seqs.filter((seq) => opening.store.load(seq, into) && into.headerTo > into.headerFrom);
  expect(ids).toEqual([1, 4, 39]);
});

/** Where the sequence of a record is, from its beginning. */
const SEQ_AT = 4;
test.each([
  ["beyond the block", 8 * (SEQ_AT + 5)],
  ["of a later one", 8 * SEQ_AT + 2],
])("a damaged sequence hides none: %s", (_, bit) => {
  const headed = [3, 4, 6, 39];
  const opening = again(headed, "index");
  // Of the first record.
  opening.disk.flipBit("S/msgs/1.blk", bit);
  const into = new StoredMsg();
  const ids = (): number[] =>
    found(opening).seqs.filter((seq) => opening.store.load(seq, into) && into.headerTo > into.headerFrom);
  expect(ids()).toEqual(headed);
  // Nor later, when the damage is known.
  expect(ids()).toEqual(headed);
  put(opening, HEADER);
  expect(ids()).toEqual([...headed, 41]);
});
test("a damaged sequence is not taken for the end of what has no headers", () => {
  const opening = again([], "index");
  const damaged = opening.disk.list("S/msgs") as string[];
  const last = damaged
    .filter((name) => name.endsWith(".blk"))
    .sort((a, b) => Number.parseInt(a) - Number.parseInt(b))
    .at(-1)!;
  opening.disk.flipBit(`S/msgs/${last}`, 8 * (SEQ_AT + 5));
  found(opening);
  put(opening, HEADER);
  expect(found(opening, 41).seqs).toEqual([41]);
});
