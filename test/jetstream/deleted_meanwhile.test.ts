// A stream that is deleted while requests wait for its disk, or look through
// it over turns: each is answered, and nobody's place in the queue is lost.

import { describe, expect, test } from "vitest";
import { DiskError } from "../../src/base/disk.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { type Answer, Bench } from "./bench.ts";

/** More than the API serves at a time. */
const MANY = 20;

const errorOf = (answers: readonly string[]): number | undefined => {
  expect(answers).toHaveLength(1);
  return (JSON.parse(answers[0]!) as Answer).error?.err_code;
};

describe("a stream that is deleted", () => {
  test("while requests wait for what was published, answers them", () => {
    const disk = new FakeDisk();
    const bench = new Bench({ disk, settleDisk: () => disk.complete() });
    const calls = [
      ["STREAM.PURGE.S", {}],
      ["STREAM.MSG.DELETE.S", { seq: 1 }],
      ["STREAM.MSG.GET.S", { seq: 1 }],
      ["STREAM.INFO.S", {}],
      ["STREAM.INFO.S", { deleted_details: true, subjects_filter: ">" }],
    ] as const;
    for (let round = 0; round < MANY; round++) {
      bench.api("STREAM.CREATE.S", { name: "S" });
      bench.ask("S", "waits for the disk");
      bench.world.settle();
      const waiting = calls.map(([verb, body]) => bench.ask(`$JS.API.${verb}`, body));
      bench.world.settle();
      expect(waiting.flat()).toEqual([]);
      const deleted = bench.ask("$JS.API.STREAM.DELETE.S");
      bench.settle();
      expect(errorOf(deleted)).toBeUndefined();
      for (const answers of waiting) expect(errorOf(answers)).toBeDefined();
    }
    expect(bench.api("STREAM.NAMES")["total"]).toBe(0);
    expect(bench.jetstream.api.inflight).toBe(0);
  });

  test.each(["file", "memory"])("while it is looked through, in storage %s, answers", (storage) => {
    const bench = new Bench();
    bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], storage });
    for (let i = 0; i < 25_000; i++) bench.account.bus.publishText(`s.${i}` as never, "");
    bench.settle();
    const searches = [
      ["STREAM.INFO.S", { subjects_filter: "s.*" }],
      ["STREAM.INFO.S", { deleted_details: true }],
      ["STREAM.MSG.GET.S", { next_by_subj: "*.none", seq: 1 }],
      ["STREAM.PURGE.S", { filter: "s.1*", keep: 1 }],
      ["STREAM.PURGE.S", { filter: "s.*", keep: 0 }],
      ["DIRECT.GET.S", { next_by_subj: "s.*", seq: 1, batch: 100_000 }],
    ] as const;
    const waiting = searches.map(([verb, body]) => bench.ask(`$JS.API.${verb}`, body));
    const deleted = bench.ask("$JS.API.STREAM.DELETE.S");
    bench.settle();
    expect(errorOf(deleted)).toBeUndefined();
    for (const answers of waiting.slice(0, -1)) expect(answers).toHaveLength(1);
    expect(bench.jetstream.api.inflight).toBe(0);
  });
});

test("a stream that cannot be removed goes on", () => {
  const disk = new FakeDisk();
  const bench = new Bench({ disk, settleDisk: () => disk.complete() });
  bench.api("STREAM.CREATE.S", { name: "S", max_bytes: 1000 });
  bench.request("S", "kept");
  const used = bench.jetstream.accounts.get("A")!.fileUsed;
  const rename = disk.rename.bind(disk);
  disk.rename = () => new DiskError("EROFS", "read-only file system");
  expect(bench.api("STREAM.DELETE.S").error).toMatchObject({ err_code: 10050 });
  expect(bench.api("STREAM.INFO.S")["state"]).toMatchObject({ messages: 1, last_seq: 1 });
  expect(bench.request("S", "more")).toEqual({ stream: "S", seq: 2 });
  const account = bench.jetstream.accounts.get("A")!;
  expect([account.fileUsed, account.reserved("file")]).toEqual([used * 2, 1000]);
  disk.rename = rename;
  expect(bench.api("STREAM.DELETE.S")["success"]).toBe(true);
  expect(account.fileUsed).toBe(0);
});
