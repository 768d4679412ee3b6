// What is staged, in groups that commit together: how far each goes, and the
// removals, rollups, skips and compactions between its messages.
//
//     open group ─ close ─→ closed groups, oldest first ─ shift ─→ committed
//
// An operation is five numbers in a queue: after which sequence it happens,
// kind, argument, seconds, nanoseconds. Owns the queue and the groups, with who
// waits for them. Knows nothing of messages but their sequences and sizes.

import { assert } from "../base/assert.ts";
import { NumberQueue } from "./chunks.ts";

/** Kinds of operations. */
export const OP = { remove: 0, erase: 1, compact: 2, skip: 3, rollupSubject: 4, rollupAll: 5 } as const;

export interface StagedGroup {
  /** The last sequence given out when it was closed. */
  readonly upTo: number;
  readonly ops: number;
  readonly bytes: number;
  readonly waiters: Waiter[];
}

/** Undefined: it is committed. */
export type Waiter = (failure: string | undefined) => void;

/** An operation, taken out of the queue; reused. */
export interface StagedOp {
  kind: number;
  argument: number;
  sec: number;
  nanos: number;
}

export class StagedGroups {
  #lastSeq = 0;
  #bytes = 0;
  readonly #ops = new NumberQueue();
  readonly #op: StagedOp = { kind: 0, argument: 0, sec: 0, nanos: 0 };
  readonly #closed: StagedGroup[] = [];
  #closedUpTo = 0;
  // Of the group that is open.
  #openOps = 0;
  #openBytes = 0;
  #openWaiters: Waiter[] = [];

  /** The last sequence given out. */
  get lastSeq(): number {
    return this.#lastSeq;
  }
  /** Bytes of messages that are not committed. */
  get bytes(): number {
    return this.#bytes;
  }
  /** Whether the open group has anything in it. */
  get isOpen(): boolean {
    return this.#lastSeq !== this.#closedUpTo || this.#openOps > 0;
  }
  /** The group closed last that is not committed. */
  get lastClosed(): StagedGroup | undefined {
    return this.#closed.at(-1);
  }
  /** Whether nothing is staged. */
  get isEmpty(): boolean {
    return this.#closed.length === 0 && !this.isOpen;
  }

  /** The next sequence is given to a message of `size` bytes. */
  addMessage(size: number): void {
    this.#lastSeq++;
    this.#bytes += size;
    this.#openBytes += size;
  }

  /** Adds an operation to happen when everything staged so far has. */
  addOp(kind: number, argument: number, sec: number, nanos: number): void {
    this.#ops.push(this.#lastSeq);
    this.#ops.push(kind);
    this.#ops.push(argument);
    this.#ops.push(sec);
    this.#ops.push(nanos);
    this.#openOps++;
  }

  /** Sequences up to `seq` are given out. */
  skipTo(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  /** The last sequence is committed: there was a stream before. */
  begin(): void {
    this.#closedUpTo = this.#lastSeq;
  }

  /** `done` is for the commit of the open group. */
  addWaiter(done: Waiter): void {
    this.#openWaiters.push(done);
  }

  /** Closes the open group; false when there is nothing in it. */
  close(): boolean {
    if (!this.isOpen && this.#openWaiters.length === 0) return false;
    const group = { upTo: this.#lastSeq, ops: this.#openOps, bytes: this.#openBytes, waiters: this.#openWaiters };
    this.#closed.push(group);
    this.#closedUpTo = this.#lastSeq;
    this.#openOps = 0;
    this.#openBytes = 0;
    this.#openWaiters = [];
    return true;
  }

  /** Takes the oldest closed group out. Its operations stay queued. */
  shift(): StagedGroup {
    const group = this.#closed.shift();
    assert(group !== undefined, "a group commits once");
    this.#bytes -= group.bytes;
    return group;
  }

  /** Forgets all that is staged, behind the last committed sequence; who waited for it. */
  refuse(committedSeq: number): Waiter[] {
    const waiters = [...this.#closed.flatMap((group) => group.waiters), ...this.#openWaiters];
    this.#closed.length = 0;
    this.#closedUpTo = committedSeq;
    this.#lastSeq = committedSeq;
    this.#bytes = 0;
    while (this.#ops.size > 0) this.#ops.shift();
    this.#openOps = 0;
    this.#openBytes = 0;
    this.#openWaiters = [];
    return waiters;
  }

  /** Whether the next operation, which there must be, happens right after sequence `seq` or earlier. */
  isOpDue(seq: number): boolean {
    return this.#ops.peek() <= seq;
  }
  /** Whether the next operation, which there must be, is the rollup of message `seq`. */
  isRollupAt(seq: number): boolean {
    return this.#ops.peek() === seq && this.#ops.peek(1) >= OP.rollupSubject;
  }
  /** Takes the next operation out. Good until the next call. */
  shiftOp(): StagedOp {
    const op = this.#op;
    this.#ops.shift();
    op.kind = this.#ops.shift();
    op.argument = this.#ops.shift();
    op.sec = this.#ops.shift();
    op.nanos = this.#ops.shift();
    return op;
  }
}
