// The end of a turn: stores are submitted, each touched connection is flushed
// once, then held connections go on reading.
//
// One per server. It is the only place that knows how much output this turn
// has made, and so the one that tells a producer to pause.

import { Newcomers } from "./newcomers.ts";

/** Output of one turn, in bytes, after which producers wait for the next turn. */
const OUTPUT_BUDGET = 8 * 1024 * 1024;
/** How often in a turn what was to happen before the flushes may ask for more of it: a message stored in memory takes three. */
const MOST_ROUNDS = 8;
/** Held connections that may use up their share of a turn in one. */
const MOST_SHARES = 2;

export interface Flushable {
  flush(): void;
}

export class Turn {
  /** Who wants to be a connection. */
  readonly newcomers = new Newcomers(this);
  readonly #atTurnEnd: (fire: () => void) => void;
  #first: (() => void)[] = [];
  #touched: Flushable[] = [];
  #spare: Flushable[] = [];
  #held: (() => void)[] = [];
  #armed = false;
  #outputBytes = 0;
  #usedUp = 0;
  /** A producer that sees this set suspends after its current operation. */
  stop = false;
  /** Set with `stop` when a receiver's pending bytes passed its gate in this operation. */
  slow: Gate | undefined = undefined;

  constructor(atTurnEnd: (fire: () => void) => void) {
    this.#atTurnEnd = atTurnEnd;
  }

  /** Runs `fire` at the end of this turn, before anything is flushed; what that asks for here too, but not without end. */
  beforeFlush(fire: () => void): void {
    this.#first.push(fire);
    this.#arm();
  }

  /** Flushes it at the end of this turn. Call once per turn and thing. */
  touch(thing: Flushable): void {
    this.#touched.push(thing);
    this.#arm();
  }

  /** Runs `resume` after the flushes of this turn: the next chunk of a held connection. */
  hold(resume: () => void): void {
    this.#held.push(resume);
    this.#arm();
  }

  /** Somebody did all that one connection may do in a turn: after a few of them the held ones wait for the next. */
  usedUp(): void {
    this.#usedUp++;
  }

  /** Counts bytes handed out for sending. */
  count(bytes: number): void {
    this.#outputBytes += bytes;
    if (this.#outputBytes > OUTPUT_BUDGET) this.stop = true;
  }

  /** A receiver is congested: whoever feeds it now should wait a little. */
  congested(gate: Gate): void {
    this.slow = gate;
    this.stop = true;
  }

  /** The producer has noticed. The output budget stays spent until the turn ends. */
  noticed(): void {
    this.slow = undefined;
    this.stop = this.#outputBytes > OUTPUT_BUDGET;
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#atTurnEnd(this.#end);
  }

  readonly #end = (): void => {
    const first = this.#first;
    let done = 0;
    for (let round = 0; round < MOST_ROUNDS && done < first.length; round++) {
      for (const end = first.length; done < end; done++) first[done]!();
    }
    first.splice(0, done);
    this.#armed = false;
    if (first.length > 0) this.#arm();
    const touched = this.#touched;
    this.#touched = this.#spare;
    for (let i = 0; i < touched.length; i++) touched[i]!.flush();
    touched.length = 0;
    this.#spare = touched;
    this.#outputBytes = 0;
    this.stop = this.slow !== undefined;
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    this.#usedUp = 0;
    let at = 0;
    while (at < held.length && this.#usedUp < MOST_SHARES) held[at++]!();
    if (at === held.length) return;
    this.#held = [...held.slice(at), ...this.#held];
    this.#arm();
  };
}

/** A congested receiver, as its producers see it. */
export interface Gate {
  /** Pending bytes as a part of the most it may have. */
  readonly fullness: number;
  /** Runs `open` once pending bytes fell below the gate, or the receiver is gone. */
  whenOpen(open: () => void): void;
}
