// How long a producer waits for slow receivers, on a fake clock.

import { expect, test } from "vitest";
import { type Gate, Turn } from "../../src/outbound/turn.ts";
import type { Intake } from "../../src/peer/intake.ts";
import type { SessionHost } from "../../src/session/host.ts";
import { Stall } from "../../src/session/stall.ts";
import { FakeWorld } from "../support/fake_world.ts";

class SlowReceiver implements Gate {
  fullness = 0.8;
  readonly #waiting: (() => void)[] = [];
  whenOpen(open: () => void): void {
    this.#waiting.push(open);
  }
  open(): void {
    for (const open of this.#waiting.splice(0)) open();
  }
}

function rig(isOff = false) {
  const world = new FakeWorld();
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  const state = { suspended: false };
  const intake = {
    suspend: () => {
      state.suspended = true;
      return () => (state.suspended = false);
    },
  };
  const stall = new Stall({ world, turn } as unknown as SessionHost, intake as unknown as Intake, isOff);
  const receiver = new SlowReceiver();
  /** Milliseconds the producer waits after an operation that made the receiver congested. */
  const wait = (): number => {
    turn.congested(receiver);
    stall.pause();
    let waited = 0;
    for (; state.suspended; waited++) world.advance(1);
    return waited;
  };
  return { world, turn, stall, receiver, state, wait };
}

test("two milliseconds for one that is nearly full, five for one that is full", () => {
  const { receiver, wait } = rig();
  expect(wait()).toBe(2);
  receiver.fullness = 1.2;
  expect(wait()).toBe(5);
});

test("at most ten for one chunk; the next chunk may wait anew", () => {
  const { stall, receiver, wait } = rig();
  receiver.fullness = 1;
  expect([wait(), wait(), wait(), wait()]).toEqual([5, 5, 0, 0]);
  stall.onChunk(100);
  expect([wait(), wait(), wait()]).toEqual([5, 5, 0]);
});

test("for as many times as long as a chunk has 64 KB", () => {
  const { stall, receiver, wait } = rig();
  receiver.fullness = 1;
  stall.onChunk(64 * 1024);
  expect([wait(), wait(), wait()]).toEqual([5, 5, 0]);
  stall.onChunk(2 * 64 * 1024 + 1);
  expect(Array.from({ length: 7 }, wait)).toEqual([5, 5, 5, 5, 5, 5, 0]);
});

test("until the receiver has taken its bytes, if that is sooner", () => {
  const { world, turn, stall, receiver, state } = rig();
  turn.congested(receiver);
  expect(stall.pause()).toBe(true);
  expect(state.suspended).toBe(true);
  receiver.open();
  world.settle();
  expect(state.suspended).toBe(false);
  expect(world.pendingTimers).toBe(0);
});

test("not at all where that is off; but everybody waits for a turn that has made enough output", () => {
  const { world, turn, stall, state, wait } = rig(true);
  expect(wait()).toBe(0);
  turn.count(64 * 1024 * 1024);
  expect(turn.stop).toBe(true);
  expect(stall.pause()).toBe(false);
  expect(state.suspended).toBe(true);
  world.settle();
  expect(state.suspended).toBe(false);
  expect(turn.stop).toBe(false);
});
