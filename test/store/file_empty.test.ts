// A file stream without any message, closed and opened again.

import { expect, test } from "vitest";
import { DiskError } from "../../src/base/disk.ts";
import { IndexEncoder } from "../../src/store/format/index_db.ts";
import { streamHasher } from "../../src/store/format/keys.ts";
import { NO_LIMITS, ZERO_SEC } from "../../src/store/stream_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

function reopened(disk: FakeDisk): string[] {
  const said: string[] = [];
  const { store } = opened(NO_LIMITS, deaf, { disk, log: (text) => said.push(text) });
  expect(store.state().msgs).toBe(0);
  return said;
}

/** As a server leaves it that writes an index, whatever is in it. */
function leaveIndex(disk: FakeDisk, lastSeq: number): void {
  const nothing = {
    msgs: 0,
    bytes: 0,
    firstSec: ZERO_SEC,
    firstNanos: 0,
    lastSec: ZERO_SEC,
    lastNanos: 0,
    blocks: [],
    lastBlock: 0,
  };
  const summary = { ...nothing, firstSeq: lastSeq === 0 ? 0 : lastSeq + 1, lastSeq, lastChecksum: new Uint8Array(8) };
  const encoder = new IndexEncoder(summary, 0, streamHasher("S"));
  encoder.block();
  const bytes = encoder.finish();
  disk.makeDirectory("S/msgs");
  const file = disk.open("S/msgs/index.db", "create");
  if (file instanceof DiskError) throw file;
  disk.commit(file, 0, bytes, 0, bytes.length, "synced", () => undefined);
  disk.complete();
  disk.close(file);
}

test("of an empty stream nothing is said when it is opened again", () => {
  const disk = madeDisk();
  const { store, complete } = opened(NO_LIMITS, deaf, { disk });
  let isClosed = false;
  store.close(() => (isClosed = true));
  complete();
  expect(isClosed).toBe(true);
  expect(reopened(disk)).toEqual([]);
  leaveIndex(disk, 0);
  expect(reopened(disk)).toEqual([]);
});

test("blocks that are missed are", () => {
  const disk = madeDisk();
  leaveIndex(disk, 3);
  expect(reopened(disk).join()).toContain("index.db is not used: it has no blocks");
});
