import { expect, test, vi } from "vitest";
import { DiskError, type DiskError as Failure } from "../../src/base/disk.ts";
import { GroupWriter } from "../../src/store/file/group_writer.ts";
import { scanBlock } from "../../src/store/format/block_scan.ts";
import { blockHasher } from "../../src/store/format/keys.ts";
import { blockIndexOf } from "../../src/store/format/layout.ts";
import type { RecordReader } from "../../src/store/format/record.ts";
import { StoredMsg } from "../../src/store/stream_store.ts";
import { FakeDisk } from "../support/fake_disk.ts";

class Story {
  readonly disk: FakeDisk;
  readonly writer: GroupWriter;
  readonly said: string[] = [];
  seq = 0;
  durableSeq = 0;
  /** The last sequence of each submitted group. */
  #groups: number[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(disk: FakeDisk, blockBytes = 300, Writer = GroupWriter) {
    this.disk = disk;
    const events = {
      free: (): void => undefined,
      durable: (): void => {
        this.durableSeq = this.#groups.shift()!;
        this.said.push(`durable ${this.durableSeq}`);
      },
      refused: (failed: Failure): void => {
        this.#groups = [];
        this.said.push(`refused ${failed.code}`);
      },
      reopened: (): void => void this.said.push("reopened"),
    };
    const later = (fire: () => void): void => void this.#waiting.push(fire);
    this.writer = new Writer({ disk, directory: "msgs", stream: "S", blockBytes, how: "synced", later, events }); // prettier-ignore
  }
  append(bytes: number): void {
    this.seq++;
    const msg = new StoredMsg();
    [msg.sec, msg.nanos, msg.subject, msg.subjectTo] = [1_800_000_000, this.seq, Buffer.from("s"), 1];
    [msg.body, msg.bodyTo] = [new Uint8Array(bytes).fill(this.seq), bytes];
    this.writer.appendMessage(this.seq, msg, 7);
  }
  /** Runs all that waits. */
  complete(): void {
    do {
      this.#waiting.shift()?.();
      this.disk.complete();
    } while (this.#waiting.length > 0);
  }
  submit(): void {
    if (this.seq === (this.#groups.at(-1) ?? this.durableSeq)) return;
    this.#groups.push(this.seq);
    this.writer.submit();
  }
}

function madeDisk(options: ConstructorParameters<typeof FakeDisk>[0] = {}): FakeDisk {
  const disk = new FakeDisk(options);
  disk.makeDirectory("msgs");
  disk.syncDirectory("", () => undefined);
  disk.complete();
  return disk;
}

/** The sequences of all good records, in order of blocks; and whether anything was damaged. */
function found(disk: FakeDisk): { seqs: number[]; damaged: boolean } {
  const seqs: number[] = [];
  let damaged = false;
  const names = disk.list("msgs");
  if (names instanceof DiskError) throw new Error(names.code);
  const blocks = names.map((name) => blockIndexOf(name)!).sort((a, b) => a - b);
  for (const block of blocks) {
    scanBlock(disk.contents(`msgs/${block}.blk`), blockHasher("S", block), {
      onRecord: (record: RecordReader) => void seqs.push(record.seq),
      onDamage: () => (damaged = true),
    });
  }
  return { seqs, damaged };
}
/** Notes when a call of the disk fails. */
function noteFailures(disk: FakeDisk, name: "open" | "commit" | "syncDirectory", failed: Set<string>): void {
  const call = disk[name].bind(disk) as (...args: unknown[]) => unknown;
  const note = (result: unknown): void => {
    if (result instanceof DiskError) failed.add(name);
  };
  const replaced = (...args: unknown[]): unknown => {
    const done = args.at(-1);
    if (typeof done === "function") args[args.length - 1] = (result: unknown) => (note(result), done(result));
    const result = call(...args);
    note(result);
    return result;
  };
  Object.assign(disk, { [name]: replaced });
}
const upTo = (seq: number): number[] => Array.from({ length: seq }, (_, i) => i + 1);

test("a group is durable when all its blocks are, and groups go one by one", () => {
  const story = new Story(madeDisk());
  for (let i = 0; i < 6; i++) story.append(100);
  story.submit();
  story.append(1);
  story.submit();
  expect(story.said).toEqual([]);
  story.complete();
  expect(story.said).toEqual(["durable 6", "durable 7"]);
  expect(found(story.disk)).toEqual({ seqs: upTo(7), damaged: false });
  expect((story.disk.list("msgs") as string[]).sort()).toEqual(["1.blk", "2.blk", "3.blk"]);
});

test("a record larger than a block gets one of its own", () => {
  const story = new Story(madeDisk());
  for (const bytes of [10, 1000, 10]) story.append(bytes);
  story.submit();
  story.complete();
  expect((story.disk.list("msgs") as string[]).sort()).toEqual(["1.blk", "2.blk", "3.blk"]);
});

test("what was durable is there after any power cut", () => {
  for (let seed = 0; seed < 400; seed++) {
    const disk = madeDisk({ seed });
    const story = new Story(disk);
    for (let steps = disk.random(40); steps > 0; steps--) {
      const what = disk.random(4);
      if (what < 2) story.append(disk.random(200));
      else if (what === 2) story.submit();
      else disk.completeOne();
    }
    disk.powerCut();
    const { seqs } = found(disk);
    expect(seqs.slice(0, story.durableSeq), `seed ${seed}`).toEqual(upTo(story.durableSeq));
  }
});

test("after a failure what was refused is gone and what was durable is there, at whichever call it failed", () => {
  const failedCalls = new Set<string>();
  for (let call = 1; call < 40; call++) {
    for (let seed = 0; seed < 10; seed++) {
      const disk = madeDisk({ seed });
      const story = new Story(disk);
      disk.failAt(call);
      for (const name of ["open", "commit", "syncDirectory"] as const) noteFailures(disk, name, failedCalls);
      for (let i = 0; i < 12 && story.writer.failed === undefined; i++) {
        story.append(90);
        story.append(90);
        story.submit();
        story.complete();
      }
      disk.heal();
      const isCutToo = call % 2 === 0;
      if (isCutToo) disk.powerCut();
      expect(found(disk), `call ${call} seed ${seed}`).toEqual({ seqs: upTo(story.durableSeq), damaged: false });
      if (story.said.some((line) => line.startsWith("refused"))) expect(story.writer.failed?.code).toBe("EIO");
    }
  }
  expect([...failedCalls].sort()).toEqual(["commit", "open", "syncDirectory"]);
});

test("a full disk takes records again once there is room, in a new block", () => {
  const disk = madeDisk({ capacity: 500 });
  const story = new Story(disk, 10_000);
  story.append(300);
  story.submit();
  story.complete();
  story.append(300);
  story.submit();
  story.append(10);
  story.complete();
  expect(story.said).toEqual(["durable 1", "refused ENOSPC", "reopened"]);
  story.append(20);
  story.submit();
  story.complete();
  expect(story.said.at(-1)).toBe("durable 4");
  disk.powerCut();
  expect(found(disk)).toEqual({ seqs: [1, 4], damaged: false });
  expect((disk.list("msgs") as string[]).sort()).toEqual(["1.blk", "2.blk"]);
});

test.each(["lands", "fails"])("an abandoned group keeps its bytes until its commit %s", async (end) => {
  // Nothing else has places in this arena.
  vi.resetModules();
  const { freeGroupSlots } = await import("../../src/store/file/group_slots.ts");
  const { GroupWriter: Writer } = await import("../../src/store/file/group_writer.ts");
  const all = freeGroupSlots();
  const disk = madeDisk();
  const deleted = new Story(disk, 300, Writer);
  for (const isSubmitted of [true, true, false]) {
    deleted.append(100);
    if (isSubmitted) deleted.submit();
  }
  expect(freeGroupSlots()).toBe(all - 3);
  if (end === "fails") disk.failAt(1);
  deleted.writer.abandon();
  expect(freeGroupSlots()).toBe(all - 1);
  // Takes the lowest place that is free. The disk notices when what it was given has changed.
  const next = new Story(madeDisk(), 300, Writer);
  next.append(120);
  deleted.complete();
  expect(deleted.said).toEqual([]);
  expect(freeGroupSlots()).toBe(all - 1);
  next.submit();
  next.complete();
  expect(freeGroupSlots()).toBe(all);
});
