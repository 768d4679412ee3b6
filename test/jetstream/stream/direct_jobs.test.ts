// How long direct gets may hold a turn, and how much of them may wait.

import { beforeEach, describe, expect, test } from "vitest";
import { type DirectJob, DirectJobs } from "../../../src/jetstream/stream/direct_jobs.ts";
import { FakeWorld } from "../../support/fake_world.ts";

let nowMs: number;
let turns: (() => void)[];
let jobs: DirectJobs;
let steps: string[];

beforeEach(() => {
  nowMs = 0;
  turns = [];
  steps = [];
  const world = new FakeWorld({ seed: 1 });
  world.nowMs = () => nowMs;
  jobs = new DirectJobs({ world, nextTurn: (fire) => void turns.push(fire) });
});

/** A job of so many slices, a millisecond each. */
function job(name: string, slices: number, heldBytes = 1, isWanted = (): boolean => true): DirectJob {
  let left = slices;
  return {
    heldBytes,
    isWanted,
    step: () => {
      steps.push(name);
      nowMs++;
      return --left > 0;
    },
  };
}

function turn(): string {
  steps = [];
  for (const fire of turns.splice(0)) fire();
  return steps.join("");
}

const stream = {};

describe("direct gets", () => {
  test("of all streams share the time of a turn", () => {
    for (const name of "abcdef") jobs.run({}, job(name, 1));
    expect(steps.join("")).toBe("ab");
    expect([turn(), turn(), turn()]).toEqual(["cd", "ef", ""]);
    jobs.run({}, job("g", 1));
    expect(turn()).toBe("");
    expect(turns).toEqual([]);
  });

  test("go on in turns", () => {
    jobs.run(stream, job("a", 4));
    jobs.run(stream, job("b", 2));
    expect([steps.join(""), turn(), turn(), turn()]).toEqual(["a", "ab", "ab", "a"]);
  });

  test("end when nobody waits for them", () => {
    let isThere = true;
    jobs.run(
      stream,
      job("a", 9, 1, () => isThere),
    );
    expect(turn()).toBe("aa");
    isThere = false;
    expect([turn(), jobs.length, jobs.heldBytes]).toEqual(["", 0, 0]);
  });

  test("that hold too many bytes are not answered", () => {
    jobs.run(stream, job("a", 9));
    for (let i = 0; i < 100; i++) jobs.run(stream, job("b", 1, 2 ** 20));
    expect([jobs.length, jobs.heldBytes]).toEqual([64, 63 * 2 ** 20 + 1]);
    jobs.run(stream, job("c", 1, 1));
    expect(jobs.length).toBe(65);
  });

  test("that are too many are not answered", () => {
    for (let i = 0; i < 10_100; i++) jobs.run(stream, job("a", 9));
    expect(jobs.length).toBe(10_000);
  });

  test("of a stream that is gone are forgotten", () => {
    const other = {};
    jobs.run(stream, job("a", 9, 5));
    jobs.run(other, job("b", 9, 7));
    jobs.forget(stream);
    expect([turn(), jobs.heldBytes]).toEqual(["bb", 7]);
  });
});
