// Jepsen #7556, of consumers: whatever happens to the file of its state, a consumer is served. A damaged one is kept
// aside and told of, and everything is delivered again.

import { expect, test } from "vitest";
import { DiskError } from "../../src/base/disk.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { Bench } from "./bench.ts";

const STATE = "A/streams/S/obs/C/o.dat";
const onDisk = (disk: FakeDisk): Bench => new Bench({ disk, settleDisk: () => disk.complete() });

test.each([[[]], [[1, 2, 3]], [[22, 2, 255, 255, 255, 255]], [Array.from({ length: 100 }, () => 0xff)]])(
  "a consumer whose state is %j is served from its start",
  (bytes) => {
    const disk = new FakeDisk();
    const first = onDisk(disk);
    first.api("STREAM.CREATE.S", { name: "S" });
    for (const body of ["one", "two"]) first.request("S", body);
    first.api("CONSUMER.DURABLE.CREATE.S.C", {
      stream_name: "S",
      config: { durable_name: "C", ack_policy: "explicit" },
    });
    first.close();
    expect(disk.remove(STATE)).toBeUndefined();
    const file = disk.open(STATE, "create");
    if (file instanceof DiskError) throw file;
    const content = Uint8Array.from(bytes);
    if (content.length > 0) disk.commit(file, 0, content, 0, content.length, "synced", () => undefined);
    disk.complete();
    disk.close(file);
    const second = onDisk(disk);
    expect(second.api("CONSUMER.INFO.S.C")).toMatchObject({ num_pending: 2, num_ack_pending: 0 });
    if (bytes.length === 0) return;
    expect(second.complaints.join()).toContain("it delivers from its start");
    expect(disk.open(`${STATE}.damaged`, "read")).not.toBeInstanceOf(DiskError);
  },
);
