// A world whose clocks move by hand: the Env and World of tests.
//
// Time passes only in `advance`, which fires each timer at its own moment, in
// order, each in a turn of its own: the timer, then the turn's end. `turn`
// lets a turn go by without time passing.

import { assert } from "../../src/base/assert.ts";
import type { Timer, World } from "../../src/base/world.ts";

/** One turn that asks for the next one for ever is a bug of the code under test. */
const MOST_TURNS = 10_000;

/** The fake world's first instant unless told: 2027-01-15T08:00:00Z. */
export const FAKE_EPOCH_SEC = 1_800_000_000;

export interface FakeWorldOptions {
  readonly seed?: number;
  readonly wallSec?: number;
  readonly wallNanos?: number;
}

export class FakeWorld implements World {
  #nowMs = 0;
  #sec: number;
  #nanos: number;
  #timers: FakeTimer[] = [];
  #turnEnds: (() => void)[] = [];
  #added = 0;
  #random: number;

  constructor(options: FakeWorldOptions = {}) {
    this.#sec = options.wallSec ?? FAKE_EPOCH_SEC;
    this.#nanos = options.wallNanos ?? 0;
    this.#random = (options.seed ?? 1) | 0;
  }

  nowMs(): number {
    return this.#nowMs;
  }
  wallSec(): number {
    return this.#sec;
  }
  wallNanos(): number {
    return this.#nanos;
  }
  after(delayMs: number, fire: () => void): Timer {
    return this.#add({ kind: "monotonic", dueMs: this.#nowMs + Math.max(0, delayMs) }, fire);
  }
  wallAfter(delayMs: number, fire: () => void): Timer {
    const [sec, nanos] = plus(this.#sec, this.#nanos, Math.max(0, delayMs));
    return this.#add({ kind: "wall", sec, nanos }, fire);
  }
  atTurnEnd(fire: () => void): void {
    this.#turnEnds.push(fire);
  }
  /** Integer in [0, below), from the seed (mulberry32). */
  random(below: number): number {
    return Math.floor(this.#nextRandom() * below);
  }
  /** Bytes from the same seed: predictable, unlike the real ones. */
  randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.random(256));
  }

  /** Moves both clocks; fires every timer that falls due on the way, including those set on the way. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      this.#endTurn();
      const next = this.#earliest(endMs - this.#nowMs);
      if (next === undefined) break;
      this.#move(Math.max(0, this.#inMs(next.due)));
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.fire();
    }
    this.#move(Math.max(0, endMs - this.#nowMs));
    this.#nowMs = endMs;
  }

  /** One turn: the timers that are due now, then what waited for the turn's end. */
  turn(): void {
    const due = this.#timers.filter((timer) => this.#inMs(timer.due) <= 0);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const timer of due.sort(byDue(this.#inMs))) if (!timer.cancelled) timer.fire();
    this.#endTurn();
  }

  /** Turns until nothing is due and nothing waits for a turn's end. */
  settle(): void {
    for (let turns = 0; this.#turnEnds.length > 0 || this.#earliest(0) !== undefined; turns++) {
      assert(turns < MOST_TURNS, "a turn without time passing asks for no turn for ever");
      this.turn();
    }
  }

  /** Sets the wall clock, forwards or back, as an operator would. What is due then fires in the next turn. */
  setWall(sec: number, nanos = 0): void {
    this.#sec = sec;
    this.#nanos = nanos;
  }

  /** Timers that were neither fired nor cancelled: nothing may be left of what was closed. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  #add(due: Due, fire: () => void): Timer {
    const timer: FakeTimer = { due, fire, order: this.#added++, cancelled: false };
    this.#timers.push(timer);
    return {
      cancel: () => {
        timer.cancelled = true;
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  #earliest(withinMs: number): FakeTimer | undefined {
    const due = this.#timers.filter((timer) => this.#inMs(timer.due) <= withinMs);
    return due.sort(byDue(this.#inMs))[0];
  }

  readonly #inMs = (due: Due): number => {
    if (due.kind === "monotonic") return due.dueMs - this.#nowMs;
    return (due.sec - this.#sec) * 1000 + (due.nanos - this.#nanos) / 1e6;
  };

  #move(ms: number): void {
    this.#nowMs += ms;
    [this.#sec, this.#nanos] = plus(this.#sec, this.#nanos, ms);
  }

  #endTurn(): void {
    const turnEnds = this.#turnEnds;
    this.#turnEnds = [];
    for (const fire of turnEnds) fire();
  }

  #nextRandom(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}

type Due =
  | { readonly kind: "monotonic"; readonly dueMs: number }
  | { readonly kind: "wall"; readonly sec: number; readonly nanos: number };

interface FakeTimer {
  readonly due: Due;
  readonly fire: () => void;
  readonly order: number;
  cancelled: boolean;
}

function byDue(inMs: (due: Due) => number): (a: FakeTimer, b: FakeTimer) => number {
  return (a, b) => inMs(a.due) - inMs(b.due) || a.order - b.order;
}

/** The instant `ms` later, in whole seconds and nanoseconds. */
function plus(sec: number, nanos: number, ms: number): [sec: number, nanos: number] {
  const seconds = Math.floor(ms / 1000);
  const sum = nanos + Math.round((ms - seconds * 1000) * 1e6);
  return sum >= 1e9 ? [sec + seconds + 1, sum - 1e9] : [sec + seconds, sum];
}
