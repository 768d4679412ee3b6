// The group of what a stream stages in one turn: submitted once, at the turn's
// end, and what became of groups.
//
//     staged ─→ beforeFlush ─→ submit ─→ … disk … ─→ committed / refused
//                                                    └─→ onLanded ─→ settled
//
// Owns how far staged sequences are settled, the refusals among them, and who
// waits: answers of publishes come first, then those of the API.

import type { StreamStore } from "../../store/stream_store.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";

type Settled = (failure: string | undefined) => void;

interface Group {
  /** Messages staged in it. */
  msgs: number;
  readonly waiters: Settled[];
}

interface Refusal {
  readonly from: number;
  readonly upTo: number;
  readonly failure: string;
}

export class StoreGroup {
  readonly #surroundings: Pick<JetStreamSurroundings, "beforeFlush">;
  readonly #store: StreamStore;
  readonly #onLanded: () => void;
  /** Those that have not landed, oldest first; the last one may be open. */
  #groups: Group[] = [];
  #isOpen = false;
  #isAbandoned = false;
  #waitingMsgs = 0;
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
    return this.#groups.length === 0;
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
    this.#groups.at(-1)!.msgs++;
  }

  /** Something was staged, or will be in this turn: it is submitted when the turn ends. */
  touch(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#groups.push({ msgs: 0, waiters: [] });
    this.#surroundings.beforeFlush(this.#submit);
  }

  /** Calls `done` when all that is staged by now is committed (undefined) or refused (why); at once when nothing is. */
  settled(done: Settled): void {
    const last = this.#groups.at(-1);
    if (last === undefined) done(undefined);
    else last.waiters.push(done);
  }

  /** Why `seq` was staged and will never be stored; undefined when it was not refused. */
  refusalOf(seq: number): string | undefined {
    for (const { from, upTo, failure } of this.#refusals) if (seq >= from && seq <= upTo) return failure;
    return undefined;
  }

  /** Whether any sequence was. */
  get hasRefusals(): boolean {
    return this.#refusals.length > 0;
  }

  /** The store is gone: everything staged is refused, `answer` is called, then those who wait are told. */
  abandon(failure: string, answer: () => void): void {
    const groups = this.#groups;
    this.#groups = [];
    this.#isAbandoned = true;
    this.#refusals.push({ from: this.#settledUpTo + 1, upTo: Number.POSITIVE_INFINITY, failure });
    answer();
    for (const { waiters } of groups) for (const waiter of waiters) waiter(failure);
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
    if (this.#isAbandoned) return;
    this.#store.afterCommit(this.#land);
    this.#store.submit();
  };

  readonly #land = (failure: string | undefined): void => {
    if (this.#isAbandoned) return;
    const { msgs, waiters } = this.#groups.shift()!;
    this.#waitingMsgs -= msgs;
    this.#onLanded();
    this.#refusals = [];
    for (const waiter of waiters) waiter(failure);
  };
}
