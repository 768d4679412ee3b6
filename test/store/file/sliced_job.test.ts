// Slices of a job run in turns of their own; cancelling stops between them.

import { expect, test } from "vitest";
import { DiskError, type DiskDone } from "../../../src/base/disk.ts";
import { Effort, SlicedJob, type Slices } from "../../../src/store/file/sliced_job.ts";

class Turns {
  readonly waiting: (() => void)[] = [];
  readonly said: string[] = [];
  finish: DiskDone = () => undefined;

  start<T>(job: Slices<T>): SlicedJob<T> {
    return new SlicedJob(
      job,
      (fire) => this.waiting.push(fire),
      (result) => void this.said.push(`done ${String(result)}`),
    );
  }
  turn(): void {
    this.waiting.shift()!();
  }
  *job(): Slices<string> {
    try {
      this.said.push("one");
      yield undefined;
      this.said.push("two");
      const failed = yield (done) => (this.finish = done);
      this.said.push(`three ${failed?.code}`);
      yield undefined;
      return "result";
    } finally {
      this.said.push("left");
    }
  }
}

test("each slice is a turn, and a disk call is waited for", () => {
  const turns = new Turns();
  const running = turns.start(turns.job());
  expect(turns.said).toEqual([]);
  turns.turn();
  expect(turns.said).toEqual(["one"]);
  turns.turn();
  expect([turns.said.length, turns.waiting.length]).toEqual([2, 0]);
  turns.finish(new DiskError("EIO", "input/output error"));
  expect(turns.said[2]).toBe("three EIO");
  turns.turn();
  expect(turns.said.slice(3)).toEqual(["left", "done result"]);
  expect([running.isOver, turns.waiting.length]).toEqual([true, 0]);
});

test("a cancelled job cleans up and ends without a result, in the next turn", () => {
  const turns = new Turns();
  const running = turns.start(turns.job());
  turns.turn();
  running.cancel();
  expect(turns.said).toEqual(["one"]);
  turns.turn();
  expect(turns.said).toEqual(["one", "left", "done undefined"]);
  expect(running.isOver).toBe(true);
});

test("a disk call under way is waited for, and what follows it up to the next slice happens", () => {
  const turns = new Turns();
  const running = turns.start(turns.job());
  turns.turn();
  turns.turn();
  running.cancel();
  expect([turns.waiting.length, running.isOver]).toEqual([0, false]);
  turns.finish(undefined);
  expect(turns.said[2]).toBe("three undefined");
  turns.turn();
  expect(turns.said.slice(3)).toEqual(["left", "done undefined"]);
});

test("effort fills slices", () => {
  const effort = new Effort();
  const slice = effort.left;
  expect(effort.spend(slice - 1)).toBe(false);
  expect(effort.left).toBe(1);
  expect(effort.spend(1)).toBe(true);
  expect(effort.left).toBe(slice);
});
