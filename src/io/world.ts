// The real world: time, chance and turns, from Node.
//
// Owns the wall clock and every timer of one server. Its timers never keep the
// process alive: listeners and sockets do that, so an embedded server that was
// stopped leaves nothing behind, and whoever waits for a timer with no socket
// open holds the process itself. Turn ends do keep it alive: they always come.

import { randomBytes } from "node:crypto";
import type { Timer, World } from "../base/world.ts";
import { roundEnded } from "./latency.ts";
import * as natives from "./natives.ts";
import { openRandom } from "./random.ts";
import { WallClock } from "./wall_clock.ts";

/** Beyond this Node's setTimeout fires at once. */
export const MOST_NODE_MS = 2 ** 31 - 1;
/** How late a server without traffic may notice that its wall clock was set. */
const WALL_CHECK_MS = 10_000;

/** Where time comes from; tests give another one. */
export interface TimeSource {
  nowMs(): number;
  /** Whole milliseconds since 1970, as the system says now. */
  dateMs(): number;
  /** Wall clock when `nowMs` was 0. */
  readonly originMs: number;
  setTimeout(fire: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  setImmediate(fire: () => void): void;
}

const nodeTime: TimeSource = {
  nowMs: natives.nowMs,
  dateMs: natives.dateMs,
  originMs: natives.originMs,
  setTimeout: (fire, delayMs) => natives.setTimeout(fire, delayMs).unref(),
  clearTimeout: (timer) => natives.clearTimeout(timer as NodeJS.Timeout),
  setImmediate: (fire) => void natives.setImmediate(fire),
};

/** Opens the world a server lives in. */
export function openWorld(time: TimeSource = nodeTime): World {
  return new NodeWorld(time);
}

class NodeWorld implements World {
  readonly random: (below: number) => number;
  readonly #time: TimeSource;
  readonly #wall: WallClock;
  readonly #wallTimers = new Set<WallTimer>();
  #wallCheck: unknown;
  /** Whether this turn has read the wall clock. */
  #wallRead = false;
  #turnEnds: (() => void)[] = [];
  #turnOpen = false;

  constructor(time: TimeSource) {
    this.#time = time;
    this.#wall = new WallClock(time);
    this.random = openRandom();
  }

  nowMs(): number {
    return this.#time.nowMs();
  }
  wallSec(): number {
    if (!this.#wallRead) this.#readWall();
    return this.#wall.sec;
  }
  wallNanos(): number {
    if (!this.#wallRead) this.#readWall();
    return this.#wall.nanos;
  }
  after(delayMs: number, fire: () => void): Timer {
    return new MonotonicTimer(this.#time, delayMs, fire);
  }
  wallAfter(delayMs: number, fire: () => void): Timer {
    this.#readWall();
    const timer = new WallTimer(this.#time, this.#wall, this.#readWall, delayMs, fire, this.#wallTimers);
    if (this.#wallCheck === undefined) this.#checkWallLater();
    return timer;
  }
  randomBytes(count: number): Uint8Array {
    return randomBytes(count);
  }
  atTurnEnd(fire: () => void): void {
    this.#turnEnds.push(fire);
    this.#openTurn();
  }

  #openTurn(): void {
    if (this.#turnOpen) return;
    this.#turnOpen = true;
    this.#time.setImmediate(this.#endTurn);
  }
  readonly #endTurn = (): void => {
    const turnEnds = this.#turnEnds;
    this.#turnEnds = [];
    // What these ask for, and the rest after one that throws, comes in a turn of its own.
    this.#turnOpen = false;
    this.#wallRead = false;
    for (let i = 0; i < turnEnds.length; i++) {
      try {
        turnEnds[i]!();
      } catch (error) {
        this.#turnEnds.push(...turnEnds.slice(i + 1));
        if (this.#turnEnds.length > 0) this.#openTurn();
        throw error;
      }
    }
    roundEnded();
  };

  /** Once a turn. When the clock was set, its timers come sooner or later than they were armed for. */
  readonly #readWall = (): void => {
    if (this.#wallRead) return;
    this.#wallRead = true;
    this.#openTurn();
    if (this.#wall.read()) for (const timer of this.#wallTimers) timer.rearm();
  };
  #checkWallLater(): void {
    this.#wallCheck = this.#time.setTimeout(() => {
      this.#wallCheck = undefined;
      if (this.#wallTimers.size === 0) return;
      this.#readWall();
      this.#checkWallLater();
    }, WALL_CHECK_MS);
  }
}

/** Fires when the monotonic clock is there: in steps Node can do, and again if Node was early. */
class MonotonicTimer implements Timer {
  readonly #time: TimeSource;
  readonly #dueMs: number;
  #fire: (() => void) | undefined;
  #node: unknown;

  constructor(time: TimeSource, delayMs: number, fire: () => void) {
    this.#time = time;
    this.#dueMs = time.nowMs() + Math.max(0, delayMs);
    this.#fire = fire;
    this.#arm(delayMs);
  }
  cancel(): void {
    if (this.#fire === undefined) return;
    this.#fire = undefined;
    this.#time.clearTimeout(this.#node);
  }
  #arm(remainingMs: number): void {
    this.#node = this.#time.setTimeout(() => this.#onNode(), nodeDelay(remainingMs));
  }
  #onNode(): void {
    const remainingMs = this.#dueMs - this.#time.nowMs();
    if (remainingMs > 0) {
      this.#arm(remainingMs);
      return;
    }
    const fire = this.#fire;
    this.#fire = undefined;
    fire?.();
  }
}

/** Fires when the wall clock is there, wherever it was set meanwhile. */
class WallTimer implements Timer {
  readonly #time: TimeSource;
  readonly #wall: WallClock;
  readonly #readWall: () => void;
  readonly #dueSec: number;
  readonly #dueNanos: number;
  readonly #all: Set<WallTimer>;
  #fire: (() => void) | undefined;
  #node: unknown;

  constructor(
    time: TimeSource,
    wall: WallClock,
    readWall: () => void,
    delayMs: number,
    fire: () => void,
    all: Set<WallTimer>,
  ) {
    this.#time = time;
    this.#wall = wall;
    this.#readWall = readWall;
    const delay = Math.max(0, delayMs);
    const seconds = Math.floor(delay / 1000);
    const nanos = wall.nanos + Math.ceil((delay - seconds * 1000) * 1e6);
    this.#dueSec = wall.sec + seconds + Math.floor(nanos / 1e9);
    this.#dueNanos = nanos % 1e9;
    this.#fire = fire;
    this.#all = all;
    all.add(this);
    this.#arm(delay);
  }
  cancel(): void {
    if (this.#fire === undefined) return;
    this.#fire = undefined;
    this.#all.delete(this);
    this.#time.clearTimeout(this.#node);
  }
  rearm(): void {
    this.#time.clearTimeout(this.#node);
    this.#arm(this.#remainingMs());
  }
  #remainingMs(): number {
    return (this.#dueSec - this.#wall.sec) * 1000 + (this.#dueNanos - this.#wall.nanos) / 1e6;
  }
  #arm(remainingMs: number): void {
    this.#node = this.#time.setTimeout(() => this.#onNode(), nodeDelay(remainingMs));
  }
  #onNode(): void {
    this.#readWall();
    if (this.#remainingMs() > 0) {
      this.rearm();
      return;
    }
    const fire = this.#fire;
    this.cancel();
    fire?.();
  }
}

function nodeDelay(remainingMs: number): number {
  return Math.min(MOST_NODE_MS, Math.max(1, Math.ceil(remainingMs)));
}
