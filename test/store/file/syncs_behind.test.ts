// Files that are made durable while a job goes on.

import { expect, test } from "vitest";
import { DiskError } from "../../../src/base/disk.ts";
import { SyncsBehind } from "../../../src/store/file/syncs_behind.ts";
import type { Slices } from "../../../src/store/file/sliced_job.ts";
import { run, streamOnDisk } from "./stream_on_disk.ts";

const files = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((number) => [`${number}.blk`, new Uint8Array(10)]));

test("a job goes on while four files are synced, waits for a fifth, and all are closed at the end", () => {
  const { disk } = streamOnDisk(files);
  const syncs = new SyncsBehind(disk);
  let added = 0;
  const job = function* (): Slices<DiskError | undefined> {
    for (const name of Object.keys(files)) {
      const failed = yield* syncs.add(`S/msgs/${name}`);
      if (failed !== undefined) return failed;
      added++;
    }
    return yield* syncs.all();
  };
  const one = job();
  expect(one.next().done).toBe(false);
  expect(added).toBe(4);
  expect(run(disk, job())).toBeUndefined();
});

test.each([1, 2, 3, 6, 9, 14])("what fails is told, and no file is begun behind it: call %d", (call) => {
  const { disk } = streamOnDisk(files);
  const syncs = new SyncsBehind(disk);
  const job = function* (): Slices<DiskError | undefined> {
    for (const name of Object.keys(files)) {
      const failed = yield* syncs.add(`S/msgs/${name}`);
      if (failed !== undefined) return failed;
    }
    return yield* syncs.all();
  };
  disk.failAt(call);
  expect(run(disk, job())).toBeInstanceOf(DiskError);
  expect(run(disk, syncs.all())).toBeInstanceOf(DiskError);
  expect(run(disk, syncs.add("S/msgs/1.blk"))).toBeInstanceOf(DiskError);
});

test("a file that is not there is told at once", () => {
  const { disk } = streamOnDisk(files);
  expect(run(disk, new SyncsBehind(disk).add("S/msgs/9.blk"))).toMatchObject({ code: "ENOENT" });
});
