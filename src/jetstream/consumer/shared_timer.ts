// Many delays on one timer of the world: ten thousand consumers that wait for
// something have one timer between them.
//
// Owns a heap of what is due, the earliest first. What was cancelled stays in
// it until it would have been due, or until it is most of the heap.

import type { Timer } from "../../base/world.ts";

/** A timer of the world that fires this early by rounding is on time. */
const SLACK_MS = 0.01;
const FEW = 64;

/** The clock it goes by. */
export interface Clock {
  nowMs(): number;
  after(delayMs: number, fire: () => void): Timer;
}

class Entry implements Timer {
  readonly dueMs: number;
  readonly order: number;
  fire: (() => void) | undefined;
  readonly #onCancel: () => void;

  constructor(dueMs: number, order: number, fire: () => void, onCancel: () => void) {
    this.dueMs = dueMs;
    this.order = order;
    this.fire = fire;
    this.#onCancel = onCancel;
  }
  cancel(): void {
    if (this.fire === undefined) return;
    this.fire = undefined;
    this.#onCancel();
  }
}

export class SharedTimer {
  readonly #clock: Clock;
  #heap: Entry[] = [];
  #live = 0;
  #added = 0;
  #timer: Timer | undefined = undefined;
  #timerMs = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is waited for. */
  get count(): number {
    return this.#live;
  }
  /** The clock's time. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Runs `fire` once, at the start of a later turn, never early. */
  after(delayMs: number, fire: () => void): Timer {
    const entry = new Entry(this.#clock.nowMs() + Math.max(0, delayMs), this.#added++, fire, this.#onCancel);
    this.#live++;
    this.#push(entry);
    if (entry.dueMs < this.#timerMs) this.#arm();
    return entry;
  }

  readonly #onCancel = (): void => {
    this.#live--;
    if (this.#live === 0) {
      this.#heap = [];
      this.#disarm();
    } else if (this.#heap.length > FEW && this.#heap.length > 2 * this.#live) this.#sweep();
  };

  /** Forgets what was cancelled. */
  #sweep(): void {
    this.#heap = this.#heap.filter(({ fire }) => fire !== undefined).sort((a, b) => order(a, b));
  }

  #arm(): void {
    this.#disarm();
    const first = this.#heap[0];
    if (first === undefined) return;
    this.#timerMs = first.dueMs;
    this.#timer = this.#clock.after(Math.max(0, first.dueMs - this.#clock.nowMs()), this.#onTimer);
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerMs = Infinity;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#timerMs = Infinity;
    const nowMs = this.#clock.nowMs();
    const due: Entry[] = [];
    for (let first = this.#heap[0]; first !== undefined && first.dueMs <= nowMs + SLACK_MS; first = this.#heap[0]) {
      this.#pop();
      if (first.fire !== undefined) due.push(first);
    }
    for (const entry of due) {
      const { fire } = entry;
      if (fire === undefined) continue;
      entry.fire = undefined;
      this.#live--;
      fire();
    }
    while (this.#heap.length > 0 && this.#heap[0]!.fire === undefined) this.#pop();
    if (this.#heap.length > 0 && this.#heap[0]!.dueMs < this.#timerMs) this.#arm();
  };

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (order(heap[above]!, entry) <= 0) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= length) break;
      if (below + 1 < length && order(heap[below + 1]!, heap[below]!) < 0) below++;
      if (order(last, heap[below]!) <= 0) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

function order(a: Entry, b: Entry): number {
  return a.dueMs - b.dueMs || a.order - b.order;
}
