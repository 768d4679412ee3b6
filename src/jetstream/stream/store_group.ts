// The group of what a stream stages in one turn: submitted once, at the turn's
// end, and what became of groups.
//
//     staged ─→ beforeFlush ─→ submit ─→ … disk … ─→ committed / refused ─→ landed
//
// Owns how far staged sequences are settled, and the refusals among them.

import type { StreamStore } from "../../store/stream_store.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";

interface Refusal {
  readonly from: number;
  readonly upTo: number;
  readonly failure: string;
}

export class StoreGroup {
  readonly #surroundings: Pick<JetStreamSurroundings, "beforeFlush">;
  readonly #store: StreamStore;
  readonly #onLanded: () => void;
  #isOpen = false;
  #inFlight = 0;
  #waitingMsgs = 0;
  /** Messages of each group that has not landed. */
  #counts: number[] = [];
  #settledUpTo: number;
  #refusals: Refusal[] = [];

  /** `onLanded` is called after each group that was committed or refused; it may use the store. */
  constructor(surroundings: Pick<JetStreamSurroundings, "beforeFlush">, store: StreamStore, onLanded: () => void) {
    this.#surroundings = surroundings;
    this.#store = store;
    this.#onLanded = onLanded;
    this.#settledUpTo = store.state().lastSeq;
  }

  /** Sequences up to here are committed or refused. */
  get settledUpTo(): number {
    return this.#settledUpTo;
  }
  /** Nothing waits for the disk, or to be submitted. */
  get isSettled(): boolean {
    return this.#inFlight === 0;
  }

  /** Messages that wait for their group. */
  get waitingMsgs(): number {
    return this.#waitingMsgs;
  }
  get waitingBytes(): number {
    return this.#store.stagedBytes;
  }

  /** A message was staged. */
  addMessage(): void {
    this.touch();
    this.#waitingMsgs++;
    this.#counts[this.#counts.length - 1]!++;
  }

  /** Something was staged: it will be submitted when the turn ends. */
  touch(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#inFlight++;
    this.#counts.push(0);
    this.#store.afterCommit(this.#land);
    this.#surroundings.beforeFlush(this.#submit);
  }

  /** Calls `done` when all that is staged by now is committed (undefined) or refused (why); at once when nothing is. */
  settled(done: (failure: string | undefined) => void): void {
    if (this.#inFlight === 0) done(undefined);
    else this.#store.afterCommit(done);
  }

  /** Why `seq` was staged and will never be stored; undefined when it was not refused. */
  refusalOf(seq: number): string | undefined {
    for (const { from, upTo, failure } of this.#refusals) if (seq >= from && seq <= upTo) return failure;
    return undefined;
  }

  // From the store; neither calls it.

  committed(upTo: number): void {
    this.#settledUpTo = Math.max(this.#settledUpTo, upTo);
  }
  refused(from: number, upTo: number, failure: string): void {
    this.#settledUpTo = Math.max(this.#settledUpTo, upTo);
    this.#refusals.push({ from, upTo, failure });
  }

  readonly #submit = (): void => {
    this.#isOpen = false;
    this.#store.submit();
  };

  readonly #land = (): void => {
    this.#inFlight--;
    this.#waitingMsgs -= this.#counts.shift()!;
    this.#onLanded();
    this.#refusals = [];
  };
}
