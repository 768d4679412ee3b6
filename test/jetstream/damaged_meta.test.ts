// Jepsen #7556, nats-server 2.12.1: a flipped bit in what says that a stream
// exists, and the stream's messages were cleaned up as orphaned. Here: whatever
// happens to the two meta files, the stream is served or offline, and no file
// of its messages is changed or removed.

import { describe, expect, test } from "vitest";
import { DiskError } from "../../src/base/disk.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { type Answer, Bench } from "./bench.ts";

const DIRECTORY = "A/streams/S";
const MSGS = `${DIRECTORY}/msgs`;
const BODY = "kept, whatever happens";

const onDisk = (disk: FakeDisk): Bench => new Bench({ disk, settleDisk: () => disk.complete() });

/** A disk with a stream of one message, its server stopped. */
function stopped(): FakeDisk {
  const disk = new FakeDisk();
  const bench = onDisk(disk);
  bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  bench.request("s", BODY);
  bench.close();
  return disk;
}

function replace(disk: FakeDisk, path: string, bytes: Uint8Array): void {
  expect(disk.remove(path)).toBeUndefined();
  const file = disk.open(path, "create");
  if (file instanceof DiskError) throw file;
  if (bytes.length > 0) disk.commit(file, 0, bytes, 0, bytes.length, "synced", () => undefined);
  disk.complete();
  disk.close(file);
}

/** Of an offline stream, as from nats-server. */
function refusalsComeLater(bench: Bench): void {
  bench.world.advance(500);
  bench.settle();
}

/** Starts on `disk`: the stream is there in one of the two ways, and its block as it was. How. */
function checkStarted(disk: FakeDisk, why: string): "served" | "offline" {
  const block = Buffer.from(disk.contents(`${MSGS}/1.blk`));
  const bench = onDisk(disk);
  const answers = bench.ask("$JS.API.STREAM.INFO.S");
  bench.settle();
  refusalsComeLater(bench);
  const { error, state } = JSON.parse(answers[0]!) as Answer;
  const isServed = error === undefined;
  if (isServed) expect(state, why).toMatchObject({ messages: 1, last_seq: 1 });
  else expect(error.err_code, why).toBe(10194);
  if (!isServed) {
    // Nor does a request take it away, or put another in its place.
    const deleted = bench.ask("$JS.API.STREAM.DELETE.S");
    bench.settle();
    refusalsComeLater(bench);
    expect(deleted[0], why).toContain("10194");
    expect(bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s"] }).error, why).toBeDefined();
    expect(bench.complaints.join(), why).toContain("'A > S' is offline");
  } else if (why !== "whole") expect(bench.complaints.join(), why).not.toBe("");
  bench.close();
  expect(Buffer.from(disk.contents(`${MSGS}/1.blk`)).equals(block), why).toBe(true);
  expect(block.includes(BODY)).toBe(true);
  return isServed ? "served" : "offline";
}

describe("Jepsen #7556: a stream's messages stay", () => {
  test("when nothing is wrong", () => {
    expect(checkStarted(stopped(), "whole")).toBe("served");
  });

  test.each(["meta.inf", "meta.sum"])(
    "whatever bit of %s is flipped",
    (name) => {
      const path = `${DIRECTORY}/${name}`;
      const { length } = stopped().contents(path);
      for (let at = 0; at < length; at++) {
        const disk = stopped();
        disk.flipBit(path, at * 8 + (at % 8));
        checkStarted(disk, `${name}, byte ${at}`);
      }
    },
    60_000,
  );

  test.each(["meta.inf", "meta.sum"])(
    "wherever %s is cut, and when it is empty",
    (name) => {
      const path = `${DIRECTORY}/${name}`;
      const whole = stopped().contents(path);
      for (let size = 0; size < whole.length; size += name === "meta.sum" ? 1 : 17) {
        const disk = stopped();
        replace(disk, path, whole.subarray(0, size));
        checkStarted(disk, `${name} cut at ${size}`);
      }
    },
    60_000,
  );

  test.each([["meta.inf"], ["meta.sum"], ["meta.inf", "meta.sum"]])("without %s %s", (...names) => {
    const disk = stopped();
    for (const name of names) expect(disk.remove(`${DIRECTORY}/${name}`)).toBeUndefined();
    checkStarted(disk, names.join());
  });

  test.each(["meta.inf", "meta.sum"])("when %s is another stream's, or anything", (name) => {
    for (const text of ["null", "{}", "[]", '{"name":"T"}', "\0\0\0\0", "0123456789abcdef", "x".repeat(100_000)]) {
      const disk = stopped();
      replace(disk, `${DIRECTORY}/${name}`, Buffer.from(text));
      checkStarted(disk, `${name} is ${text.slice(0, 20)}`);
    }
  });
});

test("a stream whose meta file names another stream does not get that one's files", () => {
  const disk = new FakeDisk();
  const first = onDisk(disk);
  for (const name of ["S", "T"]) first.api(`STREAM.CREATE.${name}`, { name, subjects: [name] });
  first.request("T", "of T");
  first.close();
  for (const name of ["meta.inf", "meta.sum"])
    replace(disk, `A/streams/S/${name}`, disk.contents(`A/streams/T/${name}`));
  const bench = onDisk(disk);
  expect(bench.api("STREAM.LIST")["offline"]).toHaveProperty("S");
  expect(bench.request("T", "more")).toEqual({ stream: "T", seq: 2 });
});
