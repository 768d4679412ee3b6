// What an interrupted purge of nats-server leaves in a stream's directory.

import { expect, test } from "vitest";
import { DiskError } from "../../../src/base/disk.ts";
import { settlePurge } from "../../../src/store/file/purge_leftovers.ts";
import { NO_LIMITS } from "../../../src/store/stream_store.ts";
import type { FakeDisk } from "../../support/fake_disk.ts";
import { deaf, opened } from "../file_support.ts";
import { madeBlock, messages, run, runUntilCall, streamOnDisk, treeOf } from "./stream_on_disk.ts";

const OLD = madeBlock(messages(1, 4)).bytes;
const MADE = madeBlock([{ kind: "tombstone", seq: 4 }], 2).bytes;

function put(disk: FakeDisk, path: string, bytes: Uint8Array): void {
  const file = disk.open(path, "create");
  if (file instanceof DiskError) throw new Error(file.text);
  disk.commit(file, 0, bytes, 0, bytes.length, "synced", () => undefined);
  disk.complete();
  disk.close(file);
}

/** A stream with these files in directories beside `msgs`; all of it is durable. */
function leftovers(files: Readonly<Record<string, Uint8Array>>, seed = 1): ReturnType<typeof streamOnDisk> {
  const place = streamOnDisk({ "1.blk": OLD }, seed);
  const { disk } = place;
  for (const [path, bytes] of Object.entries(files)) {
    const directory = `S/${path.split("/")[0]!}`;
    disk.makeDirectory(directory);
    if (!path.endsWith("/")) put(disk, `S/${path}`, bytes);
    disk.syncDirectory(directory, () => undefined);
    disk.syncDirectory("S", () => undefined);
    disk.complete();
  }
  return place;
}
const none = new Uint8Array(0);
const names = (disk: FakeDisk): string[] => Object.keys(treeOf(disk)).sort();

test("a purge whose new block is there is brought to its end", () => {
  const { disk } = leftovers({ "__new_msgs__/2.blk": MADE, "__msgs__/1.blk": OLD });
  const { store } = opened(NO_LIMITS, deaf, { disk });
  expect(store.state()).toMatchObject({ msgs: 0, firstSeq: 5, lastSeq: 4 });
  expect(names(disk)).toEqual(["S/msgs/2.blk"]);
  expect(disk.list("S")).toEqual(["msgs/"]);
});

test("a purge without a new block never was", () => {
  for (const left of [{ "__new_msgs__/": none }, { "__new_msgs__/x": none }, { "__msgs__/7.blk": MADE }]) {
    const { disk } = leftovers(left);
    const { store } = opened(NO_LIMITS, deaf, { disk });
    expect(store.state()).toMatchObject({ msgs: 4, firstSeq: 1, lastSeq: 4 });
    expect(disk.list("S")).toEqual(["msgs/"]);
  }
});

test("a power cut or a failure at any call leaves the one state or the other, and the next start ends it", () => {
  const files = { "__new_msgs__/2.blk": MADE, "__msgs__/1.blk": OLD, "__msgs__/2.blk": OLD };
  for (let calls = 1, isOver = false; !isOver; calls++) {
    expect(calls).toBeLessThan(60);
    for (const how of ["cut", "fail"]) {
      const place = leftovers(files, calls);
      const { disk } = place;
      if (how === "cut") {
        isOver = runUntilCall(disk, settlePurge(place), calls);
        disk.powerCut();
      } else {
        disk.failAt(calls);
        run(disk, settlePurge(place));
        disk.heal();
      }
      const { store } = opened(NO_LIMITS, deaf, { disk });
      expect(store.state(), `${how} at call ${calls}`).toMatchObject({ msgs: 0, firstSeq: 5, lastSeq: 4 });
      expect(disk.list("S")).toEqual(["msgs/"]);
    }
  }
});

test("temporaries and the indexes of older versions are removed, what else nats-server has is left alone", () => {
  const removed = ["1.blk.tmp", "index.db.tmp", "1.idx", "1.fss"];
  const left = ["1.blk", "sched.db", "thw.db"];
  const { disk } = streamOnDisk(Object.fromEntries([...removed, ...left].map((name) => [name, name === "1.blk" ? OLD : none]))); // prettier-ignore
  const { store } = opened(NO_LIMITS, deaf, { disk });
  expect(store.state().msgs).toBe(4);
  expect((disk.list("S/msgs") as string[]).sort()).toEqual(left);
});
